import { z } from '@hono/zod-openapi';
import type { ApiKey } from '../../billing/keys/key-details.ts';
import { API_KEY_PREFIX } from '../../billing/keys/api-key.ts';
import { isoTime } from '../../core/clock.ts';

/** An API key as the API shows it: never its secret, never its hash. */
export const KeyView = z
  .object({
    id: z.string(),
    accountId: z.string().nullable().openapi({ description: 'Null for the operator key, which belongs to no account.' }),
    name: z.string(),
    role: z.enum(['customer', 'owner']),
    unbilled: z.boolean(),
    prefix: z.string(),
    createdAt: z.iso.datetime().nullable().openapi({ description: 'Null for the operator key, which is configured, not created.' }),
  })
  .openapi('ApiKey');
export type KeyView = z.infer<typeof KeyView>;

export const API_KEY_WARNING = 'Store this API key now. It will not be shown again.' as const;

/** The fields of every response that carries a new secret. */
export const newSecret = {
  apiKey: z.string().openapi({ description: 'The secret to send as `Authorization: Bearer …`. It is shown only in this response.' }),
  warning: z.literal(API_KEY_WARNING),
};

export function keyView(key: ApiKey): KeyView {
  return {
    id: key.id,
    accountId: key.accountId,
    name: key.name,
    role: 'customer',
    unbilled: false,
    prefix: API_KEY_PREFIX,
    createdAt: isoTime(key.createdAt),
  };
}

/** The operator key: only its hash is configured. */
export const operatorKeyView: KeyView = {
  id: 'key_owner',
  accountId: null,
  name: 'owner',
  role: 'owner',
  unbilled: true,
  prefix: API_KEY_PREFIX,
  createdAt: null,
};
