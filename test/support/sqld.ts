import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { freePort, type Sqld, startSqld } from '../../local/sqld.ts';

/** A real libSQL server of its own for one test file: started before its first test, gone with its data after the last. Returns its URL. */
export function useSqld(): () => string {
  const dataDir = mkdtempSync(join(tmpdir(), 'igskill-sqld-'));
  let server: Sqld | undefined;
  beforeAll(async () => {
    server = await startSqld({ dataDir, port: await freePort() });
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return () => {
    if (server === undefined) throw new Error('the libSQL server has not started yet');
    return server.url;
  };
}
