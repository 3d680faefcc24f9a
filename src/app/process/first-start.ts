/** What the first start of an installation makes and prints, once. */
import type { Gateway } from '../../core/context.ts';
import type { Principal } from '../../core/principal.ts';
import { issueFirstKey } from '../../domains/api-keys/api-keys.ts';
import { countKeys } from '../../domains/api-keys/store.ts';
import { startConnection } from '../../domains/connections/start-connection.ts';
import { makeSignInLink } from '../../domains/users/sign-in/sign-in-links.ts';
import { findOwner, findUserByEmail } from '../../domains/users/store.ts';
import { createOwner } from '../../domains/users/users.ts';
import { sandboxScopes } from '../../sandbox/authorization-server.ts';
import type { Sandbox } from '../../sandbox/server.ts';

/** What the first start gives the owner, once. */
export interface FirstAccess {
  fullKey: string;
  /** Signs the owner in, once. */
  signInLink: string;
}

/** As createFirstKey, with a link that signs the owner in. */
export async function createFirstAccess(gateway: Gateway): Promise<FirstAccess | undefined> {
  const fullKey = await createFirstKey(gateway);
  return fullKey === undefined ? undefined : { fullKey, signInLink: await createOperatorLink(gateway) };
}

/** For whoever runs the process: a link that signs in the owner, or the user with this e-mail address. */
export async function createOperatorLink(gateway: Gateway, email?: string): Promise<string> {
  const user = email === undefined ? await findOwner(gateway.db) : await findUserByEmail(gateway.db, email.toLowerCase());
  if (!user)
    throw new NoSuchUser(
      email === undefined
        ? 'There is no owner yet: the first start of the server makes one and prints a link.'
        : `Nobody here has the e-mail address ${email}.`,
    );
  return (await makeSignInLink(gateway, user.id, { actor: 'system', requestId: null })).url;
}

export class NoSuchUser extends Error {}

const requestId = 'first-start';

/**
 * Makes the owner, in embedded mode their sandbox account, and their first key. Undefined when they have a key already: a start
 * that ended before it had shown nothing, and the next one goes on from there.
 */
export async function createFirstKey(gateway: Gateway): Promise<string | undefined> {
  const owner = (await createOwner(gateway.db, gateway.clock)) ?? (await findOwner(gateway.db));
  if (!owner || (await countKeys(gateway.db, { userId: owner.id })) > 0) return undefined;
  const principal: Principal = {
    kind: 'session',
    userId: owner.id,
    holderId: requestId,
    keyId: undefined,
    scopes: ['*'],
    plan: owner.plan,
    limits: gateway.config.plans[owner.plan],
  };
  if (gateway.sandbox) await connectSandbox(gateway, gateway.sandbox, principal);
  return issueFirstKey(gateway, owner.id, requestId);
}

/** So that the first call of a newcomer has an account to use. */
async function connectSandbox(gateway: Gateway, sandbox: Sandbox, principal: Principal): Promise<void> {
  const token = sandbox.tokens.issue({ kind: 'personal', account: 'first', scopes: Object.keys(sandboxScopes) });
  await startConnection(
    gateway,
    principal,
    { integration: 'sandbox', account: undefined, scopes: undefined, credentials: { token } },
    requestId,
  );
}

/** Text for standard output: addresses always; key and link only when they were just made. */
export function describeStart(gateway: Gateway, address: string, place: string, first: FirstAccess | undefined): string {
  const { publicUrl } = gateway.config;
  const lines = [
    '',
    `Skillett listens on ${address}`,
    '',
    `  Dashboard               ${publicUrl}/dashboard`,
    `  GraphQL and playground  ${publicUrl}/graphql`,
    `  REST                    ${publicUrl}/v1/skills`,
    `  MCP                     ${publicUrl}/mcp`,
    `  Database                ${place}`,
    '',
  ];
  if (first) {
    const { fullKey, signInLink } = first;
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
      'Open this once, within seven days, to sign in as the owner and set your password:',
      '',
      signInLink,
      '',
    );
  }
  return lines.join('\n');
}
