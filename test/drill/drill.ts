/** How a drill is run. The same seed plays the same faults in the same order, as far as real processes allow it. */
export type DrillOptions = {
  readonly seed: number;
  /** The long version takes many times as many requests. */
  readonly isLong: boolean;
  /** One line for whoever watches. */
  readonly say: (line: string) => void;
};

/** One promise of the service, and how often the drill saw it broken. */
export type DrilledPromise = { readonly promise: string; readonly broken: number };

/** What came of a drill. `figures` are what it did and measured, by name, for docs/operating/reliability.md. */
export type DrillResult = {
  readonly promises: readonly DrilledPromise[];
  readonly figures: Readonly<Record<string, number | string>>;
  /** The first few breaches, each in one line with what is needed to play it again. Empty when every promise held. */
  readonly breaches: readonly string[];
};

/** A fire drill: one file of this folder, listed in run.ts. */
export type Drill = { readonly name: string; readonly about: string; run(options: DrillOptions): Promise<DrillResult> };
