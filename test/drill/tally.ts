/** How many breaches of each promise are told in full: enough to find the first bug. */
const MOST_TOLD = 6;

/** What a drill saw broken, by promise, and what it did. */
export class Tally<P extends string> {
  readonly #broken: Map<P, number>;
  /** The first few breaches of each kind, in one line each. */
  readonly breaches: string[] = [];
  readonly #counts = new Map<string, number>();

  constructor(promises: readonly P[]) {
    this.#broken = new Map(promises.map((promise) => [promise, 0]));
  }

  /** Writes a breach down; `replay` is what is needed to see it again. */
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

  /** What was counted, by name, most first. */
  get counts(): readonly (readonly [string, number])[] {
    return [...this.#counts].sort(([, a], [, b]) => b - a);
  }

  get promises(): { readonly promise: P; readonly broken: number }[] {
    return [...this.#broken].map(([promise, broken]) => ({ promise, broken }));
  }
}
