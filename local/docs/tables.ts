import { PRICE_CARD } from '../../src/billing/price-card.ts';
import { ENDPOINT_ROWS } from '../../src/endpoints.ts';
import { ERROR_ROWS } from '../../src/errors.ts';
import type { Retry } from '../../src/errors/error-row.ts';
import { TARGET_REFUSALS } from '../../src/instagram/target.ts';
import { formatUsd, type MicroCredits } from '../../src/core/money.ts';
import { RATE_LIMIT_ROWS } from '../../src/limits/policies.ts';
import { LIMITATIONS } from '../../src/read/limitations/catalog.ts';
import { SANDBOX_SAMPLES } from '../../src/read/sandbox/samples.ts';

const RETRY = {
  never: 'no',
  after_change: 'after a change',
  after_topup: 'after a top-up',
  after_delay: 'after a delay',
} as const satisfies Record<Retry, string>;

/** Renders one row for each error code. */
export function errorTable(): string {
  const rows = Object.entries(ERROR_ROWS).map(
    ([code, row]) =>
      `| [\`${code}\`](#${code}) | ${row.status} | ${row.billed ? 'yes' : 'no'} | ${RETRY[row.retry]} | ${row.summary}${row.reserved === true ? ' (Reserved: no endpoint returns it yet.)' : ''} |`,
  );
  return ['| Code | HTTP status | Billed? | Retry? | Meaning |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

/** Renders one section for each error code: what the caller does, and what the operator does. */
export function errorsByCode(): string {
  return Object.entries(ERROR_ROWS)
    .map(([code, row]) => `### ${code}\n\n${row.summary}\n\n- **Caller:** ${row.callerAction}\n- **Operator:** ${row.operatorAction}`)
    .join('\n\n');
}

/** Renders one row for each reason of `unsupported_url`. */
export function targetRefusalTable(): string {
  const rows = Object.entries(TARGET_REFUSALS).map(([reason, sentence]) => `| \`${reason}\` | ${sentence} |`);
  return ['| `details.reason` | Message |', '| --- | --- |', ...rows].join('\n');
}

/** Renders one row for each reason of each limitation. */
export function limitationTable(): string {
  const rows = Object.entries(LIMITATIONS).flatMap(([code, row]) =>
    Object.entries(row.reasons).map(([reason, sentence]) => `| \`${code}\` | ${row.meaning} | \`${reason}\` | ${sentence} |`),
  );
  return ['| Code | Meaning | Reason | Explanation |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** Renders one row for each sandbox sample. */
export function sandboxTable(): string {
  const rows = Object.entries(SANDBOX_SAMPLES).map(([shortcode, { meaning, parts, refusal }]) => {
    const what = refusal === undefined ? (parts?.media?.type ?? 'reel') : String(ERROR_ROWS[refusal.code].status);
    return `| \`${shortcode}\` | ${what} | ${meaning} |`;
  });
  return ['| Shortcode | Type or status | Demonstrates |', '| --- | --- | --- |', ...rows].join('\n');
}

/** Renders one row for each price. */
export function priceTable(): string {
  const told = (amount: MicroCredits | null) => (amount === null ? 'never stale' : `${amount} (${formatUsd(amount)})`);
  const rows = PRICE_CARD.items.map(({ title, freshMicroCredits, cachedMicroCredits, staleMicroCredits }) => {
    return `| ${[title, ...[freshMicroCredits, cachedMicroCredits, staleMicroCredits].map(told)].join(' | ')} |`;
  });
  return ['| Item | Fresh | Cached | Stale |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** Renders one row for each data provider's minimum. */
export function minimumTable(): string {
  const rows = PRICE_CARD.minimums.map(({ provider, unit, callMicroCredits, unitMicroCredits }) => {
    return `| \`${provider}\` | ${unit} | ${callMicroCredits} | ${unitMicroCredits} |`;
  });
  return ['| Provider | Unit | For a billed call | For each unit |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** Renders one row for each rate limit. */
export function rateLimitTable(): string {
  const whom = { key: 'key', account: 'account', address: 'address', network: 'IPv6 /48 network', everyone: 'deployment' } as const;
  const rows = Object.entries(RATE_LIMIT_ROWS).map(
    ([name, row]) => `| \`${name}\` | ${row.guards} | ${row.limit} | ${row.windowSeconds} | ${whom[row.per]} |`,
  );
  return ['| Policy | Applies to | Requests | Window (seconds) | Counted per |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

/** Renders one row for each endpoint, in the order of the table. */
export function endpointTable(): string {
  const rows = Object.values(ENDPOINT_ROWS).map(({ method, path, summary, access, prices, rate, state }) => {
    const name = method === 'all' ? `\`${path}\`` : `\`${method.toUpperCase()} ${path}\``;
    const purpose = state === 'planned' ? `${summary} (planned: returns 404 \`endpoint_deferred\`)` : summary;
    const lines = prices === undefined ? 'free' : prices.map((item) => `\`${item}\``).join(', ');
    return `| ${name} | ${purpose} | ${authentication(access)} | ${lines} | ${rate === null ? 'none' : `\`${rate}\``} |`;
  });
  return ['| Endpoint | Purpose | Authentication | Price items | Rate limit |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

function authentication(access: (typeof ENDPOINT_ROWS)[keyof typeof ENDPOINT_ROWS]['access']): string {
  switch (access) {
    case 'anyone':
      return 'none';
    case 'key':
      return 'any key';
    case 'operator':
      return "the operator's key";
    case 'stripe':
      return "Stripe's signature";
    case 'read':
    case 'billing':
    case 'keys':
    case 'account':
      return `key with \`${access}\``;
    case 'read:post':
    case 'read:reel':
    case 'read:comments':
      return `key with \`read\` or \`${access}\``;
  }
}
