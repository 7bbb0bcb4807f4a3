/** Violations described for each guarantee: enough to find the first bug. */
const MOST_TOLD = 6;

/** Counts violations by guarantee, and what a run did. */
export class Tally<P extends string> {
  readonly #broken: Map<P, number>;
  /** The first violations of each kind, in one line each. */
  readonly breaches: string[] = [];
  readonly #counts = new Map<string, number>();

  constructor(promises: readonly P[]) {
    this.#broken = new Map(promises.map((promise) => [promise, 0]));
  }

  /** Records a violation; `replay` is what is needed to reproduce it. */
  breach(promise: P, what: string, replay: string): void {
    const before = this.#broken.get(promise) ?? 0;
    this.#broken.set(promise, before + 1);
    if (before < MOST_TOLD) this.breaches.push(`${promise}: ${what} [${replay}]`);
  }

  count(name: string, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  counted(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Counts by name, largest first. */
  get counts(): readonly (readonly [string, number])[] {
    return [...this.#counts].sort(([, a], [, b]) => b - a);
  }

  get promises(): { readonly promise: P; readonly broken: number }[] {
    return [...this.#broken].map(([promise, broken]) => ({ promise, broken }));
  }
}
