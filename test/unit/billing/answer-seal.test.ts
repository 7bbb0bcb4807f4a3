import { expect, test } from 'vitest';
import { createAnswerSeal } from '../../../src/billing/idempotency/response-seal.ts';

const seal = createAnswerSeal('a secret of the service, long enough');
const answer = { status: 200, headers: { 'Cache-Status': 'igskill; hit' }, body: '{"data":{"caption":"A caption 雲"}}' };

test('opens what it sealed with the same key, and with no other', async () => {
  const kept = await seal.seal(answer, 'the-key-of-a-caller');
  expect(await seal.open(kept, 'the-key-of-a-caller')).toEqual(answer);
  expect(await seal.open(kept, 'another-key')).toBeNull();
  expect(await createAnswerSeal('another secret of the service').open(kept, 'the-key-of-a-caller')).toBeNull();
});

test('opens nothing that was changed', async () => {
  const kept = await seal.seal(answer, 'k');
  const [nonce = '', closed = ''] = kept.sealed?.split('.') ?? [];
  for (const sealed of ['', 'x', nonce, `${nonce}.`, `${nonce}.${closed.slice(0, -8)}AAAAAAA=`, `not base64.${closed}`]) {
    expect(await seal.open({ status: 200, sealed }, 'k'), sealed.slice(0, 20)).toBeNull();
  }
});

test('seals the same answer differently each time', async () => {
  expect((await seal.seal(answer, 'k')).sealed).not.toBe((await seal.seal(answer, 'k')).sealed);
});

test('keeps the largest batch of comments, and of what is larger only the fact', async () => {
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

/** Text that no compression makes shorter than half. */
function randomHex(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(60_000)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
