import type { OutcomeUnknown, SpendRefusal } from '../billing/ledger/ledger.ts';
import type { MicroCredits } from '../core/money.ts';
import type { Json } from '../errors.ts';
import type { PartList, RequestOf } from './model/part.ts';

/** The most that one call may cost after a payment was refused for its price; null where it was refused for something else. */
export function roomAfter(refusal: SpendRefusal | OutcomeUnknown): MicroCredits | null {
  switch (refusal.kind) {
    case 'insufficient_credits':
      return refusal.balance.available;
    case 'above_key_ceiling':
    case 'key_budget_exceeded':
      return refusal.room ?? null;
    case 'unknown_key':
    case 'key_revoked':
    case 'key_expired':
    case 'account_frozen':
    case 'scope_missing':
    case 'already_resolved':
    case 'replayed':
    case 'in_flight':
    case 'mismatch':
    case 'repeated_failure':
    case 'unreachable':
    case 'busy':
    case 'outcome_unknown':
      return null;
  }
}

/**
 * The largest smaller size of a part that `isCovered` accepts, with the other options unchanged, as the parameter that asks for it; null where
 * there is none. No read has two parts that come in sizes.
 */
export async function affordableSize(
  parts: PartList,
  request: RequestOf<PartList>,
  isCovered: (request: RequestOf<PartList>) => Promise<boolean>,
): Promise<{ readonly [parameter: string]: Json } | null> {
  for (const { name, smaller } of parts) {
    const options = request.parts[name];
    if (options === undefined || smaller === undefined) continue;
    for (const size of smaller(options)) {
      const isMain = request.main === name;
      if (await isCovered({ ...request, parts: { ...request.parts, [name]: size.options } })) {
        return { [isMain ? 'limit' : 'commentLimit']: size.limit };
      }
    }
  }
  return null;
}
