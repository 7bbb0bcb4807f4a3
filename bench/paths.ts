/** Paths that only the benchmark's Worker has. */
export const PATHS = { nothing: '/bench/nothing', object: '/bench/object', nothingInApp: '/bench/nothing-in-app' } as const;

/** A request that carries it is paid through the baseline's ledger. */
export const BASELINE_HEADER = 'x-bench-baseline';
