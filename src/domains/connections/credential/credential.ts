/** What a connection holds at rest, and how it travels with a request. */

import { fillBasic } from '../../recipes/basic.ts';
import type { Auth } from '../../recipes/format/auth.ts';
import { fillText, type Variables } from '../../recipes/variables.ts';
import { type SignedRequest, signRequest, type UnsignedRequest } from '../signatures/sign-request.ts';

/** Sealed as JSON in `connections.credential`. `fields` are the further values that the recipe asks for, by name. */
export type StoredCredential =
  | { type: 'bearer'; token: string; fields: Record<string, string> }
  | { type: 'api_key'; apiKey: string; fields: Record<string, string> }
  /** An API key that travels like this is the `password`. */
  | { type: 'basic'; username: string; password: string; fields: Record<string, string> }
  | { type: 'signature_v4'; accessKeyId: string; secretAccessKey: string }
  | ({ type: 'oauth2'; refreshToken: string | null } & IssuedToken)
  | (GrantCredential & IssuedToken);

/** What a person gives once, and with which tokens are asked for again and again. */
export type GrantCredential =
  | { type: 'client_credentials'; clientId: string; clientSecret: string }
  /** PKCS #8 in PEM. */
  | { type: 'jwt_bearer'; privateKey: string };

/** The access token of now. */
export interface IssuedToken {
  accessToken: string;
  /** Lifetime as the provider said; null: it did not. */
  expiresInSeconds: number | null;
}

/** What a person gives: the credential itself, or that with which its token is asked for. */
export type GivenCredential = Exclude<StoredCredential, IssuedToken> | GrantCredential;

export function isGrant(given: GivenCredential): given is GrantCredential {
  return given.type === 'client_credentials' || given.type === 'jwt_bearer';
}

/** Whether there is something to get a newer access token with. */
export function isRenewable(credential: StoredCredential): credential is StoredCredential & IssuedToken {
  if (credential.type === 'oauth2') return credential.refreshToken !== null;
  return 'accessToken' in credential;
}

/** What the engine adds to a request. Every name in `headers` carries a secret: never forward it to another origin. */
export interface InjectedCredential {
  /** The connection's `credentialVersion` that this was made from. */
  version: number;
  /** What the recipe's variables are for this account. */
  variables: Variables;
  headers: Record<string, string>;
  query: Record<string, string>;
  /** By the name in braces that it stands in for. */
  path: Record<string, string>;
  /** Where the credential signs: the request as it is to be sent, for now alone. */
  sign?: (request: UnsignedRequest) => Promise<SignedRequest>;
}

/** The credential in the form the recipe names. Header names are in lower case. */
export function injectCredential(
  auth: Auth,
  credential: StoredCredential,
  of: Pick<InjectedCredential, 'version' | 'variables'>,
): InjectedCredential {
  const injected: InjectedCredential = { ...of, headers: {}, query: {}, path: {} };
  if (auth.type === 'bearer' && credential.type === 'bearer')
    injected.headers[auth.header.toLowerCase()] = fillBearer(auth, credential.token, of.variables);
  else if (auth.type === 'api_key' && credential.type === 'api_key') {
    if (auth.in === 'path') injected.path[auth.name] = auth.prefix + credential.apiKey;
    else if (auth.in === 'query') injected.query[auth.name] = auth.prefix + credential.apiKey;
    else injected.headers[auth.name.toLowerCase()] = auth.prefix + credential.apiKey;
  } else if (auth.type === 'basic' && credential.type === 'basic') {
    // RFC 7617, section 2: UTF-8 is what a service that says nothing is most likely to read.
    injected.headers.authorization = `Basic ${Buffer.from(fillBasic(auth.sends, credential), 'utf8').toString('base64')}`;
  } else if (auth.type === 'signature_v4' && credential.type === 'signature_v4') {
    injected.sign = (request) => signRequest(auth, credential, of.variables, request);
  } else if ('bearer_prefix' in auth && 'accessToken' in credential && auth.type === credential.type) {
    if (auth.token_header === undefined) injected.headers.authorization = auth.bearer_prefix + credential.accessToken;
    else injected.headers[auth.token_header.toLowerCase()] = credential.accessToken;
  } else {
    throw new Error(`A credential of the form ${credential.type} cannot be sent as ${auth.type}.`);
  }
  if ('fields' in auth && 'fields' in credential) {
    for (const [name, field] of Object.entries(auth.fields ?? {})) {
      const value = credential.fields[name];
      if (value === undefined) continue;
      if (field.header) injected.headers[field.header.toLowerCase()] = value;
      if (field.query) injected.query[field.query] = value;
    }
  }
  return injected;
}

function fillBearer({ prefix, sends }: Extract<Auth, { type: 'bearer' }>, token: string, variables: Variables): string {
  return sends === undefined ? prefix + token : fillText(sends, { ...variables, token });
}
