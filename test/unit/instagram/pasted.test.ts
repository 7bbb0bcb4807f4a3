import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findTarget } from '../../../src/instagram/pasted/find-target.ts';
import { MIRROR_HOSTS } from '../../../src/instagram/pasted/mirrors.ts';
import { MAX_TARGET_CHARACTERS, parseTarget, type TargetRefusal } from '../../../src/instagram/target.ts';
import rows from '../../fixtures/targets.json' with { type: 'json' };

const POST = 'https://www.instagram.com/p/CxQ7tR2mK_9/';
const OTHER = 'https://www.instagram.com/reel/BvR4xW7q_Z/';

/** The shortcode or path of what was found, or the reason why nothing was. */
function named(pasted: string): string {
  const found = findTarget(pasted);
  if (!found.ok) return found.error.reason;
  return found.value.target.kind === 'media' ? found.value.target.shortcode : found.value.target.path;
}

function refusalOf(pasted: string): TargetRefusal | null {
  const found = findTarget(pasted);
  return found.ok ? null : found.error;
}

describe('a post is found', () => {
  test.each([
    ['in brackets', `<${POST}>`],
    ['in round brackets', `(${POST})`],
    ['in straight quotes', `"${POST}"`],
    ['in typographic quotes', `“${POST}”`],
    ['in a Markdown link', `[a post](${POST})`],
    ['in a Markdown link of itself', `[${POST}](${POST})`],
    ['in a Markdown link with a title', `[a post](${POST} "a title")`],
    ['in bold Markdown', '**https://www.instagram.com/p/CxQ7tR2mK_9**'],
    ['in italic Markdown', '_https://www.instagram.com/p/CxQ7tR2mK_9_'],
    ['in code', `\`${POST}\``],
    ['in HTML', `<a href="${POST}">x</a>`],
    ['in JSON', String.raw`{"url":"https:\/\/www.instagram.com\/p\/CxQ7tR2mK_9\/"}`],
    ['with Markdown escapes', String.raw`https://www.instagram.com/p/CxQ7tR2mK\_9/`],
    ['with an escape that nobody resolved', String.raw`https://www.instagram.com/p/CxQ7tR2mK_9\n`],
    ['before a full stop', 'https://www.instagram.com/p/CxQ7tR2mK_9.'],
    ['before an exclamation mark', 'Look: https://www.instagram.com/p/CxQ7tR2mK_9!!'],
    ['before a comma', `${POST}, and more`],
    ['before a comma that took the place of the slash', 'https://www.instagram.com/p/CxQ7tR2mK_9,'],
    ['before an ideographic full stop', 'https://www.instagram.com/p/CxQ7tR2mK_9。'],
    ['among words', `look at ${POST} please`],
    ['among Chinese words without blanks', '看这里https://www.instagram.com/p/CxQ7tR2mK_9/很好看'],
    ['behind a Chinese label', `链接：${POST}`],
    ['behind a Cyrillic word without a blank', `Смотри${POST}`],
    ['behind a label', `url=${POST}`],
    ['without a scheme among words', 'see instagram.com/p/CxQ7tR2mK_9 now'],
    ['beside a profile', `https://www.instagram.com/paper.kite/ posted ${POST}`],
    ['beside other links', `https://blog.example/x and ${POST} and mail kite@mail.example`],
    ['beside an emoji', `📸${POST}🪁`],
    ['on a line of its own', `Look:\n${POST}\nNice`],
    ['wrapped in the middle of the code', 'https://www.instagram.com/p/CxQ7\ntR2mK_9/'],
    ['wrapped behind the host', 'https://www.instagram.com\r\n/p/CxQ7tR2mK_9/'],
    ['wrapped in a quoted mail', '> https://www.instagram.com/p/\n> CxQ7tR2mK_9/'],
    ['with a zero-width space', 'https://www.instagram.com/p/CxQ7\u200btR2mK_9/'],
    ['behind a byte order mark and a joiner', `\ufeff\u200d${POST}`],
    ['in isolated right-to-left text', `\u2068${POST}\u2069`],
    ['with an invisible plus', 'CxQ7tR2mK_9\u2060'],
    ['encoded once', encodeURIComponent(POST)],
    ['encoded twice', encodeURIComponent(encodeURIComponent(POST))],
    ['encoded without a scheme', 'www.instagram.com%2Fp%2FCxQ7tR2mK_9'],
    ['encoded in its path', 'https://www.instagram.com/p%2FCxQ7tR2mK_9%2F'],
    ['encoded with a blank behind it', `${POST}%20%22`],
    ['encoded among words', `see ${encodeURIComponent(POST)} now, 100% sure`],
    ['with an encoded question mark', 'https://www.instagram.com/p/CxQ7tR2mK_9%3Figsh%3Dabc'],
    ['with a query that lost its question mark', 'https://www.instagram.com/p/CxQ7tR2mK_9&fbclid=x&__a=1'],
    ['with an HTML entity', 'https://www.instagram.com/p/CxQ7tR2mK_9&amp;igsh=abc'],
    ['with whatever spilled over', `${POST}?__a=1&__d=dis&taken-by=a.b&mibextid=x&fbclid=y&igsh=z==&img_index=3&x=%zz`],
    ['with the URL of another host in its query', `${POST}?u=https://evil.example/p/BvR4xW7q_Z/`],
    ['with an encoded URL in its query', `${POST}?next=${encodeURIComponent(OTHER)}`],
    ['twice', `${POST} ${POST.replace('/p/', '/reel/')}`],
    ['behind a login page', 'https://www.instagram.com/accounts/login/?next=https%3A%2F%2Fwww.instagram.com%2Fp%2FCxQ7tR2mK_9%2F'],
    ['behind a login page that was not encoded', `https://www.instagram.com/accounts/login/?next=${POST}`],
    ['as a quoted code', '"CxQ7tR2mK_9"'],
  ])('%s', (_name, pasted) => {
    expect(named(pasted)).toBe('CxQ7tR2mK_9');
  });

  test('as the kind that its path says, and a share link as its path', () => {
    expect(findTarget(`see ${OTHER}!`)).toMatchObject({ ok: true, value: { target: { hint: 'reel' }, mirror: null } });
    expect(named('see (https://www.instagram.com/share/p/BAq7Yt2LmX), it is good')).toBe('/share/p/BAq7Yt2LmX/');
    expect(named('https://www.instagram.com/share/BAq7Yt2LmX\nNice')).toBe('/share/BAq7Yt2LmX/');
  });
});

describe('two different posts are refused', () => {
  test.each([
    ['on one line', `${POST} ${OTHER}`],
    ['on two lines', `${POST}\n${OTHER}`],
    ['without a blank', `${POST}${OTHER}`],
    ['one in the query of the other', `${POST}?igsh=x${OTHER}`],
    ['in a Markdown link', `[${OTHER}](${POST})`],
    ['one of them encoded', `${POST} ${encodeURIComponent(OTHER)}`],
    ['one of them on a mirror', `${POST} https://kkinstagram.com/reel/BvR4xW7q_Z/`],
    ['without schemes', 'instagram.com/p/CxQ7tR2mK_9, instagram.com/reel/BvR4xW7q_Z'],
  ])('%s', (_name, pasted) => {
    const refusal = refusalOf(pasted);
    expect(refusal?.reason).toBe('several_targets');
    expect(new Set(refusal?.targets)).toEqual(new Set([POST, OTHER]));
    for (const url of [POST, OTHER]) expect(refusal?.message).toContain(url);
  });

  test('also a post and a share link, and a code that may go on in the next line', () => {
    expect(findTarget(`${POST} https://www.instagram.com/share/p/BAq7Yt2LmX/`)).toMatchObject({
      error: { targets: [POST, 'https://www.instagram.com/share/p/BAq7Yt2LmX/'] },
    });
    expect(named('https://www.instagram.com/p/CxQ7tR2\nmK_9')).toBe('several_targets');
    expect(named('https://www.instagram.com/p/CxQ7tR2\nmK_9\nNice')).toBe('several_targets');
  });
});

describe('a link of an embed mirror names its post', () => {
  test.each(MIRROR_HOSTS.map((host) => [host] as const))('%s', (host) => {
    for (const address of [
      `https://${host}/p/CxQ7tR2mK_9/`,
      `www.${host}/p/CxQ7tR2mK_9`,
      `HTTPS://D.${host.toUpperCase()}/paper.kite/p/CxQ7tR2mK_9?x`,
    ]) {
      expect(findTarget(address)).toEqual({
        ok: true,
        value: { target: { kind: 'media', shortcode: 'CxQ7tR2mK_9', hint: 'post' }, mirror: host },
      });
    }
  });

  test('with the number of a picture, and as a share link', () => {
    expect(named('https://gginstagram.com/p/CxQ7tR2mK_9/2')).toBe('CxQ7tR2mK_9');
    expect(named('https://g.ddinstagram.com/paper.kite/p/CxQ7tR2mK_9/12/')).toBe('CxQ7tR2mK_9');
    expect(named('https://kkinstagram.com/share/BAq7Yt2LmX')).toBe('/share/BAq7Yt2LmX/');
  });

  test('without a note where the platform’s own link stands beside it', () => {
    expect(findTarget(`[https://ddinstagram.com/p/CxQ7tR2mK_9](${POST})`)).toMatchObject({ ok: true, value: { mirror: null } });
  });

  test.each([
    'https://kkinstagram.com.evil.example/p/CxQ7tR2mK_9/',
    'https://kkinstagram.com@evil.example/p/CxQ7tR2mK_9/',
    'https://evil.kkinstagram.com/p/CxQ7tR2mK_9/',
    'https://xkkinstagram.com/p/CxQ7tR2mK_9/',
    'https://kkinstagram.com:8443/p/CxQ7tR2mK_9/',
    'https://kkinstagram.co/p/CxQ7tR2mK_9/',
  ])('but not %s', (address) => {
    expect(['lookalike_host', 'user_info']).toContain(named(address));
  });
});

describe('nothing is found', () => {
  test.each([
    ['an address that imitates the platform', 'https://instagram.com.evil.example/p/CxQ7tR2mK_9/', 'lookalike_host'],
    ['a misspelt host', 'see https://www.lnstagram.com/p/CxQ7tR2mK_9/ now', 'lookalike_host'],
    ['an address that hides its host', '(https://instagram.com@evil.example/p/CxQ7tR2mK_9/)', 'user_info'],
    ['the same, encoded', 'https%3A%2F%2Finstagram.com%40evil.example%2Fp%2FCxQ7tR2mK_9%2F', 'user_info'],
    ['an imitation beside a real post', `https://instagram.com.evil.example/p/BvR4xW7q_Z/ ${POST}`, 'lookalike_host'],
    ['a post in the query of another host', `https://evil.example/?url=${POST}`, 'other_host'],
    ['the same, encoded', `https://evil.example/?url=${encodeURIComponent(POST)}`, 'other_host'],
    ['a post in the path of another host', `evil.example/${POST}`, 'other_host'],
    ['a post behind a script', `javascript:${POST}`, 'other_scheme'],
    ['a Cyrillic letter in the host', 'https://www.\u0456nstagram.com/p/CxQ7tR2mK_9/', 'non_ascii'],
    ['a full-width sign in the host', 'https://evil.example\uff0fwww.instagram.com/p/CxQ7tR2mK_9/', 'non_ascii'],
    ['a Cyrillic letter in the code', 'https://www.instagram.com/p/CxQ7t\u0421xQ7/', 'non_ascii'],
    ['a code that a blank cuts', 'https://www.instagram.com/p/CxQ7 tR2mK_9/', 'bad_shortcode'],
    ['a code that dots cut', 'see https://www.instagram.com/p/CxQ7tR... for more', 'bad_shortcode'],
    ['a code that an ellipsis cuts', 'https://www.instagram.com/p/CxQ7tR…', 'bad_shortcode'],
    ['a profile among words', 'look at https://www.instagram.com/paper.kite/ please', 'profile'],
    ['a placeholder', '{shortcode}', 'wrapped'],
    ['words', 'two words', 'several_words'],
    ['a code among words', 'the post CxQ7tR2mK_9', 'several_words'],
    ['a post encoded four times', [1, 2, 3, 4].reduce((url) => encodeURIComponent(url), POST), 'encoded'],
    ['a null character', `${POST}\u0000`, 'control_character'],
    ['a text of any length', `${POST} ${'x'.repeat(MAX_TARGET_CHARACTERS)}`, 'too_long'],
  ])('in %s', (_name, pasted, reason) => {
    expect(named(pasted)).toBe(reason);
  });
});

/** Reasons that are about the spelling of one URL, which does not matter in a text. */
const ABOUT_SPELLING =
  /^(?:control_character|invisible_character|backslash|several_words|wrapped|encoded|non_ascii|malformed|bad_shortcode)$/;

test('what is read by itself means the same here, and what is no post is refused for the same reason', () => {
  const alike = rows.filter(({ input }) => {
    const parsed = parseTarget(input);
    return parsed.ok || !ABOUT_SPELLING.test(parsed.error.reason);
  });
  expect(alike.length).toBeGreaterThan(150);
  expect(alike.map(({ input }) => [input, refusalOf(input) ?? named(input)])).toEqual(
    alike.map(({ input }) => {
      const parsed = parseTarget(input);
      return [input, parsed.ok ? (parsed.value.kind === 'media' ? parsed.value.shortcode : parsed.value.path) : parsed.error];
    }),
  );
});

const STRICT = /^(?:[A-Za-z0-9_-]{1,11}|\/share\/(?:(?:p|reels?|r|tv)\/)?[A-Za-z0-9_-]{6,32}\/)$/;

describe('any text', () => {
  const code = fc.stringMatching(/^[A-Za-z0-9_-]{11}$/);
  const around = fc.constantFrom(
    '',
    ' ',
    '\n',
    '. ',
    ' and ',
    '🪁 ',
    '- ',
    ...'( ) [x]( < > " “ ” « » ` ** , ! 。 看 \u200b \u2068'.split(' '),
  );
  const query = fc.constantFrom(
    '/',
    '/?igsh=a==',
    '/?fbclid=x&__a=1',
    '?img_index=2#top',
    '/embed/captioned/',
    '/&mibextid=x',
    '/%3Figsh%3Dx',
  );
  const kind = fc.constantFrom('p', 'reel', 'reels', 'tv', 'lantern.boat/p');
  const url = fc.tuple(fc.constantFrom('https://www.instagram.com', 'http://instagram.com', 'HTTPS://m.instagram.com'), kind, code, query);

  test('around one URL does not matter', () => {
    fc.assert(
      fc.property(url, around, around, fc.nat(2), ([origin, path, shortcode, tail], before, after, times) => {
        fc.pre(times < 2 || !tail.includes('%')); // that would be encoded three times
        let pasted = `${before}${origin}/${path}/${shortcode}${tail}${after}`;
        for (let encoded = 0; encoded < times; encoded += 1) pasted = encodeURIComponent(pasted);
        expect([pasted, named(pasted)]).toEqual([pasted, shortcode]);
      }),
      { numRuns: 3_000 },
    );
  });

  test('with two URLs is refused, whatever separates them', () => {
    fc.assert(
      fc.property(url, url, around, ([origin, path, first, tail], [otherOrigin, otherPath, second, otherTail], between) => {
        fc.pre(first !== second);
        const pasted = `${origin}/${path}/${first}${tail}${between}${otherOrigin}/${otherPath}/${second}${otherTail}`;
        expect([pasted, named(pasted)]).toEqual([pasted, 'several_targets']);
      }),
      { numRuns: 3_000 },
    );
  });

  const pieces = fc.constantFrom(
    '\n',
    ' ',
    '\t',
    ...'https:// http: // / \\ @ : . .. ... ? # % %2F %3A %252F https%3A%2F%2F & = ( ) [ ] < " _ * \u200b \u202e \ud800'.split(' '),
    ...'。 ／ ． … \u0456 www. instagram.com INSTAGRAM.COM kkinstagram.com lnstagram.com evil.example 127.0.0.1 javascript:'.split(' '),
    ...'p reel share login accounts/login/?next= CxQ7tR2mK_9 BvR4x Ab'.split(' '),
  );
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.array(pieces, { maxLength: 16 }).map((parts) => parts.join('')),
    fc.array(pieces, { maxLength: 8 }).map((parts) => `https://www.instagram.com/p/CxQ7tR2mK_9${parts.join('')}`),
    fc.array(pieces, { maxLength: 8 }).map((parts) => `${parts.join('')}https://www.instagram.com/p/CxQ7tR2mK_9/`),
  );

  test('is read without throwing, and what is found has the strict charset and stands in the text', () => {
    fc.assert(
      fc.property(hostile, (pasted) => {
        const refusal = refusalOf(pasted);
        expect(refusal?.message.length ?? 0).toBeLessThan(400);
        for (const url of refusal?.targets ?? []) expect(url).toMatch(/^https:\/\/www\.instagram\.com\/[A-Za-z0-9/_-]{3,60}\/$/);
        const name = named(pasted);
        expect(name).toMatch(refusal === null ? STRICT : /^[a-z_]+$/);
        const token = refusal === null ? (name.split('/').at(-2) ?? name) : '';
        expect(pasted.replaceAll(/[^A-Za-z0-9_-]/g, '')).toContain(token);
      }),
      { numRuns: 20_000 },
    );
  });

  test('of the maximum length is read in a moment', () => {
    const started = performance.now();
    const fillers = 'a / . : %3A %25 @ [ ? www. a= https:// instagram.com/ * _: ! ... é'.split(' ');
    for (const filler of [...fillers, '\n', 'a\n', `${POST}\n`]) {
      findTarget(filler.repeat(MAX_TARGET_CHARACTERS).slice(0, MAX_TARGET_CHARACTERS));
      findTarget(`https://www.instagram.com/p/${filler.repeat(MAX_TARGET_CHARACTERS)}`.slice(0, MAX_TARGET_CHARACTERS));
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
