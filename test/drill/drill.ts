/** Options of a run. The same seed causes the same faults in the same order, as far as real processes allow. */
export type DrillOptions = {
  readonly seed: number;
  readonly isLong: boolean;
  /** Prints one line of progress. */
  readonly say: (line: string) => void;
};

/** One guarantee of the service, and how often it was violated. */
export type DrilledPromise = { readonly promise: string; readonly broken: number };

/** The result of a fault-injection test. `figures` are its counts and measurements by name, for docs/operating/reliability.md. */
export type DrillResult = {
  readonly promises: readonly DrilledPromise[];
  readonly figures: Readonly<Record<string, number | string>>;
  /** The first violations, each in one line with what is needed to reproduce it. */
  readonly breaches: readonly string[];
};

/** A fault-injection test, listed in run.ts. */
export type Drill = { readonly name: string; readonly about: string; run(options: DrillOptions): Promise<DrillResult> };
