import { type Client, createClient } from '@libsql/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import { memoryDatabase, serverDatabase } from '../support/database.ts';
import { useSqld } from '../support/sqld.ts';
import { dumpLedger, HOSTILE_STATEMENTS, isHarmless } from './hostile.ts';
import { buildScenario } from './scenario.ts';
import { applySchema, type Mutant, mutantsOf, readSchema, type Schema } from './schema-mutants.ts';

const serverUrl = useSqld();

/** Statements run between two comparisons. */
const GROUP = 40;

/**
 * Redundant guards: removing one of them alone lets nothing through, because the guards in `behind` stop the same statements. With those
 * removed as well, the suite must notice. An empty list: no statement is known to reach the guard, which re-checks an effect.
 */
const REDUNDANT_GUARDS: Readonly<Record<string, readonly string[]>> = {
  'check account: held_micros >= 0': ['ledger:held_moves_only_by_hold'],
  'check account: posted_micros - held_micros + debt_micros >= 0': ['ledger:debt_is_the_shortfall'],
  'check hold: settled_micros BETWEEN 0 AND amount_micros': ['check line: settled_micros BETWEEN 0 AND reserved_micros'],
  'check reversal: micros > 0': ['ledger:reversal_must_be_booked'],
  'ledger:archive_must_count': ['ledger:holds_are_kept'],
  'ledger:holds_are_kept': ['ledger:archive_must_count'],
  'trigger hold_delete_guard': ['ledger:archive_must_count'],
  'ledger:hold_is_born_open': ['ledger:held_moves_only_by_hold', 'ledger:line_comes_from_its_hold'],
  'ledger:hold_resolves_once': ['ledger:held_moves_only_by_hold', 'ledger:line_settles_once', 'ledger:line_settles_with_its_hold'],
  'ledger:key_exists': ['ledger:usage_is_born_empty_with_its_key'],
  'ledger:payment_must_be_booked': [],
  'ledger:reversal_exists': ['ledger:usage_moves_only_by_hold'],
  'ledger:reversal_must_be_booked': [],
  'ledger:settlement_must_be_booked': [],
  'ledger:usage_must_be_counted': [],
  'unique api_key: hash': ['ledger:key_exists', 'ledger:secret_exists'],
  'unique index archive_range': ['ledger:archives_do_not_overlap'],
  'unique entry: kind, ref': ['ledger:entry_exists'],
  'unique index hold_idempotency': ['ledger:hold_exists'],
  'unique index owner_action_ref': ['ledger:owner_action_exists'],
  'unique payment: intent_id': ['ledger:payment_exists'],
  'unique payment: session_id': ['ledger:payment_exists'],
};

describe.each([
  { place: 'in this process', open: memoryDatabase },
  { place: 'on a libSQL server', open: () => serverDatabase(serverUrl()) },
])('hostile statements $place', ({ open }) => {
  let client: Client;
  beforeAll(async () => {
    client = await open();
    await buildScenario(client);
  });
  afterAll(() => client.close());

  test('change nothing, whatever their conflict clause', async () => {
    const before = await dumpLedger(client);
    const accepted: string[] = [];
    for (const statement of HOSTILE_STATEMENTS) if (!(await isHarmless(client, statement, before))) accepted.push(statement.name);
    expect(accepted).toEqual([]);
    expect(brokenInvariants(await auditLedger(client))).toEqual([]);
  });
});

describe('the guards of the schema', () => {
  let schema: Schema;
  let healthy: string;
  beforeAll(async () => {
    const client = await memoryDatabase();
    schema = await readSchema(client);
    await buildScenario(client);
    healthy = await dumpLedger(client);
    client.close();
  });

  test('each stops something that nothing else stops, except the redundant ones', async () => {
    const survivors: string[] = [];
    for (const mutant of mutantsOf(schema)) if (!(await isNoticed([mutant]))) survivors.push(mutant.name);
    expect(survivors.sort()).toEqual(Object.keys(REDUNDANT_GUARDS).sort());
  });

  const redundant = Object.entries(REDUNDANT_GUARDS).filter(([, behind]) => behind.length > 0);
  test.each(redundant)('%s is redundant: it is only missed once the guards behind it are removed', async (guard, behind) => {
    const names = [guard, ...behind];
    const gone = mutantsOf(schema).filter((mutant) => names.includes(mutant.name));
    expect(gone.map((mutant) => mutant.name).sort()).toEqual([...names].sort());
    expect(await isNoticed(gone)).toBe(true);
    expect(await isNoticed(gone.filter((mutant) => mutant.name === guard))).toBe(false);
  });

  /** Whether the suite notices a missing guard: the scenario ends differently, or a hostile statement succeeds. */
  async function isNoticed(mutants: readonly Mutant[]): Promise<boolean> {
    const client = createClient({ url: ':memory:', intMode: 'number' });
    try {
      await applySchema(
        client,
        mutants.reduce((mutated, mutant) => mutant.mutate(mutated), schema),
      );
      await buildScenario(client).catch(() => undefined);
      const before = await dumpLedger(client);
      if (before !== healthy) return true;
      // Comparing everything after each statement would take most of the time; which of a group it was does not matter here.
      for (let from = 0; from < HOSTILE_STATEMENTS.length; from += GROUP) {
        for (const { sql } of HOSTILE_STATEMENTS.slice(from, from + GROUP)) await client.execute(sql).catch(() => undefined);
        if ((await dumpLedger(client)) !== before) return true;
      }
      return false;
    } finally {
      client.close();
    }
  }
});
