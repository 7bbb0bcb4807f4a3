import { z } from '@hono/zod-openapi';
import { KEY_SCOPES } from '../../billing/keys/limits.ts';
import type { KeyChanges, KeyDraft, KeyRingRefusal } from '../../billing/keys/key-manager.ts';
import { isoTime } from '../../core/clock.ts';
import type { Refusal } from '../../errors.ts';
import type { Id } from '../../core/ids.ts';
import { MAX_AMOUNT_MICRO_CREDITS, type MicroCredits, microCredits } from '../../core/money.ts';
import { API_KEY_WARNING, newSecret } from './basic-view.ts';
import { AccountKey, accountKeyExample } from './view.ts';
import { IDENTITY_ERRORS } from '../../http/auth/identify.ts';
import { idempotencyHeaders } from '../../http/idempotency/header.ts';

/** How long the old text of a rotated key works where the caller doesn't say: a day, for every place that has it. Seconds. */
const DEFAULT_GRACE_SECONDS = 86_400;

/** A grace longer than a week is a key that was never rotated. Seconds. */
const LONGEST_GRACE_SECONDS = 604_800;

/** Characters after trimming. */
const LONGEST_NAME = 100;

/** A name that people give. Invisible and control characters in it are only ever used to deceive. */
export const personName = z
  .string()
  .trim()
  .min(1)
  .max(LONGEST_NAME)
  .refine((text) => !/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u.test(text), 'must not contain control characters');

const amount = z.int().nonnegative().max(MAX_AMOUNT_MICRO_CREDITS);
const scopes = z.array(z.enum(KEY_SCOPES)).min(1).max(KEY_SCOPES.length);
const ceiling = amount.nullable().openapi({ description: 'The most one call may cost; null for no ceiling of its own.' });
const budget = z
  .strictObject({ microCredits: amount, period: z.enum(['day', 'month']).nullable().optional() })
  .nullable()
  .openapi({ description: 'The most the key and its children may spend in a UTC day or month, or altogether without a period.' });

/** What POST /v1/keys takes. */
export const NewKey = z
  .strictObject({
    name: personName,
    mode: z.enum(['live', 'test']).optional().openapi({ description: '`live` where not said. Keys of test keys are test keys.' }),
    scopes: scopes.optional().openapi({ description: 'Reading, as far as the minting key may, where not said.' }),
    maxCostMicroCredits: ceiling.optional(),
    budget: budget.optional(),
    expiresAt: z.iso.datetime().nullable().optional(),
  })
  .openapi('NewKey', {
    example: {
      name: 'caption helper',
      scopes: ['read:post'],
      maxCostMicroCredits: 10_000,
      budget: { microCredits: 250_000, period: 'day' },
    },
  });

/** What PATCH /v1/keys/{id} takes. */
export const KeyPatch = z
  .strictObject({
    name: personName.optional(),
    scopes: scopes.optional(),
    maxCostMicroCredits: ceiling.optional(),
    budget: budget.optional(),
    expiresAt: z.iso
      .datetime()
      .optional()
      .openapi({ description: 'Only closer than it is; a key that was given no end can be given one.' }),
  })
  .refine((patch) => Object.keys(patch).length > 0, 'names nothing to change')
  .openapi('KeyPatch', { example: { budget: { microCredits: 500_000, period: 'day' } } });

/** What POST /v1/keys/{id}/rotate takes. */
export const Rotation = z
  .strictObject({
    graceSeconds: z
      .int()
      .nonnegative()
      .max(LONGEST_GRACE_SECONDS)
      .default(DEFAULT_GRACE_SECONDS)
      .openapi({ description: 'How long the old text still works.' }),
  })
  .openapi('Rotation', { example: { graceSeconds: 3_600 } });

/** The id in the path. */
export const KeyId = z.object({
  id: z
    .templateLiteral(['key_', z.string().regex(/^[\w-]{1,64}$/)])
    .openapi({ param: { name: 'id', in: 'path' }, type: 'string', example: accountKeyExample.id }),
});

/** The header that creating and rotating take. */
export const KeyHeaders = idempotencyHeaders('The repeated response includes the API key.');

/** A key with its text. */
export const MintedKey = z.object({ key: AccountKey, ...newSecret }).openapi('MintedKey', {
  example: { key: accountKeyExample, apiKey: 'igsk_…', warning: API_KEY_WARNING },
});

/** The codes that every endpoint of keys can end with. */
export const KEY_ERRORS = ['invalid_request', 'not_found', 'internal', 'misconfigured', ...IDENTITY_ERRORS] as const;

/** What a body asks of a new key. */
export function draftOf(body: z.infer<typeof NewKey>): KeyDraft {
  return {
    name: body.name,
    mode: body.mode ?? 'live',
    scopes: body.scopes === undefined ? null : [...new Set(body.scopes)],
    ceiling: micros(body.maxCostMicroCredits ?? null),
    budget: budgetOf(body.budget ?? null),
    expiresAt: body.expiresAt == null ? null : Date.parse(body.expiresAt),
  };
}

/** What a body changes of a key. */
export function changesOf(body: z.infer<typeof KeyPatch>): KeyChanges {
  return {
    name: body.name,
    scopes: body.scopes === undefined ? undefined : [...new Set(body.scopes)],
    ceiling: body.maxCostMicroCredits === undefined ? undefined : micros(body.maxCostMicroCredits),
    budget: body.budget === undefined ? undefined : budgetOf(body.budget),
    expiresAt: body.expiresAt === undefined ? undefined : Date.parse(body.expiresAt),
  };
}

/** The refusal of an end that has passed; null where there is none. `expiresAt` and `now` in unix milliseconds. */
export function pastEnd(expiresAt: number | null | undefined, now: number): Refusal<'invalid_request'> | null {
  if (expiresAt == null || expiresAt > now) return null;
  return { code: 'invalid_request', message: 'expiresAt is in the past.', details: { parameter: 'expiresAt' } };
}

/** The id of a path, branded. */
export function keyIdOf(param: z.infer<typeof KeyId>): Id<'key'> {
  return param.id;
}

/** The answer when a key was not made or changed. */
export function keyRefusal(refusal: KeyRingRefusal): Refusal<'not_found' | 'forbidden' | 'overloaded'> {
  switch (refusal.kind) {
    case 'unknown_key':
      return { code: 'not_found', message: 'There is no such key.' };
    case 'wider':
      return {
        code: 'forbidden',
        message: `A key can not have more than the keys above it: ${refusal.limit} is wider than theirs.`,
        details: { reason: 'wider_than_parent', parameter: refusal.limit },
      };
    case 'own_limits':
      return {
        code: 'forbidden',
        message: 'A key does not change its own limits; the key above it does.',
        details: { reason: 'own_limits' },
      };
    case 'expires_earlier':
      return {
        code: 'forbidden',
        message: `The key ends at ${isoTime(refusal.expiresAt)}, and the end of a key only moves closer. Mint another key instead.`,
        details: { reason: 'expires_earlier', parameter: 'expiresAt', expiresAt: isoTime(refusal.expiresAt) },
      };
    case 'too_deep':
      return { code: 'forbidden', message: 'Keys go four deep; this one can not mint any more.', details: { reason: 'too_deep' } };
    case 'too_many':
      return { code: 'forbidden', message: 'The account has too many keys; revoke some.', details: { reason: 'too_many_keys' } };
    case 'revoked':
      return { code: 'forbidden', message: 'The key has ended.', details: { reason: 'key_ended' } };
    case 'unreachable':
      return { code: 'overloaded' };
  }
}

const micros = (amount: number | null): MicroCredits | null => (amount === null ? null : microCredits(amount));

function budgetOf(body: z.infer<typeof budget>): KeyDraft['budget'] {
  return body === null ? null : { limit: microCredits(body.microCredits), period: body.period ?? null };
}
