/** What the first start of an installation makes and prints, once. */
import type { Gateway } from '../core/context.ts';
import { issueApiKey } from '../domains/api-keys/api-keys.ts';
import { createOwner } from '../domains/users/users.ts';

/** The owner's first key, or undefined when the installation has an owner already. */
export async function createFirstKey(gateway: Gateway): Promise<string | undefined> {
  const owner = await createOwner(gateway.db, gateway.clock);
  if (!owner) return undefined;
  const principal = {
    kind: 'session',
    userId: owner.id,
    holderId: 'first-start',
    keyId: undefined,
    scopes: ['*'],
    plan: owner.plan,
    limits: gateway.config.plans[owner.plan],
  } as const;
  const { fullKey } = await issueApiKey(gateway, principal, { name: 'First key' }, 'first-start');
  return fullKey;
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
