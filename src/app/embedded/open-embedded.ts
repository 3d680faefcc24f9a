/** The data folder: whose it is, which kind of database it holds, and its master key. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../core/config/config.ts';
import { ConfigFaults } from '../../core/config/reader.ts';
import type { Log } from '../../core/log.ts';
import { FolderInUse, lockDataFolder } from './embedded-lock.ts';
import { readOrCreateMasterKey } from './master-key.ts';
import { type OwnPostgres, startOwnPostgres } from './own-postgres.ts';
import { clusterIn, createCluster, EmbeddedPostgresFault, homeIn, majorVersion } from './postgres-files.ts';
import { addressOf, answersIn, readPostmaster } from './postmaster.ts';

export const pgliteIn = (dataFolder: string): string => path.join(dataFolder, 'database');

export interface HeldFolder {
  /** Address of the embedded PostgreSQL; undefined: the folder holds PGlite, which lives in the server's own process. */
  url: string | undefined;
  masterKeys: Buffer[];
  /** For whoever starts the server: which database it is, and where. */
  place: string;
  close(): Promise<void>;
}

/**
 * As holdDataFolder, or beside the server that has the folder: its PostgreSQL serves a command as well. Throws FolderInUse where it is
 * PGlite, still starting, or another container's whose socket cannot be reached.
 */
export async function holdOrJoinDataFolder(config: Config, log: Log): Promise<HeldFolder> {
  try {
    return await holdDataFolder(config, log);
  } catch (error) {
    const running = error instanceof FolderInUse ? readPostmaster(config.dataFolder) : undefined;
    if (!running?.ready || !(await answersIn(running.socketFolder))) throw error;
    return {
      url: addressOf(running.socketFolder),
      masterKeys: masterKeysOf(config),
      place: placeOf(config.dataFolder, running.socketFolder),
      close: async () => {},
    };
  }
}

/** Takes the data folder for this process and starts its database. Throws ConfigFaults, FolderInUse, EmbeddedPostgresFault. */
export async function holdDataFolder(config: Config, log: Log): Promise<HeldFolder> {
  const { dataFolder } = config;
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const giveBack = lockDataFolder(dataFolder);
  try {
    const masterKeys = masterKeysOf(config);
    const { postgres, why } = await openPostgresOrWhyNot(config, log);
    if (!postgres && config.workers > 1)
      throw new ConfigFaults([
        `WORKERS is above 1, but the embedded database is PGlite (${why}), which serves one process. Set DATABASE_URL to a PostgreSQL, or WORKERS to 1.`,
      ]);
    return {
      url: postgres?.url,
      masterKeys,
      place: postgres ? placeOf(dataFolder, postgres.socketFolder) : `PGlite in ${pgliteIn(dataFolder)} (${why})`,
      close: async () => {
        await postgres?.stop();
        giveBack();
      },
    };
  } catch (error) {
    giveBack();
    throw error;
  }
}

function masterKeysOf({ masterKeys, dataFolder }: Config): Buffer[] {
  return masterKeys.length > 0 ? masterKeys : [readOrCreateMasterKey(dataFolder)];
}

function placeOf(dataFolder: string, socketFolder: string): string {
  return `PostgreSQL ${majorVersion} in ${homeIn(dataFolder)} (psql -h ${socketFolder} -U skillett postgres)`;
}

/** A folder keeps its kind. A new one gets PostgreSQL where that runs, and PGlite where it does not. */
async function openPostgresOrWhyNot(config: Config, log: Log): Promise<{ postgres?: OwnPostgres; why?: string }> {
  const { dataFolder } = config;
  if (existsSync(pgliteIn(dataFolder))) return { why: 'this data folder was begun with it' };
  const start = () => startOwnPostgres(dataFolder, { connectionsMax: 20 + 15 * config.workers, log });
  if (existsSync(clusterIn(dataFolder))) return { postgres: await start() };
  try {
    await createCluster(dataFolder);
    return { postgres: await start() };
  } catch (error) {
    if (!(error instanceof EmbeddedPostgresFault)) throw error;
    rmSync(homeIn(dataFolder), { recursive: true, force: true });
    return { why: `PostgreSQL does not run here: ${error.message}` };
  }
}
