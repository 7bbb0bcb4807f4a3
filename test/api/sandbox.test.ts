import { describe, expect, test } from 'vitest';
import { mintApiKey, secureRandomBytes } from '../../src/billing/keys/api-key.ts';
import { ERROR_ROWS } from '../../src/errors.ts';
import { MintedKey } from '../../src/routes/keys/requests.ts';
import { commentsExample, postExample } from '../../src/routes/reads/examples.ts';
import { LIMITATIONS } from '../../src/read/limitations/catalog.ts';
import { COMMENT_PARSE_MODES, MEDIA_PARSE_MODES } from '../../src/parse/ports.ts';
import { READ_ERRORS } from '../../src/errors/from-read.ts';
import { SANDBOX_SAMPLES } from '../../src/read/sandbox/samples.ts';
import { type Answer, type Api, useApi } from '../support/api.ts';
import { unpublished } from '../support/published.ts';
import { errorOf, usageOf } from '../support/answers.ts';

const start = useApi();

async function testKey(api: Api): Promise<{ readonly key: string; readonly live: string }> {
  const { key } = await api.signUp();
  const answer = await api.request('/v1/keys', {
    method: 'POST',
    key,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'sandbox', mode: 'test' }),
  });
  const minted = MintedKey.parse(answer.body);
  expect(minted.key).toMatchObject({ mode: 'test', unbilled: true, prefix: 'igsk_' });
  return { key: minted.apiKey, live: key };
}

type Body = { limitations: { code: string; reason: string }[] };
const limitationsOf = (answer: Answer) => (answer.body as Body).limitations.map(({ code, reason }) => `${code}/${reason}`);

/** Every read that can show what a sample is about. */
const READS = (shortcode: string) => [
  `/v1/post?url=${shortcode}&comments=latest&parse=summary`,
  `/v1/post?url=${shortcode}`,
  `/v1/reel?url=${shortcode}&transcript=true&comments=latest&parse=json`,
  `/v1/reel?url=${shortcode}&parse=tldr`,
  `/v1/comments?url=${shortcode}&includeReplies=true&parse=themes&limit=20`,
];

describe('a test key', () => {
  test('has an infix of its own, and gets every success, limitation and error from samples, unbilled, asking nobody', async () => {
    const api = start();
    const { key, live } = await testKey(api);
    expect(key).toMatch(/^igsk_test_/);
    const [limitations, errors, types] = [new Set<string>(), new Set<string>(), new Set<string>()];
    const statuses: [number, number][] = [];
    api.takeSent();
    for (const [shortcode, sample] of Object.entries(SANDBOX_SAMPLES)) {
      const seen = new Set<string>();
      for (const path of READS(shortcode)) {
        const answer = await api.request(path, { key });
        expect(api.takeSent(), path).toEqual({ database: 1, providers: 0 });
        if (answer.status !== 200) {
          const { code } = errorOf(answer);
          statuses.push([answer.status, ERROR_ROWS[code].status]);
          errors.add(code);
          seen.add(code);
          continue;
        }
        expect(unpublished(path.split('?')[0] ?? '', 200, answer.body), path).toEqual([]);
        expect(usageOf(answer)).toMatchObject({ reservedMicroCredits: 0, settledMicroCredits: 0, receiptId: null, lines: [] });
        for (const found of limitationsOf(answer)) limitations.add(found).add(found.split('/')[0] ?? '');
        for (const found of limitationsOf(answer)) seen.add(found.split('/')[0] ?? '');
        types.add((answer.body as { data: { type?: string } }).data.type ?? 'comments');
      }
      // The table promises what stands between backticks.
      for (const [, promised = ''] of sample.meaning.matchAll(/`(\w+)`/g)) expect([...seen], shortcode).toContain(promised);
    }
    expect(statuses.filter(([given, promised]) => given !== promised)).toEqual([]);
    expect([...types].sort()).toEqual(['carousel', 'comments', 'image', 'reel', 'video']);
    const missed = await api.request('/v1/post?url=TestImage01&onlyIfCached=true', { key });
    expect(errors.add(errorOf(missed).code)).toContain('cache_miss');
    expect(READ_ERRORS.filter((code) => !errors.has(code))).toEqual(['unauthorized']);
    const mirrored = await api.request('/v1/post?url=kkinstagram.com/p/TestImage01', { key });
    for (const found of limitationsOf(mirrored)) limitations.add(found);
    const all = Object.entries(LIMITATIONS).flatMap(([code, row]) => Object.keys(row.reasons).map((reason) => `${code}/${reason}`));
    expect(all.filter((one) => !limitations.has(one))).toEqual([]);
    expect(api.kv.values.size).toBe(0);
    expect(await api.balance(live)).toEqual({ available: 5_000_000, held: 0 });
    const holds = await api.database.execute({
      sql: `SELECT count(*) AS holds FROM hold h JOIN api_key k ON k.id = h.key_id WHERE k.mode = 'test'`,
    });
    expect(holds.rows[0]).toMatchObject({ holds: 0 });
  });

  test('gets an interpretation for every mode, in the published shape', async () => {
    const api = start();
    const { key } = await testKey(api);
    for (const [path, modes] of [
      ['/v1/post?url=TestImage01', MEDIA_PARSE_MODES],
      ['/v1/comments?url=TestImage01&limit=20', COMMENT_PARSE_MODES],
    ] as const) {
      for (const mode of modes) {
        const answer = await api.request(`${path}&parse=${mode}`, { key });
        expect(unpublished(path.split('?')[0] ?? '', 200, answer.body), path).toEqual([]);
        expect(answer.body).toMatchObject({ parse: { mode, status: 'ok', model: 'sandbox' } });
      }
    }
  });

  test('answers in the shape of a real read', async () => {
    const api = start();
    const { key } = await testKey(api);
    const post = (await api.request('/v1/post?url=https://www.instagram.com/p/TestImage01/', { key })).body;
    expect(Object.keys(post as object).sort()).toEqual(Object.keys(postExample).sort());
    const comments = (await api.request('/v1/comments?url=TestEnd__01&limit=20', { key })).body;
    expect(Object.keys(comments as object).sort()).toEqual(Object.keys(commentsExample).sort());
  });

  test('reads nothing but samples', async () => {
    const api = start();
    const { key } = await testKey(api);
    for (const url of ['DemoImage01', 'https://www.instagram.com/share/p/BAabc123', 'constructor']) {
      const answer = await api.request(`/v1/post?url=${encodeURIComponent(url)}`, { key });
      expect([answer.status, errorOf(answer).details?.['reason']]).toEqual([404, 'not_a_sample']);
    }
    expect(api.takeSent().providers).toBe(0);
    expect((await api.request('/v1/post?url=https://example.com/', { key })).status).toBe(422);
  });

  test('that nobody minted, or that is revoked, or of the wrong scope, gets nothing', async () => {
    const api = start();
    const unknown = await api.request('/v1/post?url=TestImage01', { key: mintApiKey(secureRandomBytes, 'test') });
    expect([unknown.status, errorOf(unknown).code]).toEqual([401, 'unauthorized']);
    const { key, live } = await testKey(api);
    const me = (await api.request('/v1/me', { key })).body as { key: { id: string } };
    const changed = {
      method: 'PATCH',
      key: live,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ scopes: ['read:reel'] }),
    };
    await api.request(`/v1/keys/${me.key.id}`, changed);
    expect((await api.request('/v1/post?url=TestImage01', { key })).status).toBe(403);
    await api.request(`/v1/keys/${me.key.id}`, { method: 'DELETE', key: live });
    expect((await api.request('/v1/reel?url=TestReel_01', { key })).status).toBe(401);
  });

  test('a live key finds no samples', async () => {
    const api = start();
    const { key } = await api.signUp();
    const answer = await api.request('/v1/post?url=TestImage01', { key });
    expect(answer.body).not.toMatchObject({ cache: { key: 'sandbox:TestImage01' } });
  });
});
