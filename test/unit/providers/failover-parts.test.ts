import { describe, expect, test } from 'vitest';
import { createCommentsFailover, createTranscriptFailover, MIN_ATTEMPT_MS } from '../../../src/providers/failover.ts';
import type {
  CommentBatch,
  CommentsOrder,
  CommentsProvider,
  ProviderFailureKind,
  ProviderId,
  TranscriptOutcome,
  TranscriptProvider,
  UpstreamReceipt,
} from '../../../src/providers/provider.ts';
import { err, ok } from '../../../src/core/result.ts';
import { budget, commentsOrder, NOW, target } from './answers.ts';
import { thread } from './comments/comment-list.ts';

function receiptOf(provider: ProviderId, resultCount: number): UpstreamReceipt {
  return {
    provider,
    endpoint: `/${provider}`,
    billedUnit: 'request',
    billedUnits: 1,
    resultCount,
    estimatedCostMicros: 5,
    latencyMs: 1,
    httpStatus: 200,
  };
}

const batch: CommentBatch = {
  comments: [thread('n1').comment],
  shortfall: 'end_of_thread',
  next: null,
  order: 'unknown',
  repliesIncomplete: false,
};

type Says<T> = T | { readonly fails: ProviderFailureKind; readonly takesMs?: number };

/** Comment providers that take two calls each, on one clock. */
function comments(cast: Partial<Record<ProviderId, Says<CommentBatch>>>) {
  let now = NOW;
  const asked: { id: ProviderId; order: CommentsOrder; postOwner: string | null }[] = [];
  const providers = (['hikerapi', 'scrapecreators', 'apify'] as const).flatMap((id): CommentsProvider[] => {
    const says = cast[id];
    if (says === undefined) return [];
    const fetchComments: CommentsProvider['fetchComments'] = async ({ order, postOwner }) => {
      asked.push({ id, order, postOwner });
      if (!('fails' in says)) return ok({ value: says, attempts: [receiptOf(id, 15), receiptOf(id, 5)] });
      now += says.takesMs ?? 0;
      const receipt = receiptOf(id, 0);
      return err({ kind: says.fails, receipt, attempts: [receipt] });
    };
    return [{ id, fetchComments }];
  });
  return { source: createCommentsFailover(providers, () => now), asked };
}

describe('comments', () => {
  const read = (source: ReturnType<typeof comments>['source'], pinned: ProviderId | null = null) =>
    source.fetchComments(target('AAAAAAA'), commentsOrder(20), 'mural.yard', pinned, budget);

  test('come from the first provider that delivers, with its billing unit, its results and all calls', async () => {
    const { source, asked } = comments({ hikerapi: { fails: 'blocked' }, scrapecreators: batch, apify: batch });
    expect(source.providers).toEqual(['hikerapi', 'scrapecreators', 'apify']);
    expect(await read(source)).toEqual({
      ok: true,
      value: {
        value: batch,
        provider: 'scrapecreators',
        billedUnit: 'credit',
        resultCount: 20,
        attempts: [receiptOf('hikerapi', 0), receiptOf('scrapecreators', 15), receiptOf('scrapecreators', 5)],
      },
    });
    expect(asked.map(({ id, postOwner }) => [id, postOwner])).toEqual([
      ['hikerapi', 'mural.yard'],
      ['scrapecreators', 'mural.yard'],
    ]);
  });

  test('are continued only by the provider that started them', async () => {
    const working = comments({ hikerapi: batch, scrapecreators: batch });
    expect(await read(working.source, 'scrapecreators')).toMatchObject({ ok: true, value: { provider: 'scrapecreators' } });
    const failing = comments({ hikerapi: batch, scrapecreators: { fails: 'server_error' } });
    expect(await read(failing.source, 'scrapecreators')).toMatchObject({ ok: false, error: { kind: 'server_error' } });
    expect(failing.asked.map(({ id }) => id)).toEqual(['scrapecreators']);
    expect(await read(working.source, 'apify')).toEqual({ ok: false, error: { kind: 'unconfigured', failed: [], attempts: [] } });
  });

  test('are not requested again after a definite answer, and once more after a vague one', async () => {
    const definite = comments({ hikerapi: { fails: 'private' }, scrapecreators: batch });
    expect(await read(definite.source)).toMatchObject({ ok: false, error: { kind: 'private', failed: [{ provider: 'hikerapi' }] } });
    const vague = comments({ hikerapi: { fails: 'unavailable' }, scrapecreators: { fails: 'server_error' }, apify: batch });
    expect(await read(vague.source)).toMatchObject({
      ok: false,
      error: { kind: 'unavailable', attempts: [receiptOf('hikerapi', 0), receiptOf('scrapecreators', 0)] },
    });
  });

  test('are not requested elsewhere after the deadline', async () => {
    const slow = comments({ hikerapi: { fails: 'timed_out', takesMs: 25_001 - MIN_ATTEMPT_MS }, scrapecreators: batch });
    expect(await read(slow.source)).toMatchObject({ ok: false, error: { kind: 'timed_out' } });
    expect(slow.asked).toHaveLength(1);
  });
});

const words: TranscriptOutcome = { kind: 'transcript', text: 'Low water at dawn.', language: null, segments: null };

async function transcript(...says: readonly Says<TranscriptOutcome>[]) {
  const ids: readonly ProviderId[] = ['scrapecreators', 'apify', 'hikerapi'];
  const providers = says.flatMap((said, index): TranscriptProvider[] => {
    const id = ids[index];
    if (id === undefined) return [];
    const receipt = receiptOf(id, 'fails' in said ? 0 : 1);
    return [{ id, fetchTranscript: async () => ('fails' in said ? err({ kind: said.fails, receipt }) : ok({ value: said, receipt })) }];
  });
  const source = createTranscriptFailover(providers, () => NOW);
  const fetched = await source.fetchTranscript(target('AAAAAAA', 'reel'), 30, budget);
  return { fetched, attempts: (fetched.ok ? fetched.value.attempts : fetched.error.attempts).map((receipt) => receipt.provider) };
}

describe('transcripts', () => {
  test.each([
    ['the words end the search', [words, words], words, 'scrapecreators', 1],
    ['that nobody speaks ends it too', [{ kind: 'no_speech' }, words], { kind: 'no_speech' }, 'scrapecreators', 1],
    ['too long for one, taken by the next', [{ kind: 'too_long' }, words], words, 'apify', 2],
    ['none from one, words from the next', [{ kind: 'none' }, words], words, 'apify', 2],
    ['words after a failure', [{ fails: 'blocked' }, words], words, 'apify', 2],
    ['the reason before the shrug', [{ kind: 'none' }, { kind: 'too_long' }], { kind: 'too_long' }, 'apify', 2],
    ['the reason, though a shrug came later', [{ kind: 'too_long' }, { kind: 'none' }], { kind: 'too_long' }, 'scrapecreators', 2],
    ['an outcome rather than a failure', [{ kind: 'none' }, { fails: 'server_error' }], { kind: 'none' }, 'scrapecreators', 2],
    [
      'an outcome rather than a definite failure',
      [{ kind: 'too_long' }, { fails: 'not_found' }],
      { kind: 'too_long' },
      'scrapecreators',
      2,
    ],
  ] as const)('%s', async (_name, says, value, provider, calls) => {
    const { fetched, attempts } = await transcript(...says);
    expect(fetched).toMatchObject({ ok: true, value: { value, provider } });
    expect(attempts).toEqual(['scrapecreators', 'apify'].slice(0, calls));
  });

  test('fail when no provider has an outcome', async () => {
    const { fetched, attempts } = await transcript({ fails: 'out_of_credit' }, { fails: 'rate_limited' });
    expect(fetched).toMatchObject({
      ok: false,
      error: { kind: 'rate_limited', failed: [{ kind: 'out_of_credit' }, { kind: 'rate_limited' }] },
    });
    expect(attempts).toEqual(['scrapecreators', 'apify']);
    expect((await transcript({ fails: 'not_found' }, words)).fetched).toMatchObject({ ok: false, error: { kind: 'not_found' } });
    expect((await transcript()).fetched).toMatchObject({ ok: false, error: { kind: 'unconfigured' } });
  });
});
