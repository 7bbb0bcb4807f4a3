export const PATHS = { nothing: '/bench/nothing', object: '/bench/object', nothingInApp: '/bench/nothing-in-app' } as const;

/** Requests with this header are paid through the baseline ledger. */
export const BASELINE_HEADER = 'x-bench-baseline';
