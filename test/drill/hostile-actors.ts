/** Whose key a request carries. */
export const ACTORS = ['none', 'malformed', 'unknown', 'customer', 'child', 'scopeless', 'broke', 'revoked', 'sandbox', 'owner'] as const;
export type Actor = (typeof ACTORS)[number];

/** Who is there to be attacked with, and what: keys by actor, and ids of things that exist. */
export type Cast = {
  readonly keys: Readonly<Record<Actor, string | null>>;
  /** Things of the customer, and of somebody else: keys, requests, top-ups, accounts. */
  readonly ids: readonly string[];
  /** Accounts and keys that the owner may freeze, revoke and charge without harm to the drill. */
  readonly victims: readonly string[];
  readonly cursors: readonly string[];
};
