import { z } from 'zod';
import type { ProviderFailureKind } from '../provider.ts';
import { text } from './fields.ts';

/** Sentences and codes of the platform itself that vendors now and then pass on as they are, in lower case. */
const INSTAGRAM_MESSAGES = [
  ['login_required', 'login_required'],
  ['challenge_required', 'login_required'],
  ['checkpoint_required', 'login_required'],
  ['feedback_required', 'blocked'],
  ['please wait a few minutes', 'blocked'],
  ['not authorized to view user', 'private'],
  ['media not found or unavailable', 'unavailable'],
] as const satisfies readonly (readonly [string, ProviderFailureKind])[];

const Spoken = z.object({ message: text, error: text, detail: text });

/** The failure that one of the platform's own messages in a vendor's body means; null when there is none. */
export function instagramMessage(body: unknown): ProviderFailureKind | null {
  const spoken = Spoken.safeParse(body);
  if (!spoken.success) return null;
  const said = [spoken.data.message, spoken.data.error, spoken.data.detail].join('\n').toLowerCase();
  return INSTAGRAM_MESSAGES.find(([message]) => said.includes(message))?.[1] ?? null;
}
