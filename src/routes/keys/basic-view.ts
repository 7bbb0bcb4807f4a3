import { z } from '@hono/zod-openapi';
import type { ApiKey } from '../../billing/keys/key-details.ts';
import { API_KEY_PREFIX } from '../../billing/keys/api-key.ts';
import { isoTime } from '../../core/clock.ts';

/** An API key as the API shows it: never its text, never its hash. */
export const KeyView = z
  .object({
    id: z.string(),
    accountId: z.string().nullable().openapi({ description: 'Null for the owner key, which belongs to no account.' }),
    name: z.string(),
    role: z.enum(['customer', 'owner']),
    unbilled: z.boolean(),
    prefix: z.string(),
    createdAt: z.iso.datetime().nullable().openapi({ description: 'Null for the owner key, which is configured, not created.' }),
  })
  .openapi('ApiKey');
export type KeyView = z.infer<typeof KeyView>;

/** The warning beside every new secret. */
export const API_KEY_WARNING = 'Store this API key now. It will not be shown again.' as const;

/** A new secret, as every response that carries one shows it. */
export const newSecret = {
  apiKey: z.string().openapi({ description: 'The key itself, shown this once.' }),
  warning: z.literal(API_KEY_WARNING),
};

/** A customer's key. */
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

/** The owner's key, of which only a hash is configured. */
export const ownerKeyView: KeyView = {
  id: 'key_owner',
  accountId: null,
  name: 'owner',
  role: 'owner',
  unbilled: true,
  prefix: API_KEY_PREFIX,
  createdAt: null,
};
