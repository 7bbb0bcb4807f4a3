import { describe, expect, test, vi } from 'vitest';
import { balanceOf, signUp, useWorker, WORKER_OPERATOR_KEY } from '../support/worker.ts';

const GRANT = 5_000_000;
const CACHED = 1_000;
const worker = useWorker();

const read = (shortcode: string, key: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${worker().url}/v1/post?url=${shortcode}`, { headers: { Authorization: `Bearer ${key}`, ...headers } });

describe('the object that writes to the ledger, in workerd,', () => {
  test('makes few batches of many reads at once, and charges those that it delivers', async () => {
    const { proxy, url } = worker();
    const { key } = await signUp(url);
    await read('DemoImage01', WORKER_OPERATOR_KEY);
    proxy.take();
    const answers = await Promise.all(Array.from({ length: 64 }, () => read('DemoImage01', key)));
    expect(proxy.take()).toBeLessThan(32);
    const delivered = answers.filter(({ status }) => status === 200).length;
    expect(delivered).toBeGreaterThan(0);
    // A machine that is too slow for so many turns some away, which is what it should do.
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.every((answer) => answer.status === 503 && answer.headers.has('Retry-After'))).toBe(true);
    const whole = { available: GRANT - delivered * CACHED, held: 0 };
    await vi.waitFor(async () => expect(await balanceOf(url, key)).toEqual(whole), { timeout: 20_000 });
  });

  test.each(['DemoImage01', 'DemoVideo01'])(
    'gives back what it took for a read that was refused because its outcome was unknown: %s',
    async (shortcode) => {
      const { proxy, url, database } = worker();
      const { key, accountId } = await signUp(url);
      await read('DemoImage01', WORKER_OPERATOR_KEY);
      proxy.loseAnswers(true);
      const lost = await read(shortcode, key);
      proxy.loseAnswers(false);
      expect([lost.status, lost.headers.has('Retry-After')]).toEqual([503, true]);
      expect(await lost.json()).toMatchObject({ error: { code: 'overloaded', billed: false } });
      // The object's alarm does it, two seconds after it last failed.
      await vi.waitFor(async () => expect(await balanceOf(url, key)).toEqual({ available: GRANT, held: 0 }), { timeout: 20_000 });
      const sql = `SELECT h.state, (SELECT e.delta_micros FROM entry e WHERE e.ref = 'undelivered:' || h.id) AS back FROM hold h WHERE h.account_id = ?`;
      const { rows } = await database.execute({ sql, args: [accountId] });
      expect(rows).toMatchObject([shortcode === 'DemoImage01' ? { state: 'settled', back: CACHED } : { state: 'released', back: null }]);
      expect((await read(shortcode, key)).status).toBe(200);
    },
  );
});
