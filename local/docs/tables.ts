import { PRICE_CARD } from '../../src/billing/price-card.ts';
import { ERROR_ROWS, type Retry } from '../../src/errors.ts';
import { TARGET_REFUSALS } from '../../src/instagram/target.ts';
import { formatUsd } from '../../src/core/money.ts';
import { RATE_LIMIT_ROWS } from '../../src/limits/policies.ts';
import { LIMITATIONS } from '../../src/read/limitations/catalog.ts';
import { SANDBOX_SAMPLES } from '../../src/read/sandbox/samples.ts';

const RETRY = {
  never: 'no',
  after_change: 'after correcting it',
  after_topup: 'after a top-up',
  after_delay: 'later',
} as const satisfies Record<Retry, string>;

/** One row an error: code, status, billed or not, whether to try again, what it means. */
export function errorTable(): string {
  const rows = Object.entries(ERROR_ROWS).map(
    ([code, row]) =>
      `| [\`${code}\`](#${code}) | ${row.status} | ${row.billed ? 'yes' : 'no'} | ${RETRY[row.retry]} | ${row.summary}${row.reserved === true ? ' (Reserved: no endpoint raises it yet.)' : ''} |`,
  );
  return ['| Code | HTTP status | Billed? | Try again? | Meaning |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

/** One section an error: what the caller does, and what the operator does. */
export function errorsByCode(): string {
  return Object.entries(ERROR_ROWS)
    .map(([code, row]) => `### ${code}\n\n${row.summary}\n\n- **Caller:** ${row.callerAction}\n- **Operator:** ${row.operatorAction}`)
    .join('\n\n');
}

/** One row a reason for which `unsupported_url` is answered. */
export function targetRefusalTable(): string {
  const rows = Object.entries(TARGET_REFUSALS).map(([reason, sentence]) => `| \`${reason}\` | ${sentence} |`);
  return ['| `details.reason` | Message |', '| --- | --- |', ...rows].join('\n');
}

/** One row a limitation's reason. */
export function limitationTable(): string {
  const rows = Object.entries(LIMITATIONS).flatMap(([code, row]) =>
    Object.entries(row.reasons).map(([reason, sentence]) => `| \`${code}\` | ${row.meaning} | \`${reason}\` | ${sentence} |`),
  );
  return ['| Code | Meaning | Reason | What the reason says |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** One row a sample for test keys. */
export function sandboxTable(): string {
  const rows = Object.entries(SANDBOX_SAMPLES).map(([shortcode, { meaning, parts, refusal }]) => {
    const what = refusal === undefined ? (parts?.media?.type ?? 'reel') : String(ERROR_ROWS[refusal.code].status);
    return `| \`${shortcode}\` | ${what} | ${meaning} |`;
  });
  return ['| Shortcode | Type, or status | What it shows |', '| --- | --- | --- |', ...rows].join('\n');
}

/** One row a price. */
export function priceTable(): string {
  const rows = PRICE_CARD.items.map(
    (priced) =>
      `| ${priced.title} | ${priced.freshMicroCredits} (${formatUsd(priced.freshMicroCredits)}) | ${priced.cachedMicroCredits} (${formatUsd(priced.cachedMicroCredits)}) |`,
  );
  return ['| What | Read fresh | From the cache |', '| --- | --- | --- |', ...rows].join('\n');
}

/** One row a rate limit. */
export function rateLimitTable(): string {
  const whom = { key: 'each key', address: 'each address', everyone: 'everybody together' } as const;
  const rows = Object.entries(RATE_LIMIT_ROWS).map(
    ([name, row]) => `| \`${name}\` | ${row.guards} | ${row.limit} | ${row.windowSeconds} | ${whom[row.per]} |`,
  );
  return ['| Policy | Guards | Requests | Window in seconds | Counted for |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}
