import type { Client } from '@libsql/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as archive from '../../src/billing/archive/statements.ts';
import * as key from '../../src/billing/keys/statements.ts';
import * as statement from '../../src/billing/ledger/statements.ts';
import { RANGE_INVARIANTS, RECEIPT_INVARIANT } from '../../src/billing/audit/invariants.ts';
import * as topUp from '../../src/billing/topups/statements.ts';
import * as replay from '../../src/billing/idempotency/statements.ts';
import { insertRootSecret } from '../../src/billing/operator/statements.ts';
import * as usage from '../../src/billing/usage/statements.ts';
import { USAGE_STATES } from '../../src/billing/usage/usage.ts';
import { memoryDatabase, serverDatabase, textOf } from '../support/database.ts';
import { useSqld } from '../support/sqld.ts';
import { type PlannedStatement, tableWalks } from '../support/query-plans.ts';

const serverUrl = useSqld();

const OWN_STATEMENTS: readonly PlannedStatement[] = [
  { name: 'callReserve', sql: statement.callReserve('').sql },
  { name: 'callCharge', sql: statement.callCharge('').sql },
  { name: 'callSettle', sql: statement.callSettle('').sql },
  { name: 'callRelease', sql: statement.callRelease('').sql },
  { name: 'callCredit', sql: statement.callCredit({}).sql },
  { name: 'callExpire', sql: statement.callExpire({}).sql },
  { name: 'callUndo', sql: statement.callUndo('').sql },
  { name: 'callClaim', sql: statement.callClaim('').sql },
  { name: 'callReleaseClaims', sql: statement.callReleaseClaims('').sql },
  { name: 'callStoreResponses', sql: statement.callStoreResponses('').sql },
  { name: 'callRecordFailures', sql: statement.callRecordFailures('').sql },
  { name: 'callResetFailures', sql: statement.callResetFailures('').sql },
  { name: 'readSpends', sql: statement.readSpends('').sql },
  { name: 'readHolds', sql: statement.readHolds('').sql },
  { name: 'readPayer', sql: statement.readPayer('', 0).sql },
  { name: 'readLines', sql: statement.readLines('').sql },
  { name: 'readEntryTime', sql: statement.readEntryTime('', '').sql },
  { name: 'readBalance', sql: statement.readBalance('').sql },
  { name: 'insertKey', sql: key.insertKey({}).sql },
  { name: 'updateKey', sql: key.updateKey({}).sql },
  ...key.insertSecret({}).map(({ sql }) => ({ name: 'insertSecret', sql })),
  { name: 'revokeKey', sql: key.revokeKey({ id: '', now: 0, by: '' }).sql },
  { name: 'readFullBelow', sql: key.readFullBelow({}).sql },
  { name: 'readMayManage', sql: key.readMayManage({}).sql },
  { name: 'readSecret', sql: key.readSecret('').sql },
  ...insertRootSecret({}).map(({ sql }) => ({ name: 'insertRootSecret', sql })),
  { name: 'endExpiredKeys', sql: key.endExpiredKeys(0, 0).sql },
  { name: 'readKey', sql: key.readKey('', 0).sql },
  ...[null, 'x'].map((root) => ({
    name: 'readAccountKeys',
    sql: key.readAccountKeys({ accountId: '', root, now: 0, after: null, limit: 0 }).sql,
  })),
  { name: 'forgetOver', sql: replay.forgetOver('', '', 0).sql },
  { name: 'claimOnce', sql: replay.claimOnce({}).sql },
  { name: 'dropClaim', sql: replay.dropClaim('', '', '').sql },
  { name: 'answerClaim', sql: replay.answerClaim('', '', '', { status: 200, sealed: '', expiresAt: 0 }).sql },
  { name: 'readReplay', sql: replay.readReplay('', '').sql },
  { name: 'readReplayOfKey', sql: replay.readReplayOfKey('', '').sql },
  { name: 'sweepReplays', sql: replay.sweepReplays(0, 0).sql },
  { name: 'sweepFailing', sql: replay.sweepFailing(0, 0).sql },
  ...[null, 'x'].flatMap((text) => {
    const filter = { from: null, to: null, endpoint: text, keyId: text };
    return [
      ...[...USAGE_STATES.map((state) => [state]), USAGE_STATES].map((states) => ({
        name: `readUsage ${states.join(', ')}`,
        sql: usage.readUsage('', { states, filter, after: null, limit: 0 }).sql,
      })),
      ...(['day', 'endpoint', 'key'] as const).map((by) => ({ name: `readGroups ${by}`, sql: usage.readGroups('', filter, by).sql })),
    ];
  }),
  { name: 'readReceipt', sql: usage.readReceipt('', '').sql },
  { name: 'readEntries', sql: usage.readEntries('', null, 0).sql },
  { name: 'readOverdue', sql: statement.readOverdue(0, 0).sql },
  { name: 'countExpiring', sql: statement.countExpiring(0, 0).sql },
  { name: 'deleteOldKey', sql: topUp.deleteOldKey('', '', 0).sql },
  { name: 'insertPayment', sql: topUp.insertPayment({}).sql },
  { name: 'insertCheckout', sql: topUp.insertCheckout({}).sql },
  { name: 'insertKey', sql: topUp.insertKey({}).sql },
  { name: 'claim', sql: topUp.claim({}).sql },
  { name: 'readByKey', sql: topUp.readByKey('', '').sql },
  { name: 'readBy id', sql: topUp.readBy('id', '').sql },
  { name: 'readBy session', sql: topUp.readBy('session_id', '').sql },
  { name: 'readBy intent', sql: topUp.readBy('intent_id', '').sql },
  { name: 'readPage', sql: topUp.readPage('', null, 0).sql },
  { name: 'attachSession', sql: topUp.attachSession({}).sql },
  { name: 'attachUrl', sql: topUp.attachUrl({}).sql },
  { name: 'giveUpClaim', sql: topUp.giveUpClaim({}).sql },
  { name: 'applyState', sql: topUp.applyState({}).sql },
  { name: 'applyTarget', sql: topUp.applyTarget({}).sql },
  { name: 'postpone', sql: topUp.postpone([]).sql },
  ...([{ kind: 'unpaid' }, { kind: 'other' }, { kind: 'listed', sessionIds: [] }] as const).flatMap((lane) => [
    { name: `readDue ${lane.kind}`, sql: topUp.readDue(lane, 0, 0).sql },
    { name: `postponeDue ${lane.kind}`, sql: topUp.postponeDue(lane, { now: 0, limit: 0, nextCheckAt: 0 }).sql },
  ]),
  { name: 'readFirstExpiry', sql: topUp.readFirstExpiry('', 0).sql },
  { name: 'readWithoutOrder', sql: topUp.readWithoutOrder([]).sql },
  { name: 'readPage of the archive', sql: archive.readPage('', 0).sql },
  { name: 'readRequests of the archive', sql: archive.readRequests([]).sql },
  { name: 'insertArchive', sql: archive.insertArchive('', { kind: 'failed', day: '', ids: [''], reserved: 0, settled: 0 }, 0).sql },
  { name: 'readUnfinished', sql: archive.readUnfinished.sql },
  ...(['settled', 'failed'] as const).map((kind) => ({
    name: 'readRemaining',
    sql: archive.readRemaining({ file: '', kind, first_id: '', last_id: '', created_at: 0 }, 0).sql,
  })),
  { name: 'takeRequests', sql: archive.takeRequests('', []).sql },
  { name: 'finishArchive', sql: archive.finishArchive('', 0).sql },
  { name: 'sweepEvents', sql: archive.sweepEvents(0, 0).sql },
  { name: 'sweepCheckoutKeys', sql: archive.sweepCheckoutKeys(0, 0).sql },
  { name: 'readArchivedDay', sql: archive.readArchivedDay('settled').sql },
  { name: 'readEvent', sql: topUp.readEvent('').sql },
  { name: 'insertEvent', sql: topUp.insertEvent({}).sql },
  ...Object.entries(RANGE_INVARIANTS).map(([name, sql]) => ({
    name: `the range invariant ${name}`,
    sql: `SELECT ${sql.replaceAll(/\?\d/g, '?')}`,
  })),
  { name: `the invariant ${RECEIPT_INVARIANT.name}`, sql: `SELECT ${RECEIPT_INVARIANT.sql.replaceAll(/\?\d/g, '?')}` },
];

describe.each([
  { place: 'in this process', open: memoryDatabase },
  { place: 'on a libSQL server', open: () => serverDatabase(serverUrl()) },
])('query plans $place', ({ open }) => {
  let client: Client;
  beforeAll(async () => {
    client = await open();
  });
  afterAll(() => client.close());

  test('no statement of the ledger or of its triggers scans a table', async () => {
    const { statements, walks } = await tableWalks(client, OWN_STATEMENTS);
    expect(statements).toBeGreaterThan(60);
    expect(walks).toEqual([]);
  });

  test('pages of lists are read in index order, without sorting', async () => {
    const lists = OWN_STATEMENTS.filter(({ name }) => name.startsWith('readUsage') || name === 'readEntries');
    for (const { name, sql } of lists) {
      const args = Array.from({ length: [...sql.matchAll(/\?/g)].length }, () => null);
      const plan = await client.execute({ sql: `EXPLAIN QUERY PLAN ${sql}`, args });
      expect(
        plan.rows.map((row) => textOf(row['detail'])).filter((detail) => detail.startsWith('USE TEMP B-TREE')),
        name,
      ).toEqual([]);
    }
    expect(lists).toHaveLength(9);
  });

  test('a statement that scans a table is detected', async () => {
    const plan = await client.execute('EXPLAIN QUERY PLAN SELECT 1 FROM entry e WHERE e.created_at = 1');
    expect(textOf(plan.rows[0]?.['detail'])).toMatch(/^SCAN e/);
  });
});
