import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_TARGET_CHARACTERS, parseTarget, TARGET_REFUSALS } from '../../../src/instagram/target.ts';
import { INSTAGRAM_HOSTS } from '../../../src/instagram/url-shapes.ts';
import rows from '../../fixtures/targets.json' with { type: 'json' };

const shortcode = fc.stringMatching(/^[A-Za-z0-9_-]{1,11}$/);
const bareShortcode = fc.stringMatching(/^[A-Za-z0-9_-]{5,11}$/);

/** Fragments of attacks on URL parsers, so that random strings pass the first check. */
const pieces = fc.constantFrom(
  ' ',
  ...'https:// http: // / \\ @ : . .. ? # %2e %2F %40 443 80 [ ] ; & = \t \u200b \uff0e \u3002 \ud800 \u0430 https%3A%2F%2F'.split(' '),
  ...'www. instagram.com INSTAGRAM.COM instagr.am evil.example 127.0.0.1 0x7f p reel reels tv share embed captioned audio'.split(' '),
  ...'stories c 1 CxQ7tR2mK_9 BvR4x -_-_- Ab aZ0_bY1-cX2dW3eV4fU5gT6hS7i8'.split(' '),
);
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
  fc
    .tuple(fc.constantFrom('https://www.instagram.com', 'instagram.com', 'HTTP://m.instagram.com:80'), fc.array(pieces, { maxLength: 8 }))
    .map(([origin, parts]) => `${origin}/${parts.join('/')}`),
);

/** A valid URL with one fragment inserted. */
const tampered = fc
  .tuple(
    fc.constantFrom('https://www.instagram.com/p/CxQ7tR2mK_9/', 'http://m.instagram.com:80/lantern.boat/reel/BvR4x?a=b'),
    pieces,
    fc.nat(60),
  )
  .map(([url, piece, position]) => url.slice(0, position) + piece + url.slice(position));

describe('the table of spellings', () => {
  test.each(rows.map((row) => [row.input.length > 80 ? `${row.input.slice(0, 80)}…` : row.input, row] as const))('%j', (_name, row) => {
    const parsed = parseTarget(row.input);
    expect(parsed.ok ? { target: parsed.value } : { refused: parsed.error.reason }).toEqual(
      'target' in row ? { target: row.target } : { refused: row.refused },
    );
  });

  test('has an example of each reason', () => {
    const shown = new Set(rows.flatMap((row) => ('refused' in row ? [row.refused] : [])));
    // Only a text with several URLs names several posts: see pasted.test.ts.
    expect(shown.add('several_targets')).toEqual(new Set(Object.keys(TARGET_REFUSALS)));
  });
});

describe('every refusal', () => {
  test('carries its reason’s message and nothing of the input', () => {
    const refusals = rows.map(({ input }) => parseTarget(input)).flatMap((parsed) => (parsed.ok ? [] : [parsed.error]));
    expect(refusals.length).toBeGreaterThan(100);
    for (const { reason, message } of refusals) expect(message).toBe(TARGET_REFUSALS[reason]);
  });

  test.each(Object.entries(TARGET_REFUSALS))('says what to do: %s', (_reason, sentence) => {
    expect(sentence).toMatch(/^[A-Z].{30,200}\.$/u);
  });
});

describe('any input', () => {
  test('is parsed without throwing, and what is accepted has the strict charset', () => {
    fc.assert(
      fc.property(hostile, (input) => {
        const parsed = parseTarget(input);
        const kept = parsed.ok ? (parsed.value.kind === 'media' ? parsed.value.shortcode : parsed.value.path) : parsed.error.reason;
        const charset = parsed.ok
          ? /^(?:[A-Za-z0-9_-]{1,11}|\/share\/(?:(?:p|reels?|r|tv)\/)?[A-Za-z0-9_-]{6,32}\/)$/
          : new RegExp(`^(?:${Object.keys(TARGET_REFUSALS).join('|')})$`);
        expect(kept).toMatch(charset);
      }),
      { numRuns: 20_000 },
    );
  });

  test('that is accepted as a URL leads a browser to the same host and the same post', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(hostile, tampered), (input) => {
        const parsed = parseTarget(input);
        if (!parsed.ok || !/^https?:\/\//i.test(input)) return;
        accepted += 1;
        const url = new URL(input);
        expect(INSTAGRAM_HOSTS).toContain(url.hostname);
        expect(url.username + url.password + url.port).toBe('');
        const segments = url.pathname.split('/').filter((segment) => segment !== '');
        expect(segments).toContain(parsed.value.kind === 'media' ? parsed.value.shortcode : parsed.value.path.split('/').at(-2));
      }),
      { numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(1_000);
  });

  test('of the maximum length is parsed in a moment', () => {
    const started = performance.now();
    for (const filler of ['a', '/', '.', ':', '%3A', '@', '1.', '[', '?', 'www.']) {
      const parsed = parseTarget(`https://www.instagram.com/${filler.repeat(MAX_TARGET_CHARACTERS)}`.slice(0, MAX_TARGET_CHARACTERS));
      expect(parsed.ok).toBe(false);
      expect(parseTarget(filler.repeat(MAX_TARGET_CHARACTERS).slice(0, MAX_TARGET_CHARACTERS)).ok).toBe(false);
    }
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('a shortcode', () => {
  test('is the same in the canonical URL and in every other spelling', () => {
    const spelling = fc.constantFrom(
      (code: string) => `https://www.instagram.com/p/${code}/`,
      (code: string) => `instagram.com/reel/${code}`,
      (code: string) => `http://m.instagram.com/lantern.boat/tv/${code}/embed/captioned/?igsh=x#y`,
      (code: string) => encodeURIComponent(`https://www.instagram.com/reels/${code}/`),
    );
    fc.assert(
      fc.property(shortcode, spelling, (code, spell) => {
        fc.pre(code !== 'audio');
        expect(parseTarget(spell(code))).toMatchObject({ ok: true, value: { kind: 'media', shortcode: code } });
      }),
    );
  });

  test('alone is accepted, whatever its first character', () => {
    fc.assert(
      fc.property(bareShortcode, (code) => {
        fc.pre(!/^[a-z_]+$/.test(code)); // the names of pages
        expect(parseTarget(code)).toEqual({ ok: true, value: { kind: 'media', shortcode: code, hint: 'unknown' } });
      }),
    );
  });
});

test('a private post’s link is refused as one, whatever the length of its shortcode', () => {
  const spelling = fc.constantFrom('', 'https://www.instagram.com/p/', 'instagram.com/lantern.boat/reel/');
  fc.assert(
    fc.property(spelling, shortcode, fc.stringMatching(/^[A-Za-z0-9_-]{28}$/), (prefix, code, key) => {
      expect(parseTarget(`${prefix}${code}${key}`)).toMatchObject({ ok: false, error: { reason: 'private_link' } });
    }),
  );
});

test('a share link keeps nothing but its kind and its token', () => {
  fc.assert(
    fc.property(fc.constantFrom('', 'p/', 'reel/', 'r/'), fc.stringMatching(/^[A-Za-z0-9_-]{6,32}$/), (kind, token) => {
      expect(parseTarget(`http://INSTAGRAM.com//share/${kind}${token}?igsh=1#top`)).toEqual({
        ok: true,
        value: { kind: 'share', path: `/share/${kind}${token}/` },
      });
    }),
  );
});
