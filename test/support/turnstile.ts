import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The page on which its visitors solve the challenge. */
export const TURNSTILE_PAGE = 'signup.igskill.example';

/** The tokens that the fake knows, and what it says to each. */
const VERDICTS: Readonly<Record<string, object>> = {
  'a-person': { success: true, 'error-codes': [], hostname: TURNSTILE_PAGE, action: 'signup' },
  'shouting-page': { success: true, 'error-codes': [], hostname: TURNSTILE_PAGE.toUpperCase(), action: 'signup' },
  'other-page': { success: true, 'error-codes': [], hostname: 'evil.example', action: 'signup' },
  'page-below': { success: true, 'error-codes': [], hostname: `evil.${TURNSTILE_PAGE}`, action: 'signup' },
  'other-action': { success: true, 'error-codes': [], hostname: TURNSTILE_PAGE, action: 'login' },
  'no-action': { success: true, 'error-codes': [], hostname: TURNSTILE_PAGE, action: '' },
  'no-page': { success: true, 'error-codes': [] },
  'used-before': { success: false, 'error-codes': ['timeout-or-duplicate'] },
  'our-trouble': { success: false, 'error-codes': ['invalid-input-secret'] },
};

/** A fake for Turnstile's verification: its address, and what it was asked. */
export type TurnstileFake = { readonly url: string; readonly asked: object[]; stop(): Promise<void> };

/** Starts the fake on a free loopback port. */
export async function startTurnstile(): Promise<TurnstileFake> {
  const asked: object[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      // safe because only the Worker under test asks
      const body = JSON.parse(text) as { response: string };
      asked.push(body);
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(VERDICTS[body.response] ?? { success: false, 'error-codes': ['invalid-input-response'] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // safe because a server that listens on a TCP port has such an address
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/siteverify`,
    asked,
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
