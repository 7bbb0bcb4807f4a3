import type { ReadCoalescer, ReadCoalescers } from '../../src/coalescing/read-coalescer.ts';

/** The objects over which flights are spread, in this process: one coalescer for each name. */
export function processCoalescers(makeCoalescer: () => ReadCoalescer): ReadCoalescers {
  const coalescers = new Map<string, ReadCoalescer>();
  return {
    getByName(name) {
      const coalescer = coalescers.get(name) ?? makeCoalescer();
      coalescers.set(name, coalescer);
      return coalescer;
    },
  };
}
