import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InstagramMedia, withholdForeignUrls } from '../../../src/instagram/media.ts';
import type { MediaTarget } from '../../../src/instagram/target.ts';
import { createApify } from '../../../src/providers/apify/apify.ts';
import { createHikerApi } from '../../../src/providers/hikerapi/hikerapi.ts';
import type { Provider } from '../../../src/providers/provider.ts';
import { createScrapeCreators } from '../../../src/providers/scrapecreators/scrapecreators.ts';
import { parseExactJson } from '../../../src/net/fetch-json.ts';
import { untrustedIn } from '../../../src/read/response/untrusted.ts';
import { mediaLimitations } from '../../../src/read/limitations/of-media.ts';
import { MediaData } from '../../../src/read/response/data.ts';
import { unexplainedNulls } from '../../support/nulls.ts';
import { unlistedWords } from '../../support/words.ts';
import { answering, budget, clock, target } from './answers.ts';

// Real bodies contain other people's names and texts, so they are not part of the project: IGSKILL_RECORDINGS names a folder with them.
const folder = process.env['IGSKILL_RECORDINGS'];

type Recording = { readonly name: string; readonly wanted: MediaTarget; readonly provider: Provider };

const access = { baseUrl: 'https://vendor.example', key: 'key', clock };

/** The part of a body that is a post as the vendor's endpoint for single posts returns it; null for other endpoints' bodies. */
function recordingsIn(directory: string): Recording[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .flatMap((file) => fromText(file, readFileSync(join(directory, file), 'utf8')));
}

function fromText(file: string, text: string): Recording[] {
  const body = parseExactJson(text);
  const name = file.replace(/\.json$/, '');
  const graphql = field(body, 'data', 'xdt_shortcode_media', 'shortcode') ?? field(body, 'xdt_shortcode_media', 'shortcode');
  if (graphql !== null) return [{ name, wanted: target(graphql), provider: createScrapeCreators({ ...access, ...answering(200, text) }) }];
  const raw = field(body, 'media_or_ad', 'code');
  if (raw !== null)
    return [{ name, wanted: target(raw), provider: createHikerApi({ ...access, ...answering(200, text), mediaVersion: 'v2' }) }];
  const flat = field(body, 'caption_text') === null ? null : field(body, 'code');
  if (flat !== null)
    return [{ name, wanted: target(flat), provider: createHikerApi({ ...access, ...answering(200, text), mediaVersion: 'v1' }) }];
  return (Array.isArray(body) ? body : [body]).flatMap((item: unknown, index): Recording[] => {
    const code = field(item, 'shortCode');
    if (code === null || field(item, 'type') === null) return [];
    return [{ name: `${name} #${index}`, wanted: target(code), provider: createApify({ ...access, ...answering(201, [item]) }) }];
  });
}

function field(value: unknown, ...path: readonly string[]): string | null {
  let at: unknown = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return null;
    at = new Map(Object.entries(at)).get(key);
  }
  return typeof at === 'string' ? at : null;
}

describe.skipIf(folder === undefined)('recorded posts (skipped unless IGSKILL_RECORDINGS names their folder)', () => {
  const recordings = folder === undefined ? [] : recordingsIn(folder);

  test('there are posts of every vendor', () => {
    expect(new Set(recordings.map((recording) => recording.provider.id))).toEqual(new Set(['scrapecreators', 'hikerapi', 'apify']));
  });

  test.each(recordings)('$name becomes a complete, valid post', async ({ wanted, provider }) => {
    const fetched = await provider.fetchMedia(wanted, budget);
    if (!fetched.ok) throw new Error(fetched.error.kind);
    const media = InstagramMedia.parse(fetched.value.value);
    const limitations = mediaLimitations(withholdForeignUrls(media), Date.now(), null);
    const { withheldUrls: _withheld, untoldCounts: _untold, ...shown } = withholdForeignUrls(media);
    expect(unexplainedNulls({ data: shown, limitations }, MediaData)).toEqual([]);
    expect(unlistedWords({ data: shown }, untrustedIn({ data: shown, parse: null }))).toEqual([]);
    expect(media).toMatchObject({
      shortcode: wanted.shortcode,
      id: expect.stringMatching(/^\d{5,}$/),
      owner: { username: expect.stringMatching(/./) },
      timestamp: expect.stringMatching(/^20/),
    });
    expect(media.media.length).toBeGreaterThan(0);
    for (const asset of media.media) expect(asset.url).not.toBeNull();
    expect(media.children.length === 0).toBe(media.type !== 'carousel' || media.media.length === 1);
    for (const count of Object.values(media.metrics)) expect(count).not.toBe(-1);
  });
});
