/** What a series says about where it happened. Few values each, never an id or a word of a caller. */
export type Labels = Readonly<Record<string, string>>;

/** Something to add to one number. */
export type Increment = { readonly name: SeriesName; readonly labels: Labels; readonly value: number };

/** One number as the database holds it. */
export type Sum = { readonly name: string; readonly labels: Labels; readonly value: number };

type Series = {
  /** Which of two keepers: `ledger` numbers are written by triggers with the money and are exact, `counted` ones may miss a few. */
  readonly kept: 'ledger' | 'counted';
  readonly meaning: string;
};

/** Every series that is kept, and by whom. Labels come last in the meaning. */
export const SERIES = {
  requests: { kept: 'counted', meaning: 'Answered requests, by endpoint and outcome (`ok` or the error code).' },
  request_ms: { kept: 'counted', meaning: 'Requests by endpoint and the latency bucket that they fell into.' },
  request_ms_sum: { kept: 'counted', meaning: 'Milliseconds that requests took, by endpoint.' },
  reads: { kept: 'counted', meaning: 'Paid reads by where their main part came from: `hit`, `miss`, `stale`.' },
  provider_calls: { kept: 'counted', meaning: 'Calls to data providers, by provider and outcome.' },
  provider_cost_micros: {
    kept: 'counted',
    meaning: "Millionths of a US dollar by the providers' list prices, of all calls, paid for by anyone or not.",
  },
  provider_passed_over: { kept: 'counted', meaning: 'Requests in which others were asked before a provider, because it was in trouble.' },
  transcripts: { kept: 'counted', meaning: 'Transcripts wanted, by who wrote them down or why there is none.' },
  parses: { kept: 'counted', meaning: 'Interpretations asked of the boundary, by outcome.' },
  rate_limit_refusals: { kept: 'counted', meaning: 'Requests refused because a quota was used up, by policy.' },
  rate_limit_store_down: {
    kept: 'counted',
    meaning: 'Requests that passed uncounted because the store of the rate limits failed or was late.',
  },
  entries: { kept: 'ledger', meaning: 'Entries of the journal, by kind.' },
  entry_micros: { kept: 'ledger', meaning: 'Micro-credits of the entries, by kind; negative where money was taken.' },
  holds: { kept: 'ledger', meaning: 'Holds opened, settled, released and expired.' },
  reserved_micros: { kept: 'ledger', meaning: 'Micro-credits set aside.' },
  settled_micros: { kept: 'ledger', meaning: 'Micro-credits taken for what was delivered: the revenue.' },
  refunded_micros: { kept: 'ledger', meaning: 'Micro-credits set aside and given back.' },
  settled_cost_micros: {
    kept: 'ledger',
    meaning: 'Millionths of a US dollar that the settled reads cost at the providers, from their receipts.',
  },
  accounts: { kept: 'ledger', meaning: 'Accounts, by status.' },
  accounts_created: { kept: 'ledger', meaning: 'Accounts signed up.' },
  keys: { kept: 'ledger', meaning: 'API keys, live and revoked.' },
  keys_created: { kept: 'ledger', meaning: 'API keys made.' },
} as const satisfies Record<string, Series>;

export type SeriesName = keyof typeof SERIES;

/** The labels as one text that is the same for the same labels: what a row is found by. */
export function labelText(labels: Labels): string {
  return JSON.stringify(Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** The total of a series, over the rows whose labels have these values. */
export function total(sums: readonly Sum[], name: SeriesName, labels: Labels = {}): number {
  return sums
    .filter((sum) => sum.name === name && Object.entries(labels).every(([label, value]) => sum.labels[label] === value))
    .reduce((value, sum) => value + sum.value, 0);
}

/** The total of a series for each value of one label. */
export function totalsBy(sums: readonly Sum[], name: SeriesName, label: string): Readonly<Record<string, number>> {
  const totals: Record<string, number> = {};
  for (const sum of sums) {
    const value = sum.labels[label];
    if (sum.name === name && value !== undefined) totals[value] = (totals[value] ?? 0) + sum.value;
  }
  return totals;
}
