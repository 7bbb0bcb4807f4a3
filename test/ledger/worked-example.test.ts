import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Client } from '@libsql/client';
import { expect, test } from 'vitest';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import { createAccounts } from '../../src/billing/accounts/libsql-accounts.ts';
import { hashApiKey } from '../../src/billing/keys/api-key.ts';
import { ledgerOver } from '../support/ledger.ts';
import { PRICE_CARD, type PriceId } from '../../src/billing/price-card.ts';
import { microCredits } from '../../src/core/money.ts';
import { countedIds, manualClock, serverDatabase, sha256, textOf } from '../support/database.ts';
import { useSqld } from '../support/sqld.ts';

const DOCUMENT = fileURLToPath(new URL('../../docs/concepts/billing-ledger.md', import.meta.url));
const BLOCK = /(?<=<!-- worked example: made by test\/ledger\/worked-example\.test\.ts -->\n```text\n)[\s\S]*?(?=\n```)/;
const TTL_MS = 60_000;
const serverUrl = useSqld();

// UPDATE_DOCS=1 writes the output into the document; otherwise the two are compared.
test('the worked example of docs/concepts/billing-ledger.md is what a libSQL server does', async () => {
  const client = await serverDatabase(serverUrl());
  const transcript = await playExample(client);
  expect(brokenInvariants(await auditLedger(client))).toEqual([]);
  client.close();
  const document = readFileSync(DOCUMENT, 'utf8');
  expect(document).toMatch(BLOCK);
  if (process.env['UPDATE_DOCS'] === '1')
    writeFileSync(
      DOCUMENT,
      document.replace(BLOCK, () => transcript),
    );
  expect(BLOCK.exec(readFileSync(DOCUMENT, 'utf8'))?.[0]).toBe(transcript);
});

/** Plays one customer's day and returns each step with the account after it, as lines of text. */
async function playExample(client: Client): Promise<string> {
  const clock = manualClock();
  const ledger = ledgerOver({ client, clock });
  const accounts = createAccounts({ client, clock, ids: countedIds(), signupGrant: microCredits(20_000) });
  const signedUp = await accounts.signUp({ accountName: 'Example', keyName: 'first' });
  if (!signedUp.ok) throw new Error('signing up failed');
  const { account, apiKey } = signedUp.value;
  const keyHash = hashApiKey(apiKey);
  const lines: string[] = [`${'step'.padEnd(66)}${['posted', 'held', 'available', 'debt'].map((title) => title.padStart(11)).join('')}`];

  const note = async (step: string) => {
    const answer = await client.execute({
      sql: 'SELECT posted_micros, held_micros, debt_micros FROM account WHERE id = ?',
      args: [account.id],
    });
    const [posted = 0, held = 0, debt = 0] = ['posted_micros', 'held_micros', 'debt_micros'].map((column) =>
      Number(answer.rows[0]?.[column]),
    );
    lines.push(step.padEnd(66) + [posted, held, posted - held, debt].map((amount) => amount.toLocaleString('en-US').padStart(11)).join(''));
  };
  const price = (id: PriceId, kind: 'fresh' | 'cached') => PRICE_CARD.prices[id][kind === 'fresh' ? 'miss' : 'hit'];
  const spend = (id: `req_${string}`, prices: Readonly<Record<string, ReturnType<typeof microCredits>>>) => ({
    id,
    keyHash,
    fingerprint: sha256(id),
    lines: Object.entries(prices).map(([item, amount]) => ({ item, amount })),
  });
  const target = async (micros: number) =>
    client.execute({
      sql: `UPDATE payment SET target_micros = ?, rev = rev + 1, updated_at = ? WHERE id = 'pay_1'`,
      args: [micros, clock()],
    });

  await note('sign up with a grant of 20,000');
  await ledger.reserve(spend('req_1', { media: price('media', 'fresh'), comments: price('comments_100', 'fresh') }), TTL_MS);
  await note('req_1: reserve a fresh post and 100 comments');
  await ledger.settle(
    'req_1',
    [
      { item: 'media', settled: microCredits(3_000) },
      { item: 'comments', settled: microCredits(6_000), reason: 'end_of_thread' },
    ],
    {},
  );
  await note('req_1: settle the post and 40 comments of 100; 9,000 come back');
  await ledger.charge(spend('req_2', { media: price('media', 'cached') }), {});
  await note('req_2: charge the same post from the cache');
  await ledger.reserve(spend('req_3', { media: price('media', 'fresh') }), TTL_MS);
  await note('req_3: reserve another post');
  await ledger.release('req_3', 'provider_timeout');
  await note('req_3: release, the provider timed out');
  await ledger.reserve(spend('req_4', { media: price('media', 'fresh') }), TTL_MS);
  await note('req_4: reserve, and the Worker dies');
  clock.advance(TTL_MS);
  const refused = await ledger.charge(spend('req_5', { comments: price('comments_100', 'fresh') }), {});
  await note(`req_5: charge 15,000: ${refused.ok ? 'charged' : refused.error.kind}; req_4 has expired`);
  await client.execute({
    sql: `INSERT INTO payment (id, account_id, currency, amount_minor, credits_micros, created_at, updated_at) VALUES ('pay_1', ?, 'usd', 500, 5000000, ?, ?)`,
    args: [account.id, clock(), clock()],
  });
  await target(5_000_000);
  await note('pay_1: US$5 are paid, the target moves to 5,000,000');
  await ledger.charge(spend('req_5', { comments: price('comments_100', 'fresh') }), {});
  await note('req_5: charge again under the same id');
  await target(0);
  await note('pay_1: the payment is disputed, the target moves to 0');
  await target(5_000_000);
  await note('pay_1: the dispute is won, the target moves back');
  return [...lines, '', ...(await listEntries(client)), '', ...(await listHolds(client))].join('\n');
}

async function listEntries(client: Client): Promise<readonly string[]> {
  const answer = await client.execute('SELECT seq, kind, ref, delta_micros, balance_after_micros FROM entry ORDER BY seq');
  const row = (cells: readonly string[]) =>
    `${cells[0]?.padEnd(5)}${cells[1]?.padEnd(11)}${cells[2]?.padEnd(22)}${cells[3]?.padStart(12)}${cells[4]?.padStart(12)}`;
  const amount = (value: unknown) => Number(value).toLocaleString('en-US');
  return [
    row(['seq', 'entry', 'ref', 'delta', 'balance']),
    ...answer.rows.map((entry) =>
      row([
        textOf(entry['seq']),
        textOf(entry['kind']),
        textOf(entry['ref']),
        amount(entry['delta_micros']),
        amount(entry['balance_after_micros']),
      ]),
    ),
  ];
}

async function listHolds(client: Client): Promise<readonly string[]> {
  const answer = await client.execute(
    `SELECT h.id, h.state, l.item, l.reserved_micros, l.settled_micros, l.reason FROM hold h JOIN line l ON l.hold_id = h.id ORDER BY h.id, l.item DESC`,
  );
  const row = (cells: readonly string[]) =>
    `${cells[0]?.padEnd(7)}${cells[1]?.padEnd(10)}${cells[2]?.padEnd(10)}${cells[3]?.padStart(10)}${cells[4]?.padStart(10)}${cells[5]?.padStart(10)}  ${cells[6]}`.trimEnd();
  return [
    row(['hold', 'state', 'line', 'reserved', 'settled', 'refunded', 'reason']),
    ...answer.rows.map((line) => {
      const [reserved, settled] = [Number(line['reserved_micros']), Number(line['settled_micros'])];
      const amounts = [reserved, settled, reserved - settled].map((amount) => amount.toLocaleString('en-US'));
      return row([textOf(line['id']), textOf(line['state']), textOf(line['item']), ...amounts, textOf(line['reason'])]);
    }),
  ];
}
