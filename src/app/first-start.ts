/** What the first start of an installation makes and prints, once. */
import type { Gateway } from '../core/context.ts';
import type { Principal } from '../core/principal.ts';
import { issueApiKey } from '../domains/api-keys/api-keys.ts';
import { startConnection } from '../domains/connections/start-connection.ts';
import { createOwner } from '../domains/users/users.ts';
import { sandboxScopes } from '../sandbox/authorization-server.ts';
import type { Sandbox } from '../sandbox/server.ts';

/** Makes the owner, their first key and, in embedded mode, their sandbox account. Undefined when the installation has an owner already. */
export async function createFirstKey(gateway: Gateway): Promise<string | undefined> {
  const owner = await createOwner(gateway.db, gateway.clock);
  if (!owner) return undefined;
  const principal: Principal = {
    kind: 'session',
    userId: owner.id,
    holderId: 'first-start',
    keyId: undefined,
    scopes: ['*'],
    plan: owner.plan,
    limits: gateway.config.plans[owner.plan],
  };
  if (gateway.sandbox) await connectSandbox(gateway, gateway.sandbox, principal);
  const { fullKey } = await issueApiKey(gateway, principal, { name: 'First key' }, 'first-start');
  return fullKey;
}

/** So that the first call of a newcomer has an account to use. */
async function connectSandbox(gateway: Gateway, sandbox: Sandbox, principal: Principal): Promise<void> {
  const token = sandbox.tokens.issue({ kind: 'personal', account: 'first', scopes: Object.keys(sandboxScopes) });
  await startConnection(
    gateway,
    principal,
    { integration: 'sandbox', account: undefined, scopes: undefined, credentials: { token } },
    'first-start',
  );
}

/** Text for standard output: addresses always; the key only when it was just made. */
export function describeStart(gateway: Gateway, address: string, fullKey: string | undefined): string {
  const { publicUrl } = gateway.config;
  const lines = [
    '',
    `Skillett listens on ${address}`,
    '',
    `  GraphQL and playground  ${publicUrl}/graphql`,
    `  REST                    ${publicUrl}/v1/skills`,
    '',
  ];
  if (fullKey !== undefined) {
    const call = gateway.catalogue.find('sandbox') ? 'sandbox/list_notes' : 'open_meteo/get_forecast';
    const params = call === 'sandbox/list_notes' ? {} : { latitude: 52.52, longitude: 13.41, current: ['temperature_2m'] };
    lines.push(
      'Your API key. It is shown this once, so keep it now:',
      '',
      fullKey,
      '',
      'A first call, to paste into another terminal:',
      '',
      `curl -s -X POST '${publicUrl}/v1/${call}' -H 'Authorization: Bearer ${fullKey}' -H 'Content-Type: application/json' -d '${JSON.stringify({ params })}'`,
      '',
    );
  }
  return lines.join('\n');
}
