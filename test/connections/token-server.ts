/** A real authorisation server on loopback (oidc-provider) for clients that ask in their own name, and an API that takes its tokens. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

export const machine = { client_id: 'the-machine', client_secret: 'secret of the: machine+&%' };

/** Clients that hold a key: the server knows the public half. */
const pairs = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
};
export const holderOf = (algorithm: 'ES256' | 'RS256') => `the-holder-of-${algorithm}`;
export const keyOf = (algorithm: 'ES256' | 'RS256'): KeyObject => pairs[algorithm].privateKey;
export const pemOf = (key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'sec1' = 'pkcs8') =>
  key.export({ type: type as 'pkcs8', format: 'pem' }) as string;

const holders = (['RS256', 'ES256'] as const).map((algorithm) => ({
  client_id: holderOf(algorithm),
  redirect_uris: [],
  response_types: [],
  grant_types: ['client_credentials'],
  token_endpoint_auth_method: 'private_key_jwt',
  token_endpoint_auth_signing_alg: algorithm,
  jwks: { keys: [{ ...pairs[algorithm].publicKey.export({ format: 'jwk' }), kid: 'key-1', use: 'sig', alg: algorithm }] },
}));

export class TokenServer {
  origin = '';
  /** Seconds that access tokens live. */
  tokenSeconds = 3600;
  /** Token requests that were answered, well or not. */
  granted = 0;
  refused = 0;
  /** Bearer tokens that the API was called with. */
  readonly used: string[] = [];
  /** Tokens that the API takes no more. */
  readonly ended = new Set<string>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  #provider: Provider | undefined;

  static async start(): Promise<TokenServer> {
    const server = new TokenServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    server.origin = `http://127.0.0.1:${(server.#server.address() as AddressInfo).port}`;
    server.#provider = new Provider(server.origin, {
      clients: [
        {
          ...machine,
          redirect_uris: [],
          response_types: [],
          grant_types: ['client_credentials'],
          token_endpoint_auth_method: 'client_secret_basic',
        },
        ...holders,
      ],
      scopes: ['notes'],
      features: { devInteractions: { enabled: false }, clientCredentials: { enabled: true } },
      ttl: { ClientCredentials: () => server.tokenSeconds },
      cookies: { keys: ['cookie key of the tests'] },
    });
    server.#provider.on('grant.success', () => {
      server.granted += 1;
    });
    server.#provider.on('grant.error', () => {
      server.refused += 1;
    });
    return server;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const provider = this.#provider as Provider;
    if (request.url === '/token') await takeAssertion(request);
    if (!request.url?.startsWith('/api/')) return provider.callback()(request, response);
    const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
    const found = this.ended.has(token) ? undefined : await provider.ClientCredentials.find(token);
    this.used.push(token);
    response
      .writeHead(found ? 200 : 401, { 'content-type': 'application/json' })
      .end(JSON.stringify(found ? { id: found.clientId, scope: found.scope } : { error: 'invalid_token' }));
  }
}

/**
 * The server takes a JWT as the client's proof (RFC 7523, section 2.2) and has no grant by one (section 2.1), so what arrives as the
 * second is handed on as the first: signature, algorithm, issuer, audience, lifetime and that it comes once are checked by its own code.
 */
async function takeAssertion(request: IncomingMessage): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
  const { assertion, grant_type, ...rest } = form;
  const isGrant = grant_type === 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  const proof = { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion };
  Object.assign(request, { body: isGrant ? { ...rest, grant_type: 'client_credentials', ...proof } : form });
}
