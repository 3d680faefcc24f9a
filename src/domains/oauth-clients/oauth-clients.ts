/** Clients that let people sign in for them: with a metadata document at their own address, or registered here. */
import type { Gateway } from '../../core/context.ts';
import { sha256Hex } from '../../core/crypto.ts';
import { badRequest } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { cleanClientName } from '../../core/text/client-name.ts';
import { guardAddress, guardHits, siteOf } from '../limits/guard.ts';
import { findClientDocument, isDocumentAddress } from './client-document.ts';
import { redirectUriFault, redirectUrisMax } from './redirect-uri.ts';
import { deleteEndedGrants, deleteOldDocuments, deleteUnusedClients, findRegisteredClient, insertRegisteredClient } from './store.ts';

export interface OAuthClient {
  id: string;
  /** What it says of itself. */
  name: string;
  uri: string | undefined;
  redirectUris: readonly string[];
  /** The host at which its document was found, as its `id` says; undefined of one that registered itself, which anyone may do under any name. */
  host: string | undefined;
}

const registeredForm = /^client_[0-9a-f]{32}$/;

/** Throws bad_request when there is none, or its document cannot be had or says something else. */
export async function findClient(gateway: Gateway, userId: string, id: string): Promise<OAuthClient> {
  if (registeredForm.test(id)) {
    const client = await findRegisteredClient(gateway.db, id);
    if (client) return client;
    throw badRequest(
      'This client is not registered here any more: clients that nobody lets in are removed after a day, or a month after the last time. Have it register again.',
    );
  }
  if (isDocumentAddress(id)) return findClientDocument(gateway, userId, id);
  throw badRequest(
    '`client_id` is neither one that this installation gave out, nor the address of a client metadata document (https, with a path).',
  );
}

/** Whether what a person was shown of a client is still so. */
export function fingerprintOf({ id, name, uri, redirectUris }: OAuthClient): string {
  return sha256Hex(JSON.stringify([id, name, uri ?? null, redirectUris]));
}

export interface ClientMetadata {
  redirectUris: readonly string[];
  name?: string | undefined;
  uri?: string | undefined;
}

/** What is wrong with metadata, in OAuth's word for it (RFC 7591, section 3.2.2), or undefined. */
export function metadataFault({ redirectUris, uri }: ClientMetadata): { error: string; description: string } | undefined {
  if (redirectUris.length === 0 || redirectUris.length > redirectUrisMax)
    return { error: 'invalid_redirect_uri', description: `redirect_uris must hold 1 to ${redirectUrisMax} addresses.` };
  for (const redirectUri of redirectUris) {
    const fault = redirectUriFault(redirectUri);
    if (fault !== undefined)
      return { error: 'invalid_redirect_uri', description: `${JSON.stringify(redirectUri.slice(0, 200))} ${fault}.` };
  }
  // URL.parse leaves spaces and line breaks out, which people would be shown.
  if (uri !== undefined && (uri.length > 1_000 || !/^[\x21-\x7e]+$/.test(uri) || URL.parse(uri)?.protocol !== 'https:'))
    return { error: 'invalid_client_metadata', description: 'client_uri must be an https address, without spaces and line breaks.' };
  return undefined;
}

/** Keeps what has no fault. Clients have no secrets here (RFC 9700, section 2.1.1: PKCE binds the code to whoever asked). */
export async function registerClient(
  gateway: Pick<Gateway, 'db' | 'clock'>,
  { redirectUris, name, uri }: ClientMetadata,
): Promise<OAuthClient> {
  return insertRegisteredClient(gateway.db, gateway.clock, {
    id: newId('client'),
    name: cleanClientName(name, 'A client without a name'),
    uri: uri ?? null,
    redirectUris: [...redirectUris],
  });
}

const windowSeconds = 3_600;

/** Throws 429 when an address, its neighbours or everybody together have registered as many clients as may be within an hour. */
export async function guardRegistration(gateway: Gateway, address: string): Promise<void> {
  await guardAddress(gateway, { field: 'registerClient', max: 10, windowSeconds }, address);
  const refuse = (whose: string) => (wait: string) =>
    `${whose} registered as many clients as may be within an hour. Try again in ${wait}; a client that is described at an address of its own (client ID metadata document) needs no registration.`;
  await guardHits(gateway, { field: 'registerClientNearby', max: 100, windowSeconds }, siteOf(address), refuse('Your network has'));
  await guardHits(gateway, { field: 'registerClientOverall', max: 1_000, windowSeconds }, 'all', refuse('Clients here have'));
}

const unusedHours = 24;
const forgottenDays = 30;

/** Background job: clients that nobody lets in, codes and grants that are over, and documents whose time is over. */
export async function dropUnusedClients({ db, clock }: Pick<Gateway, 'db' | 'clock'>): Promise<void> {
  await deleteEndedGrants(db, clock, unusedHours);
  await deleteUnusedClients(db, clock, { hours: unusedHours, days: forgottenDays });
  await deleteOldDocuments(db, clock);
}
