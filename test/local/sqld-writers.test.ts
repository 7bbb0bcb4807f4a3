import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort, startSqld } from '../../local/sqld.ts';
import { CALL_POLICY, callDatabase } from '../../src/db/call.ts';
import { createDatabase } from '../../src/db/client.ts';

/** As many as let sqld stand still where it checkpoints in their commits. */
const WRITERS = 64;

/** Nobody gets an answer for this long: far more than a checkpoint takes on a loaded machine, less than sqld takes to free a lock. */
const STANDSTILL_MS = 4_000;

const CHECK_MS = 100;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/**
 * Lets many connections write, one transaction at a time each, until `goal` transactions are written or all of them stand still. The calls
 * are those of the Worker: a connection of its own for each, and its patience with a busy database.
 */
async function play(goal: number) {
  const dataDir = mkdtempSync(join(tmpdir(), 'igskill-writers-'));
  const server = await startSqld({ dataDir, port: await freePort() });
  stops.push(async () => {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const setUp = createDatabase({ url: server.url });
  await setUp.batch(['CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT, n INTEGER)', 'CREATE INDEX note_text ON note (text)'], 'write');
  const seen = { written: 0, failed: 0, standsStill: false };
  const ending = new AbortController();
  let lastAt = performance.now();
  const writer = async (name: number) => {
    while (!ending.signal.aborted) {
      const text = `${'x'.repeat(600)} ${name} ${seen.written}`;
      const insert = { sql: 'INSERT INTO note (text, n) VALUES (?, 1)', args: [text] };
      const statements = [insert, 'UPDATE note SET n = n + 1 WHERE id = abs(random()) % 1000'];
      const done = await callDatabase(() => createDatabase({ url: server.url }).batch(statements, 'write'), CALL_POLICY);
      if (ending.signal.aborted) return;
      if (!done.ok) {
        seen.failed += 1;
        continue;
      }
      seen.written += 1;
      lastAt = performance.now();
    }
  };
  for (let name = 0; name < WRITERS; name++) void writer(name);
  while (seen.written < goal && !seen.standsStill) {
    await sleep(CHECK_MS);
    seen.standsStill = performance.now() - lastAt > STANDSTILL_MS;
  }
  ending.abort();
  return { ...seen };
}

describe(`${WRITERS} connections that write at the same time`, () => {
  test('go on through several checkpoints of a server of ours', { timeout: 180_000 }, async () => {
    // Some ten seconds of work: at the rate of an idle machine two checkpoints, otherwise more.
    const { standsStill, written, failed } = await play(4_000);
    expect([standsStill, written >= 4_000]).toEqual([false, true]);
    // A call may also run out of time behind 63 others on a loaded machine.
    expect(failed).toBeLessThan(written / 100);
  });
});
