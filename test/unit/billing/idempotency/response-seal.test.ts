import { expect, test } from 'vitest';
import { createResponseCipher } from '../../../../src/billing/idempotency/response-seal.ts';

const seal = createResponseCipher('a secret of the service, long enough');
const answer = { status: 200, headers: { 'Cache-Status': 'igskill; hit' }, body: '{"data":{"caption":"A caption 雲"}}' };

test('decrypts a response with the key it was sealed with, and with no other', async () => {
  const kept = await seal.seal(answer, 'the-key-of-a-caller');
  expect(await seal.open(kept, 'the-key-of-a-caller')).toEqual(answer);
  expect(await seal.open(kept, 'another-key')).toBeNull();
  expect(await createResponseCipher('another secret of the service').open(kept, 'the-key-of-a-caller')).toBeNull();
});

test('rejects a modified response', async () => {
  const kept = await seal.seal(answer, 'k');
  const [nonce = '', closed = ''] = kept.sealed?.split('.') ?? [];
  for (const sealed of ['', 'x', nonce, `${nonce}.`, `${nonce}.${closed.slice(0, -8)}AAAAAAA=`, `not base64.${closed}`]) {
    expect(await seal.open({ status: 200, sealed }, 'k'), sealed.slice(0, 20)).toBeNull();
  }
});

test('seals the same response differently each time', async () => {
  expect((await seal.seal(answer, 'k')).sealed).not.toBe((await seal.seal(answer, 'k')).sealed);
});

test('stores the largest batch of comments, and only the status of a larger response', async () => {
  const comments = Array.from({ length: 5_000 }, (_, index) => ({
    id: String(index),
    text: 'A comment of the usual length, about lanterns and tides. '.repeat(4),
  }));
  const batch = { ...answer, body: JSON.stringify({ data: { comments } }) };
  expect(batch.body.length).toBeGreaterThan(1_000_000);
  expect(await seal.open(await seal.seal(batch, 'k'), 'k')).toEqual(batch);
  const random = { ...answer, body: Array.from({ length: 40 }, () => randomHex()).join('') };
  expect(await seal.seal(random, 'k')).toEqual({ status: 200, sealed: null });
});

/** Hex text of random bytes, which compresses to half at best. */
function randomHex(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(60_000)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
