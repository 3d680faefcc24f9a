/** A gateway over a database of its own with made-up integrations, whose services and providers are upstreams on loopback. */
import { randomBytes } from 'node:crypto';
import { Clock } from '../../src/core/clock.ts';
import { type IntegrationSettings, readConfig } from '../../src/core/config.ts';
import type { Gateway } from '../../src/core/context.ts';
import { Vault } from '../../src/core/crypto.ts';
import { openPostgres } from '../../src/core/database.ts';
import { newId } from '../../src/core/ids.ts';
import { createLog } from '../../src/core/log.ts';
import { Outbound } from '../../src/core/outbound.ts';
import type { Principal } from '../../src/core/principal.ts';
import type { AdmittedConnection } from '../../src/domains/connections/connections.ts';
import { buildCatalogue, buildEndpoint, type CatalogueIntegration } from '../../src/domains/recipes/catalogue.ts';
import { integration } from '../../src/domains/recipes/format.ts';
import { createTestDatabase } from '../support/database.ts';

export interface Stand {
  gateway: Gateway;
  databaseUrl: string;
  masterKey: Buffer;
  log: string[];
  /** A user on the plan unlimited, as a session or as a key with these scopes. */
  addUser(options?: { scopes?: string[]; connectionsMax?: number | null; email?: string }): Promise<Principal>;
  integration(slug: string): CatalogueIntegration;
  /** The row as admission would hand it on. */
  admitted(id: string): Promise<AdmittedConnection>;
  close(): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: recipes as JSON
type Json = any;

/** An integration with one endpoint. `recipe` is laid over it. */
export function makeIntegration(slug: string, recipe: Json, settings?: IntegrationSettings, endpoints: Json = {}): CatalogueIntegration {
  const parsed = integration.parse({
    slug,
    name: slug[0]?.toUpperCase() + slug.slice(1),
    version: '1.0.0',
    description: 'A service of the tests.',
    category: 'tests',
    documentation_url: `https://${slug}.example/docs`,
    base_url: `https://api.${slug}.example`,
    verify: { path: '/me', account: { id: 'id', label: 'login' } },
    ...recipe,
  });
  const built = Object.entries(endpoints).map(([name, spec]) =>
    buildEndpoint(slug, 'things', name, {
      method: 'GET',
      path: '/things',
      description: 'Lists things.',
      answer: 'Things.',
      example: {},
      parameters: {},
      ...(spec as Json),
    }),
  );
  return {
    slug,
    recipe: parsed,
    baseUrl: settings?.baseUrl ?? parsed.base_url,
    baseUrlOverridden: settings?.baseUrl !== undefined,
    bundled: true,
    resources: [],
    endpoints: new Map(built.map((endpoint) => [endpoint.name, endpoint])),
    guides: new Map(),
    open: parsed.auth.some((auth) => auth.type === 'none'),
  };
}

export async function createStand(
  integrations: readonly CatalogueIntegration[],
  settings: Record<string, IntegrationSettings> = {},
): Promise<Stand> {
  const { url: databaseUrl, database, drop } = await createTestDatabase();
  const masterKey = randomBytes(32);
  const log: string[] = [];
  const gateway = await openStandGateway(databaseUrl, masterKey, integrations, settings, (line) => void log.push(line));
  await database.close();
  const catalogue = gateway.catalogue;
  const { db } = gateway;
  return {
    gateway,
    databaseUrl,
    masterKey,
    log,
    addUser: async ({ scopes, connectionsMax = null, email } = {}) => {
      const userId = newId('user');
      await db
        .insertInto('users')
        .values({ id: userId, email: email ?? `${userId}@example.org`, displayName: 'Ada', image: null, plan: 'unlimited' })
        .execute();
      return {
        kind: scopes ? 'api_key' : 'session',
        userId,
        holderId: newId(scopes ? 'key' : 'sess'),
        keyId: undefined,
        scopes: scopes ?? ['*'],
        plan: 'unlimited',
        limits: { perMinute: null, perDay: null, connections: connectionsMax, apiKeys: null },
      };
    },
    integration: (slug) => catalogue.find(slug) as CatalogueIntegration,
    admitted: (id) => db.selectFrom('connections').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    close: async () => {
      await gateway.outbound.close();
      await gateway.database.close();
      await drop();
    },
  };
}

/** The parts of a gateway that connections use; a second one over the same database is a second process to the first. */
export async function openStandGateway(
  databaseUrl: string,
  masterKey: Buffer,
  integrations: readonly CatalogueIntegration[],
  settings: Record<string, IntegrationSettings>,
  write: (line: string) => void = () => {},
): Promise<Gateway> {
  const config = readConfig({ PUBLIC_URL: 'https://gateway.example', SKILLETT_MASTER_KEY: masterKey.toString('base64') });
  const database = openPostgres(databaseUrl);
  return {
    config: { ...config, integrations: new Map(Object.entries(settings)) },
    database,
    db: database.db,
    clock: new Clock(),
    log: createLog('trace', { write }),
    vault: await Vault.open(database.db, [masterKey]),
    outbound: new Outbound({ allow: ['127.0.0.1'] }),
    catalogue: buildCatalogue(integrations),
  } as unknown as Gateway;
}
