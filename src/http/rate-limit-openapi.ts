import type { OpenAPIHono } from '@hono/zod-openapi';
import { isJsonObject } from '../core/json.ts';
import { ENDPOINTS, policyFor } from '../endpoints.ts';
import { ERROR_ROWS } from '../errors.ts';
import { ALL_KEYS, isKeyPolicy, type PolicyName, quotaOf, RATE_LIMIT_ROWS, SIGNUP_POLICIES } from '../limits/policies.ts';
import { errorResponses } from './error-response.ts';

type Document = ReturnType<OpenAPIHono['getOpenAPI31Document']>;

export const RATE_LIMIT_HEADERS = {
  RateLimitPolicy: {
    description:
      'The limits that the request counted against: `q` requests per window of `w` seconds (draft-ietf-httpapi-ratelimit-headers).',
    schema: { type: 'string' },
    example: '"burst";q=60;w=60',
  },
  RateLimit: {
    description: 'What is left of each limit: `r` requests, and `t` seconds until the window ends.',
    schema: { type: 'string' },
    example: '"burst";r=41;t=23',
  },
  RetryAfter: { description: 'Seconds to wait before trying again.', schema: { type: 'integer', minimum: 1 }, example: 23 },
} as const;

const header = (name: keyof typeof RATE_LIMIT_HEADERS) => ({ $ref: `#/components/headers/${name}` });

/**
 * Adds the headers and the 429 of a limited operation to the description. Limits apply before any route, so no route declares them.
 */
export function describeRateLimits(document: Document): void {
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of ['get', 'post', 'put', 'patch', 'delete'] as const) {
      const operation = item?.[method];
      const name = policyFor(method.toUpperCase(), path);
      if (operation === undefined || name === null) continue;
      const responses: Record<string, unknown> = { ...operation.responses };
      responses['429'] = withRefusal(responses['429']);
      for (const [status, response] of Object.entries(responses)) responses[status] = withHeaders(response, status);
      Object.assign(operation, { responses });
      const names = [name, ...(isKeyPolicy(name) ? [ALL_KEYS[name]] : []), ...(path === ENDPOINTS.signUp.path ? SIGNUP_POLICIES : [])];
      operation.description = [operation.description, `Rate limit: ${names.map(sentence).join('; ')}.`]
        .filter((text) => text !== undefined)
        .join(' ');
    }
  }
}

function sentence(name: PolicyName): string {
  const { limit, windowSeconds } = quotaOf(name, 1);
  const whom = { key: 'API key', account: 'account', address: 'address', network: 'IPv6 /48 network', everyone: 'deployment' }[
    RATE_LIMIT_ROWS[name].per
  ];
  return `${limit} requests in ${windowSeconds} seconds per ${whom} (\`${name}\`)`;
}

function withRefusal(declared: unknown): unknown {
  const limited = errorResponses('rate_limited')[429];
  if (!isJsonObject(declared) || !isJsonObject(declared['content'])) return described(limited);
  const json = declared['content']['application/json'];
  const examples = isJsonObject(json) && isJsonObject(json['examples']) ? json['examples'] : {};
  const both = { ...limited.content['application/json'].examples, ...examples };
  const description = [limited.description, declared['description']].filter((text) => typeof text === 'string').join(' ');
  return { ...declared, ...described({ ...limited, description }, both) };
}

function described(
  limited: { readonly description: string; readonly content: { readonly 'application/json': { readonly examples: object } } },
  examples?: object,
): object {
  const schema = { $ref: '#/components/schemas/Error' };
  return {
    description: limited.description,
    content: {
      'application/json': { schema, examples: examples ?? limited.content['application/json'].examples },
      'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
    },
  };
}

/** The statuses of errors that may pass by themselves. */
const RETRYABLE_STATUSES: ReadonlySet<string> = new Set(
  Object.values(ERROR_ROWS).flatMap(({ status, retry }) => (retry === 'after_delay' ? [String(status)] : [])),
);

function withHeaders(response: unknown, status: string): unknown {
  if (!isJsonObject(response)) return response;
  const declared = isJsonObject(response['headers']) ? response['headers'] : {};
  const headers = { 'RateLimit-Policy': header('RateLimitPolicy'), RateLimit: header('RateLimit'), ...declared };
  return { ...response, headers: RETRYABLE_STATUSES.has(status) ? { ...headers, 'Retry-After': header('RetryAfter') } : headers };
}
