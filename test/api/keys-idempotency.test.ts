import { describe, expect, test } from 'vitest';
import { useApi } from '../support/api.ts';
import { errorOf } from '../support/answers.ts';

const start = useApi();
const post = (body: unknown, once: string) => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json', 'Idempotency-Key': once },
  body: JSON.stringify(body),
});
type Minted = { key: { id: string }; apiKey: string };

describe('keys under an Idempotency-Key', () => {
  test('are minted once: a repeat gets the same key, another request is refused', async () => {
    const api = start();
    const { key } = await api.signUp();
    const first = await api.request('/v1/keys', { key, ...post({ name: 'helper', scopes: ['read:post'] }, 'mint-1') });
    expect(first.status).toBe(201);
    const again = await api.request('/v1/keys', { key, ...post({ name: 'helper', scopes: ['read:post'] }, 'mint-1') });
    expect([again.status, again.headers.get('Idempotency-Replayed')]).toEqual([201, 'true']);
    expect(again.body).toEqual(first.body);
    const other = await api.request('/v1/keys', { key, ...post({ name: 'another' }, 'mint-1') });
    expect([other.status, errorOf(other).code]).toEqual([422, 'idempotency_mismatch']);
    // safe because the tests of the keys check this shape
    const { items } = (await api.request('/v1/keys', { key })).body as { items: unknown[] };
    expect(items).toHaveLength(2);
  });

  test('are never shown to another key of the account that repeats the request', async () => {
    const api = start();
    const { key } = await api.signUp();
    const child = (await api.request('/v1/keys', { key, ...post({ name: 'child', scopes: ['read:post', 'keys'] }, 'child') }))
      .body as Minted;
    await api.request('/v1/keys', { key, ...post({ name: 'secret', scopes: ['read:post'] }, 'mint-2') });
    const answer = await api.request('/v1/keys', { key: child.apiKey, ...post({ name: 'secret', scopes: ['read:post'] }, 'mint-2') });
    expect([answer.status, errorOf(answer).code]).toEqual([422, 'idempotency_mismatch']);
  });

  test('are rotated once', async () => {
    const api = start();
    const { key } = await api.signUp();
    const minted = (await api.request('/v1/keys', { key, ...post({ name: 'helper', scopes: ['read:post'] }, 'mint-3') })).body as Minted;
    const path = `/v1/keys/${minted.key.id}/rotate`;
    const first = await api.request(path, { key, ...post({ graceSeconds: 60 }, 'rotate-1') });
    const again = await api.request(path, { key, ...post({ graceSeconds: 60 }, 'rotate-1') });
    expect(first.status).toBe(201);
    expect(again.body).toEqual(first.body);
  });
});
