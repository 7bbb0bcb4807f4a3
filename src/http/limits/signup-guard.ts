import type { Refusal } from '../../errors.ts';
import { SIGNUP_POLICIES } from '../../limits/policies.ts';
import type { AppContext } from '../context.ts';
import { limitBy } from './quota.ts';

/**
 * Whether this signup may make an account; null when it may. Asked when the body is known to be right, so that a mistake costs nobody
 * one of few tries; and a token that fails takes nothing from the shares of others.
 */
export async function signupRefusal(
  c: AppContext,
  turnstileToken: string | undefined,
): Promise<Refusal<'invalid_request' | 'challenge_failed' | 'overloaded' | 'rate_limited'> | null> {
  const { turnstile } = c.get('service');
  if (turnstile === null && turnstileToken !== undefined) return refusedField('', '1 unknown field(s)');
  if (turnstile !== null) {
    if (turnstileToken === undefined) return refusedField('turnstileToken', 'is required: solve the Turnstile challenge');
    const verdict = await turnstile.check(turnstileToken);
    if (verdict === 'failed') return { code: 'challenge_failed' };
    // Nobody can say whether this is a person, and an account is worth a grant: it has to wait.
    if (verdict === 'unreachable') return { code: 'overloaded' };
  }
  for (const policy of SIGNUP_POLICIES) {
    const refusal = await limitBy(c, policy);
    if (refusal !== null) return refusal;
  }
  return null;
}

/** Worded as the schema's own refusals are, so that a deployment without Turnstile answers as if the field did not exist. */
function refusedField(path: string, problem: string): Refusal<'invalid_request'> {
  return { code: 'invalid_request', message: path === '' ? problem : `${path}: ${problem}`, details: { issues: [{ path, problem }] } };
}
