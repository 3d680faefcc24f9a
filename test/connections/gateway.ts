/** What the tests of connections share with the processes they start: made-up integrations and a gateway for them. */
import { admitStarter } from '../../src/app/process/admit-starter.ts';
import { Clock } from '../../src/core/clock.ts';
import { readConfig } from '../../src/core/config/config.ts';
import type { IntegrationSettings } from '../../src/core/config/integration-settings.ts';
import type { Gateway } from '../../src/core/context.ts';
import { Vault } from '../../src/core/crypto.ts';
import { type Db, openPostgres } from '../../src/core/database/database.ts';
import { createLog } from '../../src/core/log.ts';
import { Outbound } from '../../src/core/outbound/outbound.ts';
import type { Starter } from '../../src/domains/connections/accounts.ts';
import { buildCatalogue, buildEndpoint, type CatalogueIntegration } from '../../src/domains/recipes/catalogue.ts';
import { integration } from '../../src/domains/recipes/format/format.ts';

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
    resources: [],
    endpoints: new Map(built.map((endpoint) => [endpoint.name, endpoint])),
    guides: new Map(),
    answers: { shapes: {}, returns: {} },
    open: parsed.auth.some((auth) => auth.type === 'none'),
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
  const clock = new Clock();
  return {
    config: { ...config, integrations: new Map(Object.entries(settings)) },
    database,
    db: database.db,
    clock,
    admitStarter: (trx: Db, starter: Starter) => admitStarter({ config, clock }, trx, starter),
    log: createLog('trace', { write }),
    vault: await Vault.open(database.db, [masterKey]),
    outbound: new Outbound({ allow: ['127.0.0.1'] }),
    catalogue: buildCatalogue(integrations),
  } as unknown as Gateway;
}
