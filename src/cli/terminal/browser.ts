import { spawn } from 'node:child_process';
import { platform } from 'node:process';

/** Opens an address of a server's in the browser, where there is one; whoever has none has the address on the terminal. */
export function openBrowser(address: string): void {
  // Only what a browser takes: an address is a server's word, and openers start programs for others.
  if (!/^https?:\/\/[^\s"'<>\\^`{|}]+$/i.test(address)) return;
  const openers: Partial<Record<NodeJS.Platform, [string, string[]]>> = {
    darwin: ['open', [address]],
    win32: ['rundll32', ['url.dll,FileProtocolHandler', address]],
  };
  const [command, args] = openers[platform] ?? ['xdg-open', [address]];
  if (process.env.BROWSER === 'none') return;
  spawn(command, args, { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}
