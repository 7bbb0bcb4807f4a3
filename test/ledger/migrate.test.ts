import { spawn } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '@libsql/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrateDatabase } from '../../local/migrate.ts';
import { freePort, sqldBinary, startSqld } from '../../local/sqld.ts';
import { createDatabase } from '../../src/db/client.ts';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import { ALL_SCOPES } from '../../src/billing/keys/limits.ts';
import { createAccounts } from '../../src/billing/accounts/libsql-accounts.ts';
import { ZERO } from '../../src/core/money.ts';
import { addCustomer, countedIds, manualClock, START_TIME } from '../support/database.ts';
import { useSqld } from '../support/sqld.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const serverUrl = useSqld();
const secondUrl = useSqld();
// safe because drizzle has read the same file
const journal = JSON.parse(readFileSync(join(root, 'migrations', 'meta', '_journal.json'), 'utf8')) as { entries: { tag: string }[] };
const all = journal.entries.map(({ tag }) => tag);
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'igskill-migrate-'));
  cpSync(join(root, 'migrations'), folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('migrations/README.md explains every migration, in order', () => {
  const notes = readFileSync(join(root, 'migrations', 'README.md'), 'utf8');
  expect([...notes.matchAll(/^## (\S+)$/gm)].map(([, tag]) => tag)).toEqual(all);
  for (const section of notes.split(/^## /m).slice(1)) expect(section).toMatch(/\*\*Why\.\*\*[^]*\*\*Cost\.\*\*[^]*\*\*Re-creates\.\*\*/);
});

describe('migrating', () => {
  test('applies missing migrations once, and nothing the second time', async () => {
    const client = createClient({ url: ':memory:' });
    expect(await migrateDatabase(client, folder)).toEqual(all);
    expect(await migrateDatabase(client, folder)).toEqual([]);
    addMigration('9999_more', 'CREATE TABLE more (id TEXT PRIMARY KEY) STRICT;');
    expect(await migrateDatabase(client, folder)).toEqual(['9999_more']);
  });

  test('gives keys from before key trees their lineage, secret and usage', async () => {
    const client = createClient({ url: ':memory:', intMode: 'number' });
    const path = join(folder, 'meta', '_journal.json');
    const whole = readFileSync(path, 'utf8');
    const journal: { entries: { tag: string }[] } = JSON.parse(whole);
    writeFileSync(path, JSON.stringify({ ...journal, entries: journal.entries.filter((entry) => entry.tag < '0002') }));
    await migrateDatabase(client, folder);
    const { keyHash } = await addCustomer(client, { balance: 9_000 });
    await client.execute({
      sql: `INSERT INTO charge (id, key_hash, fingerprint, lines, body, now)
            SELECT j.value ->> 0, j.value ->> 1, 'f', '[{"item":"media","amount":3000}]', '{}', j.value ->> 2 FROM json_each(?) j`,
      args: [JSON.stringify([['req_old', keyHash, START_TIME]])],
    });
    writeFileSync(path, whole);
    await migrateDatabase(client, folder);
    expect(brokenInvariants(await auditLedger(client))).toEqual([]);
    const answer = await createAccounts({ client, clock: manualClock(), ids: countedIds(), signupGrant: ZERO }).identify(keyHash);
    expect(answer).toMatchObject({
      ok: true,
      value: { key: { id: 'key_one', lastUsedAt: START_TIME, lineage: [{ id: 'key_one', scopes: ALL_SCOPES }] } },
    });
    const usage = await client.execute('SELECT key_id, total_micros FROM key_usage');
    expect(usage.rows.map((row) => ({ ...row }))).toEqual([{ key_id: 'key_one', total_micros: 3_000 }]);
  });

  test('marks keys below a key that was revoked before they were revoked with it', async () => {
    const client = createClient({ url: ':memory:', intMode: 'number' });
    const path = join(folder, 'meta', '_journal.json');
    const whole = readFileSync(path, 'utf8');
    const journal: { entries: { tag: string }[] } = JSON.parse(whole);
    writeFileSync(path, JSON.stringify({ ...journal, entries: journal.entries.filter((entry) => entry.tag < '0009') }));
    await migrateDatabase(client, folder);
    const { keyId, accountId } = await addCustomer(client, { balance: 9_000 });
    const tree = [
      ['key_helper', keyId, 7],
      ['key_below', 'key_helper', null],
      ['key_earlier', 'key_below', 5],
      ['key_deepest', 'key_below', null],
      ['key_beside', keyId, null],
    ] as const;
    for (const [id, parent, revokedAt] of tree) {
      await client.execute({
        sql: `INSERT INTO api_key (id, account_id, parent_id, name, hash, last4, created_at) VALUES (?, ?, ?, 'x', randomblob(32), 'abcd', 1)`,
        args: [id, accountId, parent],
      });
      await client.execute({ sql: 'UPDATE api_key SET revoked_at = ? WHERE id = ?', args: [revokedAt, id] });
    }
    writeFileSync(path, whole);
    await migrateDatabase(client, folder);
    const keys = await client.execute('SELECT id, revoked_at FROM api_key WHERE parent_id IS NOT NULL ORDER BY id');
    expect(keys.rows.map((row) => [row['id'], row['revoked_at']])).toEqual([
      ['key_below', 7],
      ['key_beside', null],
      ['key_deepest', 7],
      ['key_earlier', 5],
      ['key_helper', 7],
    ]);
    expect(brokenInvariants(await auditLedger(client))).toEqual([]);
  });

  test('refuses when an applied migration has been edited', async () => {
    const client = createClient({ url: ':memory:' });
    await migrateDatabase(client, folder);
    appendFileSync(join(folder, '0000_ledger.sql'), '\n-- a small change\n');
    await expect(migrateDatabase(client, folder)).rejects.toThrow('Migration 0000_ledger was edited after it had been applied');
  });

  test('refuses a database that is newer than the checkout', async () => {
    const client = createClient({ url: ':memory:' });
    const older = mkdtempSync(join(tmpdir(), 'igskill-migrate-'));
    cpSync(folder, older, { recursive: true });
    addMigration('9999_more', 'CREATE TABLE more (id TEXT PRIMARY KEY) STRICT;');
    await migrateDatabase(client, folder);
    await expect(migrateDatabase(client, older)).rejects.toThrow('update the checkout');
    rmSync(older, { recursive: true });
  });

  test('changes nothing when one of its statements fails', async () => {
    const client = createClient({ url: ':memory:' });
    addMigration('9999_broken', 'CREATE TABLE half (id TEXT PRIMARY KEY) STRICT;\n--> statement-breakpoint\nCREATE NONSENSE;');
    await expect(migrateDatabase(client, folder)).rejects.toThrow(/NONSENSE/);
    const tables = await client.execute(`SELECT name FROM sqlite_master WHERE name IN ('half', 'account')`);
    expect(tables.rows).toEqual([]);
  });

  test('from the command line reports what it applied, then that nothing is left', async () => {
    const environment = { LIBSQL_URL: serverUrl() };
    expect(await runMigrate(environment)).toEqual({
      code: 0,
      out: all.map((tag) => `applied ${tag}\n`).join(''),
      err: '',
    });
    expect(await runMigrate(environment)).toEqual({ code: 0, out: 'nothing to apply: the database is up to date\n', err: '' });
  });

  test('from the command line migrates every shard, also when another one is unreachable', async () => {
    const shards = (urls: readonly string[]) => JSON.stringify(urls.map((url) => ({ url, authToken: 'canary-token' })));
    const down = `http://127.0.0.1:${await freePort()}`;
    const first = await runMigrate({ LIBSQL_URL: down, LIBSQL_SHARDS: shards([secondUrl()]) });
    expect(first).toMatchObject({ code: 1, out: all.map((tag) => `shard 1: applied ${tag}\n`).join('') });
    expect(first.err).toMatch(/^shard 0: The database could not be migrated: [^\n]+\n$/);
    const again = await runMigrate({ LIBSQL_URL: secondUrl(), LIBSQL_SHARDS: shards([secondUrl()]) });
    const nothing = 'nothing to apply: the database is up to date';
    expect(again).toEqual({ code: 0, out: `shard 0: ${nothing}\nshard 1: ${nothing}\n`, err: '' });
    for (const malformed of ['[{"url":"canary-token"}]', 'canary-token']) {
      const refused = await runMigrate({ LIBSQL_URL: secondUrl(), LIBSQL_SHARDS: malformed });
      expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^LIBSQL_SHARDS is malformed: [^\n]+\n$/) });
      expect(refused.err).not.toContain('canary-token');
    }
    expect(first.err + again.err).not.toContain('canary-token');
  });

  test('from the command line explains an error in one sentence, and fails', async () => {
    expect(await runMigrate({})).toEqual({ code: 1, out: '', err: 'LIBSQL_URL is not set: put it in the environment or in .dev.vars.\n' });
    const down = await runMigrate({ LIBSQL_URL: `http://127.0.0.1:${await freePort()}`, LIBSQL_AUTH_TOKEN: 'canary-token' });
    expect(down).toMatchObject({ code: 1, out: '' });
    expect(down.err).toMatch(/^The database could not be migrated: [^\n]+\n$/);
    expect(down.err).not.toContain('canary-token');
  });

  function addMigration(name: string, sql: string): void {
    writeFileSync(join(folder, `${name}.sql`), sql);
    const path = join(folder, 'meta', '_journal.json');
    const journal: { entries: { when: number }[] } = JSON.parse(readFileSync(path, 'utf8'));
    const when = (journal.entries.at(-1)?.when ?? 0) + 1_000;
    writeFileSync(
      path,
      JSON.stringify({
        ...journal,
        entries: [...journal.entries, { idx: journal.entries.length, version: '6', when, tag: name, breakpoints: true }],
      }),
    );
  }

  function runMigrate(
    environment: Readonly<Record<string, string>>,
  ): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
    // Runs in an empty folder, so that a developer's .dev.vars has no effect.
    const child = spawn(process.execPath, [join(root, 'local', 'migrate.ts')], { cwd: folder, env: environment });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
  }
});

describe('the local libSQL server', () => {
  test('keeps its data across a restart, and stops on request', async () => {
    const port = await freePort();
    const first = await startSqld({ dataDir: folder, port });
    const client = createDatabase({ url: first.url });
    await migrateDatabase(client);
    await addCustomer(client, { balance: 42 });
    await first.stop();
    await first.stop();
    await expect(fetch(`${first.url}/health`)).rejects.toThrow('fetch failed');
    const second = await startSqld({ dataDir: folder, port });
    const accounts = await createDatabase({ url: second.url }).execute('SELECT posted_micros FROM account');
    await second.stop();
    expect(accounts.rows[0]).toMatchObject({ posted_micros: 42 });
  });

  test('reports which port is in use', async () => {
    const port = await freePort();
    const other = createServer().listen(port, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    await expect(startSqld({ dataDir: folder, port })).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken`);
    other.close();
  });

  test('reports which package is missing for an unsupported machine', async () => {
    expect(() => sqldBinary('sunos', 'sparc')).toThrow('@sqld/sunos-sparc is not installed');
    await expect(startSqld({ dataDir: folder, port: await freePort(), binary: join(folder, 'nothing') })).rejects.toThrow(
      'binary is missing',
    );
  });

  test('reports why it stopped when its data cannot be used', async () => {
    writeFileSync(join(folder, 'dbs'), 'a file where a folder should be');
    await expect(startSqld({ dataDir: folder, port: await freePort() })).rejects.toThrow('did not start');
  });
});
