import type { Refusal } from '../../errors.ts';
import { SIGNUP_POLICIES } from '../../limits/policies.ts';
import type { AppContext } from '../context.ts';
import { limitBy } from './quota.ts';

/**
 * Refuses a signup by its Turnstile token or by the signup limits; null when it may go on. Runs after the body was validated, so that a
 * mistake does not use up one of few attempts, and checks the token first, so that a failed one does not count.
 */
export async function signupRefusal(
  c: AppContext,
  turnstileToken: string | undefined,
): Promise<Refusal<'invalid_request' | 'challenge_failed' | 'overloaded' | 'rate_limited'> | null> {
  const { turnstile } = c.get('service').accounts;
  if (turnstile === null && turnstileToken !== undefined) return refusedField('', '1 unknown field(s)');
  if (turnstile !== null) {
    if (turnstileToken === undefined) return refusedField('turnstileToken', 'is required: solve the Turnstile challenge');
    const verdict = await turnstile.check(turnstileToken);
    if (verdict === 'failed') return { code: 'challenge_failed' };
    // An account is worth a grant, so it is not made unchecked.
    if (verdict === 'unreachable') return { code: 'overloaded' };
  }
  for (const policy of SIGNUP_POLICIES) {
    const refusal = await limitBy(c, policy);
    if (refusal !== null) return refusal;
  }
  return null;
}

/**
 * Whether the new account gets the grant: not once the grants of the day are given. The account is made all the same, so that nobody can
 * lock others out. Where there is no grant, nothing is counted.
 */
export async function mayGrant(c: AppContext): Promise<boolean> {
  const { signupGrant } = c.get('service').accounts;
  return signupGrant > 0 && (await limitBy(c, 'signup-everyone')) === null;
}

/** Worded like the schema's refusals, so that without Turnstile the field seems not to exist. */
function refusedField(path: string, problem: string): Refusal<'invalid_request'> {
  return { code: 'invalid_request', message: path === '' ? problem : `${path}: ${problem}`, details: { issues: [{ path, problem }] } };
}
