import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { ledgerOver } from '../support/ledger.ts';
import { hashApiKey, mintApiKey } from '../../src/billing/keys/api-key.ts';
import { mediaReadings } from '../../src/read/response/readings.ts';
import { microCredits } from '../../src/core/money.ts';
import { sha256 } from '../support/database.ts';
import { balanceOf, signUp, useWorker, WORKER_OPERATOR_KEY } from '../support/worker.ts';

const worker = useWorker({ READ_DEADLINE_MS: '6000' });
const PostReading = mediaReadings('PostReading').full;

async function read(target: string, key: string) {
  const response = await fetch(`${worker().url}/v1/post?url=${encodeURIComponent(target)}`, {
    headers: { Authorization: `Bearer ${key}` },
  });
  return { status: response.status, body: (await response.json()) as unknown };
}

/** What a fake was asked since it started. */
async function callsTo(baseUrl: string): Promise<{ shortcode: string | null }[]> {
  // safe because the fakes' own tests check this shape
  return (await (await fetch(`${baseUrl}/__calls`)).json()) as { shortcode: string | null }[];
}

describe('a paid read in workerd', () => {
  test('takes two round trips to the database for a miss, one for a hit, one for an unknown key or a short balance, none for a malformed key', async () => {
    const { proxy, url } = worker();
    const { key } = await signUp(url);
    proxy.take();
    expect((await read('DemoImage01', key)).body).toMatchObject({ cache: { status: 'miss' } });
    expect(proxy.take()).toBe(2);
    expect((await read('DemoImage01', key)).body).toMatchObject({ cache: { status: 'hit' } });
    expect(proxy.take()).toBe(1);
    expect((await read('DemoReel_01', mintApiKey())).status).toBe(401);
    expect(proxy.take()).toBe(1);
    expect((await read('DemoReel_01', 'igsk_malformed')).status).toBe(401);
    expect(proxy.take()).toBe(0);
    expect(await balanceOf(url, key)).toEqual({ available: 4_996_000, held: 0 });
  });

  test('takes a trailing slash, empty options and values in any spelling for what they say', async () => {
    const { url } = worker();
    const { key } = await signUp(url);
    const response = await fetch(`${url}/v1/post/?url=DemoImage01&parse=&comments=Latest&commentLimit=100.0&dryRun=True`, {
      headers: { Authorization: `Bearer ${key}` },
    });
    expect([response.status, await response.json()]).toEqual([200, expect.objectContaining({ data: null })]);
  });

  test('gives the sealed answer again under the same Idempotency-Key, in one round trip, and charges once', async () => {
    const { proxy, url } = worker();
    const { key } = await signUp(url);
    const again = async () => {
      const headers = { Authorization: `Bearer ${key}`, 'Idempotency-Key': '"once-in-workerd"' };
      const response = await fetch(`${url}/v1/post?url=DemoAlbum01`, { headers });
      return { status: response.status, replayed: response.headers.get('Idempotency-Replayed'), text: await response.text() };
    };
    proxy.take();
    const first = await again();
    expect([first.status, first.replayed, proxy.take()]).toEqual([200, null, 2]);
    expect(await again()).toEqual({ ...first, replayed: 'true' });
    expect(proxy.take()).toBe(1);
    expect(await balanceOf(url, key)).toEqual({ available: 4_997_000, held: 0 });
  });

  test('refuses a short balance in one round trip and asks no provider', async () => {
    const { proxy, url, fakes, database } = worker();
    const { key, accountId } = await signUp(url);
    const ledger = ledgerOver({ client: database, clock: Date.now });
    const emptied = await ledger.credit({
      accountId: accountId as `acct_${string}`,
      kind: 'adjust',
      ref: `empty:${accountId}`,
      delta: microCredits(-5_000_000),
    });
    expect(emptied.ok).toBe(true);
    const calls = async () => (await callsTo(fakes.baseUrls.scrapecreators)).length;
    const before = await calls();
    proxy.take();
    const answer = await read('DemoVideo01', key);
    expect(answer).toMatchObject({
      status: 402,
      body: { error: { code: 'insufficient_credits', details: { shortfallMicroCredits: 3_000 } } },
    });
    expect(proxy.take()).toBe(1);
    expect(await calls()).toBe(before);
  });

  test('delivers every sample, schema-valid, from its own built code', async () => {
    const { key } = await signUp(worker().url);
    for (const shortcode of [
      'DemoImage01',
      'DemoVideo01',
      'DemoAlbum01',
      'DemoReel_01',
      'DemoHidden1',
      'DemoNoText1',
      'DemoJapan01',
      'DemoArabic1',
      'DemoHindi01',
    ]) {
      const answer = await read(shortcode, key);
      expect(answer.status, shortcode).toBe(200);
      expect(PostReading.parse(answer.body).data.shortcode).toBe(shortcode);
    }
  });

  test('resolves a share link without following it', async () => {
    const { key } = await signUp(worker().url);
    expect((await read('https://www.instagram.com/share/reel/ShareDemoReel_01', key)).body).toMatchObject({
      data: { shortcode: 'DemoReel_01' },
    });
  });

  test.each([
    ['Fault500___', 502, 'provider_unavailable'],
    ['FaultHangUp', 502, 'provider_unavailable'],
    ['FaultHuge__', 502, 'provider_unavailable'],
    ['FaultMoved_', 502, 'provider_unavailable'],
    ['Fault429___', 503, 'provider_busy'],
    ['FaultSilent', 504, 'provider_timeout'],
  ])('gives the hold back for %s and answers %d %s', async (shortcode, status, code) => {
    const { url } = worker();
    const { key } = await signUp(url);
    expect(await read(shortcode, key)).toMatchObject({ status, body: { error: { code } } });
    expect(await balanceOf(url, key)).toEqual({ available: 5_000_000, held: 0 });
  });

  test('reads unbilled for the owner', async () => {
    const { proxy } = worker();
    proxy.take();
    expect((await read('DemoArabic1', WORKER_OPERATOR_KEY)).body).toMatchObject({
      usage: { settledMicroCredits: 0, balanceMicroCredits: null },
    });
    expect(proxy.take()).toBe(0);
  });

  test('settles although the caller hangs up in the middle', async () => {
    const { url, fakes } = worker();
    const { key } = await signUp(url);
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(`GET /v1/post?url=FaultSlow__ HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${key}\r\n\r\n`);
    const asked = async () => (await callsTo(fakes.baseUrls.scrapecreators)).some((call) => call.shortcode === 'FaultSlow__');
    await vi.waitUntil(asked, { timeout: 5_000, interval: 50 });
    socket.resetAndDestroy();
    expect(await balanceOf(url, key)).toEqual({ available: 4_997_000, held: 3_000 });
    await vi.waitUntil(async () => (await balanceOf(url, key)).held === 0, { timeout: 15_000, interval: 200 });
    expect(await balanceOf(url, key)).toEqual({ available: 4_997_000, held: 0 });
  });
});

test('the cron gives back holds whose time is over', async () => {
  const { url, database } = worker();
  const { key } = await signUp(url);
  const past = Date.now() - 60_000;
  const reserved = await ledgerOver({ client: database, clock: () => past }).reserve(
    {
      id: 'req_abandoned',
      keyHash: hashApiKey(key),
      fingerprint: sha256('a read'),
      lines: [{ item: 'media', amount: microCredits(3_000) }],
    },
    1_000,
  );
  expect(reserved.ok).toBe(true);
  expect(await balanceOf(url, key)).toEqual({ available: 4_997_000, held: 3_000 });
  expect((await fetch(`${url}/cdn-cgi/handler/scheduled`)).status).toBe(200);
  await vi.waitUntil(async () => (await balanceOf(url, key)).held === 0, { timeout: 10_000, interval: 100 });
  expect(await balanceOf(url, key)).toEqual({ available: 5_000_000, held: 0 });
});

test('answers a look that carries a body, whole or in chunks, as one that carries none', async () => {
  const { url } = worker();
  const { key } = await signUp(url);
  const statusOf = (framing: Readonly<Record<string, string>>) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', ...framing };
      const asked = request(`${url}/v1/me`, { method: 'GET', headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      asked.on('error', reject);
      asked.end('{}');
    });
  expect(await statusOf({ 'Content-Length': '2' })).toBe(200);
  expect(await statusOf({ 'Transfer-Encoding': 'chunked' })).toBe(200);
});
