import type { PendingCompensation, CompensationStorage } from '../../src/billing/writer/compensations.ts';

/** Behaves like a Durable Object's storage: rows in the order of their names, and one alarm. */
export class CompensationMemory implements CompensationStorage {
  readonly #notes = new Map<string, PendingCompensation>();
  alarm: number | null = null;

  async keep(name: string, note: PendingCompensation): Promise<void> {
    this.#notes.set(name, structuredClone(note));
  }

  async list(limit: number, after = ''): Promise<ReadonlyMap<string, PendingCompensation>> {
    const names = [...this.#notes.keys()].toSorted().filter((name) => name > after);
    return new Map([...this.#notes].filter(([name]) => names.slice(0, limit).includes(name)).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  async forget(names: readonly string[]): Promise<void> {
    if (names.length > 128) throw new RangeError('more than storage deletes at once');
    for (const name of names) this.#notes.delete(name);
  }

  async wakeAt(time: number): Promise<void> {
    this.alarm = time;
  }

  get size(): number {
    return this.#notes.size;
  }
}
