import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importProblem, ROOMS } from '../../local/lint/rooms.ts';

const MAX_FILES_IN_A_ROOM = 12;

const folders = readdirSync('src', { withFileTypes: true, recursive: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => entry.parentPath.replaceAll('\\', '/').replace(/^src\/?/, ''));

test('every folder of src is a room of the table, and every room has files', () => {
  expect([...new Set(folders)].sort()).toEqual(Object.keys(ROOMS).sort());
});

test(`no room holds more than ${MAX_FILES_IN_A_ROOM} files`, () => {
  const crowded = [...new Set(folders)].filter((room) => folders.filter((folder) => folder === room).length > MAX_FILES_IN_A_ROOM);
  expect(crowded).toEqual([]);
});

test.each([
  ['core/clock.ts', '../db/client.ts'],
  ['net/fetch-json.ts', '../providers/provider.ts'],
  ['instagram/media.ts', '@hono/zod-openapi'],
  ['instagram/media.ts', '../errors.ts'],
  ['providers/provider.ts', './apify/apify.ts'],
  ['providers/apify/media.ts', '../hikerapi/media.ts'],
  ['providers/apify/media.ts', 'stripe'],
  ['providers/comments/pages.ts', '../failover.ts'],
  ['parse/ports.ts', '../providers/failover.ts'],
  ['billing/keys/rows.ts', '../ledger/rows.ts'],
  ['billing/ledger/rows.ts', '../writer/ledger-writer.ts'],
  ['billing/ledger/rows.ts', '../../wiring/deps.ts'],
  ['http/context.ts', '../wiring/deps.ts'],
  ['http/context.ts', './auth/authenticate.ts'],
  ['http/auth/authenticate.ts', '../../routes/keys/key.ts'],
  ['http/auth/authenticate.ts', '../../billing/keys/libsql-key-manager.ts'],
  ['routes/keys/key.ts', '../../wiring/deps.ts'],
  ['routes/keys/key.ts', '../../db/client.ts'],
  ['routes/keys/key.ts', 'drizzle-orm'],
  ['routes/keys/key.ts', '../../../local/stack.ts'],
  ['read/plan.ts', '../http/context.ts'],
  ['read/plan.ts', './sandbox/sandbox.ts'],
  ['read/cache/key.ts', '../model/part.ts'],
  ['read/model/part.ts', '../parts/parts.ts'],
  ['read/parts/media.ts', '../reader.ts'],
  ['read/plan.ts', '../billing/accounts/libsql-accounts.ts'],
  ['limits/limiter.ts', '../read/plan.ts'],
  ['ops/operator-view.ts', '../http/context.ts'],
  ['coalescing/client.ts', '../read/plan.ts'],
  ['coalescing/client.ts', '../providers/apify/apify.ts'],
  ['attic/old.ts', '../core/clock.ts'],
])('%s may not import %s', (file, specifier) => {
  expect(importProblem(file, specifier)).toEqual(expect.any(String));
});

test('the linter reports an import of a type that its room may not have', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rooms-'));
  try {
    for (const name of ['.oxlintrc.json', 'local', 'node_modules']) symlinkSync(join(process.cwd(), name), join(folder, name));
    mkdirSync(join(folder, 'src/core'), { recursive: true });
    writeFileSync(join(folder, 'src/core/probe.ts'), "export type { Database } from '../db/client.ts';\n");
    const { stdout, status } = spawnSync('oxlint', ['src'], { cwd: folder, encoding: 'utf8' });
    expect(stdout).toContain('src/core may not import from src/db.');
    expect(status).toBe(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
