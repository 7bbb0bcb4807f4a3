import { expect, test } from 'vitest';
import { useWorker } from '../support/worker.ts';

const worker = useWorker();

// The runtime serves these files without asking the Worker.
test.each(['/docs/assets/swagger-ui.css', '/docs/assets/swagger-ui-bundle.js', '/docs/assets/start.js'])(
  'serves %s with the headers that every response has',
  async (path) => {
    const asset = await fetch(`${worker().url}${path}`);
    await asset.body?.cancel();
    expect(asset.status).toBe(200);
    expect(asset.headers.get('Content-Security-Policy')).toBe("default-src 'none'; frame-ancestors 'none'");
    const response = await fetch(`${worker().url}/health`);
    await response.body?.cancel();
    for (const name of ['X-Content-Type-Options', 'X-Frame-Options', 'Referrer-Policy', 'Strict-Transport-Security']) {
      expect(asset.headers.get(name), name).toBe(response.headers.get(name) ?? 'missing');
    }
    expect(asset.headers.get('Cross-Origin-Resource-Policy')).toBe('same-origin');
  },
);

test('answers a missing asset, and the file with the headers itself, like any unknown path', async () => {
  for (const path of ['/docs/assets/none.js', '/_headers']) {
    const answer = await fetch(`${worker().url}${path}`);
    await answer.body?.cancel();
    expect([path, answer.status, answer.headers.get('X-Content-Type-Options')]).toEqual([path, 404, 'nosniff']);
  }
});
