/** The labels of a series. Few values each; never an id or a caller's text. */
export type Labels = Readonly<Record<string, string>>;

export type Increment = { readonly name: SeriesName; readonly labels: Labels; readonly value: number };

export type Sum = { readonly name: string; readonly labels: Labels; readonly value: number };

type Series = {
  /** `ledger` totals are exact, written by triggers together with the money; `counted` ones may miss a few. */
  readonly kept: 'ledger' | 'counted';
  readonly meaning: string;
};

/** Every stored series. The meaning names its labels last. */
export const SERIES = {
  requests: { kept: 'counted', meaning: 'Answered requests, by endpoint and outcome (`ok` or the error code).' },
  request_ms: { kept: 'counted', meaning: 'Requests, by endpoint and latency bucket.' },
  request_ms_sum: { kept: 'counted', meaning: 'Total milliseconds of requests, by endpoint.' },
  reads: { kept: 'counted', meaning: 'Paid reads, by the cache result of their main part: `hit`, `miss`, `stale`.' },
  provider_calls: { kept: 'counted', meaning: 'Calls to data providers, by provider and outcome.' },
  provider_cost_micros: {
    kept: 'counted',
    meaning: "Millionths of a US dollar by the providers' list prices, for all calls, charged to a caller or not.",
  },
  provider_passed_over: {
    kept: 'counted',
    meaning: 'Requests that asked other providers first, because this one was unhealthy, by provider.',
  },
  transcripts: { kept: 'counted', meaning: 'Requested transcripts, by source or by the reason for none.' },
  parses: { kept: 'counted', meaning: 'Interpretations requested from the gateway, by outcome.' },
  rate_limit_refusals: { kept: 'counted', meaning: 'Requests refused because a quota was used up, by policy.' },
  rate_limit_store_down: {
    kept: 'counted',
    meaning: 'Requests that passed uncounted because the rate-limit store failed or was late.',
  },
  job_rows: {
    kept: 'counted',
    meaning: 'Rows that scheduled jobs handled, by job and outcome: `done`, or `put_off` because they could not be handled.',
  },
  operator_refusals: {
    kept: 'counted',
    meaning: 'Requests to the operator endpoints refused for their key, by reason: `no_key`, `wrong_key`, `customer_key`.',
  },
  alarms: { kept: 'counted', meaning: 'Requests and scheduled runs that raised an alarm, by alarm.' },
  entries: { kept: 'ledger', meaning: 'Entries of the journal, by kind.' },
  entry_micros: { kept: 'ledger', meaning: 'Micro-credits of the entries, by kind; negative where credit was taken.' },
  holds: { kept: 'ledger', meaning: 'Holds, by state: opened, settled, released, expired.' },
  reserved_micros: { kept: 'ledger', meaning: 'Micro-credits reserved by holds.' },
  settled_micros: { kept: 'ledger', meaning: 'Micro-credits charged for deliveries; less `reversed_micros` it is the revenue.' },
  refunded_micros: { kept: 'ledger', meaning: 'Micro-credits reserved and then returned.' },
  reversed_micros: { kept: 'ledger', meaning: 'Micro-credits charged, then given back because the response was never delivered.' },
  settled_cost_micros: {
    kept: 'ledger',
    meaning: 'Provider cost of settled reads in millionths of a US dollar, from their receipts.',
  },
  accounts: { kept: 'ledger', meaning: 'Accounts, by status.' },
  accounts_created: { kept: 'ledger', meaning: 'Accounts signed up.' },
  keys: { kept: 'ledger', meaning: 'API keys, by state: live, revoked.' },
  keys_created: { kept: 'ledger', meaning: 'API keys created.' },
} as const satisfies Record<string, Series>;

export type SeriesName = keyof typeof SERIES;

/** Serialises labels independently of their order, as a row's key. */
export function labelText(labels: Labels): string {
  return JSON.stringify(Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** Returns the total over the rows with these label values. */
export function total(sums: readonly Sum[], name: SeriesName, labels: Labels = {}): number {
  return sums
    .filter((sum) => sum.name === name && Object.entries(labels).every(([label, value]) => sum.labels[label] === value))
    .reduce((value, sum) => value + sum.value, 0);
}

export function totalsBy(sums: readonly Sum[], name: SeriesName, label: string): Readonly<Record<string, number>> {
  const totals: Record<string, number> = {};
  for (const sum of sums) {
    const value = sum.labels[label];
    if (sum.name === name && value !== undefined) totals[value] = (totals[value] ?? 0) + sum.value;
  }
  return totals;
}
