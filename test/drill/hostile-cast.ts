import { Stripe } from 'stripe';
import { z } from 'zod';
import { mintApiKey } from '../../src/billing/keys/api-key.ts';
import { listCursor } from '../../src/http/pagination.ts';
import { CANARY_OPERATOR_KEY } from './canaries.ts';
import type { Cast } from './hostile-actors.ts';
import type { Ground } from './hostile-world.ts';

/** Sends one request and returns its body. Throws on another status than the expected one. */
export type Setup = (
  method: string,
  path: string,
  options: { readonly key?: string; readonly body?: object; readonly expected: number },
) => Promise<unknown>;

const SignedUp = z.object({ account: z.object({ id: z.string() }), key: z.object({ id: z.string() }), apiKey: z.string() });
const Minted = z.object({ key: z.object({ id: z.string() }), apiKey: z.string() });
const Ordered = z.object({ checkoutSession: z.object({ id: z.string() }) });
const Ids = z.object({ items: z.array(z.object({ id: z.string() })) });
const Receipts = z.object({ items: z.array(z.object({ requestId: z.string() })), nextCursor: z.string().nullable() });
const Reading = z.object({ data: z.object({ nextCursor: z.string().nullable() }) });

/** A customer with reads, a top-up order and keys of every kind. */
export type Customer = {
  readonly accountId: string;
  readonly rootId: string;
  readonly root: string;
  readonly child: string;
  readonly childId: string;
  readonly requestIds: readonly string[];
  readonly topUpIds: readonly string[];
  readonly sessionIds: readonly string[];
  readonly usageCursor: string;
  readonly commentsCursor: string;
};

/** Signs a customer up and creates its history. */
export async function makeCustomer(setup: Setup, name: string): Promise<Customer> {
  const signUp = { accountName: name, keyName: 'root', turnstileToken: 'a-person' };
  const { account, key, apiKey: root } = SignedUp.parse(await setup('POST', '/v1/signup', { body: signUp, expected: 201 }));
  const child = await mint(setup, root, { name: 'child', scopes: ['read', 'keys', 'account', 'billing'] });
  for (const shortcode of ['DemoImage01', 'DemoThread1']) await setup('GET', `/v1/post?url=${shortcode}`, { key: root, expected: 200 });
  const comments = Reading.parse(await setup('GET', '/v1/comments?url=DemoThread1&limit=20', { key: root, expected: 200 }));
  const sessionIds: string[] = [];
  for (let order = 0; order < 2; order++) {
    const ordered = await setup('POST', '/v1/topups/checkout', { key: root, body: { microCredits: 1_000_000 }, expected: 200 });
    sessionIds.push(Ordered.parse(ordered).checkoutSession.id);
  }
  const receipts = Receipts.parse(await setup('GET', '/v1/usage?limit=2', { key: root, expected: 200 }));
  const topUps = Ids.parse(await setup('GET', '/v1/topups', { key: root, expected: 200 }));
  return {
    accountId: account.id,
    rootId: key.id,
    root,
    child: child.apiKey,
    childId: child.key.id,
    requestIds: receipts.items.map(({ requestId }) => requestId),
    topUpIds: topUps.items.map(({ id }) => id),
    sessionIds,
    usageCursor: receipts.nextCursor ?? '',
    commentsCursor: comments.data.nextCursor ?? '',
  };
}

/** Creates a child key. */
export async function mint(setup: Setup, by: string, body: object): Promise<z.infer<typeof Minted>> {
  return Minted.parse(await setup('POST', '/v1/keys', { key: by, body, expected: 201 }));
}

/** The participants of one stretch: two customers, keys of every kind, and accounts the operator may change. */
export async function makeCast(setup: Setup): Promise<Cast> {
  const customer = await makeCustomer(setup, 'Drill customer');
  const other = await makeCustomer(setup, 'Somebody else');
  const { root } = customer;
  const scopeless = await mint(setup, root, { name: 'scopeless', scopes: ['read:reel'] });
  const broke = await mint(setup, root, {
    name: 'broke',
    scopes: ['read', 'keys', 'account'],
    maxCostMicroCredits: 900,
    budget: { microCredits: 500 },
  });
  const revoked = await mint(setup, root, { name: 'revoked' });
  const sandbox = await mint(setup, root, { name: 'sandbox', mode: 'test', scopes: ['read', 'account', 'keys', 'billing'] });
  const spare = [await mint(setup, root, { name: 'spare one' }), await mint(setup, customer.child, { name: 'spare two' })];
  await setup('DELETE', `/v1/keys/${revoked.key.id}`, { key: root, expected: 200 });
  const victim = SignedUp.parse(
    await setup('POST', '/v1/signup', { body: { accountName: 'Victim', keyName: 'victim', turnstileToken: 'a-person' }, expected: 201 }),
  );
  const of = ({ rootId, childId, requestIds, topUpIds, accountId }: Customer) => [rootId, childId, ...requestIds, ...topUpIds, accountId];
  return {
    keys: {
      none: null,
      malformed: `bearer  ${root.slice(0, -1)}`,
      unknown: mintApiKey(),
      customer: root,
      child: customer.child,
      scopeless: scopeless.apiKey,
      broke: broke.apiKey,
      revoked: revoked.apiKey,
      sandbox: sandbox.apiKey,
      owner: CANARY_OPERATOR_KEY,
    },
    // Not the keys in use, because a customer may revoke its own.
    ids: [...spare.map(({ key }) => key.id), ...of(other), ...customer.requestIds, ...customer.topUpIds],
    victims: [victim.account.id, victim.key.id],
    cursors: [
      customer.usageCursor,
      other.usageCursor,
      customer.commentsCursor,
      other.commentsCursor,
      listCursor(3),
      listCursor(Date.now(), 'req_01JZ0000000000000000000000'),
      ...customer.topUpIds,
      ...other.topUpIds,
    ].filter((cursor) => cursor !== ''),
  };
}

/** Signs a body with the webhook secret, like Stripe. */
export function signedEvent(ground: Ground, body: string): string {
  const secret = ground.settings.STRIPE_WEBHOOK_SECRET ?? '';
  return Stripe.webhooks.generateTestHeaderString({ payload: body, secret });
}
