/**
 * Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document): the client's id is the address at which it says who it
 * is. Fetched under the rules of all that goes out to addresses of a caller's choice, without redirects, and kept as long as it says, in
 * the database, so that the page and the answer to it are about one document whichever process has them; and for each person apart, so
 * that what went wrong for one is not in another's way.
 */
import { z } from 'zod';
import type { Gateway } from '../../core/context.ts';
import { badRequest, SkillettError } from '../../core/errors.ts';
import type { OutboundAnswer } from '../../core/outbound/outbound.ts';
import { cleanClientName } from '../../core/text/client-name.ts';
import { metadataFault, type OAuthClient } from './oauth-clients.ts';
import { findDocument, keepDocument } from './store.ts';

const bytesMax = 64 * 1024;
const timeoutMs = 5_000;
const addressLengthMax = 500;
const keptSecondsMax = 3_600;
const keptSecondsUnsaid = 300;
/** Whoever asks meanwhile makes no further request to a host of anybody's choice. */
const faultSeconds = 30;

/** https, with a path, and written as it is asked for: no fragment, no user, no dots to be taken out (section 3). */
export function isDocumentAddress(id: string): boolean {
  if (id.length > addressLengthMax || !/^https:\/\/[^/?#@\\]+\/[^?#\\]+(\?[^#]*)?$/.test(id)) return false;
  const url = URL.parse(id);
  return url !== null && url.href === id;
}

const Metadata = z.object({
  client_id: z.string(),
  client_name: z.string().optional(),
  client_uri: z.string().optional(),
  redirect_uris: z.array(z.string()),
  token_endpoint_auth_method: z.string().optional(),
  client_secret: z.never().optional(),
});

/** Throws bad_request, which names the host and what is wrong, and is remembered for a short while. */
export async function findClientDocument(gateway: Gateway, userId: string, id: string): Promise<OAuthClient> {
  const { db, clock } = gateway;
  const kept = await findDocument(db, clock, userId, id);
  if (kept?.fault !== undefined) throw badRequest(kept.fault);
  if (kept) return { ...kept.client, host: new URL(id).host };
  try {
    const { client, keptSeconds } = await fetchDocument(gateway, userId, id);
    if (keptSeconds > 0) await keepDocument(db, clock, { userId, id, client, keptSeconds });
    return client;
  } catch (error) {
    if (error instanceof SkillettError && error.code === 'bad_request')
      await keepDocument(db, clock, { userId, id, fault: error.message, keptSeconds: faultSeconds });
    throw error;
  }
}

async function fetchDocument(gateway: Gateway, turnOf: string, id: string): Promise<{ client: OAuthClient; keptSeconds: number }> {
  const url = new URL(id);
  const refuse = (what: string) => badRequest(`The client's document at ${JSON.stringify(url.host)} ${what}, so nobody can say who it is.`);
  let text: string | undefined;
  let answer: OutboundAnswer;
  try {
    answer = await gateway.outbound.send({
      method: 'GET',
      url,
      headers: { accept: 'application/json', 'user-agent': 'skillett' },
      timeoutMs,
      integration: 'the client’s document',
      turnOf,
      chosenByCaller: true,
      httpsOnly: true,
    });
    if (answer.status === 200) text = (await answer.collect(bytesMax))?.toString('utf8');
    if (text === undefined) answer.discard();
  } catch (error) {
    // What an inner address answers is nobody's business: one sentence for all of it.
    if (error instanceof SkillettError) throw refuse('cannot be fetched');
    throw error;
  }
  if (answer.status !== 200) throw refuse(`was answered with status ${answer.status}`);
  if (text === undefined) throw refuse(`has more than ${bytesMax} bytes`);
  return { client: readDocument(id, url.host, text, refuse), keptSeconds: keptSecondsOf(answer.headers) };
}

function readDocument(id: string, host: string, text: string, refuse: (what: string) => SkillettError): OAuthClient {
  const read = Metadata.safeParse(parseJson(text));
  if (!read.success) throw refuse('is no client metadata, or holds a secret');
  const { client_id, client_name, client_uri, redirect_uris, token_endpoint_auth_method = 'none' } = read.data;
  // Section 4.1: compared as text.
  if (client_id !== id) throw refuse('says that it is of another client');
  // A client that proves itself by a key would lose that here, where it is not asked to.
  if (token_endpoint_auth_method !== 'none')
    throw refuse(
      `asks for ${JSON.stringify(token_endpoint_auth_method.slice(0, 50))}, and this installation takes clients without secrets (none)`,
    );
  const fault = metadataFault({ redirectUris: redirect_uris, uri: client_uri });
  if (fault) throw refuse(`is not acceptable: ${fault.description.replace(/\.$/, '')}`);
  return { id, name: cleanClientName(client_name, host), uri: client_uri, redirectUris: redirect_uris, host };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** RFC 9111, sections 5.2.2 and 4.2.3, within our own bounds. */
function keptSecondsOf(headers: OutboundAnswer['headers']): number {
  const control = String(headers['cache-control'] ?? '').toLowerCase();
  if (/\bno-(store|cache)\b/.test(control)) return 0;
  const maxAge = /(?:^|[\s,])max-age="?(\d{1,9})/.exec(control)?.[1];
  const age = /^\d{1,9}$/.test(String(headers.age ?? '')) ? Number(headers.age) : 0;
  return maxAge === undefined ? keptSecondsUnsaid : Math.min(Math.max(0, Number(maxAge) - age), keptSecondsMax);
}
