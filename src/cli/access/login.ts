/** `login`, `logout` and `whoami`. */
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { askGraphql, askServer, jsonOf, refusalOf } from '../ask-server.ts';
import { installCoreSkill } from '../catalogue/skill-folders.ts';
import { CommandFailure } from '../failure.ts';
import { findKeptKey, forgetProfile, hasProfile, keepProfile, profilesFile, type Target } from '../profiles.ts';
import { openBrowser } from '../terminal/browser.ts';
import { isForPeople, type PrintOptions, printJson, printTable, say } from '../terminal/print.ts';
import { askPerson, readInputText } from '../terminal/read-secret.ts';

interface LoginOptions {
  browser: boolean;
  withKey?: boolean;
  scope?: string;
  agent?: string;
}

interface ViewerAnswer {
  viewer: {
    user: { email: string | null; displayName: string };
    key: { id: string; name: string } | null;
    scopes: string[];
    plan: { name: string };
  };
}

const viewerDocument = '{ viewer { user { email displayName } key { id name } scopes plan { name } } }';

export async function logIn(target: Target, options: LoginOptions): Promise<void> {
  const key = options.withKey ? await readKey() : await askForKey(target, options);
  const signedIn = { ...target, key };
  const { viewer } = await askGraphql<ViewerAnswer>(signedIn, viewerDocument);
  keepProfile(target.profile, { url: target.url, key });
  say(`Signed in to ${target.url} as ${nameOf(viewer.user)}. The key is kept in ${profilesFile()}, which only you can read.`);
  if (process.env.SKILLETT_API_KEY) say('SKILLETT_API_KEY is set and goes before it: unset it to use this key.');
  await installCoreSkill(signedIn, options.agent);
}

async function readKey(): Promise<string> {
  const key = (process.stdin.isTTY ? await askPerson('API key', true) : await readInputText()).trim();
  if (!/^sk_[0-9a-f]{48}$/.test(key)) throw new CommandFailure('That is no API key: it is `sk_` and 48 digits of 0 to 9 and a to f.');
  return key;
}

interface DeviceCode {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  expires_in: number;
  interval: number;
}

/** The device authorization grant (RFC 8628): a person approves in any browser, and this asks until that is done. */
async function askForKey(target: Target, { browser, scope }: LoginOptions): Promise<string> {
  const open = { ...target, key: undefined };
  const body = { client_name: `Command line (${hostname()})`, ...(scope === undefined ? {} : { scope }) };
  const started = await askServer(open, { method: 'POST', path: '/auth/device/code', body });
  if (started.status !== 200) throw refusalOf(target, started);
  const code = jsonOf<DeviceCode>(target, started);
  say(`Compare this code in your browser, and approve it there: ${code.user_code}\n${code.verification_uri}`);
  if (browser) openBrowser(code.verification_uri_complete);
  const deadlineMs = Date.now() + code.expires_in * 1000;
  let intervalMs = code.interval * 1000;
  while (Date.now() < deadlineMs) {
    await pause(intervalMs);
    const token = await askServer(open, {
      method: 'POST',
      path: '/auth/device/token',
      body: { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: code.device_code },
    });
    const answer = jsonOf<{ access_token?: string; error?: string; error_description?: string; message?: string }>(target, token);
    if (answer.access_token !== undefined) return answer.access_token;
    // RFC 8628, section 3.5
    if (answer.error === 'slow_down') intervalMs += 5000;
    else if (answer.error === 'access_denied') throw new CommandFailure('The sign-in was refused in the browser.');
    else if (answer.error !== 'authorization_pending') throw refusalOf(target, token);
  }
  throw new CommandFailure(`Nobody approved the code within ${spanOf(code.expires_in)}. Start again with: skillett login`, 2);
}

function spanOf(seconds: number): string {
  const [count, unit] = seconds % 60 === 0 ? [seconds / 60, 'minute'] : [seconds, 'second'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

export async function logOut(target: Target): Promise<void> {
  // Never the key of the environment, which is somebody else's to revoke.
  const kept = { ...target, key: findKeptKey(target) };
  if (kept.key !== undefined) {
    const { viewer } = await askGraphql<ViewerAnswer>(kept, viewerDocument).catch((error: unknown) => {
      // A key that is revoked or expired already needs no revoking.
      if (error instanceof CommandFailure && error.exitCode === 1) return { viewer: undefined };
      throw error;
    });
    if (viewer?.key) {
      const answer = await askServer(kept, { method: 'DELETE', path: `/api-keys/${viewer.key.id}` });
      if (answer.status !== 204) throw refusalOf(kept, answer);
    }
  } else if (hasProfile(target.profile))
    // A key of another server cannot be revoked here, and one that is forgotten could never be.
    throw new CommandFailure(
      `The key of profile ${JSON.stringify(target.profile)} is of another server than ${target.url}. Leave out --url and SKILLETT_URL to sign out there.`,
    );
  say(forgetProfile(target.profile) ? `Signed out of ${target.url}: the key is revoked and forgotten.` : 'You are not signed in.');
}

export async function showViewer(target: Target, options: PrintOptions): Promise<void> {
  const { viewer } = await askGraphql<ViewerAnswer>(target, viewerDocument);
  if (!isForPeople(options)) return printJson({ url: target.url, profile: target.profile, ...viewer });
  printTable(
    ['', ''],
    [
      ['Server', target.url],
      ['User', nameOf(viewer.user)],
      [
        'Key',
        process.env.SKILLETT_API_KEY ? `${viewer.key?.name} (of SKILLETT_API_KEY)` : `${viewer.key?.name} (profile ${target.profile})`,
      ],
      ['May use', viewer.scopes.join(', ')],
      ['Plan', viewer.plan.name],
    ],
  );
}

function nameOf({ email, displayName }: ViewerAnswer['viewer']['user']): string {
  return email === null || email === displayName ? displayName : `${displayName} (${email})`;
}
