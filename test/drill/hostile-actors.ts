/** Whose key a request uses. */
export const ACTORS = ['none', 'malformed', 'unknown', 'customer', 'child', 'scopeless', 'broke', 'revoked', 'sandbox', 'owner'] as const;
export type Actor = (typeof ACTORS)[number];

/** Keys by actor, and the ids of existing resources. */
export type Cast = {
  readonly keys: Readonly<Record<Actor, string | null>>;
  /** Keys, requests, top-ups and accounts of the customer and of another. */
  readonly ids: readonly string[];
  /** Accounts and keys that the operator may freeze, revoke and charge without affecting the test. */
  readonly victims: readonly string[];
  readonly cursors: readonly string[];
};
