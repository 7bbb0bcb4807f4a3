import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Where systems keep Chromium or Chrome; CHROMIUM_PATH names another. */
const PLACES = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The browser on this machine, or null; then the tests of pages are skipped, and say so. */
export const browserPath: string | null = PLACES.find((path) => path !== undefined && existsSync(path)) ?? null;

if (browserPath === null) {
  console.warn('NO BROWSER FOUND: the tests of pages are SKIPPED. Install Chromium or set CHROMIUM_PATH.');
}

/** Starts it without a window, and without the look-ups it makes by itself. */
export async function startBrowser(): Promise<Browser> {
  if (browserPath === null) throw new Error('there is no browser on this machine');
  return chromium.launch({
    executablePath: browserPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
