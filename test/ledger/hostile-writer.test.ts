import type { Client } from '@libsql/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import { memoryDatabase, serverDatabase, textOf } from '../support/database.ts';
import { useSqld } from '../support/sqld.ts';
import { dumpLedger } from './hostile.ts';
import { HOSTILE_WRITER_CALLS } from './hostile-writer.ts';
import { buildScenario } from './scenario.ts';

const serverUrl = useSqld();

describe.each([
  { place: 'in this process', open: memoryDatabase },
  { place: 'on a libSQL server', open: () => serverDatabase(serverUrl()) },
])('hostile calls of the writer $place', ({ open }) => {
  let client: Client;
  let before: string;
  beforeAll(async () => {
    client = await open();
    await buildScenario(client);
    before = await dumpLedger(client);
  });
  afterAll(() => client.close());

  test.each(HOSTILE_WRITER_CALLS)('%s: changes nothing and raises nothing, also when repeated', async (_name, sql) => {
    for (let time = 0; time < 2; time++) await client.execute(sql);
    expect(await dumpLedger(client)).toBe(before);
    expect(brokenInvariants(await auditLedger(client))).toEqual([]);
  });

  test('the scenario has a row for each statement', async () => {
    const replays = await client.execute('SELECT status IS NULL AS running, answer IS NULL AS bare FROM replay ORDER BY 1, 2');
    expect(replays.rows).toMatchObject([
      { running: 0, bare: 0 },
      { running: 1, bare: 1 },
    ]);
    const states = await client.execute('SELECT DISTINCT state FROM hold ORDER BY 1');
    expect(states.rows.map((row) => textOf(row['state']))).toEqual(['expired', 'open', 'released', 'settled']);
    const undone = await client.execute(`SELECT delta_micros FROM entry WHERE ref = 'undelivered:req_undelivered'`);
    expect(undone.rows).toMatchObject([{ delta_micros: 30 }]);
  });
});
