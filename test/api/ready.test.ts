import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fakes, startFakes } from '../../local/fakes/fakes.ts';
import { freePort, type Sqld, sqldBinary, startSqld } from '../../local/sqld.ts';
import { openDatabaseDisk } from '../drill/database-disk.ts';
import { Api, useApi } from '../support/api.ts';
import { serverDatabase } from '../support/database.ts';

const start = useApi();

const notWritable = { name: 'database', ok: false, problem: 'not_writable' };

describe('GET /ready and the writing of the database', () => {
  test('writes at most once in ten seconds', async () => {
    const api = start();
    const writes = async () => {
      api.takeSent();
      expect((await api.request('/ready')).status).toBe(200);
      // Two reads, and a write where the last one is too old.
      return api.takeSent().database - 2;
    };
    api.clock.advance(60_000);
    expect(await writes()).toBe(1);
    expect(await writes()).toBe(0);
    api.clock.advance(9_999);
    expect(await writes()).toBe(0);
    api.clock.advance(1);
    expect(await writes()).toBe(1);
    // A time from a clock that was ahead proves nothing.
    await api.database.execute("UPDATE job SET last_success_at = last_success_at + 3600000 WHERE name = 'ready_probe'");
    expect(await writes()).toBe(1);
  });

  test('is not ready while the database refuses every write, and is ready again afterwards', async () => {
    const api = start();
    api.clock.advance(3_600_000);
    expect((await api.request('/ready')).status).toBe(200);
    await api.database.execute("CREATE TRIGGER refusing BEFORE UPDATE ON job BEGIN SELECT RAISE(ABORT, 'no'); END");
    try {
      api.clock.advance(10_000);
      const answer = await api.request('/ready');
      expect([answer.status, answer.headers.has('Retry-After')]).toEqual([503, true]);
      expect(answer.body).toMatchObject({ status: 'not_ready', checks: expect.arrayContaining([notWritable]) });
    } finally {
      await api.database.execute('DROP TRIGGER refusing');
    }
    expect((await api.request('/ready')).status).toBe(200);
  });
});

const folder = mkdtempSync(join(tmpdir(), 'igskill-ready-'));
const disk = openDatabaseDisk(folder, sqldBinary());

describe.skipIf(disk.how === null)('on a full disk', () => {
  let server: Sqld;
  let fakes: Fakes;
  beforeAll(async () => {
    server = await startSqld({ dataDir: disk.folder, port: await freePort(), binary: disk.binary });
    const started = await startFakes({});
    if (!started.ok) throw new Error(started.error);
    fakes = started.value;
  });
  afterAll(async () => {
    await fakes.stop();
    await server.stop();
    disk.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('is red, although everything can be read, and green when there is room again', async () => {
    const database = await serverDatabase(server.url);
    const api = new Api([{ url: server.url, database }], fakes);
    const { key } = await api.signUp();
    expect((await api.request('/ready')).status).toBe(200);
    disk.fill(server.pid);
    try {
      api.clock.advance(10_000);
      expect((await api.request('/v1/me', { key })).status).toBe(200);
      const answer = await api.request('/ready');
      expect([answer.status, answer.body]).toMatchObject([503, { checks: expect.arrayContaining([notWritable]) }]);
    } finally {
      disk.empty(server.pid);
    }
    expect((await api.request('/ready')).status).toBe(200);
  });
});
