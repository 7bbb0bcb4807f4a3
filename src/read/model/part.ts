import type { PricedLine, SettledLine } from '../../billing/ledger/ledger.ts';
import type { Result } from '../../core/result.ts';
import type { Json } from '../../errors.ts';
import type { ReadRefusal } from '../../errors/from-read.ts';
import type { CacheStatus } from '../cache/freshness.ts';
import type { Limitation } from '../limitations/catalog.ts';
import type { ReadContext } from './context.ts';
import type { Delivered } from './delivered.ts';
import type { ReadDeps } from './deps.ts';
import type { ReadTrace } from './trace.ts';

/** What is known of a part before it is fetched. `hit` is what the cache can deliver as it is. */
export type Known<Outcome> = { readonly hit: Outcome | null };

/** The options of a part, and the options and outcomes of the parts that it needs; null for one that was not requested. */
export type PartInput<Options, Needs> = {
  readonly options: Options;
  readonly needed: {
    readonly [N in keyof Needs]: { readonly options: OptionsOf<Needs[N]>; readonly outcome: OutcomeOf<Needs[N]> | null } | null;
  };
};

/**
 * Why a part was not delivered: `refusal` ends the read whose main part it is; any other read goes on with `missing`. Null where no read
 * can do without the part.
 */
export type PartFailure<Outcome> = { readonly refusal: ReadRefusal; readonly missing: Outcome | null };

/** Time kept free before the deadline for a part that is fetched late: `ms`, but no more than `share` of what is left. */
export type TimeReserve = { readonly ms: number; readonly share: number };

/**
 * A final price as a part states it. `isFresh`: the part was fetched for this read, or known to be missing by fetching, so that the line
 * also pays for the upstream calls made for it.
 */
export type FinalLine = SettledLine & { readonly isFresh?: boolean };

/** The sample that a test key reads. `variant` says how this part differs from a complete one. `now` in unix milliseconds. */
export type SampleRequest<Variant> = {
  readonly shortcode: string;
  readonly status: CacheStatus;
  readonly now: number;
  readonly variant: Variant | undefined;
};

/**
 * One part of a read: everything that is particular to it. The read itself only walks the list of parts (parts/parts.ts), so a new part is
 * a file, a line in the list and a row of the price card. Methods take the context, or what they need of it, and the input.
 */
export interface Part<Name extends string, Options, Outcome, Lookup extends Known<Outcome>, Needs extends NeededParts, Variant> {
  /** Names the part in a request and in the outcome. */
  readonly name: Name;
  /** The parts that it is made from. It is fetched after those of them that were requested. */
  readonly needs: Needs;
  /** Its cache key depends on the content of what it needs, so that it can only be looked up when all of that is a hit. */
  readonly isKeyedByNeeds?: boolean;
  /** The time that parts which it needs leave for it, if they can end early. */
  readonly reserve?: TimeReserve;
  /** It can deliver less, or nothing, when time is short, and so leaves the reserve to parts that need it. */
  readonly endsEarly?: boolean;
  readonly nothingKnown: Lookup;
  /** For a part that an option of another requests: its options; null when it is not requested. */
  impliedBy?(needed: PartInput<Options, Needs>['needed']): Options | null;
  /** Whether it can be fetched at all in this deployment. */
  isAvailable(deps: ReadDeps): boolean;
  /** Reads the cache and never calls a provider. Refuses options that are invalid by themselves. */
  lookUp(context: ReadContext, input: PartInput<Options, Needs>): Promise<Result<Lookup, ReadRefusal>>;
  /** For a main part: why the read ends, given what is known of it; null when it goes on. */
  refusal?(options: Options, known: Lookup): ReadRefusal | null;
  /** Calls the providers, and caches what they deliver. Called only while a hold is open, and only without a hit. */
  fetch(
    context: ReadContext,
    input: PartInput<Options, Needs> & { readonly known: Lookup },
  ): Promise<Result<Outcome, PartFailure<Outcome>>>;
  /** For a part that comes in sizes: the same options with each smaller one, the largest first. */
  smaller?(this: void, options: Options): readonly { readonly limit: number; readonly options: Options }[];
  /** The most that it may cost, by line. A line of zero is left out. */
  priceLines(deps: ReadDeps, input: PartInput<Options, Needs> & { readonly known: Lookup }): readonly PricedLine[];
  /** The final price of its lines. Lines that were not held are ignored. */
  finalPrices(deps: ReadDeps, input: PartInput<Options, Needs> & { readonly outcome: Outcome }): readonly FinalLine[];
  /** Everything about it that is missing or weaker than it looks. `now` in unix milliseconds. */
  limitations(input: PartInput<Options, Needs> & { readonly outcome: Outcome }, now: number): readonly Limitation[];
  /** Its field of the receipt, null there when it was not requested. Never text that people wrote. */
  readonly receipt: { readonly field: string; of(input: { readonly options: Options; readonly outcome: Outcome }): Json } | null;
  /** For a part that can be the main one: the content whose provider and age stand for the whole read. */
  main?(outcome: Outcome): Delivered<unknown> | null;
  /** What the log line says of it. */
  logged?(outcome: Outcome): Partial<ReadTrace>;
  /** Invents it for a test key. */
  sample(input: PartInput<Options, Needs>, request: SampleRequest<Variant>): Result<Outcome, PartFailure<Outcome>>;
}

/** A part whose types do not matter to whoever walks the list. */
export type AnyPart = Part<string, unknown, unknown, Known<unknown>, NeededParts, unknown>;

/** For a part that needs no other. */
export type NoParts = { readonly [name: string]: never };

/** Parts by their names. */
export type NeededParts = { readonly [name: string]: AnyPart };

/** Parts in the order in which their lines, limitations and receipt fields appear; each stands behind those it needs. */
export type PartList = readonly AnyPart[];

export type OptionsOf<P> = P extends Part<string, infer Options, infer _O, infer _L, infer _N, infer _V> ? Options : never;
export type OutcomeOf<P> = P extends Part<string, infer _P, infer Outcome, infer _L, infer _N, infer _V> ? Outcome : never;
type VariantOf<P> = P extends Part<string, infer _P, infer _O, infer _L, infer _N, infer Variant> ? Variant : never;

/** Which parts a read asks for, and how. `main` fails the read when it fails; every other part that fails is refunded. */
export type RequestOf<Parts extends PartList> = {
  readonly main: Parts[number]['name'];
  readonly parts: { readonly [P in Parts[number] as P['name']]?: OptionsOf<P> };
};

/** What came of each part; null for one that was not requested. */
export type OutcomesOf<Parts extends PartList> = { readonly [P in Parts[number] as P['name']]: OutcomeOf<P> | null };

/** How a sample differs from a complete one, part by part. */
export type VariantsOf<Parts extends PartList> = { readonly [P in Parts[number] as P['name']]?: VariantOf<P> };
