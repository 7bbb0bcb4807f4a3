import { describe, expect, test } from 'vitest';
import { mediaReadings } from '../../src/read/response/readings.ts';
import { useApi } from '../support/api.ts';
import { errorOf, usageOf } from '../support/answers.ts';
import { meteredRoute } from '../support/metered-route.ts';

const start = useApi();
const PostReading = mediaReadings('PostReading').full;
const post = (url: string, more = '') => `/v1/post?url=${encodeURIComponent(url)}${more}`;

meteredRoute({
  name: 'GET /v1/post',
  start,
  read: (shortcode) => post(shortcode),
  good: 'DemoImage01',
  schema: PostReading,
  freshPrice: 3_000,
  cachedPrice: 1_000,
});

describe('GET /v1/post', () => {
  for (const provider of ['scrapecreators', 'hikerapi', 'apify']) {
    for (const [shortcode, type] of [
      ['DemoImage01', 'image'],
      ['DemoVideo01', 'video'],
      ['DemoAlbum01', 'carousel'],
      ['DemoReel_01', 'reel'],
    ] as const) {
      test(`reads a sample of type ${type} from ${provider}`, async () => {
        const api = start({ PROVIDER_ORDER_MEDIA: provider });
        const { key } = await api.signUp();
        const answer = await api.request(post(`https://www.instagram.com/p/${shortcode}/`), { key });
        expect(answer.status).toBe(200);
        const reading = PostReading.parse(answer.body);
        expect(reading.data).toMatchObject({ shortcode, type });
        expect(reading.provider.id).toBe(provider);
        expect(reading.cache.status).toBe('miss');
        expect(reading.data.media.length).toBeGreaterThan(0);
        expect(reading.data.media.every((asset) => asset.url !== null && asset.expiresAt !== null)).toBe(true);
        expect(reading.data.children.length).toBe(type === 'carousel' ? reading.data.media.length : 0);
      });
    }
  }

  test('gives every null count its reason, and no reason to a count that is there', async () => {
    const api = start();
    const { key } = await api.signUp();
    for (const shortcode of ['DemoImage01', 'DemoVideo01', 'DemoAlbum01', 'DemoReel_01', 'DemoHidden1']) {
      const { data, limitations } = PostReading.parse((await api.request(post(shortcode), { key })).body);
      const explained = new Set(limitations.filter((one) => one.code === 'metric_unavailable').map((one) => one.path));
      const isVideo = data.type === 'reel' || data.type === 'video';
      for (const [name, value] of Object.entries(data.metrics)) {
        const expected = value === null && (isVideo || !['plays', 'views'].includes(name));
        expect(explained.has(`data.metrics.${name}`), `${shortcode} ${name}`).toBe(expected);
      }
    }
  });

  test('says that likes are hidden, and never shows a false number for them', async () => {
    for (const provider of ['scrapecreators', 'hikerapi', 'apify']) {
      const api = start({ PROVIDER_ORDER_MEDIA: provider });
      const { key } = await api.signUp();
      const { data, limitations } = PostReading.parse((await api.request(post('DemoHidden1'), { key })).body);
      expect(data.metrics.likes).toBeNull();
      expect(data.flags.likesHidden).toBe(true);
      expect(limitations).toContainEqual(expect.objectContaining({ path: 'data.metrics.likes', reason: 'hidden_by_author' }));
    }
  });

  test('serves a hit with the provider it came from, its age, and a note that the counts are old', async () => {
    const api = start({ PROVIDER_ORDER_MEDIA: 'hikerapi' });
    const { key } = await api.signUp();
    const fresh = PostReading.parse((await api.request(post('https://instagram.com/p/DemoImage01/?igsh=abc'), { key })).body);
    api.clock.advance(90_000);
    const cached = PostReading.parse((await api.request(post('https://www.instagram.com/someone/p/DemoImage01/'), { key })).body);
    expect(fresh.cache).toMatchObject({ status: 'miss', ageSeconds: 0 });
    expect(cached.cache).toEqual({ ...fresh.cache, status: 'hit', ageSeconds: 90, ttlSeconds: (fresh.cache.ttlSeconds ?? 0) - 90 });
    expect(cached.provider).toEqual(fresh.provider);
    expect(cached.data).toEqual(fresh.data);
    expect(cached.limitations).toContainEqual(
      expect.objectContaining({ code: 'metrics_stale', message: 'The counts are 90 seconds old.' }),
    );
  });

  test('reads fresh again when the copy has had its time', async () => {
    const api = start({ CONTENT_TTL_SECONDS: '120' });
    const { key } = await api.signUp();
    await api.request(post('DemoImage01'), { key });
    api.clock.advance(120_000);
    const again = await api.request(post('DemoImage01'), { key });
    expect(again.body).toMatchObject({ cache: { status: 'miss' } });
    expect(usageOf(again).settledMicroCredits).toBe(3_000);
  });

  test('treats a copy of another shape, a broken copy and a store that is down as a miss', async () => {
    const api = start({ HOT_CACHE_SECONDS: '0' });
    const { key } = await api.signUp();
    await api.request(post('DemoImage01'), { key });
    const [cacheKey] = [...api.kv.values.keys()];
    if (cacheKey === undefined) throw new Error('nothing was cached');
    for (const text of ['{"kind":"found","shape":"of last year"}', 'not json', '']) {
      api.kv.values.set(cacheKey, { text, expirationTtl: 60 });
      expect((await api.request(post('DemoImage01'), { key })).body).toMatchObject({ cache: { status: 'miss' } });
    }
    api.kv.isDown = true;
    const answer = await api.request(post('DemoImage01'), { key });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ cache: { status: 'miss' } });
  });

  test('treats a copy of another post, and one from the future, as a miss', async () => {
    const api = start({ HOT_CACHE_SECONDS: '0' });
    const { key } = await api.signUp();
    await api.request(post('DemoImage01'), { key });
    const [[ownKey, own] = []] = [...api.kv.values];
    await api.request(post('DemoVideo01'), { key });
    const [, [, other] = []] = [...api.kv.values];
    if (ownKey === undefined || own === undefined || other === undefined) throw new Error('nothing was cached');
    const { key: _key, ...older } = JSON.parse(other.text);
    const future = { ...JSON.parse(own.text), storedAt: api.clock() + 3_600_000 };
    for (const text of [other.text, JSON.stringify(older), JSON.stringify(future)]) {
      api.kv.values.set(ownKey, { text, expirationTtl: 60 });
      const answer = await api.request(`${post('DemoImage01')}&maxStaleSeconds=604800`, { key });
      expect(answer.body).toMatchObject({ data: { shortcode: 'DemoImage01' }, cache: { status: 'miss' } });
    }
    // A copy that names no key was stored before copies did.
    const { key: _ownKey, ...unnamed } = JSON.parse(own.text);
    api.kv.values.set(ownKey, { text: JSON.stringify(unnamed), expirationTtl: 60 });
    expect((await api.request(post('DemoImage01'), { key })).body).toMatchObject({ cache: { status: 'hit' } });
  });

  test('takes no copy of another post for comments, transcripts and interpretations either', async () => {
    const api = start({ HOT_CACHE_SECONDS: '0' });
    const { key } = await api.signUp();
    const read = (code: string) => api.request(`/v1/reel?url=${code}&comments=latest&transcript=true&parse=summary`, { key });
    await read('DemoReel_01');
    const own = [...api.kv.values.keys()];
    await read('DemoSpeech1');
    const others = [...api.kv.values].filter(([name]) => !own.includes(name));
    expect(own.length).toBeGreaterThan(2);
    for (const name of own) {
      const other = others.find(([otherName]) => otherName.split(':')[0] === name.split(':')[0]);
      if (other !== undefined) api.kv.values.set(name, other[1]);
    }
    expect((await read('DemoReel_01')).body).toMatchObject({ data: { shortcode: 'DemoReel_01' }, cache: { status: 'miss' } });
    expect(JSON.stringify((await read('DemoReel_01')).body)).not.toContain('DemoSpeech1');
  });

  test('remembers for a while that a post is not there, free of charge, but not for an unknown key', async () => {
    const api = start();
    const { key } = await api.signUp();
    expect((await api.request(post('FaultGone__'), { key })).status).toBe(404);
    api.takeSent();
    expect((await api.request(post('FaultGone__'), { key })).status).toBe(404);
    expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
    const { mintApiKey } = await import('../../src/billing/keys/api-key.ts');
    expect((await api.request(post('FaultGone__'), { key: mintApiKey() })).status).toBe(401);
    api.clock.advance(300_000);
    api.takeSent();
    expect((await api.request(post('FaultGone__'), { key })).status).toBe(404);
    expect(api.takeSent().providers).toBeGreaterThan(0);
    expect(await api.balance(key)).toEqual({ available: 5_000_000, held: 0 });
  });

  test('goes on to the next provider when the first is down, and charges once', async () => {
    const api = start();
    const { key } = await api.signUp();
    const answer = await api.request(post('FaultFirst_'), { key });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ provider: { id: 'hikerapi' } });
    expect(await api.balance(key)).toEqual({ available: 4_997_000, held: 0 });
    expect(api.events.find((event) => event.route === '/v1/post')?.attempts).toHaveLength(2);
  });

  test('answers 504 and gives the hold back when no provider answers before the deadline', async () => {
    const api = start({ READ_DEADLINE_MS: '1000', PROVIDER_ORDER_MEDIA: 'scrapecreators' });
    const { key } = await api.signUp();
    const answer = await api.request(post('FaultSilent'), { key });
    expect(answer.status).toBe(504);
    expect(errorOf(answer).code).toBe('provider_timeout');
    expect(await api.balance(key)).toEqual({ available: 5_000_000, held: 0 });
  });

  test('without any provider key answers 503 with no hold, but 401 for an unknown key, and still serves the cache', async () => {
    const warm = start();
    const { key } = await warm.signUp();
    await warm.request(post('DemoImage01'), { key });
    const api = start({ APIFY_TOKEN: '', HIKERAPI_ACCESS_KEY: '', SCRAPECREATORS_API_KEY: '' });
    const answer = await api.request(post('DemoImage01'), { key });
    expect(answer.status).toBe(503);
    expect(errorOf(answer).code).toBe('provider_unconfigured');
    expect(answer.headers.get('Retry-After')).toBe('300');
    const { mintApiKey } = await import('../../src/billing/keys/api-key.ts');
    expect((await api.request(post('DemoImage01'), { key: mintApiKey() })).status).toBe(401);
    for (const [cacheKey, value] of warm.kv.values) api.kv.values.set(cacheKey, value);
    expect((await api.request(post('DemoImage01'), { key })).body).toMatchObject({ cache: { status: 'hit' } });
  });

  describe('a pasted text', () => {
    test('is read as the one post that it names', async () => {
      const api = start();
      const { key } = await api.signUp();
      const first = await api.request(post('Look: [this](https://www.instagram.com/p/DemoImage01/?igsh=x).'), { key });
      expect(first.body).toMatchObject({ data: { shortcode: 'DemoImage01' }, cache: { status: 'miss' } });
      const second = await api.request(post('DemoImage01'), { key });
      expect(second.body).toMatchObject({ cache: { status: 'hit' } });
    });

    test('with two posts is refused with both named, before any money or provider is asked', async () => {
      const api = start();
      const { key } = await api.signUp();
      api.takeSent();
      const answer = await api.request(post('https://www.instagram.com/p/DemoImage01/\nhttps://www.instagram.com/reel/DemoReel_01/'), {
        key,
      });
      expect(answer.status).toBe(422);
      expect(errorOf(answer)).toMatchObject({
        code: 'unsupported_url',
        message: expect.stringContaining('DemoReel_01'),
        details: {
          reason: 'several_targets',
          targets: ['https://www.instagram.com/p/DemoImage01/', 'https://www.instagram.com/reel/DemoReel_01/'],
        },
      });
      expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
    });

    test('with a link of an embed mirror is read as the post, from the same cache entry, and says so', async () => {
      const api = start();
      const { key } = await api.signUp();
      const mirrored = post('https://kkinstagram.com/p/DemoImage01/');
      const note = { code: 'mirror_link', path: 'data', reason: 'embed_mirror', message: expect.stringContaining('kkinstagram.com') };
      expect((await api.request(mirrored, { key })).body).toMatchObject({
        data: { shortcode: 'DemoImage01' },
        limitations: expect.arrayContaining([note]),
      });
      expect((await api.request(post('DemoImage01'), { key })).body).not.toMatchObject({ limitations: expect.arrayContaining([note]) });
      expect((await api.request(mirrored, { key })).body).toMatchObject({
        cache: { status: 'hit' },
        limitations: expect.arrayContaining([note]),
      });
    });
  });

  describe('a share link', () => {
    test('is resolved after the hold, read, and from then on known', async () => {
      const api = start();
      const { key } = await api.signUp();
      api.takeSent();
      const first = await api.request(post('https://www.instagram.com/share/p/ShareDemoImage01'), { key });
      expect(first.status).toBe(200);
      expect(first.body).toMatchObject({ data: { shortcode: 'DemoImage01' }, cache: { status: 'miss' } });
      expect(api.takeSent()).toEqual({ database: 2, providers: 2 });
      const second = await api.request(post('https://www.instagram.com/share/p/ShareDemoImage01/?utm_source=x'), { key });
      expect(second.body).toMatchObject({ cache: { status: 'hit' } });
      expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
      expect(await api.balance(key)).toEqual({ available: 4_996_000, held: 0 });
    });

    test('that leads to a cached post costs the cached price; the rest of its hold is refunded', async () => {
      const api = start();
      const { key } = await api.signUp();
      await api.request(post('DemoImage01'), { key });
      const answer = await api.request(post('https://www.instagram.com/share/p/ShareDemoImage01'), { key });
      expect(answer.status).toBe(200);
      expect(usageOf(answer)).toMatchObject({
        reservedMicroCredits: 3_000,
        settledMicroCredits: 1_000,
        refundedMicroCredits: 2_000,
        lines: [{ item: 'media', reason: 'cached' }],
      });
    });

    test('that leads nowhere is a refusal of its own, unbilled', async () => {
      const api = start();
      const { key } = await api.signUp();
      const answer = await api.request(post('https://www.instagram.com/share/p/NoSuchToken99'), { key });
      expect(answer.status).toBe(422);
      expect(errorOf(answer).code).toBe('share_link_unresolved');
      expect(await api.balance(key)).toEqual({ available: 5_000_000, held: 0 });
    });

    test('that meets a login wall is not called broken: the platform is asked again, and nothing is billed', async () => {
      const api = start();
      const { key } = await api.signUp();
      api.takeSent();
      const read = () =>
        api.request(post('https://www.instagram.com/share/p/ShareFaultLogin'), { key, headers: { 'Idempotency-Key': 'wall' } });
      for (const _ of [1, 2]) {
        const answer = await read();
        expect(answer.status).toBe(502);
        expect(errorOf(answer).code).toBe('provider_unavailable');
        expect(answer.headers.has('Idempotency-Replayed')).toBe(false);
        expect(api.takeSent().providers).toBe(1);
      }
      expect(await api.balance(key)).toEqual({ available: 5_000_000, held: 0 });
    });
  });

  describe('refuses, before any money or provider is asked,', () => {
    const cases: [string, string, number, string][] = [
      ['no url', '/v1/post', 400, 'invalid_request'],
      ['an empty url', '/v1/post?url=', 400, 'invalid_request'],
      ['a url given twice', '/v1/post?url=DemoImage01&url=DemoVideo01', 400, 'invalid_request'],
      ['an unknown parameter', post('DemoImage01', '&lang=en'), 400, 'invalid_request'],
      ['an unknown parse mode', post('DemoImage01', '&parse=themes'), 400, 'invalid_request'],
      ['an unknown comments mode', post('DemoImage01', '&comments=all'), 400, 'invalid_request'],
      ['a negative age', post('DemoImage01', '&maxAgeSeconds=-1'), 400, 'invalid_request'],
      ['a staleness beyond a week', post('DemoImage01', '&maxStaleSeconds=604801'), 400, 'invalid_request'],
      ['500 comments', post('DemoImage01', '&commentLimit=500'), 400, 'invalid_request'],
      ['a profile', post('https://www.instagram.com/some.person/'), 422, 'unsupported_url'],
      ['another host', post('https://example.com/p/DemoImage01/'), 422, 'unsupported_url'],
      ['a look-alike', post('https://www.instagram.com@evil.example/p/DemoImage01/'), 422, 'unsupported_url'],
    ];
    for (const [what, path, status, code] of cases) {
      test(what, async () => {
        const api = start();
        const { key } = await api.signUp();
        api.takeSent();
        const answer = await api.request(path, { key });
        expect(answer.status).toBe(status);
        expect(errorOf(answer).code).toBe(code);
        expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
      });
    }

    test('and tells a caller who forgot to encode the URL to do so', async () => {
      const api = start();
      const { key } = await api.signUp();
      const answer = await api.request('/v1/post?url=https://www.instagram.com/p/DemoImage01/&secret=hunter2', { key });
      expect(errorOf(answer).message).toContain('percent-encode');
      expect(JSON.stringify(answer.body)).not.toContain('hunter2');
    });

    test.each([
      ['a misspelt ceiling', '/v1/post?url=https://www.instagram.com/p/DemoImage01/?x=1&maxCostMicroCredit=5'],
      ['a ceiling in another spelling', '/v1/post?url=https://www.instagram.com/p/DemoImage01/?x=1&max_cost_micro_credits=5'],
      ['a misspelt dry run', '/v1/post?url=https://www.instagram.com/p/DemoImage01/?x=1&dryrun=true'],
      ['an unknown parameter before the URL', '/v1/post?lang=en&url=https://www.instagram.com/p/DemoImage01/?x=1'],
      ['an unknown parameter beside an encoded URL', `${post('https://www.instagram.com/p/DemoImage01/?x=1')}&lang=en`],
    ])('and does not take for Instagram’s %s', async (_name, path) => {
      const api = start();
      const { key } = await api.signUp();
      const answer = await api.request(path, { key });
      expect([answer.status, errorOf(answer).code]).toEqual([400, 'invalid_request']);
    });
  });

  test.each([
    '?igsh=abc&img_index=2&hl=en&utm_source=ig_web&igshid=z',
    '?__a=1&__d=dis&taken-by=paper.kite&fbclid=x&mibextid=y&ig_rid=z&comment_id=1',
    '?igsh=abc&whatever=1&s=2&source=3&source=4&[]=5',
    '&fbclid=x&mibextid=y',
  ])('ignores what spills over from an unencoded Instagram URL: %s', async (query) => {
    const api = start();
    const { key } = await api.signUp();
    const answer = await api.request(`/v1/post?url=https://www.instagram.com/p/DemoImage01/${query}`, { key });
    expect(answer.status).toBe(200);
  });

  test('takes "none" for options that are left out', async () => {
    const api = start();
    const { key } = await api.signUp();
    const answer = await api.request(post('DemoImage01', '&parse=none&comments=none&commentLimit=20'), { key });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ parse: null });
  });

  test('logs one line with what it read and cost, and no key, caption or vendor body', async () => {
    const api = start();
    const { key, accountId } = await api.signUp();
    const answer = await api.request(post('DemoImage01'), { key });
    const line = api.events.at(-1);
    expect(line).toMatchObject({
      route: '/v1/post',
      method: 'GET',
      status: 200,
      accountId,
      role: 'customer',
      shortcode: 'DemoImage01',
      cache: 'miss',
      provider: 'scrapecreators',
      settledMicroCredits: 3_000,
      requestId: answer.headers.get('X-Request-Id'),
    });
    const { data } = PostReading.parse(answer.body);
    const logged = JSON.stringify(api.events);
    expect(logged).not.toContain(key);
    expect(data.caption).not.toBeNull();
    expect(logged).not.toContain(data.caption ?? '');
    expect(logged).not.toContain('cdninstagram');
  });

  test('answers 503 with Retry-After, and asks no provider, when the database is down', async () => {
    const up = start();
    const { key } = await up.signUp();
    const api = start({ LIBSQL_URL: 'http://127.0.0.1:9' });
    const answer = await api.request(post('DemoImage01'), { key });
    expect(answer.status).toBe(503);
    expect(errorOf(answer).code).toBe('overloaded');
    expect(answer.headers.has('Retry-After')).toBe(true);
    expect(await up.balance(key)).toEqual({ available: 5_000_000, held: 0 });
  });
});
