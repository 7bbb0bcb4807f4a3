import { listCursor, listPosition } from '../../src/http/pagination.ts';
import type { Customer } from './hostile-cast.ts';
import type { Operation } from './published-api.ts';

/** A place where a request names a resource: a path parameter, a cursor, an id in query or body, an idempotency key. */
export type Slot = { readonly operation: Operation; readonly in: 'path' | 'query' | 'header' | 'body'; readonly name: string };

/**
 * What another account's resource in a slot must do. `missing`: be treated like a nonexistent one. `own_list`: page within the caller's own
 * list, like any position. `own_key`: have no meaning outside its account. `public`: it belongs to no account.
 */
export type SlotRule =
  | { readonly kind: 'missing' | 'own_list'; things(of: Customer): readonly string[]; madeUp(thing: string): string }
  | { readonly kind: 'own_key' | 'public' };

const keys: SlotRule = { kind: 'missing', things: ({ rootId, childId }) => [rootId, childId], madeUp: otherId };
const receipts: SlotRule = { kind: 'missing', things: ({ requestIds }) => requestIds, madeUp: otherId };
const accounts: SlotRule = { kind: 'missing', things: ({ accountId }) => [accountId], madeUp: otherId };

/** Every slot. A slot of the API description that is missing here fails the test. */
export const SLOT_RULES: Readonly<Record<string, SlotRule>> = {
  'updateKey path id': keys,
  'revokeKey path id': keys,
  'rotateKey path id': keys,
  'revokeAnyKey path id': keys,
  'listUsage query keyId': keys,
  'getReceipt path requestId': receipts,
  'findReceipt path requestId': receipts,
  'freezeAccount path id': accounts,
  'unfreezeAccount path id': accounts,
  'reissueRootKey path id': accounts,
  'bookCredit body accountId': accounts,
  'getTopUp path id': { kind: 'missing', things: ({ topUpIds, sessionIds }) => [...topUpIds, ...sessionIds], madeUp: otherId },
  'listTopUps query cursor': { kind: 'own_list', things: ({ topUpIds }) => topUpIds.map(positionNow), madeUp: otherPosition },
  'listUsage query cursor': { kind: 'own_list', things: ({ usageCursor }) => [usageCursor], madeUp: otherPosition },
  'listKeys query cursor': { kind: 'own_list', things: keyPositions, madeUp: otherPosition },
  'listLedger query cursor': { kind: 'own_list', things: () => [listCursor(2)], madeUp: () => listCursor(2) },
  'listOwnerActions query cursor': { kind: 'missing', things: ({ requestIds }) => requestIds.map(positionNow), madeUp: otherPosition },
  'readComments query cursor': { kind: 'public' },
  'readPost header idempotency-key': { kind: 'own_key' },
  'readReel header idempotency-key': { kind: 'own_key' },
  'readComments header idempotency-key': { kind: 'own_key' },
  'createKey header idempotency-key': { kind: 'own_key' },
  'rotateKey header idempotency-key': { kind: 'own_key' },
  'createTopUpCheckout header idempotency-key': { kind: 'own_key' },
  // There is no account yet, so the key itself must be hard to guess; a short one is refused.
  'signUp header idempotency-key': { kind: 'public' },
};

export function slotsOf(operations: readonly Operation[]): readonly Slot[] {
  return operations.flatMap((operation) => [
    ...operation.parameters
      .filter(
        ({ in: place, name }) => place === 'path' || (place === 'query' && /^cursor$|id$/i.test(name)) || /^idempotency-key$/i.test(name),
      )
      .map(({ in: place, name }): Slot => ({ operation, in: place, name: place === 'header' ? name.toLowerCase() : name })),
    ...Object.keys(operation.body?.properties ?? {})
      .filter((name) => /id$/i.test(name))
      .map((name): Slot => ({ operation, in: 'body', name })),
  ]);
}

export function slotName({ operation, in: place, name }: Slot): string {
  return `${operation.id} ${place} ${name}`;
}

/** Slots that only one of the table and the API description has. */
export function slotGaps(slots: readonly Slot[], rules: Readonly<Record<string, SlotRule>>): string[] {
  const published = new Set(slots.map(slotName));
  return [
    ...[...published].filter((name) => !(name in rules)).map((name) => `nobody has said what another account's thing does in: ${name}`),
    ...Object.keys(rules)
      .filter((name) => !published.has(name))
      .map((name) => `there is no such slot any more: ${name}`),
  ];
}

/** A nonexistent id of the same kind and time. */
function otherId(id: string): string {
  return `${id.slice(0, -4)}${id.endsWith('0000') ? '1111' : '0000'}`;
}

function keyPositions({ rootId, childId }: Customer): readonly string[] {
  return [rootId, childId].map(positionNow);
}

/** Where a thing stands in a list; nothing is newer than now. */
function positionNow(id: string): string {
  return listCursor(Date.now(), id);
}

function otherPosition(cursor: string): string {
  const position = listPosition(cursor);
  if (!position.ok || position.value === null) throw new Error('the list gave no cursor');
  return listCursor(position.value.at, otherId(position.value.id));
}
