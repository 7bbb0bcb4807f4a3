import { ok, type Result } from '../core/result.ts';
import type { ReadRefusal } from '../errors/from-read.ts';
import type { ReadContext } from './model/context.ts';
import type { AnyPart, PartInput, Known, NeededParts, PartList, RequestOf } from './model/part.ts';

/** A requested part, with what is known of it and of the parts it needs. */
export type PlannedPart = PartInput<unknown, NeededParts> & { readonly part: AnyPart; readonly known: Known<unknown> };

/** What is known of a read before any money moves or any provider is called. */
export type Plan = {
  readonly parts: readonly PlannedPart[];
  readonly main: PlannedPart;
  /** Every part is a hit, so that nothing has to be fetched. */
  readonly isComplete: boolean;
};

/** A requested part, before anything is known of it. */
type RequestedPart = { readonly part: AnyPart; readonly options: unknown };

/** The parts of a request in the order of the list, those that follow from an option of another included. */
export function requestedParts(parts: PartList, request: RequestOf<PartList>): readonly RequestedPart[] {
  const requested: RequestedPart[] = [];
  for (const part of parts) {
    const needed = neededBy(part, requested, () => null);
    const options = request.parts[part.name] ?? part.impliedBy?.(needed) ?? null;
    if (options !== null) requested.push({ part, options });
  }
  return requested;
}

/** The parts that a part needs, with what `outcomeOf` says of them. */
export function neededBy<A extends RequestedPart>(
  part: AnyPart,
  requested: readonly A[],
  outcomeOf: (needed: A) => unknown,
): PartInput<unknown, NeededParts>['needed'] {
  return Object.fromEntries(
    Object.entries(part.needs).map(([name, need]) => {
      const found = requested.find((candidate) => candidate.part.name === need.name);
      return [name, found === undefined ? null : { options: found.options, outcome: outcomeOf(found) }];
    }),
  );
}

/** The plan for a share link that was not resolved yet: everything may have to be fetched. */
export function planUnlocated(parts: PartList, request: RequestOf<PartList>): Plan {
  const requested = requestedParts(parts, request);
  const planned = requested.map(({ part, options }) => ({
    part,
    options,
    known: part.nothingKnown,
    needed: neededBy(part, requested, () => null),
  }));
  return { parts: planned, main: mainOf(planned, request), isComplete: false };
}

/** Looks every part up, side by side where their keys allow it. Refuses options that are invalid by themselves. */
export async function planRead(context: ReadContext, parts: PartList, request: RequestOf<PartList>): Promise<Result<Plan, ReadRefusal>> {
  const requested = requestedParts(parts, request);
  const lookups = new Map<string, Promise<Result<PlannedPart, ReadRefusal>>>();
  for (const one of requested) lookups.set(one.part.name, lookUp(context, one, { requested, lookups }));
  const planned: PlannedPart[] = [];
  for (const lookedUp of await Promise.all(lookups.values())) {
    if (!lookedUp.ok) return lookedUp;
    planned.push(lookedUp.value);
  }
  return ok({ parts: planned, main: mainOf(planned, request), isComplete: planned.every(({ known }) => known.hit !== null) });
}

/** The lookups that have begun: all of the parts that this one may need, since they stand before it in the list. */
type Begun = {
  readonly requested: readonly RequestedPart[];
  readonly lookups: ReadonlyMap<string, Promise<Result<PlannedPart, ReadRefusal>>>;
};

async function lookUp(
  context: ReadContext,
  { part, options }: RequestedPart,
  { requested, lookups }: Begun,
): Promise<Result<PlannedPart, ReadRefusal>> {
  const hits = new Map<string, unknown>();
  if (part.isKeyedByNeeds === true) {
    for (const { name } of Object.values(part.needs)) {
      const found = await lookups.get(name);
      if (found?.ok === true) hits.set(name, found.value.known.hit);
    }
  }
  const needed = neededBy(part, requested, (need) => hits.get(need.part.name) ?? null);
  const isKeyKnown = part.isKeyedByNeeds !== true || Object.values(needed).every((need) => need === null || need.outcome !== null);
  if (!isKeyKnown) return ok({ part, options, needed, known: part.nothingKnown });
  const known = await part.lookUp(context, { options, needed });
  return known.ok ? ok({ part, options, needed, known: known.value }) : known;
}

function mainOf(planned: readonly PlannedPart[], request: RequestOf<PartList>): PlannedPart {
  const main = planned.find(({ part }) => part.name === request.main);
  if (main === undefined) throw new Error('a read asks for its main part');
  return main;
}
