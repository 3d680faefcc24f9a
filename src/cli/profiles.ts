/** Where servers and keys are kept between commands: one file of the user's, which nobody else may read. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { CommandFailure, fileFailure, suggest } from './failure.ts';

interface Profile {
  /** `PUBLIC_URL` of the server. */
  url: string;
  key: string;
}

/** What a command speaks with. */
export interface Target {
  url: string;
  key: string | undefined;
  profile: string;
}

export interface TargetOptions {
  profile?: string | undefined;
  url?: string | undefined;
}

const standardUrl = 'http://localhost:4000';
const standardProfile = 'default';

/** `$XDG_CONFIG_HOME/skillett/profiles.json` (XDG Base Directory Specification), `~/.config/…` where it is not set. */
export function profilesFile(): string {
  const { XDG_CONFIG_HOME: configHome } = process.env;
  return path.join(
    configHome && path.isAbsolute(configHome) ? configHome : path.join(homeFolder(), '.config'),
    'skillett',
    'profiles.json',
  );
}

/** Of this user, who may have none, as in a container that runs under any number. */
export function homeFolder(): string {
  const home = findHome();
  if (home !== undefined) return home;
  throw new CommandFailure('This user has no home folder to keep anything in. Set HOME to one, by its full path.');
}

function findHome(): string | undefined {
  try {
    const home = homedir();
    return path.isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The server and key of a command: `SKILLETT_URL` and `SKILLETT_API_KEY` go before the file. Both or the address alone may be set; the key
 * of the file is sent to the file's server only. `isNew`: the profile need not be there yet.
 */
export function findTarget({ profile: named, url: givenUrl }: TargetOptions, isNew = false): Target {
  const profiles = readProfiles();
  const profile = named ?? process.env.SKILLETT_PROFILE ?? standardProfile;
  const kept = profiles[profile];
  if (named !== undefined && kept === undefined && !isNew && !process.env.SKILLETT_API_KEY)
    throw new CommandFailure(
      `There is no profile ${JSON.stringify(named)}.${suggest(named, Object.keys(profiles))} Make it with: skillett login --profile ${named}`,
    );
  const url = normalizeUrl(givenUrl ?? process.env.SKILLETT_URL ?? kept?.url ?? standardUrl);
  return { url, key: process.env.SKILLETT_API_KEY || findKeptKey({ profile, url }), profile };
}

/** The key of the file alone, which a process without our environment would find. */
export function findKeptKey({ profile, url }: Pick<Target, 'profile' | 'url'>): string | undefined {
  const kept = readProfiles()[profile];
  return kept !== undefined && normalizeUrl(kept.url) === url ? kept.key : undefined;
}

/** The address without what follows its path, so that paths can be added. */
export function normalizeUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  } catch {
    throw new CommandFailure(`${JSON.stringify(text)} is no address of a server. Give one such as https://skillett.example.org.`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new CommandFailure(`${JSON.stringify(text)} is no address of a server: it must begin with http:// or https://.`);
  if (url.username || url.password) throw new CommandFailure('The address of a server holds no user name or password.');
  return url.origin + url.pathname.replace(/\/+$/, '');
}

export function keepProfile(name: string, profile: Profile): void {
  writeProfiles({ ...readProfiles(), [name]: profile });
}

export function hasProfile(name: string): boolean {
  return readProfiles()[name] !== undefined;
}

/** Returns whether there was one. */
export function forgetProfile(name: string): boolean {
  const { [name]: forgotten, ...rest } = readProfiles();
  if (forgotten !== undefined) writeProfiles(rest);
  return forgotten !== undefined;
}

function readProfiles(): Record<string, Profile> {
  // Where nothing can be kept, nothing is: the environment alone says what to use.
  if (!process.env.XDG_CONFIG_HOME && findHome() === undefined) return Object.create(null);
  const file = profilesFile();
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Object.create(null);
    throw fileFailure(file, error);
  }
  try {
    const { profiles } = JSON.parse(text) as { profiles: Record<string, Profile> };
    const kept = Object.entries(profiles).filter(([, { url, key }]) => typeof url === 'string' && typeof key === 'string');
    // Without Object's own words, so that a profile may have any name.
    return Object.assign(Object.create(null), Object.fromEntries(kept));
  } catch {
    throw new CommandFailure(`${file} cannot be read as JSON. Mend it, or delete it and sign in again with: skillett login`);
  }
}

/** Whole or not at all, and never readable by others, not for a moment. */
function writeProfiles(profiles: Record<string, Profile>): void {
  const file = profilesFile();
  // Where the file is a link, what it leads to is written.
  const place = existsSync(file) ? realpathSync(file) : file;
  const beside = `${place}.${randomBytes(6).toString('hex')}`;
  try {
    mkdirSync(path.dirname(place), { recursive: true, mode: 0o700 });
    writeFileSync(beside, `${JSON.stringify({ profiles }, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(beside, place);
  } catch (error) {
    rmSync(beside, { force: true });
    throw fileFailure(file, error);
  }
}
