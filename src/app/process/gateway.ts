/** Wires the parts of one process together, and takes them apart again in the opposite order. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Clock } from '../../core/clock.ts';
import { type Config, type IntegrationSettings, requireKnownIntegrations } from '../../core/config/config.ts';
import type { Gateway } from '../../core/context.ts';
import { Vault } from '../../core/crypto.ts';
import { type Database, type Db, migrate, openEmbedded, openPostgres } from '../../core/database/database.ts';
import { createLog, type Log } from '../../core/log.ts';
import { Outbound } from '../../core/outbound/outbound.ts';
import type { Starter } from '../../domains/connections/accounts.ts';
import { finishRefreshes } from '../../domains/connections/credential/refresh.ts';
import { AdmissionQueue } from '../../domains/executions/admission/admit.ts';
import { buildCatalogue, type Catalogue } from '../../domains/recipes/catalogue.ts';
import { loadCatalogue } from '../../domains/recipes/load.ts';
import { isReadOnlyScope, scopeFault } from '../../domains/recipes/scope-fault.ts';
import { buildSearch } from '../../domains/skills/search.ts';
import { type Auth, createAuth, signInClients } from '../../domains/users/sign-in/auth.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { admitConnection } from './admit-connection.ts';
import { lockDataFolder } from './embedded-lock.ts';
import { readOrCreateMasterKey } from './master-key.ts';

export const bundledRecipes = path.resolve(import.meta.dirname, '../../../recipes');

/** What a start leaves for the next one to be faster; may be deleted at any time. */
export const cacheFolder = path.resolve(bundledRecipes, '../node_modules/.cache/skillett');

declare module '../../core/context.ts' {
  interface Gateway {
    auth: Auth;
    /** Served in embedded mode. */
    sandbox: Sandbox | undefined;
  }
}

/** Whoever asks waits no longer than this for one statement; admission has a limit of its own (admit.ts). */
const statementMsMax = 8_000;

export interface OpenGateway {
  gateway: Gateway;
  /** The same for background jobs, whose statements may take longer than somebody would wait. */
  background: Gateway;
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
    const patient = options.database ? database : openPatientDatabase(config, database, log, closers);
    const ran = await migrate(patient.db);
    if (ran.length > 0) log.info({ migrations: ran }, 'database migrated');
    const vault = await Vault.open(database.db, masterKeys);
    const outbound = new Outbound({ allow: config.outboundAllow });
    closers.push(() => outbound.close());
    const integrations = new Map(config.integrations);
    const sandbox = database.kind === 'embedded' ? await openSandbox(config, vault, integrations) : undefined;
    if (sandbox) closers.push(() => sandbox.close());
    exemptConfigured(outbound, integrations);
    const catalogue = await loadCatalogue({
      bundledFolder: bundledRecipes,
      extraFolder: config.recipesFolder,
      integrations,
      cacheFolder,
    });
    requireKnownIntegrations(config.integrations, [...catalogue.integrations.map(({ slug }) => slug), ...Object.values(signInClients)]);
    const catalogueHere = sandbox || integrations.has('sandbox') ? catalogue : withoutSandbox(catalogue);
    const settled = { ...config, integrations };
    const auth = createAuth({
      config: settled,
      db: database.db,
      clock,
      log,
      secret: await vault.readOrCreateSecret('auth'),
    });
    const parts = {
      config: settled,
      database,
      db: database.db,
      clock,
      log,
      vault,
      outbound,
      catalogue: catalogueHere,
      skillSearch: buildSearch(catalogueHere),
      scopeFault: (scope: string) => scopeFault(catalogueHere, scope),
      isReadOnlyScope: (scope: string) => isReadOnlyScope(catalogueHere, scope),
      findSession: auth.findSession,
      admitConnection: (trx: Db, starter: Starter) => admitConnection({ config: settled, clock }, trx, starter),
      auth,
      sandbox,
    };
    const admission = new AdmissionQueue(parts);
    closers.push(() => admission.close());
    const gateway: Gateway = { ...parts, admission };
    // Nobody waits for a refresh whose caller has left, or for one of a background job that takes long.
    closers.push(() => finishRefreshes(gateway));
    return { gateway, background: { ...gateway, database: patient, db: patient.db }, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The sandbox stands beside the embedded database only; its addresses are settings like any integration's. */
async function openSandbox(config: Config, vault: Vault, integrations: Map<string, IntegrationSettings>): Promise<Sandbox> {
  const client = { id: 'skillett', secret: vault.hmac('sandbox client', '') };
  const sandbox = await startSandbox({ secret: Buffer.from(vault.hmac('sandbox tokens', ''), 'hex'), client });
  integrations.set('sandbox', {
    baseUrl: sandbox.url,
    clientId: client.id,
    clientSecret: client.secret,
    authorizeUrl: `${config.publicUrl}/sandbox/authorize`,
    tokenUrl: `${sandbox.url}/oauth/token`,
  });
  return sandbox;
}

/** Beside PostgreSQL there is no sandbox: several processes would each have notes of their own. */
function withoutSandbox(catalogue: Catalogue): Catalogue {
  return buildCatalogue(catalogue.integrations.filter((integration) => integration.slug !== 'sandbox'));
}

/** What the operator set by name may be private (a company's own server). */
function exemptConfigured(outbound: Outbound, integrations: ReadonlyMap<string, IntegrationSettings>): void {
  for (const [slug, { baseUrl, authorizeUrl, tokenUrl }] of integrations) {
    for (const url of [baseUrl, authorizeUrl, tokenUrl]) if (url !== undefined) outbound.exempt(slug, url);
  }
}

async function openConfiguredDatabase(config: Config, log: Log, masterKeys: Buffer[], closers: (() => unknown)[]): Promise<Database> {
  if (config.databaseUrl !== undefined) {
    const database = openPostgres(config.databaseUrl, { statementMsMax, onError: warnOfLoss(log) });
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

/** Of a few connections, for migrations and background jobs; beside the embedded database there is no other. */
function openPatientDatabase(config: Config, database: Database, log: Log, closers: (() => unknown)[]): Database {
  if (config.databaseUrl === undefined) return database;
  const patient = openPostgres(config.databaseUrl, { poolMax: 3, onError: warnOfLoss(log) });
  closers.push(() => patient.close());
  return patient;
}

function warnOfLoss(log: Log): (error: Error) => void {
  return (error) => log.warn({ err: error }, 'a database connection was lost');
}
