import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { PageKind, PageRequest } from '../../local/payloads.ts';
import { readRecordingMap, type RecordingMap } from '../../local/recording-map.ts';
import { readRecordings } from '../../local/recordings.ts';
import { createSamples } from '../../local/samples/samples.ts';
import { startFakes } from '../../local/fakes/fakes.ts';
import { payloadLines } from '../../local/summary.ts';
import { mediaIdFromShortcode } from '../../src/instagram/shortcode.ts';

const samples = createSamples(() => Date.UTC(2026, 0, 1));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'igskill-pages-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string) {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
}

function ask(kind: PageKind, shortcode: string, more: Partial<PageRequest> = {}): PageRequest {
  return { kind, shortcode, cursor: null, commentId: null, limit: Infinity, withReplies: false, ...more };
}

function recorded(map: RecordingMap = {}) {
  const result = readRecordings(folder, map);
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

function samplePage(request: PageRequest): string {
  const page = samples.page(request);
  if (page.kind !== 'page') throw new Error(`no sample page: ${page.kind}`);
  return page.text;
}

function cursorOf(page: string): string {
  return z.object({ next_page_id: z.string() }).parse(JSON.parse(page)).next_page_id;
}

function samplePost(kind: 'scrapecreators' | 'hikerapi_v1', shortcode: string): string {
  return samples.find(kind, shortcode) ?? '';
}

/** ScrapeCreators' comments and replies name no post. */
const SCRAPED_COMMENTS = JSON.stringify({
  success: true,
  comments: [
    {
      id: '17900000000000001',
      text: 'first',
      child_comment_count: 0,
      replies: [],
      has_more_replies: false,
      user: { id: '1', username: 'sample_a' },
    },
    {
      id: '17900000000000002',
      text: 'second',
      child_comment_count: 0,
      replies: [],
      has_more_replies: false,
      user: { id: '2', username: 'sample_b' },
    },
  ],
  cursor: 'AQHnext',
});
const scrapedReplies = (parent: string) =>
  JSON.stringify({
    success: true,
    comments: [{ id: '5', text: 'reply', parent_comment_id: parent, user: { id: '3' } }],
    cursor: null,
    has_more: false,
  });

describe('recordings of comments, replies and transcripts', () => {
  test('are found by the shortcode or the media id in them, and served as they were recorded', () => {
    const raw = samplePage(ask('hikerapi_v2_comments', 'DemoReel_01'));
    const transcript = samplePage(ask('scrapecreators_transcript', 'DemoSpeech1'));
    write('deep/comments.json', raw);
    write('apify.json', samplePage(ask('apify_comments', 'DemoAlbum01', { limit: 9 })));
    write('spoken.json', transcript);
    write('reel.json', samplePage(ask('apify_transcript', 'DemoReel_01')));
    const { payloads, ignoredFiles, pages } = recorded();
    expect(payloads.page(ask('hikerapi_v2_comments', 'DemoReel_01'))).toEqual({ kind: 'page', text: raw });
    expect(raw).toContain(`"media_id":${mediaIdFromShortcode('DemoReel_01')},`);
    expect(payloads.page(ask('scrapecreators_transcript', 'DemoSpeech1'))).toMatchObject({ kind: 'page' });
    expect(payloads.page(ask('apify_transcript', 'DemoReel_01'))).toMatchObject({ text: expect.stringContaining('"transcript":"Forty') });
    const items = payloads.page(ask('apify_comments', 'DemoAlbum01', { limit: 4 }));
    expect(items.kind === 'page' && JSON.parse(items.text)).toMatchObject({
      length: 4,
      0: { postUrl: expect.stringContaining('DemoAlbum01') },
    });
    expect({ ignoredFiles, named: pages.every((page) => page.how === 'named') }).toEqual({ ignoredFiles: 0, named: true });
  });

  test('pages of one post follow each other by their cursors, and an unknown cursor leads to the end', () => {
    const request = ask('hikerapi_v2_comments', 'DemoAlbum01');
    const first = samplePage(request);
    const cursor = cursorOf(first);
    write('a.json', first);
    write('b.json', samplePage({ ...request, cursor }));
    const { payloads } = recorded();
    expect(payloads.page({ ...request, cursor })).toEqual({ kind: 'page', text: samplePage({ ...request, cursor }) });
    const second = cursorOf(samplePage({ ...request, cursor }));
    expect(payloads.page({ ...request, cursor: second })).toEqual({ kind: 'end' });
    expect(payloads.page({ ...request, cursor: 'made up' })).toEqual({ kind: 'end' });
  });

  test('what names no post goes to a recorded post of the same vendor that has none of its kind', () => {
    write('a-image.json', samplePost('scrapecreators', 'DemoImage01'));
    write('b-reel.json', samplePost('scrapecreators', 'DemoReel_01'));
    write('comments-1.json', SCRAPED_COMMENTS);
    write('comments-2.json', SCRAPED_COMMENTS);
    write('silent.json', '{"success":true,"transcripts":null}');
    const places = recorded().pages.map(({ file, shortcode, how }) => [file, shortcode, how]);
    expect(places).toEqual([
      ['comments-1.json', 'DemoImage01', 'lent'],
      ['comments-2.json', 'DemoReel_01', 'lent'],
      ['silent.json', 'DemoReel_01', 'lent'],
    ]);
  });

  test('a transcript whose reel was not recorded is lent to one that was, under its name', () => {
    write('reel.json', samplePost('scrapecreators', 'DemoReel_01'));
    write('spoken.json', samplePage(ask('scrapecreators_transcript', 'DemoSpeech1')));
    const { payloads } = recorded();
    const lent = payloads.page(ask('scrapecreators_transcript', 'DemoReel_01'));
    expect(lent.kind === 'page' && JSON.parse(lent.text)).toMatchObject({
      transcripts: [{ shortcode: 'DemoReel_01', id: mediaIdFromShortcode('DemoReel_01'), text: expect.stringContaining('number one') }],
    });
  });

  test('without a post to go to, the file’s name makes the shortcode, the same each time', () => {
    write('comments.json', SCRAPED_COMMENTS);
    const [page] = recorded().pages;
    expect(page).toMatchObject({ how: 'derived', shortcode: expect.stringMatching(/^File[A-Za-z0-9_-]{7}$/) });
    expect(BigInt(mediaIdFromShortcode(page?.shortcode ?? '')) < 2n ** 63n).toBe(true);
    expect(recorded().pages[0]?.shortcode).toBe(page?.shortcode);
  });

  test('replies join the comments of their vendor: under their comment, or else under the first without any', () => {
    write('comments.json', SCRAPED_COMMENTS);
    write('replies.json', scrapedReplies('17900000000000777'));
    const { payloads, pages } = recorded();
    const shortcode = pages[0]?.shortcode ?? '';
    const comments = payloads.page(ask('scrapecreators_comments', shortcode));
    expect(comments.kind === 'page' && JSON.parse(comments.text)).toMatchObject({
      comments: [
        { child_comment_count: 1, has_more_replies: true },
        { child_comment_count: 0, has_more_replies: false },
      ],
      cursor: 'AQHnext',
    });
    const replies = payloads.page(ask('scrapecreators_replies', shortcode, { commentId: '17900000000000001' }));
    expect(replies.kind === 'page' && JSON.parse(replies.text)).toMatchObject({ comments: [{ parent_comment_id: '17900000000000001' }] });

    write('replies.json', scrapedReplies('17900000000000002'));
    const again = recorded().payloads;
    expect(again.page(ask('scrapecreators_comments', shortcode))).toEqual({ kind: 'page', text: SCRAPED_COMMENTS });
    expect(again.page(ask('scrapecreators_replies', shortcode, { commentId: '17900000000000002' })).kind).toBe('page');
  });

  test('HikerAPI’s replies bring the comment they belong to, where no page of comments was recorded', () => {
    const Page = z.object({ response: z.object({ comments: z.array(z.object({ pk: z.string() })) }) });
    const first = Page.parse(JSON.parse(samplePage(ask('hikerapi_v2_comments', 'DemoReel_01'))));
    const commentId = first.response.comments[1]?.pk ?? '';
    write('replies.json', samplePage(ask('hikerapi_replies', 'DemoReel_01', { commentId })));
    const { payloads } = recorded();
    const comments = payloads.page(ask('hikerapi_v2_comments', 'DemoReel_01'));
    expect(comments.kind === 'page' && JSON.parse(comments.text)).toMatchObject({
      response: { comments: [{ pk: commentId, child_comment_count: 11 }] },
      next_page_id: null,
    });
    expect(comments).toMatchObject({ text: expect.stringContaining(`"media_id":${mediaIdFromShortcode('DemoReel_01')},`) });
    expect(payloads.page(ask('hikerapi_replies', 'DemoReel_01', { commentId })).kind).toBe('page');
  });

  test('HikerAPI’s older lists are told by their shape', () => {
    write('chunk.json', samplePage(ask('hikerapi_v1_comments', 'DemoReel_01')));
    write('list.json', samplePage(ask('hikerapi_gql_comments', 'DemoReel_01', { limit: 5 })));
    expect(recorded().pages.map((page) => [page.file, page.kind])).toEqual([
      ['chunk.json', 'hikerapi_v1_comments'],
      ['list.json', 'hikerapi_gql_comments'],
    ]);
  });

  test('what is not there is told apart: elsewhere, none, and no such post', () => {
    write('comments.json', samplePage(ask('apify_comments', 'DemoAlbum01', { limit: 9 })));
    write('post.json', samplePost('scrapecreators', 'DemoImage01'));
    const { payloads } = recorded();
    expect(payloads.page(ask('hikerapi_v2_comments', 'DemoAlbum01'))).toEqual({ kind: 'elsewhere' });
    expect(payloads.page(ask('hikerapi_v2_comments', 'DemoImage01'))).toEqual({ kind: 'none' });
    expect(payloads.page(ask('hikerapi_v2_comments', 'DemoHindi01'))).toEqual({ kind: 'no_post' });
  });
});

describe('the map of recordings', () => {
  test('says where a recording belongs, whatever it says itself', () => {
    write('reel.json', samplePost('scrapecreators', 'DemoReel_01'));
    write('sub/spoken.json', samplePage(ask('scrapecreators_transcript', 'DemoSpeech1')));
    write('comments.json', SCRAPED_COMMENTS);
    const { pages } = recorded({ 'sub/spoken.json': 'DemoReel_01', 'comments.json': 'DemoHindi01' });
    expect(pages.map(({ shortcode, how }) => [shortcode, how])).toEqual([
      ['DemoHindi01', 'mapped'],
      ['DemoReel_01', 'mapped'],
    ]);
    expect(pages[1]?.text).toContain('"shortcode":"DemoReel_01"');
  });

  test('is refused in one sentence when it names what is no such recording', () => {
    expect(readRecordings(folder, { 'missing.json': 'DemoReel_01' })).toEqual({
      ok: false,
      error: 'The map names missing.json, which is no recording of comments, replies or a transcript.',
    });
  });

  test.each([
    ['{"a.json":', 'is not JSON.'],
    ['["a.json"]', 'must be an object of the form { "file.json": "SHORTCODE" }.'],
    ['{"a.json":"no shortcode"}', 'must be an object of the form { "file.json": "SHORTCODE" }.'],
  ])('a file with %s is refused in one sentence', (text, end) => {
    const file = join(folder, 'map');
    writeFileSync(file, text);
    expect(readRecordingMap(file)).toEqual({ ok: false, error: `The map ${file} ${end}` });
  });

  test('reaches the fakes, which say at start what there is', async () => {
    write('comments.json', SCRAPED_COMMENTS);
    const mapFile = join(folder, 'places.map');
    writeFileSync(mapFile, '{"comments.json":"DemoReel_01"}');
    const started = await startFakes({ recordingsFolder: folder, mapFile });
    if (!started.ok) throw new Error(started.error);
    const { baseUrls } = started.value;
    const post = encodeURIComponent('https://www.instagram.com/reel/DemoReel_01/');
    const page = (more: string) =>
      fetch(`${baseUrls.scrapecreators}/v2/instagram/post/comments?url=${post}${more}`, { headers: { 'x-api-key': 'k' } });
    expect(await (await page('')).text()).toBe(SCRAPED_COMMENTS);
    expect(await (await page('&cursor=AQHnext')).json()).toMatchObject({ success: true, comments: [], cursor: null });
    const other = `${baseUrls.hikerapi}/v2/media/comments?id=${mediaIdFromShortcode('DemoReel_01')}`;
    expect((await fetch(other, { headers: { 'x-access-key': 'k' } })).status).toBe(503);
    expect(payloadLines(started.value)).toContain('Recorded comments: DemoReel_01 (ScrapeCreators).');
    expect(payloadLines(started.value)).toContain('comments.json is served for DemoReel_01, by the map.');
    await started.value.stop();
  });

  test('that cannot be read stops the start', async () => {
    const mapFile = join(folder, 'missing.map');
    expect(await startFakes({ recordingsFolder: folder, mapFile })).toEqual({
      ok: false,
      error: `The map ${mapFile} cannot be read (ENOENT).`,
    });
  });
});
