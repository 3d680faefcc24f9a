/**
 * A process of an installation: makes calls at the service with a connection as the engine does (credential, call, on 401
 * renew and once more) and reports their statuses. Started by tests with its orders as JSON in the first argument.
 */

import { type AdmittedConnection, credentialFor, renewCredential } from '../../src/domains/connections/connections.ts';
import { readRefreshState } from '../../src/domains/connections/credential/refresh-store.ts';
import type { CatalogueIntegration } from '../../src/domains/recipes/catalogue.ts';
import { makeIntegration, openStandGateway } from '../connections/gateway.ts';

export interface WorkerOrders {
  databaseUrl: string;
  masterKey: string;
  slug: string;
  recipe: unknown;
  settings: Record<string, string>;
  /** Where the service answers 200 to a good token and 401 to any other. */
  serviceUrl: string;
  connectionId: string;
  calls: number;
}

const orders = JSON.parse(process.argv[2] as string) as WorkerOrders;
const { slug, settings } = orders;
const integration = makeIntegration(slug, orders.recipe, settings);
const gateway = await openStandGateway(orders.databaseUrl, Buffer.from(orders.masterKey, 'base64'), [integration], { [slug]: settings });
const connection = (await readRefreshState(gateway.db, gateway.clock, orders.connectionId)) as AdmittedConnection;

async function call(known: CatalogueIntegration): Promise<string> {
  try {
    const used = await credentialFor(gateway, known, connection);
    const first = await fetch(orders.serviceUrl, { headers: used.headers });
    await first.text();
    if (first.status !== 401) return String(first.status);
    const renewed = await renewCredential(gateway, known, connection, used);
    if (!renewed) return '401';
    const second = await fetch(orders.serviceUrl, { headers: renewed.headers });
    await second.text();
    return String(second.status);
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

// Both processes are there before either begins.
process.send?.('ready');
await new Promise((resolve) => process.once('message', resolve));
const results = await Promise.all(Array.from({ length: orders.calls }, () => call(integration)));
process.send?.(results);
await gateway.outbound.close();
await gateway.database.close();
process.disconnect?.();
