/** Headless Chromium as a person's browser. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Set CHROMIUM to use another one than Debian's. */
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

export async function openBrowser(): Promise<Browser> {
  if (!existsSync(executablePath))
    throw new Error(
      `There is no browser at ${executablePath}. Install chromium (Debian: apt-get install chromium), or set CHROMIUM to yours.`,
    );
  return chromium.launch({
    executablePath,
    // Chromium's own services would look for hosts on the internet.
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
