import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FAULTS } from '../../local/faults.ts';
import { createSamples } from '../../local/samples/samples.ts';
import { SHARE_FAULTS } from '../../local/fakes/instagram.ts';
import { type Fakes, startFakes } from '../../local/fakes/fakes.ts';
import { mediaIdFromShortcode } from '../../src/instagram/shortcode.ts';
import { createApify } from '../../src/providers/apify/apify.ts';
import { createHikerApi } from '../../src/providers/hikerapi/hikerapi.ts';
import type { Provider, ProviderFailureKind } from '../../src/providers/provider.ts';
import { createScrapeCreators } from '../../src/providers/scrapecreators/scrapecreators.ts';

let fakes: Fakes;
beforeAll(async () => {
  const started = await startFakes({});
  if (!started.ok) throw new Error(started.error);
  fakes = started.value;
});
afterAll(() => fakes.stop());

const post = (code: string) => `https://www.instagram.com/p/${code}/`;

function scrapecreators(url: string | null, headers: Record<string, string> = { 'x-api-key': 'k' }) {
  const query = url === null ? '' : `?url=${encodeURIComponent(url)}`;
  return fetch(`${fakes.baseUrls.scrapecreators}/v1/instagram/post${query}`, { headers, redirect: 'manual' });
}

function hikerapi(path: string, headers: Record<string, string> = { 'x-access-key': 'k' }) {
  return fetch(`${fakes.baseUrls.hikerapi}${path}`, { headers, redirect: 'manual' });
}

function apify(body: unknown, options: { readonly token?: string; readonly query?: string } = {}) {
  const { token = 't', query = '' } = options;
  return fetch(`${fakes.baseUrls.apify}/v2/acts/apify~instagram-api-scraper/run-sync-get-dataset-items${query}`, {
    method: 'POST',
    headers: token === '' ? {} : { authorization: `Bearer ${token}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

describe('the fake for ScrapeCreators', () => {
  test('answers a post by any form of its address, with credits', async () => {
    for (const url of [post('DemoImage01'), 'instagram.com/sample.user/reel/DemoImage01', 'https://m.instagram.com/reels/DemoImage01/']) {
      const answer = await scrapecreators(url);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({
        success: true,
        credits_charged: 1,
        data: { xdt_shortcode_media: { shortcode: 'DemoImage01' } },
      });
    }
  });

  test('does not find a post whose address has a query', async () => {
    const answer = await scrapecreators(`${post('DemoImage01')}?igsh=abc`);
    expect(answer.status).toBe(404);
  });

  test('refuses without a key, without an address, and misses what is not there', async () => {
    expect((await scrapecreators(post('DemoImage01'), {})).status).toBe(401);
    expect((await scrapecreators(null)).status).toBe(400);
    const missing = await scrapecreators(post('NotThere111'));
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ success: false, error: 'not_found', errorStatus: 404 });
  });
});

describe('the fake for HikerAPI', () => {
  const pk = mediaIdFromShortcode('DemoAlbum01');

  test.each([
    ['/v1/media/by/code?code=DemoAlbum01'],
    [`/v1/media/by/url?url=${encodeURIComponent(post('DemoAlbum01'))}`],
    [`/v1/media/by/id?id=${pk}`],
    [`/v1/media/by/id?id=${pk}_41000000017`],
  ])('answers the flat media at %s and bills one request', async (path) => {
    const answer = await hikerapi(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-hiker-info')).toBe('reqs=1');
    expect(await answer.json()).toMatchObject({ pk, code: 'DemoAlbum01', media_type: 8 });
  });

  test('writes ids of version 2 as numbers with all their digits', async () => {
    for (const path of ['by/code?code=DemoAlbum01', `by/url?url=${encodeURIComponent(post('DemoAlbum01'))}`, `by/id?id=${pk}`]) {
      const answer = await hikerapi(`/v2/media/info/${path}`);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toContain(`"pk":${pk},`);
    }
  });

  test('takes the key from the query as well, and refuses without', async () => {
    expect((await hikerapi('/v1/media/by/code?code=DemoImage01&access_key=k', {})).status).toBe(200);
    expect((await hikerapi('/v1/media/by/code?code=DemoImage01', {})).status).toBe(401);
  });

  test('refuses a missing parameter, an id that is none, and a path that it has not', async () => {
    expect((await hikerapi('/v1/media/by/code')).status).toBe(422);
    expect(await (await hikerapi('/v1/media/by/id?id=44287745794678102951')).json()).toMatchObject({ exc_type: 'InvalidMediaId' });
    expect(await (await hikerapi('/v1/nothing')).json()).toEqual({ detail: 'Not Found' });
  });

  test('misses what is not there', async () => {
    const missing = await hikerapi('/v1/media/by/code?code=NotThere111');
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ exc_type: 'MediaNotFound' });
  });
});

describe('the fake for Apify', () => {
  test('answers 201 with one item an input, whichever way it is given', async () => {
    const both = await apify({ directUrls: [post('DemoImage01'), post('NotThere111')], resultsType: 'posts' });
    expect(both.status).toBe(201);
    expect(await both.json()).toMatchObject([{ shortCode: 'DemoImage01' }, { username: 'p', error: 'not_found' }]);
    expect(await (await apify({ username: [post('DemoReel_01')] })).json()).toMatchObject([
      { shortCode: 'DemoReel_01', productType: 'clips' },
    ]);
  });

  test('takes the token from the query as well, and refuses without', async () => {
    expect((await apify({ directUrls: [post('DemoImage01')] }, { token: '', query: '?token=t' })).status).toBe(201);
    const refused = await apify({ directUrls: [post('DemoImage01')] }, { token: '' });
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ error: { type: 'token-not-provided' } });
  });

  test('refuses an input that names nothing, and a limit on the charge below its minimum', async () => {
    for (const input of ['not json', {}, { directUrls: [] }, { directUrls: [1] }]) expect((await apify(input)).status).toBe(400);
    const refused = await apify({ directUrls: [post('DemoImage01')] }, { query: '?maxTotalChargeUsd=0.01' });
    expect(await refused.json()).toMatchObject({ error: { type: 'max-total-charge-usd-below-minimum' } });
  });

  test('has no post to give for any other path', async () => {
    const answer = await fetch(`${fakes.baseUrls.apify}/v2/users/me`, { headers: { authorization: 'Bearer t' } });
    expect(await answer.json()).toMatchObject({ error: { type: 'record-not-found' } });
  });
});

describe('the fake for share links', () => {
  const share = (path: string) => fetch(`${fakes.baseUrls.instagram}/share/${path}`, { redirect: 'manual' });

  test('leads to the post that the token names', async () => {
    expect((await share('reel/ShareDemoReel_01/')).headers.get('location')).toBe(
      'https://www.instagram.com/reel/DemoReel_01/?igsh=c2FtcGxl',
    );
    expect((await share('ShareDemoImage01')).headers.get('location')).toBe('https://www.instagram.com/p/DemoImage01/?igsh=c2FtcGxl');
  });

  test('knows no other token, and leads astray where that was asked for', async () => {
    expect((await share('p/BAxyz123')).status).toBe(404);
    expect((await share('p/ShareNotThere111')).status).toBe(404);
    expect((await share('ShareFaultEvil')).headers.get('location')).toBe(SHARE_FAULTS.ShareFaultEvil.location);
    expect((await share('ShareFaultBusy')).status).toBe(429);
  });
});

describe('every fake', () => {
  beforeEach(async () => {
    for (const baseUrl of Object.values(fakes.baseUrls)) await fetch(`${baseUrl}/__calls`, { method: 'DELETE' });
  });

  test('says what it is', async () => {
    for (const [id, baseUrl] of Object.entries(fakes.baseUrls)) expect(await (await fetch(new URL(baseUrl).origin)).text()).toContain(id);
  });

  test('tells what it was asked, without keys', async () => {
    await hikerapi('/v1/media/by/code?code=DemoImage01&access_key=secret', {});
    await scrapecreators(post('Fault500___'));
    expect(await (await fetch(`${fakes.baseUrls.hikerapi}/__calls`)).json()).toEqual([
      { method: 'GET', path: '/v1/media/by/code', shortcode: 'DemoImage01', status: 200 },
    ]);
    expect(await (await fetch(`${fakes.baseUrls.scrapecreators}/__calls`)).json()).toMatchObject([
      { shortcode: 'Fault500___', status: 500 },
    ]);
  });

  test('frees its port when it is stopped, and comes back at the same one', async () => {
    const first = await startFakes({});
    if (!first.ok) throw new Error(first.error);
    await first.value.stop();
    for (const baseUrl of Object.values(first.value.baseUrls)) await expect(fetch(baseUrl)).rejects.toThrow('fetch failed');
    const second = await startFakes({ ports: first.value.ports });
    if (!second.ok) throw new Error(second.error);
    expect(second.value.baseUrls).toEqual(first.value.baseUrls);
    await second.value.stop();
  });

  test('takes a free port when the one wished for is taken', async () => {
    const other = await startFakes({ ports: fakes.ports });
    if (!other.ok) throw new Error(other.error);
    expect(other.value.ports.apify).not.toBe(fakes.ports.apify);
    await other.value.stop();
  });
});

describe('samples and faults, read by the adapters', () => {
  const access = (baseUrl: string) => ({ baseUrl, key: 'k', fetch: globalThis.fetch, clock: Date.now });
  const providers = (): Record<string, Provider> => ({
    scrapecreators: createScrapeCreators(access(fakes.baseUrls.scrapecreators)),
    hikerapi_v1: createHikerApi({ ...access(fakes.baseUrls.hikerapi), mediaVersion: 'v1' }),
    hikerapi_v2: createHikerApi({ ...access(fakes.baseUrls.hikerapi), mediaVersion: 'v2' }),
    apify: createApify(access(fakes.baseUrls.apify)),
  });
  const budget = () => ({ deadlineAt: Date.now() + 20_000 });

  test.each(
    createSamples(Date.now)
      .shortcodes('apify')
      .map((code) => [code]),
  )('%s means the same at every provider', async (shortcode) => {
    const id = mediaIdFromShortcode(shortcode);
    const seen = await Promise.all(
      Object.values(providers()).map(async (provider) => {
        const read = await provider.fetchMedia({ kind: 'media', shortcode, hint: 'unknown' }, budget());
        if (!read.ok) throw new Error(`${provider.id}: ${read.error.kind}`);
        const { type, caption, timestamp, metrics, children, media, paidPartnership } = read.value.value;
        for (const asset of media) expect(Date.parse(asset.expiresAt ?? '')).toBeGreaterThan(Date.now() + 31 * 3_600_000);
        return {
          id: read.value.value.id,
          type,
          caption,
          timestamp,
          likes: metrics.likes,
          plays: metrics.plays,
          children: children.length,
          paidPartnership,
        };
      }),
    );
    for (const one of seen)
      expect(one).toEqual({ ...seen[0], id, plays: one.plays === 0 || one.plays === null ? one.plays : (seen[0]?.plays ?? null) });
  });

  const first: Partial<Record<keyof typeof FAULTS, ProviderFailureKind>> = {
    Fault429___: 'rate_limited',
    Fault500___: 'server_error',
    Fault503___: 'server_error',
    FaultCredit: 'out_of_credit',
    Fault401___: 'misconfigured',
    FaultBroken: 'bad_response',
    FaultShape_: 'bad_response',
    FaultHuge__: 'bad_response',
    FaultMoved_: 'bad_response',
    FaultHangUp: 'server_error',
    FaultBlock_: 'blocked',
    FaultGone__: 'not_found',
    FaultMaybe_: 'unavailable',
    FaultPriv__: 'private',
    FaultLogin_: 'login_required',
    FaultAge18_: 'age_restricted',
  };

  test.each(Object.entries(first))('%s is understood as %s where the provider can say so', async (shortcode, kind) => {
    const failures: Record<string, string> = {};
    for (const [name, provider] of Object.entries(providers())) {
      const read = await provider.fetchMedia({ kind: 'media', shortcode, hint: 'unknown' }, budget());
      failures[name] = read.ok ? 'ok' : read.error.kind;
    }
    const expected = Object.keys(failures).map((name) => [name, SAID_OTHERWISE[shortcode]?.[name] ?? kind]);
    expect(failures).toEqual(Object.fromEntries(expected));
  });

  test('FaultFirst_ fails at ScrapeCreators and works elsewhere', async () => {
    const { scrapecreators: broken, ...working } = providers();
    const target = { kind: 'media', shortcode: 'FaultFirst_', hint: 'unknown' } as const;
    expect(await broken?.fetchMedia(target, budget())).toMatchObject({ ok: false, error: { kind: 'server_error' } });
    for (const provider of Object.values(working)) expect(await provider.fetchMedia(target, budget())).toMatchObject({ ok: true });
  });

  test('FaultSilent ends with the deadline', async () => {
    const target = { kind: 'media', shortcode: 'FaultSilent', hint: 'unknown' } as const;
    for (const provider of Object.values(providers())) {
      const read = await provider.fetchMedia(target, { deadlineAt: Date.now() + 200 });
      expect(read).toMatchObject({ ok: false, error: { kind: 'timed_out' } });
    }
  });

  test('every fault has a shortcode of eleven characters whose id fits the platform', () => {
    for (const shortcode of Object.keys(FAULTS)) {
      expect(shortcode).toMatch(/^[A-Za-z0-9_-]{11}$/);
      expect(BigInt(mediaIdFromShortcode(shortcode)) < 2n ** 63n).toBe(true);
    }
  });
});

/** Where a provider has no word of its own for a fault, what its nearest answer is understood as. */
const SAID_OTHERWISE: Readonly<Record<string, Readonly<Record<string, ProviderFailureKind>>>> = {
  FaultBlock_: { scrapecreators: 'server_error' },
  FaultMaybe_: { scrapecreators: 'not_found' },
  FaultPriv__: { apify: 'unavailable' },
  FaultLogin_: { apify: 'unavailable' },
  FaultAge18_: { apify: 'unavailable' },
};

describe('recordings of one post', () => {
  const folder = mkdtempSync(join(tmpdir(), 'igskill-recordings-'));
  const samples = createSamples(Date.now);
  const ofProvider = [
    ['scrapecreators', 'DemoReel_01', 'scrapecreators'],
    ['hikerapi', 'DemoVideo01', 'hikerapi_v2'],
    ['apify', 'DemoAlbum01', 'apify'],
  ] as const;
  let recorded: Fakes;

  beforeAll(async () => {
    for (const [name, shortcode, kind] of ofProvider) writeFileSync(join(folder, `${name}.json`), samples.find(kind, shortcode) ?? '');
    const started = await startFakes({ recordingsFolder: folder });
    if (!started.ok) throw new Error(started.error);
    recorded = started.value;
  });

  afterAll(async () => {
    await recorded.stop();
    rmSync(folder, { recursive: true });
  });

  const access = (vendor: 'scrapecreators' | 'hikerapi' | 'apify') => ({
    baseUrl: recorded.baseUrls[vendor],
    key: 'k',
    fetch: (url: string, init: RequestInit) => fetch(url, init),
    clock: Date.now,
  });
  const makers = {
    scrapecreators: () => createScrapeCreators(access('scrapecreators')),
    hikerapi: () => createHikerApi({ ...access('hikerapi'), mediaVersion: 'v2' }),
    apify: () => createApify(access('apify')),
  } as const;

  test.each(ofProvider)('are served by %s, and the others pass %s on instead of denying it', async (owner, shortcode) => {
    for (const vendor of ['scrapecreators', 'hikerapi', 'apify'] as const) {
      const target = { kind: 'media', shortcode, hint: 'unknown' } as const;
      const answer = await makers[vendor]().fetchMedia(target, { deadlineAt: Date.now() + 20_000 });
      const served = { ok: true, value: { value: { shortcode } } };
      expect(answer).toMatchObject(vendor === owner ? served : { ok: false, error: { kind: 'server_error' } });
    }
  });

  test.each(['scrapecreators', 'hikerapi', 'apify'] as const)('%s denies what nobody recorded', async (vendor) => {
    const target = { kind: 'media', shortcode: 'DemoImage01', hint: 'unknown' } as const;
    const answer = await makers[vendor]().fetchMedia(target, { deadlineAt: Date.now() + 20_000 });
    expect(answer).toMatchObject({ ok: false, error: { kind: expect.stringMatching(/^(not_found|unavailable)$/) } });
  });
});
