import { describe, expect, test } from 'vitest';
import { useApi } from '../support/api.ts';
import { errorOf, usageOf } from '../support/answers.ts';

const start = useApi();

const paths = [
  ['/v1/post?url=DemoImage01', 3_000, 1_000, 500],
  ['/v1/reel?url=DemoReel_01', 3_000, 1_000, 500],
  ['/v1/comments?url=DemoThread1&limit=20', 4_000, 1_000, 500],
] as const;

for (const [path, fresh, cached, stale] of paths) {
  describe(`freshness of ${path}`, () => {
    test('takes a copy no older than maxAgeSeconds, and reads fresh at 0', async () => {
      const api = start();
      const { key } = await api.signUp();
      await api.request(path, { key });
      api.clock.advance(100_000);
      const young = await api.request(`${path}&maxAgeSeconds=100`, { key });
      expect(young.body).toMatchObject({ cache: { status: 'hit', ageSeconds: 100 } });
      expect(usageOf(young).settledMicroCredits).toBe(cached);
      const old = await api.request(`${path}&maxAgeSeconds=99`, { key });
      expect(old.body).toMatchObject({ cache: { status: 'miss', ageSeconds: 0 } });
      expect(usageOf(old).settledMicroCredits).toBe(fresh);
      const anew = await api.request(`${path}&maxAgeSeconds=0`, { key });
      expect(anew.body).toMatchObject({ cache: { status: 'miss' } });
    });

    test('serves a copy past its time when the providers are down and the caller takes one, marked, at the stale price', async () => {
      const up = start({ CONTENT_TTL_SECONDS: '600' });
      const { key } = await up.signUp();
      await up.request(path, { key });
      const nowhere = 'http://127.0.0.1:9';
      const api = start({
        CONTENT_TTL_SECONDS: '600',
        APIFY_BASE_URL: nowhere,
        HIKERAPI_BASE_URL: nowhere,
        SCRAPECREATORS_BASE_URL: nowhere,
      });
      for (const [cacheKey, value] of up.kv.values) api.kv.values.set(cacheKey, value);
      api.clock.advance(660_000);
      const refused = await api.request(path, { key });
      expect([refused.status, errorOf(refused).code]).toEqual([502, 'provider_unavailable']);
      const tooOld = await api.request(`${path}&maxStaleSeconds=59`, { key });
      expect(tooOld.status).toBe(502);
      const answer = await api.request(`${path}&maxStaleSeconds=61`, { key });
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ cache: { status: 'stale', ageSeconds: 660, ttlSeconds: 0 } });
      expect(usageOf(answer)).toMatchObject({ settledMicroCredits: stale, refundedMicroCredits: fresh - stale });
      expect((answer.body as { limitations: unknown[] }).limitations).toContainEqual(expect.objectContaining({ code: 'stale_copy' }));
      expect(answer.headers.get('Cache-Status')).toMatch(/^igskill; hit; ttl=-/);
      expect(answer.headers.get('Cache-Control')).toBe('private, max-age=0');
      expect(answer.headers.get('Age')).toBe('660');
    });

    test('says in HTTP what it says in cache', async () => {
      const api = start({ CONTENT_TTL_SECONDS: '600' });
      const { key } = await api.signUp();
      const miss = await api.request(path, { key });
      expect(miss.headers.get('Cache-Status')).toBe('igskill; fwd=uri-miss; stored; ttl=600');
      expect(miss.headers.get('Cache-Control')).toBe('private, max-age=600');
      api.clock.advance(10_000);
      const hit = await api.request(path, { key });
      expect(hit.headers.get('Cache-Status')).toBe('igskill; hit; ttl=590');
      expect(hit.headers.get('Age')).toBe('10');
      expect(hit.headers.get('Cache-Control')).toBe('private, max-age=590');
    });

    test('does not serve a stale copy of a post that is definitely gone', async () => {
      const api = start();
      const { key } = await api.signUp();
      const answer = await api.request(path.replace(/Demo\w+/, 'FaultGone__') + '&maxStaleSeconds=600', { key });
      expect(answer.status).toBe(404);
    });
  });
}
