import { connect, type Socket } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { balanceOf, signUp, useWorker } from '../support/worker.ts';

const worker = useWorker();
const CALLERS = 20;
const PRICE = 3_000;
const SIGNED_UP = 5_000_000;

/** How often the first provider was asked for a post. */
async function askedFor(shortcode: string): Promise<number> {
  const answer = await fetch(`${worker().fakes.baseUrls.scrapecreators}/__calls`);
  // safe because the fakes' own tests check this shape
  const calls = (await answer.json()) as { shortcode: string | null }[];
  return calls.filter((call) => call.shortcode === shortcode).length;
}

/** Asks on a socket of its own. `answered` becomes what came before the connection ended. */
function askOnSocket(shortcode: string, key: string): { socket: Socket; answered: Promise<string> } {
  const { hostname, port } = new URL(worker().url);
  const socket = connect(Number(port), hostname);
  let text = '';
  const answered = new Promise<string>((resolve) => {
    socket.on('data', (part) => (text += part.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
  socket.write(
    `GET /v1/post?url=${shortcode} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${key}\r\nConnection: close\r\n\r\n`,
  );
  return { socket, answered };
}

describe('parallel identical misses in workerd', () => {
  test.each(['DemoVideo01', 'FaultSlow__'])(
    'of %s, each on its own socket, ask the provider once and are charged each',
    async (shortcode) => {
      const { key } = await signUp(worker().url);
      const before = await askedFor(shortcode);
      const answers = await Promise.all(Array.from({ length: CALLERS }, () => askOnSocket(shortcode, key).answered));
      expect(answers.map((answer) => answer.slice(0, 12))).toEqual(Array.from({ length: CALLERS }, () => 'HTTP/1.1 200'));
      expect((await askedFor(shortcode)) - before).toBe(1);
      expect(await balanceOf(worker().url, key)).toEqual({ available: SIGNED_UP - CALLERS * PRICE, held: 0 });
    },
  );

  test('survive the caller who started the flight and resets the connection', async () => {
    const { url } = worker();
    const { key } = await signUp(url);
    const shortcode = 'FaultSlow__';
    const path = `${shortcode}&maxAgeSeconds=0`;
    const before = await askedFor(shortcode);
    const starter = askOnSocket(path, key);
    await vi.waitUntil(async () => (await askedFor(shortcode)) === before + 1, { timeout: 5_000, interval: 50 });
    const joiners = [1, 2, 3].map(() => askOnSocket(path, key).answered);
    await vi.waitUntil(async () => (await balanceOf(url, key)).held === 4 * PRICE, { timeout: 2_000, interval: 50 });
    starter.socket.resetAndDestroy();
    expect((await Promise.all(joiners)).map((answer) => answer.slice(0, 12))).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 200']);
    expect(await askedFor(shortcode)).toBe(before + 1);
    await vi.waitUntil(async () => (await balanceOf(url, key)).held === 0, { timeout: 15_000, interval: 200 });
    expect(await balanceOf(url, key)).toEqual({ available: SIGNED_UP - 4 * PRICE, held: 0 });
  });
});
