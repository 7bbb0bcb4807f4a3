import { describe, expect, test } from 'vitest';
import { fingerprint } from '../../src/http/idempotency/fingerprint.ts';
import { sha256Hex } from '../../src/core/sha256.ts';
import { errorOf } from '../support/answers.ts';
import { type Api, useApi } from '../support/api.ts';

const start = useApi();
const MINUTE_MS = 60_000;

const signUp = (api: Api, accountName: string, key: string) =>
  api.request('/v1/signup', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
    body: JSON.stringify({ accountName, keyName: 'k' }),
  });

describe('a request without a hold, under an Idempotency-Key,', () => {
  test('waits for one that died, whose claim is over after a minute, and is then carried out', async () => {
    const api = start();
    const key = 'a-signup-that-died-in-between';
    const body = { accountName: 'died', keyName: 'k' };
    await api.database.execute({
      sql: `INSERT INTO replay (scope, key_digest, fingerprint, request_id, created_at, expires_at)
            SELECT 'signup', j.value ->> 0, j.value ->> 1, 'req_died', j.value ->> 2, j.value ->> 3 FROM json_each(?) j`,
      args: [JSON.stringify([[sha256Hex(key), fingerprint('POST', '/v1/signup', {}, body), api.clock(), api.clock() + MINUTE_MS]])],
    });
    const waiting = await signUp(api, 'died', key);
    expect([waiting.status, errorOf(waiting).code, waiting.headers.get('Retry-After')]).toEqual([409, 'idempotency_in_flight', '2']);
    api.clock.advance(MINUTE_MS);
    const done = await signUp(api, 'died', key);
    expect([done.status, done.headers.has('Idempotency-Replayed')]).toEqual([201, false]);
    expect((await signUp(api, 'died', key)).body).toEqual(done.body);
  });

  test('is refused while the database is down', async () => {
    const api = start({ LIBSQL_URL: 'http://127.0.0.1:9' });
    const answer = await signUp(api, 'down', 'a-signup-while-the-database-is-down');
    expect([answer.status, errorOf(answer).code, answer.headers.has('Retry-After')]).toEqual([503, 'overloaded', true]);
  });

  test('says which request it was when its answer can not be opened any more', async () => {
    const api = start();
    const key = 'a-signup-from-before-the-secret-changed';
    await signUp(api, 'sealed', key);
    const changed = start({ CURSOR_SIGNING_SECRET: 'another-secret-of-at-least-32-characters' });
    const answer = await signUp(changed, 'sealed', key);
    expect([answer.status, errorOf(answer).code]).toEqual([409, 'idempotency_answer_lost']);
    expect(errorOf(answer).details).toMatchObject({ requestId: expect.stringMatching(/^req_/) });
  });
});

test('a paid read is answered again as it was, however long paying for it took', async () => {
  const api = start();
  const { key } = await api.signUp();
  await api.request('/v1/post?url=DemoImage01', { key });
  api.beforeSending = () => api.clock.advance(3_000);
  for (const [name, path] of [
    ['hit', '/v1/post?url=DemoImage01'],
    ['miss', '/v1/post?url=DemoAlbum01'],
  ] as const) {
    const read = () => api.request(path, { key, headers: { 'Idempotency-Key': `a-slow-${name}` } });
    const first = await read();
    expect(first.body).toMatchObject({ cache: { status: name } });
    const again = await read();
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(again.body).toEqual(first.body);
  }
});
