/**
 * A real authorisation server on loopback (oidc-provider): refresh tokens work once, and using one again ends the whole
 * grant. Everybody who comes is signed in as `account` and consents.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

export class OidcServer {
  /** Who signs in next. Undefined: a page asks, for tests with a browser. */
  account: string | undefined = 'ada';
  /** Seconds that access tokens live. */
  accessTokenSeconds = 3600;
  /** Grant types that the token endpoint was asked for. */
  readonly tokenRequests: string[] = [];
  revokedGrants = 0;
  origin = '';
  /** Held before the token endpoint's answer is sent. */
  beforeTokenAnswer: () => Promise<void> = async () => {};
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  #provider: Provider | undefined;

  static async start(redirectUri: string): Promise<OidcServer> {
    const oidc = new OidcServer();
    await new Promise<void>((resolve) => oidc.#server.listen(0, '127.0.0.1', resolve));
    oidc.origin = `http://127.0.0.1:${(oidc.#server.address() as AddressInfo).port}`;
    oidc.#provider = createProvider(oidc, redirectUri);
    return oidc;
  }

  /** Follows the authorize address as a browser would and returns where it ends: the redirect address with the answer. */
  async consent(authorizeUrl: string, redirectUri: string): Promise<URL> {
    const cookies = new Map<string, string>();
    let url = authorizeUrl;
    for (let hop = 0; hop < 10; hop += 1) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await fetch(url, { redirect: 'manual', headers: { cookie } });
      for (const line of answer.headers.getSetCookie()) {
        const [name, value] = (line.split(';')[0] as string).split('=', 2) as [string, string];
        cookies.set(name, value);
      }
      const location = answer.headers.get('location');
      if (location === null) throw new Error(`The provider answered ${answer.status}: ${await answer.text()}`);
      url = new URL(location, url).href;
      if (url.startsWith(redirectUri)) return new URL(url);
    }
    throw new Error('The provider redirects without end.');
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const provider = this.#provider as Provider;
    if (request.url?.startsWith('/interaction/')) {
      const accountId = this.account ?? (await readLogin(request));
      if (accountId === undefined) return void response.writeHead(200, { 'content-type': 'text/html' }).end(loginPage);
      const result = accountId === '' ? { error: 'access_denied' } : { login: { accountId }, consent: {} };
      return provider.interactionFinished(request, response, result);
    }
    if (request.url === '/token') {
      const end = response.end.bind(response);
      // Once the answer is made, the tokens of it are good at the server and the old ones are not.
      response.end = ((...args: Parameters<typeof end>) => {
        void this.beforeTokenAnswer().then(() => end(...args));
        return response;
      }) as typeof response.end;
    }
    provider.callback()(request, response);
  }
}

const loginPage = `<!doctype html><html lang="en"><title>Forge</title><h1>Allow Skillett to use your notes?</h1>
<form method="post"><label>Who are you? <input name="login"></label><button>Allow</button></form>
<form method="post"><input type="hidden" name="login" value=""><button>Deny</button></form></html>`;

/** Undefined until the page was sent; empty for a denial. */
async function readLogin(request: IncomingMessage): Promise<string | undefined> {
  if (request.method !== 'POST') return undefined;
  let body = '';
  for await (const chunk of request) body += chunk;
  return new URLSearchParams(body).get('login') ?? undefined;
}

function createProvider(oidc: OidcServer, redirectUri: string): Provider {
  const provider = new Provider(oidc.origin, {
    clients: [
      {
        client_id: 'skillett',
        client_secret: 'client-secret-of-the-tests',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    scopes: ['openid', 'offline_access', 'notes'],
    claims: { openid: ['sub'] },
    findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    ttl: { AccessToken: () => oidc.accessTokenSeconds, RefreshToken: 86_400, Grant: 86_400, Session: 600, Interaction: 600, IdToken: 600 },
    cookies: { keys: ['cookie key of the tests'] },
    interactions: { url: (_context: unknown, interaction: { uid: string }) => `/interaction/${interaction.uid}` },
    loadExistingGrant: async (context: { oidc: { session: { accountId: string }; client: { clientId: string }; provider: Provider } }) => {
      const { session, client } = context.oidc;
      const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
      grant.addOIDCScope('openid offline_access notes');
      await grant.save();
      return grant;
    },
  });
  provider.on('grant.revoked', () => {
    oidc.revokedGrants += 1;
  });
  const count = (context: unknown) => {
    const { params } = (context as { oidc: { params: { grant_type?: string } } }).oidc;
    oidc.tokenRequests.push(params.grant_type ?? '');
  };
  provider.on('grant.success', count);
  provider.on('grant.error', count);
  return provider;
}
