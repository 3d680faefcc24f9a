/** A gateway over a database of its own with made-up integrations, whose services and providers are upstreams on loopback. */
import { randomBytes } from 'node:crypto';
import { readConsentCookie, setConsentCookie } from '../../src/app/pages/consent-cookie.ts';
import type { IntegrationSettings } from '../../src/core/config/integration-settings.ts';
import type { Gateway } from '../../src/core/context.ts';
import { newId } from '../../src/core/ids.ts';
import type { Principal } from '../../src/core/principal.ts';
import type { AdmittedConnection } from '../../src/domains/connections/connections.ts';
import { openConsent } from '../../src/domains/connections/consent/consent-browser.ts';
import { type Consent, findConsent } from '../../src/domains/connections/consent/consent-store.ts';
import type { CatalogueIntegration } from '../../src/domains/recipes/catalogue.ts';
import { addUser } from '../admission/people.ts';
import { createTestDatabase } from '../support/database.ts';
import { openStandGateway } from './gateway.ts';

export interface Stand {
  gateway: Gateway;
  databaseUrl: string;
  masterKey: Buffer;
  log: string[];
  /** A user on the plan unlimited, as a session or as a key with these scopes. */
  addUser(options?: { scopes?: string[]; connectionsMax?: number | null; email?: string }): Promise<Principal>;
  integration(slug: string): CatalogueIntegration;
  /** Opens a pending consent as its starter does, and agrees where it asks; gives the provider's page, and the cookie of the browser. */
  open(principal: Principal, id: string, cookie?: string): Promise<{ url: URL; cookie: string }>;
  /** The row as admission would hand it on. */
  admitted(id: string): Promise<AdmittedConnection>;
  close(): Promise<void>;
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
      const limits = connectionsMax === null ? {} : { limits: { connections: connectionsMax } };
      const userId = await addUser(gateway.database, { email, name: 'Ada', ...limits });
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
    open: async (principal, id, cookie = '') => {
      const consent = (await findConsent(db, gateway.clock, principal.userId, id)) as Consent;
      const { url, secret } = await openConsent(gateway, consent, {
        secret: readConsentCookie(gateway, cookie, id),
        confirmedBy: consent.needsConfirmation ? 'sess_1' : undefined,
        requestId: 'req_1',
      });
      return { url: new URL(url), cookie: setConsentCookie(gateway, id, secret)['set-cookie'].split(';', 1)[0] as string };
    },
    admitted: (id) => db.selectFrom('connections').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    close: async () => {
      await gateway.outbound.close();
      await gateway.database.close();
      await drop();
    },
  };
}
