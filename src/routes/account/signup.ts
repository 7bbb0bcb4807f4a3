import { createRoute, z } from '@hono/zod-openapi';
import { isoTime } from '../../core/clock.ts';
import type { App, AppContext } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { API_KEY_WARNING, KeyView, keyView, newSecret } from '../keys/basic-view.ts';
import { idempotencyHeaders } from '../../http/idempotency/header.ts';
import { IDEMPOTENCY_ERRORS, idempotentIf } from '../../http/idempotency/idempotent.ts';
import { personName } from '../keys/requests.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { mayGrant, signupRefusal } from '../../http/limits/signup-guard.ts';
import { jsonObject } from '../../http/json-body.ts';

/** Turnstile's own maximum. Characters. */
const LONGEST_TOKEN = 2_048;

/** 128 random bits in base64. Whoever guesses the Idempotency-Key and the names of a signup receives its API key. */
const SHORTEST_SIGNUP_KEY = 22;

const headers = idempotencyHeaders(
  `Here at least ${SHORTEST_SIGNUP_KEY} characters, random and kept secret: whoever repeats it with the same names receives the API key.`,
);

const Signup = jsonObject({
  accountName: personName,
  keyName: personName,
  turnstileToken: z.string().min(1).max(LONGEST_TOKEN).optional().openapi({
    description: 'The token of a solved Turnstile challenge. Required where the deployment asks for one, refused where it does not.',
  }),
}).openapi('Signup', { example: { accountName: 'Example agent team', keyName: 'local-dev' } });

const SignedUp = z
  .object({
    account: z.object({ id: z.string(), name: z.string(), createdAt: z.iso.datetime() }),
    key: KeyView,
    ...newSecret,
  })
  .openapi('SignedUp', {
    example: {
      account: { id: 'acct_01JZ0000000000000000000000', name: 'Example agent team', createdAt: '2026-06-28T00:00:00.000Z' },
      key: {
        id: 'key_01JZ0000000000000000000000',
        accountId: 'acct_01JZ0000000000000000000000',
        name: 'local-dev',
        role: 'customer',
        unbilled: false,
        prefix: 'igsk_',
        createdAt: '2026-06-28T00:00:00.000Z',
      },
      apiKey: 'igsk_…',
      warning: API_KEY_WARNING,
    },
  });

const route = createRoute({
  ...operation(
    'signUp',
    'Creates an account with a root API key, which may do everything and manages every other key. Store the key from the response: it is ' +
      'shown once, and only its SHA-256 is kept. Do not call it for another key of the same account: use `POST /v1/keys`.',
  ),
  middleware: [strictQuery({})] as const,
  request: { headers, body: { required: true, content: { 'application/json': { schema: Signup } } } },
  responses: {
    201: { description: 'The account and its root key.', content: { 'application/json': { schema: SignedUp } } },
    ...errorResponses(
      'invalid_request',
      'challenge_failed',
      'rate_limited',
      'body_too_large',
      'unsupported_media_type',
      'internal',
      'misconfigured',
      ...IDEMPOTENCY_ERRORS,
    ),
  },
});

export function registerSignup(app: App): void {
  app.openapi(route, (c) => {
    const { turnstileToken, ...names } = c.req.valid('json');
    // A repeat is answered before it counts against the signup limits. Its Turnstile token is new, so it is not part of the fingerprint.
    const guard = async () => {
      const refusal = await signupRefusal(c, turnstileToken);
      return refusal === null ? null : refuse(c, refusal);
    };
    return idempotentIf(c, { scope: 'signup', body: names, shortestKey: SHORTEST_SIGNUP_KEY }, guard, () => signUp(c, names));
  });
}

async function signUp(c: AppContext, names: Omit<z.infer<typeof Signup>, 'turnstileToken'>) {
  const signedUp = await c.get('service').accounts.directory.signUp({ ...names, isGranted: await mayGrant(c) });
  if (!signedUp.ok) return refuse(c, { code: 'overloaded' });
  const { account, key, apiKey } = signedUp.value;
  c.get('event').accountId = account.id;
  c.get('service').accounts.owners.remember(apiKey, { keyId: key.id, accountId: account.id });
  c.header('Cache-Control', 'no-store');
  return c.json(
    {
      account: { id: account.id, name: account.name, createdAt: isoTime(account.createdAt) },
      key: keyView(key),
      apiKey,
      warning: API_KEY_WARNING,
    },
    201,
  );
}
