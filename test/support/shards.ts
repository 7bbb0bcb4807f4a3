import { parseApiKey } from '../../src/billing/keys/api-key.ts';
import type { Api } from './api.ts';

/** A customer, and the shard that its key names. */
export type ShardCustomer = { readonly key: string; readonly accountId: string; readonly shard: number };

/** More signups than this without one on each of two shards are no accident. */
const MOST_SIGNUPS = 60;

/** The shard that a key names. Throws on what is no key. */
export function shardOfKey(key: string): number {
  const parsed = parseApiKey(key);
  if (!parsed.ok) throw new Error(`this is no key: ${parsed.error.kind}`);
  return parsed.value.shard;
}

/** A customer on the first shard and one on the second, of an API that spreads its signups over both. */
export async function customerOfEach(api: Api): Promise<readonly [ShardCustomer, ShardCustomer]> {
  const customers = new Map<number, ShardCustomer>();
  for (let count = 0; count < MOST_SIGNUPS; count++) {
    const customer = await api.signUp();
    const shard = shardOfKey(customer.key);
    customers.set(shard, { ...customer, shard });
    const [first, second] = [customers.get(0), customers.get(1)];
    if (first !== undefined && second !== undefined) return [first, second];
  }
  throw new Error('no signup came to one of the shards');
}

/** How many rows of an account a table has in each shard. */
export async function rowsOf(api: Api, table: 'account' | 'api_key' | 'hold' | 'entry' | 'payment', accountId: string) {
  const column = table === 'account' ? 'id' : 'account_id';
  return Promise.all(
    api.shards.map(async ({ database }) => {
      const answer = await database.execute({ sql: `SELECT count(*) AS rows FROM ${table} WHERE ${column} = ?`, args: [accountId] });
      return Number(answer.rows[0]?.['rows']);
    }),
  );
}
