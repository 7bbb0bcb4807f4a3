import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readRecordings } from '../../local/recordings.ts';
import { createSamples } from '../../local/samples/samples.ts';

const samples = createSamples(() => Date.UTC(2026, 0, 1));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'igskill-recordings-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string) {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
}

function read() {
  const result = readRecordings(folder);
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

function sample(kind: Parameters<typeof samples.find>[0], shortcode: string): string {
  const text = samples.find(kind, shortcode);
  if (text === null) throw new Error(`no sample ${shortcode}`);
  return text;
}

describe('recordings', () => {
  test('tells every kind of payload by its shape, in any subfolder', () => {
    write('deep/er/item.json', sample('apify', 'DemoImage01'));
    write('items.json', `[${sample('apify', 'DemoVideo01')}, ${sample('apify', 'DemoAlbum01')}]`);
    write('flat.json', sample('hikerapi_v1', 'DemoImage01'));
    write('raw.json', sample('hikerapi_v2', 'DemoVideo01'));
    write('web.json', sample('scrapecreators', 'DemoReel_01'));
    write('trimmed.json', '{"xdt_shortcode_media":{"shortcode":"DemoHindi01","id":"1"}}');
    const { counts, payloads, ignoredFiles, warnings } = read();
    expect(counts).toEqual({ apify: 3, hikerapi_v1: 1, hikerapi_v2: 1, scrapecreators: 2 });
    expect({ ignoredFiles, warnings }).toEqual({ ignoredFiles: 0, warnings: [] });
    expect(payloads.find('hikerapi_v2', 'DemoImage01')).toBeNull();
  });

  test('leaves aside what is no post: comments, errors, items without a shortcode, the app’s own lists', () => {
    write('comments.json', '[{"id":"1","text":"hi","ownerUsername":"sample_somebody"}]');
    write('basic.json', '[{"caption":"a","ownerUsername":"sample_somebody","url":"https://www.instagram.com/p/DemoImage01/"}]');
    write('error.json', '{"error":{"type":"invalid-token","message":"no"}}');
    write('missing.json', '{"data":{"xdt_shortcode_media":null}}');
    write('app.json', '{"items":[{"pk":1,"code":"DemoImage01","media_type":1}]}');
    write('readme.txt', sample('apify', 'DemoImage01'));
    const { counts, ignoredFiles } = read();
    expect(counts).toEqual({ apify: 0, hikerapi_v1: 0, hikerapi_v2: 0, scrapecreators: 0 });
    expect(ignoredFiles).toBe(5);
  });

  test('serves the text as it was recorded, with every digit of large ids, also out of an array', () => {
    const first =
      '{ "id": 3776832898280228145, "shortCode": "DemoImage01", "type": "Image", "caption": "a ] \\" , } b", "x": [1, {"y": []}] }';
    const second = '{"id":9007199254740993,"shortCode":"DemoVideo01","type":"Video"}';
    write('items.json', `\n[ ${first} ,\n${second}\n]\n`);
    const { payloads } = read();
    expect(payloads.find('apify', 'DemoImage01')).toBe(first);
    expect(payloads.find('apify', 'DemoVideo01')).toBe(second);
  });

  test('of several payloads of one post the fullest is served', () => {
    write('a.json', '{"shortCode":"DemoImage01","type":"Image"}');
    write('b.json', '{"shortCode":"DemoImage01","type":"Image","caption":"full","likesCount":3}');
    write('c.json', '{"shortCode":"DemoImage01","type":"Image","caption":null,"alt":"","images":[],"x":null}');
    expect(read().payloads.find('apify', 'DemoImage01')).toContain('full');
  });

  test('a file that is not JSON is named and does not stop the others', () => {
    write('sub/broken.json', '{"shortCode":');
    write('good.json', '{"shortCode":"DemoImage01","type":"Image"}');
    const { counts, warnings } = read();
    expect(counts.apify).toBe(1);
    expect(warnings).toEqual([`${join('sub', 'broken.json')} is not JSON and was left out.`]);
  });

  test('a folder that cannot be read is refused in one sentence', () => {
    const missing = join(folder, 'missing');
    expect(readRecordings(missing)).toEqual({ ok: false, error: `The recordings folder ${missing} cannot be read (ENOENT).` });
  });
});
