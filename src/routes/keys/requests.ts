import { z } from '@hono/zod-openapi';
import { KEY_SCOPES } from '../../billing/keys/limits.ts';
import type { KeyChanges, KeyDraft, KeyManagerRefusal } from '../../billing/keys/key-manager.ts';
import { isoTime } from '../../core/clock.ts';
import type { Refusal } from '../../errors.ts';
import { secretRetiring } from '../../errors/from-database.ts';
import type { Id } from '../../core/ids.ts';
import { MAX_AMOUNT_MICRO_CREDITS, type MicroCredits, microCredits } from '../../core/money.ts';
import { API_KEY_WARNING, newSecret } from './basic-view.ts';
import { AccountKey, accountKeyExample } from './view.ts';
import { IDENTITY_ERRORS } from '../../http/auth/identify.ts';
import { idempotencyHeaders } from '../../http/idempotency/header.ts';
import { jsonObject } from '../../http/json-body.ts';

/** A day, to bring the new secret to every place that has the old one. */
const DEFAULT_GRACE_SECONDS = 86_400;

/** With a longer grace a rotation would not end the old secret. */
const LONGEST_GRACE_SECONDS = 604_800;

/** Characters after trimming. */
const LONGEST_NAME = 100;

/**
 * Controls, line breaks, and characters that show nothing although they are letters or symbols, such as U+115F (which Unicode says to ignore)
 * and the blank U+2800. The variation selector of an emoji is one, and stays.
 */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u2800\u{1d159}\u{16fe4}]|(?<!\p{Extended_Pictographic})\ufe0f|(?!\ufe0f)\p{Default_Ignorable_Code_Point}/u;

/** A name of nothing but marks and spaces looks blank. */
const SEEN = /[\p{L}\p{N}\p{P}\p{S}]/u;

/** A name that people give. Invisible and control characters in it serve only to deceive. */
export const personName = z
  .string()
  .trim()
  .min(1)
  .max(LONGEST_NAME)
  .refine((text) => !UNSEEN.test(text) && SEEN.test(text), 'must be visible, without control or invisible characters');

const amount = z.int().nonnegative().max(MAX_AMOUNT_MICRO_CREDITS);
const scopes = z.array(z.enum(KEY_SCOPES)).min(1).max(KEY_SCOPES.length);
const ceiling = amount.nullable().openapi({ description: 'The most that one call may cost; null for no ceiling of its own.' });
const budget = jsonObject({ microCredits: amount, period: z.enum(['day', 'month']).nullable().optional() })
  .nullable()
  .openapi({
    description: 'The most that the key and every key below it may spend in a UTC day or month; in total when `period` is null.',
  });

export const NewKey = jsonObject({
  name: personName,
  mode: z
    .enum(['live', 'test'])
    .optional()
    .openapi({ description: '`live` by default. A test key reads sandbox samples for free; keys below it are test keys too.' }),
  scopes: scopes.optional().openapi({ description: 'What the key may do. By default the reads that the creating key may do.' }),
  maxCostMicroCredits: ceiling.optional(),
  budget: budget.optional(),
  expiresAt: z.iso.datetime().nullable().optional().openapi({ description: 'When the key stops working; null for never.' }),
}).openapi('NewKey', {
  example: {
    name: 'caption helper',
    scopes: ['read:post'],
    maxCostMicroCredits: 10_000,
    budget: { microCredits: 250_000, period: 'day' },
  },
});

export const KeyPatch = jsonObject({
  name: personName.optional(),
  scopes: scopes.optional(),
  maxCostMicroCredits: ceiling.optional(),
  budget: budget.optional(),
  expiresAt: z.iso
    .datetime()
    .optional()
    .openapi({ description: 'When the key stops working. Can be set, or moved earlier, but not later.' }),
})
  .refine((patch) => Object.keys(patch).length > 0, 'must change at least one field')
  .openapi('KeyPatch', { example: { budget: { microCredits: 500_000, period: 'day' } } });

export const Rotation = jsonObject({
  graceSeconds: z
    .int()
    .nonnegative()
    .max(LONGEST_GRACE_SECONDS)
    .default(DEFAULT_GRACE_SECONDS)
    .openapi({ description: 'How long older secrets can still read.' }),
}).openapi('Rotation', { example: { graceSeconds: 3_600 } });

export const KeyId = z.object({
  id: z.templateLiteral(['key_', z.string().regex(/^[\w-]{1,64}$/)]).openapi({
    param: { name: 'id', in: 'path' },
    type: 'string',
    description: 'The id of the key, which is not its secret.',
    example: accountKeyExample.id,
  }),
});

export const KeyHeaders = idempotencyHeaders('The repeated response includes the API key.');

export const MintedKey = z.object({ key: AccountKey, ...newSecret }).openapi('MintedKey', {
  example: { key: accountKeyExample, apiKey: 'igsk_…', warning: API_KEY_WARNING },
});

/** The errors of every endpoint of keys. */
export const KEY_ERRORS = ['invalid_request', 'not_found', 'account_frozen', 'internal', 'misconfigured', ...IDENTITY_ERRORS] as const;

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

export function changesOf(body: z.infer<typeof KeyPatch>): KeyChanges {
  return {
    name: body.name,
    scopes: body.scopes === undefined ? undefined : [...new Set(body.scopes)],
    ceiling: body.maxCostMicroCredits === undefined ? undefined : micros(body.maxCostMicroCredits),
    budget: body.budget === undefined ? undefined : budgetOf(body.budget),
    expiresAt: body.expiresAt === undefined ? undefined : Date.parse(body.expiresAt),
  };
}

/** Refuses an `expiresAt` that has passed; null where there is nothing to refuse. Both in unix milliseconds. */
export function pastEnd(expiresAt: number | null | undefined, now: number): Refusal<'invalid_request'> | null {
  if (expiresAt == null || expiresAt > now) return null;
  return { code: 'invalid_request', message: 'expiresAt must be in the future.', details: { parameter: 'expiresAt' } };
}

export function keyIdOf(param: z.infer<typeof KeyId>): Id<'key'> {
  return param.id;
}

export function keyRefusal(refusal: KeyManagerRefusal): Refusal<'not_found' | 'forbidden' | 'account_frozen' | 'overloaded'> {
  switch (refusal.kind) {
    case 'unknown_key':
      return { code: 'not_found', message: 'There is no such key.' };
    case 'wider':
      return forbidden('wider_than_parent', `A key cannot have wider limits than the keys above it: ${refusal.limit} exceeds theirs.`, {
        parameter: refusal.limit,
      });
    case 'own_limits':
      return forbidden('own_limits', 'A key cannot change its own limits; a key above it can.');
    case 'expires_earlier': {
      const expiresAt = isoTime(refusal.expiresAt);
      const message = `The key expires at ${expiresAt}; expiresAt can only move earlier. Create another key instead.`;
      return forbidden('expires_earlier', message, { parameter: 'expiresAt', expiresAt });
    }
    case 'too_deep':
      return forbidden('too_deep', 'Keys nest four deep; this one cannot create another below it.');
    case 'too_many':
      return forbidden('too_many_keys', 'The account has as many active keys as it can have. Revoke some first.');
    case 'too_many_below': {
      const message = 'The sending key, or one above it, has as many active keys below it as it can have. Revoke some first.';
      return forbidden('too_many_keys_below', message);
    }
    case 'too_many_secrets': {
      const message = 'Too many replaced secrets of this key still work. Rotate it with "graceSeconds": 0, which ends them.';
      return forbidden('too_many_secrets', message);
    }
    case 'account_frozen':
      return { code: 'account_frozen' };
    case 'secret_retiring':
      return secretRetiring;
    case 'revoked':
      return forbidden('key_ended', 'The key is revoked or expired.');
    case 'unreachable':
      return { code: 'overloaded' };
  }
}

function forbidden(reason: string, message: string, details: Refusal['details'] = {}): Refusal<'forbidden'> {
  return { code: 'forbidden', message, details: { reason, ...details } };
}

const micros = (amount: number | null): MicroCredits | null => (amount === null ? null : microCredits(amount));

function budgetOf(body: z.infer<typeof budget>): KeyDraft['budget'] {
  return body === null ? null : { limit: microCredits(body.microCredits), period: body.period ?? null };
}
