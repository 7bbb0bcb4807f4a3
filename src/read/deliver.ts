import { err, ok, type Result } from '../core/result.ts';
import type { ReadRefusal } from '../errors/from-read.ts';
import type { MediaTarget } from '../instagram/target.ts';
import type { Budget } from '../net/deadline.ts';
import type { Limitation } from './limitations/catalog.ts';
import { linkLimitations } from './limitations/of-link.ts';
import type { ReadContext } from './model/context.ts';
import type { Delivered } from './model/delivered.ts';
import type { PartInput, NeededParts, OutcomesOf, PartFailure, PartList } from './model/part.ts';
import { neededBy, type Plan, type PlannedPart } from './plan.ts';

/** A requested part, with its outcome and those of the parts it needs. */
export type DeliveredPart = PartInput<unknown, NeededParts> & { readonly part: PlannedPart['part']; readonly outcome: unknown };

/** The outcome of every requested part. `main` is the content of the main part. */
export type Delivery = {
  readonly target: MediaTarget;
  readonly parts: readonly DeliveredPart[];
  readonly main: Delivered<unknown>;
};

type Fetched = Result<unknown, PartFailure<unknown>>;

/**
 * Fetches every part that is not a hit, all under one deadline. Called only while a hold is open. The main part comes first, and its
 * failure ends the read; then every other part starts as soon as the parts it needs are there.
 */
export async function deliver(context: ReadContext, plan: Plan): Promise<Result<Delivery, ReadRefusal>> {
  const { trace } = context;
  trace.shortcode = context.target.shortcode;
  const fetches = new Map<string, Promise<Fetched>>();
  const main = await fetchPart(context, plan, { planned: plan.main, fetches });
  if (!main.ok) return err(main.error.refusal);
  fetches.set(plan.main.part.name, Promise.resolve(main));
  for (const planned of plan.parts) {
    const { name } = planned.part;
    if (!fetches.has(name)) fetches.set(name, fetchPart(context, plan, { planned, fetches }));
  }
  await Promise.all(fetches.values());
  const outcomes = new Map<string, unknown>();
  for (const [name, fetching] of fetches) {
    const fetched = await fetching;
    if (!fetched.ok && fetched.error.missing === null) return err(fetched.error.refusal);
    outcomes.set(name, fetched.ok ? fetched.value : fetched.error.missing);
  }
  const delivery = deliveryOf(context.target, plan, outcomes);
  trace.cache = delivery.main.status;
  return ok(delivery);
}

/** The delivery of a plan whose parts are all hits. */
export function deliverHits(target: MediaTarget, plan: Plan): Delivery {
  return deliveryOf(target, plan, new Map(plan.parts.map(({ part, known }) => [part.name, known.hit])));
}

/** Composes a delivery from the outcome of each part. Throws when the main part has no content: then nothing was delivered. */
export function deliveryOf(target: MediaTarget, plan: Plan, outcomes: ReadonlyMap<string, unknown>): Delivery {
  const outcomeOf = (planned: Pick<PlannedPart, 'part'>) => outcomes.get(planned.part.name) ?? null;
  const main = plan.main.part.main?.(outcomeOf(plan.main)) ?? null;
  if (main === null) throw new Error('a delivered read has the content of its main part');
  const parts = plan.parts.map((planned) => ({
    part: planned.part,
    options: planned.options,
    outcome: outcomeOf(planned),
    needed: neededBy(planned.part, plan.parts, outcomeOf),
  }));
  return { target, parts, main };
}

/**
 * Everything that is missing or weak in a read: of its link, then in the order of its parts. `mirror` is the host of a link that is not of
 * the platform, or null; `now` in unix milliseconds.
 */
export function limitationsOf(delivery: Delivery, mirror: string | null, now: number): readonly Limitation[] {
  return [...linkLimitations(mirror), ...delivery.parts.flatMap(({ part, ...input }) => part.limitations(input, now))];
}

/** The outcome of every part of the list; null for one that was not requested. */
export function outcomesOf<L extends PartList>(parts: L, delivery: Delivery): OutcomesOf<L> {
  const found = new Map(delivery.parts.map(({ part, outcome }) => [part.name, outcome]));
  // safe because the outcome under a part's name was made by that part
  return Object.fromEntries(parts.map(({ name }) => [name, found.get(name) ?? null])) as OutcomesOf<L>;
}

/** One part to fetch, and the fetches that have begun: at least those of the parts it needs, which stand before it in the list. */
type PartFetch = { readonly planned: PlannedPart; readonly fetches: ReadonlyMap<string, Promise<Fetched>> };

async function fetchPart(context: ReadContext, plan: Plan, { planned, fetches }: PartFetch): Promise<Fetched> {
  const { part, options, known } = planned;
  const isMain = planned === plan.main;
  const refusal = isMain ? part.refusal?.(options, known) : null;
  if (refusal != null) return err({ refusal, missing: null });
  const outcomes = new Map<string, unknown>();
  for (const { name } of Object.values(part.needs)) {
    const fetched = await fetches.get(name);
    if (fetched !== undefined) outcomes.set(name, fetched.ok ? fetched.value : fetched.error.missing);
  }
  const needed = neededBy(part, plan.parts, (need) => outcomes.get(need.part.name) ?? null);
  const budget = budgetFor(context, plan, planned);
  const fetched: Fetched = known.hit === null ? await part.fetch({ ...context, budget }, { options, known, needed }) : ok(known.hit);
  if (!fetched.ok) return fetched;
  const refused = isMain ? part.refusal?.(options, { ...known, hit: fetched.value }) : null;
  if (refused != null) return err({ refusal: refused, missing: null });
  Object.assign(context.trace, part.logged?.(fetched.value));
  return fetched;
}

/** A part that can end early leaves time to the parts that need it. */
function budgetFor({ deps, budget }: ReadContext, plan: Plan, { part }: PlannedPart): Budget {
  if (part.endsEarly !== true) return budget;
  const waiting = plan.parts.find((other) => other.part.reserve !== undefined && Object.values(other.part.needs).includes(part));
  const reserve = waiting?.part.reserve;
  if (reserve === undefined) return budget;
  return { deadlineAt: budget.deadlineAt - Math.min(reserve.ms, (budget.deadlineAt - deps.clock()) * reserve.share) };
}
