/** What a start would need and whether it is there, without changing anything: for whoever sets a server up. */
import { accessSync, constants, existsSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { sql } from 'kysely';
import type { Config } from '../../core/config/config.ts';
import { describeSlips } from '../../core/config/setting-slips.ts';
import { Vault } from '../../core/crypto.ts';
import { listPendingMigrations, openPostgres } from '../../core/database/database.ts';
import type { Catalogue } from '../../domains/recipes/catalogue.ts';
import { loadCatalogue } from '../../domains/recipes/load.ts';
import { signInClients } from '../../domains/users/sign-in/auth.ts';
import { isDashboardBuilt } from '../dashboard/dashboard.ts';
import { pgliteIn } from '../embedded/open-embedded.ts';
import { clusterIn } from '../embedded/postgres-files.ts';
import { bundledRecipes, cacheFolder } from './folders.ts';
import { describeProxies } from './start-warnings.ts';

export interface Finding {
  /** `note`: it starts, and somebody may miss something. `fault`: it does not start, or not for long. */
  state: 'ok' | 'note' | 'fault';
  says: string;
}

const ok = (says: string): Finding => ({ state: 'ok', says });
const note = (says: string): Finding => ({ state: 'note', says });
const fault = (says: string): Finding => ({ state: 'fault', says });

/** `explain` makes a sentence of what was thrown. */
export async function checkStart(config: Config, explain: (error: unknown, config: Config) => string): Promise<Finding[]> {
  const orFault = async (look: () => Promise<Finding[]> | Finding[]): Promise<Finding[]> => {
    try {
      return await look();
    } catch (error) {
      return [fault(explain(error, config))];
    }
  };
  const found = await Promise.all([
    orFault(() => (config.databaseUrl === undefined ? [checkDataFolder(config)] : checkDatabase(config, config.databaseUrl))),
    orFault(() => checkRecipes(config)),
    orFault(async () => [await checkPort(config)]),
    orFault(() => checkAddress(config)),
    orFault(() => [
      isDashboardBuilt()
        ? ok('The dashboard is built.')
        : note('The dashboard is not built, so that its pages only say so. Run `npm run build`.'),
    ]),
  ]);
  return found.flat();
}

async function checkDatabase(config: Config, url: string): Promise<Finding[]> {
  const database = await openPostgres(url);
  try {
    const { rows } = await sql<{ version: string; standby: boolean }>`
      select current_setting('server_version') as version, pg_is_in_recovery() as standby`.execute(database.db);
    const [{ version = '', standby = false } = {}] = rows;
    const pending = await listPendingMigrations(database.db);
    const isNew = pending.ran === 0;
    if (!isNew) await Vault.check(database.db, config.masterKeys);
    return [
      ok(`PostgreSQL ${version} answers at DATABASE_URL.`),
      ...(standby ? [fault('It takes no writes, since it is a standby. Name the primary in DATABASE_URL, or promote it.')] : []),
      isNew ? ok('It is new: the first start makes the tables.') : ok('SKILLETT_MASTER_KEY opens what it holds.'),
      ...(isNew || pending.names.length === 0
        ? []
        : [
            note(
              `The next start brings it up to date (${pending.names.length} migrations). A backup before that leads back to the present release.`,
            ),
          ]),
    ];
  } finally {
    await database.close();
  }
}

function checkDataFolder({ dataFolder }: Config): Finding {
  let at = path.resolve(dataFolder);
  const isThere = existsSync(at);
  while (!existsSync(at)) at = path.dirname(at);
  try {
    accessSync(at, constants.W_OK | constants.X_OK);
  } catch (error) {
    return fault(
      `The data folder ${dataFolder} cannot be used: ${(error as Error).message}. Set SKILLETT_DATA to a folder that this process may write to.`,
    );
  }
  if (!isThere) return ok(`The data folder ${dataFolder} will be made by the first start.`);
  const holds = existsSync(clusterIn(dataFolder)) || existsSync(pgliteIn(dataFolder));
  return ok(`The data folder ${dataFolder} can be written to${holds ? ' and holds a database' : ''}.`);
}

async function checkRecipes(config: Config): Promise<Finding[]> {
  const folders = { bundledFolder: bundledRecipes, extraFolder: config.recipesFolder, integrations: config.integrations, cacheFolder };
  const catalogue = await loadCatalogue(folders);
  const endpoints = catalogue.integrations.reduce((sum, { endpoints }) => sum + endpoints.size, 0);
  const slugs = [...catalogue.integrations.map(({ slug }) => slug), ...Object.values(signInClients)];
  return [
    ok(`${catalogue.integrations.length} integrations with ${endpoints} endpoints are sound.`),
    ...[...describeSlips(config, slugs), ...describeProxies(config)].map(note),
    ...describeClients(config, catalogue),
  ];
}

/** Those set in the dashboard are in the database, which is not asked: it may not be there yet. */
function describeClients({ integrations }: Config, { integrations: known }: Catalogue): Finding[] {
  const byConsent = known.filter(({ slug, recipe }) => slug !== 'sandbox' && recipe.auth.some(({ type }) => type === 'oauth2'));
  const missing = byConsent.filter(({ slug }) => integrations.get(slug)?.clientId === undefined);
  if (missing.length === 0) return [];
  const [{ slug } = { slug: '' }] = missing;
  return [
    note(
      `${byConsent.length - missing.length} of ${byConsent.length} integrations with OAuth have a client in the settings. Others need one in the dashboard (Operator), or such as SKILLETT_${slug.toUpperCase()}_CLIENT_ID and _CLIENT_SECRET, before people can connect them by consent.`,
    ),
  ];
}

function checkPort({ host, port }: Config): Promise<Finding> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE'
        ? resolve(note(`Port ${port} on ${host} is taken. Where that is this server running, all is well; else set PORT to another one.`))
        : reject(error),
    );
    server.listen(port, host, () => server.close(() => resolve(ok(`Port ${port} on ${host} is free.`))));
  });
}

function checkAddress({ publicUrl, host, trustProxy }: Config): Finding[] {
  const { protocol, hostname } = new URL(publicUrl);
  const isHere = /^(localhost|127\.|\[::1\])/.test(hostname);
  if (protocol === 'http:' && !isHere)
    return [
      note(
        `PUBLIC_URL is ${publicUrl}: keys and sign-ins travel in the clear, and most services take no http address to come back to. Put a proxy with HTTPS in front.`,
      ),
    ];
  if (protocol === 'https:' && trustProxy.length === 0)
    return [
      note(
        'PUBLIC_URL has https, which the proxy in front ends, and TRUST_PROXY is not set: limits by address then count all clients as that one proxy. Set it to the address of the proxy.',
      ),
    ];
  if (isHere && !/^(127\.|::1$|localhost$)/.test(host))
    return [
      note(
        `The server listens on ${host}, and PUBLIC_URL is ${publicUrl}, which is another machine for whoever comes from outside. Set PUBLIC_URL to the address that people open.`,
      ),
    ];
  return [ok(`PUBLIC_URL is ${publicUrl}.`)];
}
