import { mintApiKey } from '../../src/billing/keys/api-key.ts';
import type { KeyScope } from '../../src/billing/keys/limits.ts';
import { type Ask, callWith, shownBy } from './account-matrix.ts';
import { codeOf, type Seen } from './answer-check.ts';
import { CANARY_OPERATOR_KEY } from './canaries.ts';
import { makeCustomer, mint, type Setup } from './hostile-cast.ts';
import type { HostileTally } from './hostile-promises.ts';
import type { Operation } from './published-api.ts';

const PROMISE = 'a key does what its scopes say';

/** The scope that each operation needs. An operation of the API description that is missing here fails the test. */
export const NEEDED: Readonly<Record<string, KeyScope | 'any' | 'owner'>> = {
  getMe: 'any',
  listKeys: 'keys',
  createKey: 'keys',
  updateKey: 'keys',
  revokeKey: 'keys',
  rotateKey: 'keys',
  listUsage: 'account',
  getReceipt: 'account',
  listLedger: 'account',
  readPost: 'read:post',
  readReel: 'read:reel',
  readComments: 'read:comments',
  createTopUpCheckout: 'billing',
  listTopUps: 'billing',
  getTopUp: 'billing',
  getMetrics: 'owner',
  bookCredit: 'owner',
  freezeAccount: 'owner',
  unfreezeAccount: 'owner',
  reissueRootKey: 'owner',
  revokeAnyKey: 'owner',
  findReceipt: 'owner',
  expireHolds: 'owner',
  runAudit: 'owner',
  listOwnerActions: 'owner',
};

/** The scopes that allow a single thing. */
const SINGLE_SCOPES = ['read:post', 'read:reel', 'read:comments', 'billing', 'keys', 'account'] as const satisfies readonly KeyScope[];

/** Operations that only one of the table and the API description has. */
export function needGaps(operations: readonly Operation[], needed: Readonly<Record<string, unknown>>): string[] {
  const asking = operations.filter(({ needsKey }) => needsKey).map(({ id }) => id);
  return [
    ...asking.filter((id) => !(id in needed)).map((id) => `nobody has said what a key needs for ${id}`),
    ...Object.keys(needed)
      .filter((id) => !asking.includes(id))
      .map((id) => `there is no operation ${id} that asks for a key`),
  ];
}

/** Calls every operation without a key, with invalid keys, with every scope but the needed one, and with that scope alone. */
export async function playKeys(ask: Ask, setup: Setup, operations: readonly Operation[], tally: HostileTally): Promise<void> {
  for (const gap of needGaps(operations, NEEDED)) tally.breach(PROMISE, gap, 'key-matrix.ts');
  const { root } = await makeCustomer(setup, 'Owner of scopes');
  const only = new Map<KeyScope, string>();
  const without = new Map<KeyScope, string>();
  for (const scope of SINGLE_SCOPES) {
    only.set(scope, (await mint(setup, root, { name: `only ${scope}`, scopes: [scope] })).apiKey);
    without.set(
      scope,
      (await mint(setup, root, { name: `not ${scope}`, scopes: SINGLE_SCOPES.filter((other) => other !== scope) })).apiKey,
    );
  }
  const revoked = await mint(setup, root, { name: 'revoked' });
  await setup('DELETE', `/v1/keys/${revoked.key.id}`, { key: root, expected: 200 });
  for (const operation of operations) {
    const needed = NEEDED[operation.id];
    if (!operation.needsKey || needed === undefined) continue;
    const answer = (key: string | null) => ask(callWith({ operation }, '', key));
    await playStrangers(operation, answer, revoked.apiKey, tally);
    if (needed === 'any') continue;
    const expectCode = async (key: string | undefined, isRefused: boolean, what: string) => {
      const seen = await answer(key ?? null);
      tally.count('operations tried with a scope');
      if (isForbidden(seen) !== isRefused) tally.breach(PROMISE, `${what}: ${seen.status}`, `${operation.id} ${seen.text.slice(0, 200)}`);
    };
    if (needed === 'owner') {
      await expectCode(root, true, 'a customer does what the owner may');
      await expectCode(CANARY_OPERATOR_KEY, false, 'the owner may not');
    } else {
      await expectCode(without.get(needed), true, `opened without the scope ${needed}`);
      await expectCode(only.get(needed), false, `closed in spite of the scope ${needed}`);
    }
  }
}

/** A missing, an unknown and a revoked key are refused, the last two identically. */
async function playStrangers(
  { id }: Operation,
  answer: (key: string | null) => Promise<Seen>,
  revoked: string,
  tally: HostileTally,
): Promise<void> {
  const [none, unknown, ended] = [await answer(null), await answer(mintApiKey()), await answer(revoked)];
  for (const seen of [none, unknown, ended]) {
    if (codeOf(seen) !== 'unauthorized')
      tally.breach(PROMISE, `${seen.status} to a key that opens nothing`, `${id} ${seen.text.slice(0, 200)}`);
  }
  if (shownBy(unknown, '-') !== shownBy(ended, '-')) tally.breach(PROMISE, 'a revoked key is told from one that never was', id);
  tally.count('operations tried without a good key');
}

/** Whether the key's scopes are the reason, not limits of other keys in the request. */
function isForbidden(seen: Seen): boolean {
  return codeOf(seen) === 'forbidden' && !/wider_than_parent|own_limits/.test(seen.text);
}
