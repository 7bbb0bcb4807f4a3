import { err, ok, type Result } from '../../../src/core/result.ts';
import { type Answer, type Call, json } from '../server.ts';
import { invalid, type StripeAccount } from './account.ts';
import { type FormFields, parseForm, textAt } from './form.ts';
import type { Refusal } from './objects.ts';

const USUAL_PAGE = 10;
const LARGEST_PAGE = 100;

/** An idempotency key with its request and response. */
export type Remembered = { readonly asked: string; readonly status: number; readonly body: unknown };

/** Handles a call to /v1. `remembered` holds the idempotency keys. */
export function answerApi(account: StripeAccount, remembered: Map<string, Remembered>, call: Call): Answer {
  if (!/^Bearer \S+$/.test(call.header('authorization') ?? '')) {
    return refused({ status: 401, type: 'invalid_request_error', message: 'You did not provide an API key.' });
  }
  const key = call.method === 'POST' ? call.header('idempotency-key') : null;
  const asked = `${call.method} ${call.url.pathname} ${call.body}`;
  const before = key === null ? undefined : remembered.get(key);
  if (before !== undefined && before.asked !== asked) {
    return refused({
      status: 400,
      type: 'idempotency_error',
      message: 'Keys for idempotent requests can only be used with the same parameters they were first used with.',
    });
  }
  if (before !== undefined) return json(before.status, before.body, { 'idempotent-replayed': 'true' });
  const done = call.method === 'POST' ? change(account, call, parseForm(call.body)) : look(account, call);
  const answer = done.ok
    ? { status: 200, body: expanded(account, done.value, call) }
    : { status: done.error.status, body: errorBody(done.error) };
  // A snapshot, because the objects keep changing.
  if (key !== null) remembered.set(key, { asked, status: answer.status, body: structuredClone(answer.body) });
  return json(answer.status, answer.body, { 'request-id': 'req_fake' });
}

function change(account: StripeAccount, call: Call, params: FormFields): Result<object, Refusal> {
  const [, resource, id, verb] = /^\/v1\/([a-z_/]+?)(?:\/(\w+_\w+)(?:\/(\w+))?)?$/.exec(call.url.pathname) ?? [];
  if (resource === 'checkout/sessions' && id === undefined) return account.createSession(params, `http://${call.header('host') ?? ''}`);
  if (resource === 'checkout/sessions' && verb === 'expire') {
    const session = account.sessions.get(id ?? '');
    return session === undefined ? err(missing('checkout.session', id)) : account.expire(session);
  }
  if (resource === 'refunds' && id === undefined) {
    const cents = textAt(params, 'amount');
    return account.refund(
      textAt(params, 'payment_intent') ?? '',
      cents === undefined ? null : Number(cents),
      'succeeded',
      textAt(params, 'reason') ?? null,
    );
  }
  if (resource === 'disputes' && verb === 'close') {
    const dispute = account.disputes.get(id ?? '');
    if (dispute === undefined) return err(missing('dispute', id));
    account.closeDispute(dispute, 'lost');
    return ok(dispute);
  }
  return err(unrecognized(call));
}

function look(account: StripeAccount, call: Call): Result<object, Refusal> {
  const resources: Readonly<Record<string, ReadonlyMap<string, object>>> = {
    'checkout/sessions': account.sessions,
    payment_intents: account.intents,
    charges: account.charges,
    refunds: account.refunds,
    disputes: account.disputes,
  };
  const [, resource = '', id] = /^\/v1\/([a-z_/]+?)(?:\/(\w+_\w+))?$/.exec(call.url.pathname) ?? [];
  const objects = resources[resource];
  if (objects === undefined) return err(unrecognized(call));
  if (id === undefined) return page(objects, call.url);
  const found = objects.get(id);
  return found === undefined ? err(missing(resource, id)) : ok(found);
}

function page(objects: ReadonlyMap<string, object>, url: URL): Result<object, Refusal> {
  const limit = Number(url.searchParams.get('limit') ?? USUAL_PAGE);
  if (!(limit >= 1 && limit <= LARGEST_PAGE)) return err(invalid('This value must be between 1 and 100.', 'limit'));
  const intent = url.searchParams.get('payment_intent');
  const status = url.searchParams.get('status');
  const since = Number(url.searchParams.get('created[gte]') ?? 0);
  const all = [...objects.entries()]
    .toReversed()
    .filter(([, object]) => intent === null || ('payment_intent' in object && object.payment_intent === intent))
    .filter(([, object]) => status === null || ('status' in object && object.status === status))
    .filter(([, object]) => 'created' in object && Number(object.created) >= since);
  const after = url.searchParams.get('starting_after');
  if (after !== null && !objects.has(after)) return err(missing('object', after));
  const from = after === null ? 0 : all.findIndex(([id]) => id === after) + 1;
  const data = all.slice(from, from + limit).map(([, object]) => object);
  return ok({ object: 'list', url: url.pathname, has_more: all.length > from + limit, data });
}

/** Expands a session's intent if requested. */
function expanded(account: StripeAccount, object: object, call: Call): object {
  const wanted = [...call.url.searchParams].some(([name, value]) => name.startsWith('expand') && value === 'payment_intent');
  if (!wanted || !('payment_intent' in object) || typeof object.payment_intent !== 'string') return object;
  return { ...object, payment_intent: account.intents.get(object.payment_intent) ?? null };
}

function missing(what: string, id: string | undefined): Refusal {
  return { status: 404, type: 'invalid_request_error', message: `No such ${what}: '${id ?? ''}'`, code: 'resource_missing', param: 'id' };
}

function unrecognized(call: Call): Refusal {
  return { status: 404, type: 'invalid_request_error', message: `Unrecognized request URL (${call.method}: ${call.url.pathname}).` };
}

function refused(refusal: Refusal): Answer {
  return json(refusal.status, errorBody(refusal));
}

function errorBody(refusal: Refusal): { readonly error: object } {
  const { type, message, param, code } = refusal;
  return { error: { type, message, param, code } };
}
