import { z } from 'zod';
import { SLOT_RULES, type Slot, slotGaps, slotName, slotsOf } from './account-slots.ts';
import { codeOf, type Seen } from './answer-check.ts';
import { type Customer, makeCustomer, mint, type Setup } from './hostile-cast.ts';
import type { HostileTally } from './hostile-promises.ts';
import type { Operation } from './published-api.ts';

export type Call = {
  readonly method: string;
  readonly path: string;
  readonly key: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
};

export type Ask = (call: Call) => Promise<Seen>;

/** Headers that differ between any two responses. */
const OF_THE_MOMENT = new Set(['x-request-id', 'date', 'ratelimit', 'server-timing', 'x-credits-used', 'x-credits-remaining']);

const Owned = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      name: z.string().optional(),
      last4: z.string().optional(),
      scopes: z.array(z.string()).optional(),
      expiresAt: z.string().nullish(),
      revokedAt: z.string().nullish(),
    }),
  ),
});

/** A well-formed id that doesn't exist. */
const NOBODYS_ID = 'key_01JZ0000000000000000000001';

const PROMISE = "another account's things are as if they were not there";

/** Status, headers and body of a response, without the id of its request. */
export function shownBy(seen: Seen, thing: string): string {
  const headers = [...seen.headers].filter(([name]) => !OF_THE_MOMENT.has(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  const id = seen.headers.get('X-Request-Id') ?? 'none';
  return JSON.stringify([
    seen.status,
    headers,
    seen.text.replaceAll(id, 'REQUEST').replaceAll(thing, 'THING').replaceAll(encodeURIComponent(thing), 'THING'),
  ]);
}

/** Requests every resource of one customer with another customer's keys, and compares with an id that doesn't exist. */
export async function playMatrix(ask: Ask, setup: Setup, operations: readonly Operation[], tally: HostileTally): Promise<void> {
  const [asker, owner] = [await makeCustomer(setup, 'Asker'), await makeCustomer(setup, 'Owner of things')];
  const neighbour = await makeCustomer(setup, 'Sends the same idempotency keys');
  const slots = slotsOf(operations);
  for (const gap of slotGaps(slots, SLOT_RULES)) tally.breach(PROMISE, gap, 'account-slots.ts');
  const grandchild = await mint(setup, asker.child, { name: 'grandchild', scopes: ['read', 'keys', 'account', 'billing'] });
  const before = await inventory(ask, owner);
  for (const slot of slots) {
    for (const key of [asker.root, asker.child, grandchild.apiKey]) await playSlot(ask, slot, key, owner, tally);
    await playMeaning(ask, slot, owner, tally);
    await playOwnKey(ask, slot, asker, neighbour, tally);
  }
  await playParents(ask, asker, owner, tally);
  const after = await inventory(ask, owner);
  if (before !== after) tally.breach(PROMISE, "somebody else changed a customer's keys or top-ups", 'matrix');
}

/** A valid request with the given resource in one slot. */
export function callWith(slot: Pick<Slot, 'operation'> & Partial<Slot>, thing: string, key: string | null): Call {
  const { operation } = slot;
  const path = operation.path.replaceAll(/\{\w+\}/g, () => (slot.in === 'path' ? encodeURIComponent(thing) : NOBODYS_ID));
  const query = new URLSearchParams();
  if (operation.parameters.some(({ name }) => name === 'url'))
    query.set('url', operation.id === 'readComments' ? 'DemoThread1' : 'DemoReel_01');
  if (slot.in === 'query') query.set(slot.name ?? '', thing);
  const example = Object(operation.body?.example);
  return {
    method: operation.method,
    path: `${path}${query.size === 0 ? '' : `?${query.toString()}`}`,
    key,
    ...(slot.in === 'header' ? { headers: { [slot.name ?? '']: thing } } : {}),
    ...(operation.body === null ? {} : { body: slot.in === 'body' ? { ...example, [slot.name ?? '']: thing } : example }),
  };
}

async function playSlot(ask: Ask, slot: Slot, key: string, owner: Customer, tally: HostileTally): Promise<void> {
  const rule = SLOT_RULES[slotName(slot)];
  if (rule === undefined || !('things' in rule)) return;
  for (const thing of rule.things(owner)) {
    const theirs = await ask(callWith(slot, thing, key));
    const nobodys = await ask(callWith(slot, rule.madeUp(thing), key));
    tally.count('pairs of the account matrix');
    const replay = `${slotName(slot)}: ${theirs.status} ${theirs.text.slice(0, 200)}`;
    if (shownBy(theirs, thing) !== shownBy(nobodys, rule.madeUp(thing)))
      tally.breach(PROMISE, 'answered otherwise than a made-up one', replay);
    for (const id of idsOf(owner))
      if (theirs.text.includes(id)) tally.breach(PROMISE, 'the answer names a thing of another account', replay);
  }
}

/** Shows that the comparison is meaningful: the resource's own account does get it. */
async function playMeaning(ask: Ask, slot: Slot, owner: Customer, tally: HostileTally): Promise<void> {
  const rule = SLOT_RULES[slotName(slot)];
  if (rule === undefined || !('things' in rule)) return;
  if (slot.operation.method !== 'GET' || slot.operation.path.startsWith('/v1/ops/')) return;
  const own = await ask(callWith(slot, rule.things(owner)[0] ?? '', owner.root));
  if (own.status !== 200) tally.breach(PROMISE, `its owner was answered ${own.status}`, slotName(slot));
}

/** A repeated Idempotency-Key is replayed to the same account, and a new request for any other. */
async function playOwnKey(ask: Ask, slot: Slot, asker: Customer, neighbour: Customer, tally: HostileTally): Promise<void> {
  if (SLOT_RULES[slotName(slot)]?.kind !== 'own_key') return;
  const call = (of: Customer) => {
    const operation = withOwnKey(slot.operation, of);
    return callWith({ ...slot, operation }, `matrix-${operation.id}-idempotency-key`, of.root);
  };
  const [first, theirs, again] = [await ask(call(neighbour)), await ask(call(asker)), await ask(call(neighbour))];
  tally.count('pairs of the account matrix');
  const isReplay = (seen: Seen) => seen.headers.get('Idempotency-Replayed') === 'true';
  const replay = `${slotName(slot)}: ${first.status} ${theirs.status} ${again.status} ${theirs.text.slice(0, 150)}`;
  if (first.status >= 400 || theirs.status >= 400) tally.breach(PROMISE, 'a request that is right was refused', replay);
  if (isReplay(first) || isReplay(theirs)) tally.breach(PROMISE, "another account's idempotency key changed an answer", replay);
  if (!isReplay(again)) tally.breach(PROMISE, 'an idempotency key means nothing to its own account', replay);
  for (const id of idsOf(neighbour))
    if (theirs.text.includes(id)) tally.breach(PROMISE, 'the answer names a thing of another account', replay);
}

/** Fills the other path slots of an idempotent request with the caller's own key. */
function withOwnKey(operation: Operation, { childId }: Customer): Operation {
  return { ...operation, path: operation.path.replace('{id}', childId) };
}

/** A new key is a child of the calling key, whatever key the request names. */
async function playParents(ask: Ask, asker: Customer, owner: Customer, tally: HostileTally): Promise<void> {
  for (const field of ['parentId', 'parentKeyId', 'parent', 'accountId', 'id']) {
    const call = (id: string): Call => ({ method: 'POST', path: '/v1/keys', key: asker.root, body: { name: 'x', [field]: id } });
    const [theirs, nobodys] = [await ask(call(owner.rootId)), await ask(call(NOBODYS_ID))];
    tally.count('pairs of the account matrix');
    if (codeOf(theirs) !== 'invalid_request' || shownBy(theirs, '-') !== shownBy(nobodys, '-'))
      tally.breach(PROMISE, `a key was minted with ${field}`, theirs.text.slice(0, 200));
  }
}

function idsOf({ accountId, rootId, childId, requestIds, topUpIds }: Customer): readonly string[] {
  return [accountId, rootId, childId, ...requestIds, ...topUpIds];
}

/** Everything a customer sees that another could have changed. */
async function inventory(ask: Ask, { root }: Customer): Promise<string> {
  const seen = [await ask({ method: 'GET', path: '/v1/keys', key: root }), await ask({ method: 'GET', path: '/v1/topups', key: root })];
  return JSON.stringify(seen.map(({ text }) => Owned.parse(JSON.parse(text))));
}
