import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { ShareTarget } from '../../../src/instagram/target.ts';
import { createShareLinkResolver } from '../../../src/providers/share-link.ts';
import type { Fetch } from '../../../src/net/fetch-json.ts';
import { answering, budget, clock, NOW, silent, unreachable } from './answers.ts';

const link: ShareTarget = { kind: 'share', path: '/share/reel/BAxyz123/' };

function resolve(fetch: Fetch, deadlineAt = budget.deadlineAt) {
  return createShareLinkResolver({ baseUrl: 'https://www.instagram.com', fetch, clock }).resolve(link, { deadlineAt });
}

const redirect = (location: string) => answering(302, '', { location });

describe('a share link', () => {
  test('is resolved by one request to the rebuilt path, without cookies and without following', async () => {
    const { fetch, sent } = redirect('https://www.instagram.com/reel/C8vOfxsVAAW/?igsh=abc');
    expect(await resolve(fetch)).toEqual({ ok: true, value: { kind: 'media', shortcode: 'C8vOfxsVAAW', hint: 'reel' } });
    expect(sent.map((request) => request.url)).toEqual(['https://www.instagram.com/share/reel/BAxyz123/']);
    expect(sent[0]?.init).toMatchObject({ method: 'GET', redirect: 'manual' });
    expect(sent[0]?.init.headers).toMatchObject({
      accept: expect.stringMatching(/^text\/html,/),
      'sec-fetch-dest': 'document',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-site': 'none',
    });
    expect(new Headers(sent[0]?.init.headers).has('cookie')).toBe(false);
  });

  test('may redirect to a relative URL', async () => {
    expect(await resolve(redirect('/p/C8vOfxsVAAW/').fetch)).toMatchObject({ ok: true, value: { shortcode: 'C8vOfxsVAAW' } });
  });

  test.each([
    ['another share link', 'https://www.instagram.com/share/p/BAother1/'],
    ['a profile', 'https://www.instagram.com/harbor.kiln/'],
    ['another host', 'https://evil.example/reel/C8vOfxsVAAW/'],
    ['a look-alike host', 'https://www.instagram.com.evil.example/reel/C8vOfxsVAAW/'],
    ['a name in front of the host', 'https://www.instagram.com@evil.example/reel/C8vOfxsVAAW/'],
    ['credentials', 'https://user:word@www.instagram.com/reel/C8vOfxsVAAW/'],
    ['another port', 'https://www.instagram.com:8443/reel/C8vOfxsVAAW/'],
    ['a host without a scheme', '//evil.example/reel/C8vOfxsVAAW/'],
    ['plain http', 'http://www.instagram.com/reel/C8vOfxsVAAW/'],
    ['another scheme', 'instagram://media?id=1'],
    ['an endless address', `https://www.instagram.com/reel/C8vOfxsVAAW/?${'a'.repeat(3_000)}`],
    ['nothing readable', 'https://'],
  ])('that leads to %s is unresolved', async (_name, location) => {
    const { fetch, sent } = redirect(location);
    expect(await resolve(fetch)).toEqual({ ok: false, error: { kind: 'unresolved' } });
    expect(sent).toHaveLength(1);
  });

  test.each([
    ['a path', '/accounts/login/?next=%2Freel%2FC8vOfxsVAAW%2F'],
    [
      'a URL with a tracking query',
      'https://www.instagram.com/accounts/login/?next=https%3A%2F%2Fwww.instagram.com%2Freel%2FC8vOfxsVAAW%2F%3Figsh%3Da',
    ],
    ['another parameter before it', 'https://www.instagram.com/accounts/login/?hl=en&next=/reel/C8vOfxsVAAW/&source=x'],
    ['a challenge', 'https://www.instagram.com/challenge/?next=/reel/C8vOfxsVAAW/'],
  ])('that leads to a login wall means the post in its next=: %s', async (_name, location) => {
    const { fetch, sent } = redirect(location);
    expect(await resolve(fetch)).toEqual({ ok: true, value: { kind: 'media', shortcode: 'C8vOfxsVAAW', hint: 'reel' } });
    expect(sent).toHaveLength(1);
  });

  test.each([
    ['a login wall', 'https://www.instagram.com/accounts/login/'],
    ['a login wall in front of the link itself', '/accounts/login/?next=%2Fshare%2Freel%2FBAxyz123%2F'],
    ['a login wall in front of a profile', '/accounts/login/?next=%2Fharbor.kiln%2F'],
    ['a login wall that leads elsewhere', '/accounts/login/?next=https%3A%2F%2Fevil.example%2Freel%2FC8vOfxsVAAW%2F'],
    ['a login wall that leads to a look-alike', '/accounts/login/?next=%2F%2Finstagram.com.evil.example%2Freel%2FC8vOfxsVAAW%2F'],
    ['a login wall that hides the host', '/accounts/login/?next=https%3A%2F%2Fwww.instagram.com%40evil.example%2Freel%2FC8vOfxsVAAW%2F'],
    ['a login wall in front of another', '/accounts/login/?next=%2Faccounts%2Flogin%2F%3Fnext%3D%2Freel%2FC8vOfxsVAAW%2F'],
    ['a challenge', 'https://www.instagram.com/challenge/action/abc/'],
    ['a question for consent', 'https://www.instagram.com/consent/?flow=ad_free'],
    ['a suspended account', 'https://www.instagram.com/accounts/suspended/'],
    ['a check of the visitor', 'https://www.instagram.com/auth_platform/?apc=x'],
  ])('that leads to %s has no answer', async (_name, location) => {
    expect(await resolve(redirect(location).fetch)).toEqual({ ok: false, error: { kind: 'unreachable' } });
  });

  test.each([
    ['a page without a redirect', 200, 'unreachable'],
    ['a missing page', 404, 'unresolved'],
    ['a page that is gone', 410, 'unresolved'],
    ['a redirect without an address', 302, 'unreachable'],
    ['a malformed request', 400, 'unreachable'],
    ['a demand to log in', 401, 'unreachable'],
    ['a ban', 403, 'unreachable'],
    ['a pause', 429, 'unreachable'],
    ['a server error', 503, 'unreachable'],
  ])('answered by %s', async (_name, status, kind) => {
    expect(await resolve(answering(status, 'x').fetch)).toEqual({ ok: false, error: { kind } });
  });

  test('times out without a response in time, and is unreachable without a route', async () => {
    expect(await resolve(silent, NOW + 1)).toEqual({ ok: false, error: { kind: 'timed_out' } });
    expect(await resolve(unreachable)).toEqual({ ok: false, error: { kind: 'unreachable' } });
  });

  test('is resolved against a real server whose body never ends', async () => {
    const server = createServer((req, res) => {
      res.writeHead(302, { location: req.url === '/base/share/reel/BAxyz123/' ? 'https://www.instagram.com/p/C8vOfxsVAAW/' : '/' });
      res.write('a body that nobody reads');
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    try {
      // safe because a server that listens on a port has an address of this form
      const { port } = server.address() as AddressInfo;
      const resolver = createShareLinkResolver({ baseUrl: `http://127.0.0.1:${port}/base`, fetch, clock });
      expect(await resolver.resolve(link, budget)).toEqual({ ok: true, value: { kind: 'media', shortcode: 'C8vOfxsVAAW', hint: 'post' } });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
