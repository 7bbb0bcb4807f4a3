import { z } from 'zod';
import { err, ok, type Result } from '../src/core/result.ts';

const seconds = 1_000;
const REQUEST_MS = 20 * seconds;

const SignedUp = z.object({ apiKey: z.string() });
const Me = z.object({ balance: z.object({ availableMicroCredits: z.int() }) });

/** A working customer key of the running Worker, and its balance. */
export type DemoKey = { readonly apiKey: string; readonly availableMicroCredits: number };

/** Reuses the key of the last start while the Worker knows it; otherwise signs up for a new one. */
export async function demoKey(baseUrl: string, remembered: string | undefined): Promise<Result<DemoKey, string>> {
  if (remembered !== undefined) {
    const known = await me(baseUrl, remembered);
    // Only a refusal means that the key is gone; after another failure a new key would compensate the old balance.
    if (known.ok || !known.error.isRefused) return known.ok ? known : err(known.error.sentence);
  }
  const answer = await request(`${baseUrl}/v1/signup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ accountName: 'Local demo', keyName: 'npm run dev' }),
  });
  const signedUp = SignedUp.safeParse(answer.body);
  if (answer.status !== 201 || !signedUp.success) return err(`Creating a demo key failed: POST /v1/signup returned ${answer.status}.`);
  const fresh = await me(baseUrl, signedUp.data.apiKey);
  return fresh.ok ? fresh : err(fresh.error.sentence);
}

async function me(baseUrl: string, apiKey: string): Promise<Result<DemoKey, { readonly isRefused: boolean; readonly sentence: string }>> {
  const answer = await request(`${baseUrl}/v1/me`, { headers: { authorization: `Bearer ${apiKey}` } });
  const parsed = Me.safeParse(answer.body);
  if (answer.status !== 200 || !parsed.success) {
    return err({ isRefused: answer.status === 401, sentence: `The demo key does not work: GET /v1/me returned ${answer.status}.` });
  }
  return ok({ apiKey, availableMicroCredits: parsed.data.balance.availableMicroCredits });
}

/** Status 0 without a readable response. */
async function request(url: string, init: RequestInit): Promise<{ readonly status: number; readonly body: unknown }> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(REQUEST_MS) });
    const body: unknown = await response.json();
    return { status: response.status, body };
  } catch {
    return { status: 0, body: null };
  }
}
