import { z } from 'zod';
import type { ProviderFailureKind } from '../provider.ts';
import { text } from './fields.ts';

/** The platform's own messages and codes, in lower case, which vendors sometimes pass through. */
const INSTAGRAM_MESSAGES = [
  ['login_required', 'login_required'],
  ['challenge_required', 'login_required'],
  ['checkpoint_required', 'login_required'],
  ['feedback_required', 'blocked'],
  ['please wait a few minutes', 'blocked'],
  ['not authorized to view user', 'private'],
  ['media not found or unavailable', 'unavailable'],
] as const satisfies readonly (readonly [string, ProviderFailureKind])[];

const MessageBody = z.object({ message: text, error: text, detail: text });

/** Returns the failure that a platform message in a vendor's body means; null when there is none. */
export function instagramMessage(body: unknown): ProviderFailureKind | null {
  const parsed = MessageBody.safeParse(body);
  if (!parsed.success) return null;
  const messages = [parsed.data.message, parsed.data.error, parsed.data.detail].join('\n').toLowerCase();
  return INSTAGRAM_MESSAGES.find(([message]) => messages.includes(message))?.[1] ?? null;
}
