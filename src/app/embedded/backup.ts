/** `npm run backup` and `npm run restore`: the embedded database of either kind, whether its server runs or not, without the master key. */
import { chmodSync, existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../core/config/config.ts';
import { openEmbedded } from '../../core/database/database.ts';
import type { Log } from '../../core/log.ts';
import { copyPrivately, copyRunningCluster, findCopyFault } from './copy-cluster.ts';
import { FolderInUse, lockDataFolder } from './embedded-lock.ts';
import { pgliteIn } from './open-embedded.ts';
import { startOwnPostgres } from './own-postgres.ts';
import { requestDump } from './pglite-dump.ts';
import { chooseOwner, clusterIn, giveTree, homeIn, letThrough, majorVersion, makePrivateFolder } from './postgres-files.ts';
import { addressOf, readPostmaster } from './postmaster.ts';

/** What stands in the way, and what to do. */
export class BackupFault extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'BackupFault';
  }
}

/** Written last: a folder without it is no whole backup. */
const noteFile = 'backup.json';
const dumpFile = 'database.tar.gz';

/** Writes a backup into the new folder `target` and returns what to tell. Throws BackupFault, FolderInUse, EmbeddedPostgresFault. */
export async function backUp(config: Config, target: string, log: Log): Promise<string> {
  const { dataFolder } = config;
  requireEmbedded(config, 'pg_dump saves it, and psql or pg_restore brings it back');
  const hasPglite = existsSync(pgliteIn(dataFolder));
  if (!hasPglite && !existsSync(clusterIn(dataFolder))) throw new BackupFault(`There is no database in ${dataFolder}. Set SKILLETT_DATA.`);
  if (isInside(dataFolder, target))
    throw new BackupFault(`${target} lies in the data folder, with which it would be lost. Name a folder elsewhere.`);
  if (existsSync(target)) takeFolder(target);
  mkdirSync(target, { recursive: true, mode: 0o700 });
  if (hasPglite) writeFileSync(path.join(target, dumpFile), await dumpPglite(dataFolder), { mode: 0o600 });
  else await copyPostgres(dataFolder, clusterIn(target), log);
  const note = { kind: hasPglite ? 'pglite' : 'postgres', postgres: majorVersion, madeAt: new Date().toISOString() };
  writeFileSync(path.join(target, noteFile), `${JSON.stringify(note, null, 2)}\n`, { mode: 0o600 });
  return `The database of ${dataFolder} is saved in ${target}. Its credentials open only with the master key, which is not in it: keep ${path.join(dataFolder, 'master-key')} (or SKILLETT_MASTER_KEY) in another place.`;
}

/** Wherever links lead. */
function isInside(folder: string, place: string): boolean {
  const [first] = path.relative(realPlaceOf(path.resolve(folder)), realPlaceOf(path.resolve(place))).split(path.sep);
  return first !== '..';
}

/** Of what is not there yet, where it would be. */
function realPlaceOf(place: string): string {
  if (existsSync(place)) return realpathSync(place);
  const above = path.dirname(place);
  return above === place ? place : path.join(realPlaceOf(above), path.basename(place));
}

/** Makes an empty folder that is there private: whoever else may write to it could lead what is written elsewhere. */
function takeFolder(target: string): void {
  requireEmpty(target);
  const { uid } = statSync(target);
  if (uid !== (process.getuid?.() ?? uid))
    throw new BackupFault(`${target} is there already and belongs to another user. Name a new folder, or run this as that user.`);
  chmodSync(target, 0o700);
  requireEmpty(target);
}

function requireEmpty(target: string): void {
  if (readdirSync(target).length > 0)
    throw new BackupFault(`${target} is not empty. Name a new folder, so that nothing older is mixed in.`);
}

async function copyPostgres(dataFolder: string, to: string, log: Log): Promise<void> {
  const copy = (url: string) => copyRunningCluster(url, clusterIn(dataFolder), to);
  const giveBack = lockIfFree(dataFolder);
  if (!giveBack) {
    const running = readPostmaster(dataFolder);
    if (!running?.ready)
      throw new BackupFault(`The server of ${dataFolder} is starting or stopping. Try again when it runs, or has stopped.`);
    return copy(addressOf(running.socketFolder));
  }
  try {
    const own = await startOwnPostgres(dataFolder, { connectionsMax: 20, log });
    await copy(own.url).finally(() => own.stop());
  } finally {
    giveBack();
  }
}

async function dumpPglite(dataFolder: string): Promise<Buffer> {
  const giveBack = lockIfFree(dataFolder);
  if (!giveBack) {
    const bytes = await requestDump(dataFolder);
    if (!bytes) throw new BackupFault(`The server of ${dataFolder} does not answer; its release may be older. Stop it and try again.`);
    return bytes;
  }
  try {
    const database = await openEmbedded(pgliteIn(dataFolder));
    try {
      return Buffer.from(await (await database.dump()).arrayBuffer());
    } finally {
      await database.close();
    }
  } finally {
    giveBack();
  }
}

/** Undefined: a server runs. */
function lockIfFree(dataFolder: string): (() => void) | undefined {
  try {
    return lockDataFolder(dataFolder);
  } catch (error) {
    if (error instanceof FolderInUse) return undefined;
    throw error;
  }
}

/** Brings the backup in `source` into the data folder, which must hold no database. Throws BackupFault, FolderInUse. */
export async function restore(config: Config, source: string): Promise<string> {
  const { dataFolder } = config;
  requireEmbedded(config, 'psql or pg_restore brings back what pg_dump saved');
  if (!existsSync(path.join(source, noteFile)))
    throw new BackupFault(`${source} holds no whole backup: ${noteFile} is missing, which \`npm run backup\` writes last.`);
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const giveBack = lockDataFolder(dataFolder);
  try {
    for (const folder of [pgliteIn(dataFolder), clusterIn(dataFolder)])
      if (existsSync(folder)) throw new BackupFault(`${folder} is there already. Move it away, or set SKILLETT_DATA to a new folder.`);
    if (existsSync(path.join(source, dumpFile))) await restorePglite(path.join(source, dumpFile), pgliteIn(dataFolder));
    else restorePostgres(clusterIn(source), dataFolder);
  } finally {
    giveBack();
  }
  return `${source} is restored into ${dataFolder}. Before the start, put the master key of that time to it (${path.join(dataFolder, 'master-key')}, or SKILLETT_MASTER_KEY).`;
}

function restorePostgres(from: string, dataFolder: string): void {
  const fault = findCopyFault(from);
  if (fault !== undefined) throw new BackupFault(`${path.dirname(path.dirname(from))} holds no whole backup: ${fault}.`);
  const owner = chooseOwner();
  letThrough(dataFolder, owner);
  makePrivateFolder(homeIn(dataFolder), owner);
  const unfinished = `${clusterIn(dataFolder)}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  copyPrivately(from, unfinished);
  giveTree(unfinished, owner);
  renameSync(unfinished, clusterIn(dataFolder));
}

async function restorePglite(file: string, folder: string): Promise<void> {
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  const bytes = await readFile(file);
  try {
    await (await openEmbedded(unfinished, new Blob([bytes]))).close();
  } catch {
    rmSync(unfinished, { recursive: true, force: true });
    throw new BackupFault(`${file} cannot be read as a database, so nothing was restored. Part of it may be missing.`);
  }
  renameSync(unfinished, folder);
}

function requireEmbedded({ databaseUrl }: Config, how: string): void {
  if (databaseUrl !== undefined) throw new BackupFault(`The database is the PostgreSQL of DATABASE_URL: ${how}.`);
}
