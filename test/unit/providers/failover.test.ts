import { describe, expect, test } from 'vitest';
import { assembleMedia } from '../../../src/instagram/media.ts';
import { createFailover, MIN_ATTEMPT_MS, type MediaFailure } from '../../../src/providers/failover.ts';
import type { Provider, ProviderFailureKind, ProviderId, UpstreamReceipt } from '../../../src/providers/provider.ts';
import { err, ok } from '../../../src/core/result.ts';
import { budget, NOW, target } from './answers.ts';

const media = assembleMedia({
  shortcode: 'AAAAAAA',
  id: '31',
  type: 'image',
  owner: {},
  metrics: {},
  assets: [],
  children: null,
  flags: {},
});

type Script = {
  readonly says: ProviderFailureKind | 'delivers';
  readonly retryAfterSeconds?: number;
  /** How long the call takes by the tests' clock. */
  readonly takesMs?: number;
};

function receiptOf(id: ProviderId, says: Script['says']): UpstreamReceipt {
  const resultCount = says === 'delivers' ? 1 : 0;
  return {
    provider: id,
    endpoint: `/${id}`,
    billedUnit: 'credit',
    billedUnits: 1,
    resultCount,
    estimatedCostMicros: 5,
    latencyMs: 1,
    httpStatus: 200,
  };
}

const ids: readonly ProviderId[] = ['scrapecreators', 'hikerapi', 'apify'];

/** Scripted providers in the usual order, on one clock. */
function cast(...scripts: readonly Script[]) {
  let now = NOW;
  const asked: ProviderId[] = [];
  const providers = scripts.flatMap((script, index): Provider[] => {
    const id = ids[index];
    if (id === undefined) return [];
    return [
      {
        id,
        fetchMedia: async () => {
          asked.push(id);
          now += script.takesMs ?? 0;
          const receipt = receiptOf(id, script.says);
          if (script.says === 'delivers') return ok({ value: media, receipt });
          const { retryAfterSeconds } = script;
          return err({ kind: script.says, receipt, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) });
        },
      },
    ];
  });
  return { failover: createFailover(providers, () => now), asked };
}

async function failure(...scripts: readonly Script[]): Promise<MediaFailure> {
  const fetched = await cast(...scripts).failover.fetchMedia(target('AAAAAAA'), budget);
  if (fetched.ok) throw new Error('delivered');
  return fetched.error;
}

const kinds = (...says: Script['says'][]): Script[] => says.map((kind) => ({ says: kind }));

describe('providers are asked', () => {
  test('in order until one delivers', async () => {
    const { failover, asked } = cast(...kinds('delivers', 'delivers'));
    expect(await failover.fetchMedia(target('AAAAAAA'), budget)).toEqual({
      ok: true,
      value: {
        value: media,
        provider: 'scrapecreators',
        billedUnit: 'credit',
        resultCount: 1,
        attempts: [receiptOf('scrapecreators', 'delivers')],
      },
    });
    expect(asked).toEqual(['scrapecreators']);
  });

  test.each(['blocked', 'rate_limited', 'out_of_credit', 'misconfigured', 'server_error', 'timed_out', 'bad_response'] as const)(
    'the next one after %s, and every call is accounted for',
    async (kind) => {
      const { failover, asked } = cast(...kinds(kind, 'delivers'));
      const fetched = await failover.fetchMedia(target('AAAAAAA'), budget);
      expect(asked).toEqual(['scrapecreators', 'hikerapi']);
      expect(fetched).toMatchObject({
        ok: true,
        value: { provider: 'hikerapi', attempts: [receiptOf('scrapecreators', kind), receiptOf('hikerapi', 'delivers')] },
      });
    },
  );

  test.each(['not_found', 'private', 'login_required', 'age_restricted'] as const)('nobody after a definite %s', async (kind) => {
    const { failover, asked } = cast(...kinds('blocked', kind, 'delivers'));
    const fetched = await failover.fetchMedia(target('AAAAAAA'), budget);
    expect(asked).toEqual(['scrapecreators', 'hikerapi']);
    expect(fetched).toMatchObject({ ok: false, error: { kind, failed: [{ kind: 'blocked' }, { provider: 'hikerapi', kind }] } });
  });
});

describe('a second opinion on `unavailable`', () => {
  test('delivers when the second provider delivers', async () => {
    const fetched = await cast(...kinds('unavailable', 'delivers')).failover.fetchMedia(target('AAAAAAA'), budget);
    expect(fetched).toMatchObject({ ok: true, value: { provider: 'hikerapi' } });
  });

  test.each(['not_found', 'private', 'age_restricted'] as const)('is %s when the second one says so', async (kind) => {
    expect((await failure(...kinds('unavailable', kind, 'delivers'))).kind).toBe(kind);
  });

  test.each(['unavailable', 'server_error', 'timed_out', 'misconfigured'] as const)(
    'stays `unavailable` when the second one says %s, and no third is asked',
    async (kind) => {
      const { failover, asked } = cast(...kinds('unavailable', kind, 'delivers'));
      const fetched = await failover.fetchMedia(target('AAAAAAA'), budget);
      expect(fetched).toMatchObject({ ok: false, error: { kind: 'unavailable' } });
      expect(asked).toEqual(['scrapecreators', 'hikerapi']);
    },
  );

  test('leaves `unavailable` when no provider or no time is left', async () => {
    expect((await failure(...kinds('blocked', 'unavailable'))).kind).toBe('unavailable');
    expect((await failure({ says: 'unavailable', takesMs: 24_500 }, { says: 'delivers' })).kind).toBe('unavailable');
  });
});

describe('the reported failure when no provider delivers', () => {
  test.each([
    [['rate_limited', 'rate_limited', 'rate_limited'], 'rate_limited'],
    [['rate_limited', 'out_of_credit'], 'rate_limited'],
    [['out_of_credit', 'out_of_credit'], 'out_of_credit'],
    [['misconfigured', 'misconfigured'], 'misconfigured'],
    [['misconfigured', 'out_of_credit'], 'out_of_credit'],
    [['misconfigured', 'blocked', 'rate_limited'], 'blocked'],
    [['timed_out', 'server_error', 'out_of_credit'], 'server_error'],
    [['bad_response', 'timed_out'], 'bad_response'],
    [['timed_out', 'rate_limited'], 'timed_out'],
    [['timed_out', 'timed_out'], 'timed_out'],
  ] as const)('%j is %s', async (said, kind) => {
    const reported = await failure(...kinds(...said));
    expect(reported.kind).toBe(kind);
    expect(reported.failed.map((attempt) => attempt.kind)).toEqual(said);
    expect(reported.attempts).toHaveLength(said.length);
  });

  test('is a timeout when the deadline ended the search, whatever else happened', async () => {
    const slow = { says: 'timed_out', takesMs: 24_500 } as const;
    expect((await failure({ says: 'server_error' }, slow, { says: 'delivers' })).kind).toBe('timed_out');
    expect((await failure({ says: 'server_error' }, slow)).kind).toBe('timed_out');
  });

  test('has the shortest wait that any provider named', async () => {
    const reported = await failure({ says: 'rate_limited', retryAfterSeconds: 40 }, { says: 'rate_limited', retryAfterSeconds: 3 });
    expect(reported).toMatchObject({ kind: 'rate_limited', retryAfterSeconds: 3 });
  });
});

describe('limits', () => {
  test('no attempt starts with less than the minimum time left', async () => {
    const exactly = cast({ says: 'blocked', takesMs: 25_000 - MIN_ATTEMPT_MS }, { says: 'delivers' });
    expect(await exactly.failover.fetchMedia(target('AAAAAAA'), budget)).toMatchObject({ ok: true });
    const less = cast({ says: 'blocked', takesMs: 25_001 - MIN_ATTEMPT_MS }, { says: 'delivers' });
    expect(await less.failover.fetchMedia(target('AAAAAAA'), budget)).toMatchObject({ ok: false, error: { kind: 'blocked' } });
    expect(less.asked).toEqual(['scrapecreators']);
  });

  test('no provider is asked after the deadline', async () => {
    const { failover, asked } = cast(...kinds('delivers'));
    expect(await failover.fetchMedia(target('AAAAAAA'), { ...budget, deadlineAt: NOW })).toEqual({
      ok: false,
      error: { kind: 'timed_out', failed: [], attempts: [] },
    });
    expect(asked).toEqual([]);
  });

  test('having no provider is visible beforehand and has its own failure', async () => {
    const failover = createFailover([], () => NOW);
    expect(failover.providers).toEqual([]);
    expect(await failover.fetchMedia(target('AAAAAAA'), budget)).toEqual({
      ok: false,
      error: { kind: 'unconfigured', failed: [], attempts: [] },
    });
  });
});
