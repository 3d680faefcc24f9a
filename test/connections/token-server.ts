/** A real authorisation server on loopback (oidc-provider) for clients that ask in their own name, and an API that takes its tokens. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

export const machine = { client_id: 'the-machine', client_secret: 'secret of the: machine+&%' };

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
    if (!request.url?.startsWith('/api/')) return provider.callback()(request, response);
    const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
    const found = this.ended.has(token) ? undefined : await provider.ClientCredentials.find(token);
    this.used.push(token);
    response
      .writeHead(found ? 200 : 401, { 'content-type': 'application/json' })
      .end(JSON.stringify(found ? { id: found.clientId, scope: found.scope } : { error: 'invalid_token' }));
  }
}
