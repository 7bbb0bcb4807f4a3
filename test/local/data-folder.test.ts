import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDataFolder } from '../../local/data-folder.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'igskill-data-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

function opened(path: string, fresh = false) {
  const result = openDataFolder(path, fresh);
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

describe('the data folder of the local stack', () => {
  test('remembers from one start to the next, readable by its owner alone', () => {
    const path = join(parent, 'data');
    const first = opened(path);
    first.remember({ operatorKey: 'owner', customerKey: 'customer', ports: { apify: 4_000 } });
    first.writeSettings('A=1\n');
    first.close();
    expect(opened(path).memory).toEqual({ operatorKey: 'owner', customerKey: 'customer', ports: { apify: 4_000 } });
    for (const file of ['memory.json', 'worker.env']) expect(statSync(join(path, file)).mode & 0o777).toBe(0o600);
  });

  test('tightens the rights of a file that was opened to others', () => {
    const data = opened(join(parent, 'data'));
    data.writeStack({});
    chmodSync(join(data.path, 'stack.json'), 0o644);
    data.writeStack({});
    expect(statSync(join(data.path, 'stack.json')).mode & 0o777).toBe(0o600);
  });

  test('a fresh start forgets what the launcher made and leaves other files alone', () => {
    const data = opened(join(parent, 'data'));
    data.remember({ operatorKey: 'old', ports: {} });
    mkdirSync(data.database);
    writeFileSync(join(data.database, 'db'), 'rows');
    mkdirSync(data.databaseOf(1));
    mkdirSync(join(data.path, 'sqld-backup'));
    writeFileSync(join(data.path, 'notes.txt'), 'mine');
    data.close();
    const fresh = opened(data.path, true);
    expect(fresh.memory).toEqual({ ports: {} });
    expect([fresh.databaseOf(0), existsSync(fresh.database), existsSync(fresh.databaseOf(1))]).toEqual([fresh.database, false, false]);
    expect(existsSync(join(data.path, 'sqld-backup'))).toBe(true);
    expect(existsSync(join(data.path, 'notes.txt'))).toBe(true);
  });

  test('a fresh start touches nothing in a folder that the launcher did not make', () => {
    const path = join(parent, 'foreign');
    mkdirSync(join(path, 'sqld'), { recursive: true });
    expect(openDataFolder(path, true).ok).toBe(false);
    expect(openDataFolder(path, false).ok).toBe(false);
    expect(readdirSync(path)).toEqual(['sqld']);
  });

  test('an old list of addresses is gone as soon as a start begins', () => {
    const data = opened(join(parent, 'data'));
    data.writeStack({ baseUrl: 'http://127.0.0.1:1' });
    data.close();
    opened(data.path);
    expect(existsSync(join(data.path, 'stack.json'))).toBe(false);
  });

  test('the note of a launcher that was killed does not lock the folder', () => {
    const data = opened(join(parent, 'data'));
    // Larger than any process number that a system gives out.
    writeFileSync(join(data.path, 'running.json'), JSON.stringify({ launcher: 999_999_999 }));
    expect(openDataFolder(data.path, false).ok).toBe(true);
  });

  test('refuses a file in place of a folder', () => {
    writeFileSync(join(parent, 'file'), '');
    const refused = openDataFolder(join(parent, 'file'), false);
    expect(refused).toEqual({ ok: false, error: `The data folder ${join(parent, 'file')} is not a folder.` });
  });
});
