/** Wires the parts of one process together, and takes them apart again in the opposite order. */
import type { LookupFunction } from 'node:net';
import { Clock } from '../../core/clock.ts';
import type { Config } from '../../core/config/config.ts';
import { type IntegrationSettings, requireKnownIntegrations, requireKnownVariables } from '../../core/config/integration-settings.ts';
import type { Gateway } from '../../core/context.ts';
import { Vault } from '../../core/crypto.ts';
import { type Database, type Db, migrate, openEmbedded, openPostgres } from '../../core/database/database.ts';
import { createLog, type Log } from '../../core/log.ts';
import { Outbound } from '../../core/outbound/outbound.ts';
import type { Starter } from '../../domains/connections/accounts.ts';
import { finishRefreshes } from '../../domains/connections/credential/refresh.ts';
import { AdmissionQueue } from '../../domains/executions/admission/admit.ts';
import { LiveStreams, type StreamLimits } from '../../domains/executions/answer/passed/live-streams.ts';
import { Views } from '../../domains/own-integrations/views.ts';
import { buildCatalogue, type Catalogue } from '../../domains/recipes/catalogue.ts';
import { loadCatalogue } from '../../domains/recipes/load.ts';
import { isReadOnlyScope, scopeFault } from '../../domains/recipes/scope-fault.ts';
import { buildSearch, type SkillSearch } from '../../domains/skills/search.ts';
import { type Auth, createAuth, type PasswordHashing, passwordHashing, signInClients } from '../../domains/users/sign-in/auth.ts';
import { findOwner } from '../../domains/users/store.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { holdDataFolder, holdOrJoinDataFolder, pgliteIn } from '../embedded/open-embedded.ts';
import { answerDumpRequests } from '../embedded/pglite-dump.ts';
import { admitStarter } from './admit-starter.ts';
import { findEnded } from './find-ended.ts';
import { bundledRecipes, cacheFolder } from './folders.ts';

declare module '../../core/context.ts' {
  interface Gateway {
    auth: Auth;
    /** Served in embedded mode. */
    sandbox: Sandbox | undefined;
  }
}

/** Whoever asks waits no longer than this for one statement; admission has a limit of its own (admit.ts). */
const statementMsMax = 8_000;
/** Looking at every row of a large log takes minutes, and keeps nobody waiting. */
const migrationMsMax = 24 * 3_600_000;

export interface OpenGateway {
  gateway: Gateway;
  /** The same for background jobs, whose statements may take longer than somebody would wait. */
  background: Gateway;
  /** For whoever starts the server: which database it is, and where. */
  place: string;
  close(): Promise<void>;
}

/**
 * Opens the database, migrates it, reads the recipes and starts the sandbox. `beside`: also beside a server that has the data folder.
 * Throws ConfigFaults, RecipeFaults, FolderInUse, WrongMasterKey.
 */
export async function openGateway(
  config: Config,
  options: {
    log?: Log;
    database?: Database;
    clock?: Clock;
    lookup?: LookupFunction;
    allowCallers?: readonly string[];
    passwordHashing?: PasswordHashing;
    streams?: Partial<StreamLimits>;
    beside?: boolean;
    /** In place of the recipes that come with the server. */
    bundledFolder?: string;
  } = {},
): Promise<OpenGateway> {
  const closers: (() => Promise<unknown> | unknown)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const log = options.log ?? createLog(config.logLevel);
    const clock = options.clock ?? new Clock();
    const { database, patient, migrating, masterKeys, place } = options.database
      ? { database: options.database, patient: options.database, migrating: options.database, masterKeys: config.masterKeys, place: '' }
      : await openConfiguredDatabase(config, options.beside ? holdOrJoinDataFolder : holdDataFolder, log, closers);
    const ran = await migrate(migrating.db);
    if (ran.length > 0) log.info({ migrations: ran }, 'database migrated');
    const vault = await Vault.open(database.db, masterKeys);
    const outbound = new Outbound({ allow: config.outboundAllow, allowCallers: options.allowCallers, lookup: options.lookup });
    closers.push(() => outbound.close());
    const integrations = new Map(config.integrations);
    const sandbox = database.kind === 'embedded' ? await openSandbox(config, vault, integrations) : undefined;
    if (sandbox) closers.push(() => sandbox.close());
    exemptConfigured(outbound, integrations);
    const catalogue = await loadCatalogue({
      bundledFolder: options.bundledFolder ?? bundledRecipes,
      extraFolder: config.recipesFolder,
      integrations,
      cacheFolder,
    });
    requireKnownVariables(config.integrations, (slug) => Object.keys(catalogue.find(slug)?.recipe.variables ?? {}));
    requireKnownIntegrations(config.integrations, [...catalogue.integrations.map(({ slug }) => slug), ...Object.values(signInClients)]);
    const catalogueHere = sandbox || integrations.has('sandbox') ? catalogue : withoutSandbox(catalogue);
    const settled = { ...config, integrations };
    const hashing = options.passwordHashing ?? passwordHashing;
    const auth = createAuth({
      passwordHashing: hashing,
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
      admitStarter: (trx: Db, starter: Starter) => admitStarter({ config: settled, clock }, trx, starter),
      liveStreams: new LiveStreams(
        (keyIds, connectionIds) => findEnded({ db: database.db, clock }, keyIds, connectionIds),
        log,
        options.streams,
      ),
      auth,
      passwordHashing: hashing,
      sandbox,
    };
    const admission = new AdmissionQueue(parts);
    const views = new Views(database.db, catalogueHere, async () => (await findOwner(database.db))?.id);
    closers.push(() => admission.close());
    const gateway: Gateway = { ...parts, admission, seenBy: async (userId) => withCatalogue(gateway, await views.catalogueOf(userId)) };
    // Nobody waits for a refresh whose caller has left, or for one of a background job that takes long.
    closers.push(() => finishRefreshes(gateway));
    return { gateway, background: { ...gateway, database: patient, db: patient.db }, place, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const seen = new WeakMap<Catalogue, Gateway>();

/** The same gateway, but for what its callers see. */
function withCatalogue(gateway: Gateway, catalogue: Catalogue): Gateway {
  if (catalogue === gateway.catalogue) return gateway;
  let found = seen.get(catalogue);
  if (!found) {
    let search: SkillSearch | undefined;
    found = {
      ...gateway,
      catalogue,
      // An index of all their words costs more than most requests need.
      get skillSearch() {
        search ??= buildSearch(catalogue);
        return search;
      },
      scopeFault: (scope) => scopeFault(catalogue, scope),
      isReadOnlyScope: (scope) => isReadOnlyScope(catalogue, scope),
    };
    seen.set(catalogue, found);
  }
  return found;
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

interface OpenDatabase {
  database: Database;
  /** Of a few connections, for background jobs; beside PGlite there is no other. */
  patient: Database;
  migrating: Database;
  masterKeys: Buffer[];
  place: string;
}

async function openConfiguredDatabase(
  config: Config,
  hold: typeof holdDataFolder,
  log: Log,
  closers: (() => unknown)[],
): Promise<OpenDatabase> {
  if (config.databaseUrl !== undefined)
    return {
      ...openPools(config.databaseUrl, 'postgres', log, closers),
      masterKeys: config.masterKeys,
      place: 'PostgreSQL of DATABASE_URL',
    };
  const held = await hold(config, log);
  closers.push(() => held.close());
  const { url, masterKeys, place } = held;
  if (url !== undefined) return { ...openPools(url, 'embedded', log, closers), masterKeys, place };
  const database = await openEmbedded(pgliteIn(config.dataFolder));
  closers.push(() => database.close());
  closers.push(answerDumpRequests(config.dataFolder, () => database.dump()));
  return { database, patient: database, migrating: database, masterKeys, place };
}

function openPools(
  url: string,
  kind: Database['kind'],
  log: Log,
  closers: (() => unknown)[],
): Pick<OpenDatabase, 'database' | 'patient' | 'migrating'> {
  const onError = (error: Error) => log.warn({ err: error }, 'a database connection was lost');
  const database = { ...openPostgres(url, { statementMsMax, onError }), kind };
  const patient = { ...openPostgres(url, { poolMax: 3, onError }), kind };
  // Connects when it is used, which a start without new migrations leaves to one short question.
  const migrating = { ...openPostgres(url, { poolMax: 2, statementMsMax: migrationMsMax, onError }), kind };
  closers.push(() => Promise.all([database.close(), patient.close(), migrating.close()]));
  return { database, patient, migrating };
}
