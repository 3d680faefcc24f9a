/** Wires the parts of one process together, and takes them apart again in the opposite order. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Clock } from '../core/clock.ts';
import type { Config } from '../core/config.ts';
import type { Gateway } from '../core/context.ts';
import { Vault } from '../core/crypto.ts';
import { type Database, migrate, openEmbedded, openPostgres } from '../core/database.ts';
import { createLog, type Log } from '../core/log.ts';
import { Outbound } from '../core/outbound.ts';
import { AdmissionQueue } from '../domains/executions/admit.ts';
import { loadCatalogue } from '../domains/recipes/load.ts';
import { scopeFault } from '../domains/recipes/scope-fault.ts';
import { buildSearch } from '../domains/skills/search.ts';
import { startSandbox } from '../sandbox/server.ts';
import { lockDataFolder } from './embedded-lock.ts';
import { readOrCreateMasterKey } from './master-key.ts';

export const bundledRecipes = path.resolve(import.meta.dirname, '../../recipes');

export interface OpenGateway {
  gateway: Gateway;
  close(): Promise<void>;
}

/** Opens the database, migrates it, reads the recipes and starts the sandbox. Throws ConfigFaults, RecipeFaults, FolderInUse, WrongMasterKey. */
export async function openGateway(config: Config, options: { log?: Log; database?: Database; clock?: Clock } = {}): Promise<OpenGateway> {
  const closers: (() => Promise<unknown> | unknown)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const log = options.log ?? createLog(config.logLevel);
    const clock = options.clock ?? new Clock();
    const masterKeys = [...config.masterKeys];
    const database = options.database ?? (await openConfiguredDatabase(config, log, masterKeys, closers));
    const ran = await migrate(database.db);
    if (ran.length > 0) log.info({ migrations: ran }, 'database migrated');
    const vault = await Vault.open(database.db, masterKeys);
    const outbound = new Outbound({ allow: config.outboundAllow });
    closers.push(() => outbound.close());
    const sandbox = database.kind === 'embedded' ? await startSandbox() : undefined;
    if (sandbox) closers.push(() => sandbox.close());
    const catalogue = await loadCatalogue({
      bundledFolder: bundledRecipes,
      extraFolder: config.recipesFolder,
      integrations: config.integrations,
    });
    const gateway = { config, database, db: database.db, clock, log, vault, outbound, catalogue } as Gateway;
    return { gateway, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openConfiguredDatabase(config: Config, log: Log, masterKeys: Buffer[], closers: (() => unknown)[]): Promise<Database> {
  if (config.databaseUrl !== undefined) {
    const database = openPostgres(config.databaseUrl, { onError: (error) => log.warn({ err: error }, 'a database connection was lost') });
    closers.push(() => database.close());
    return database;
  }
  mkdirSync(config.dataFolder, { recursive: true, mode: 0o700 });
  closers.push(lockDataFolder(config.dataFolder));
  if (masterKeys.length === 0) masterKeys.push(readOrCreateMasterKey(config.dataFolder));
  const database = await openEmbedded(path.join(config.dataFolder, 'database'));
  closers.push(() => database.close());
  return database;
}
