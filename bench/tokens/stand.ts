/** A gateway with an account at each of four services, which are one server here. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Vault } from '../../src/core/crypto.ts';
import { openPostgres } from '../../src/core/database/database.ts';
import { newId } from '../../src/core/ids.ts';
import { freePort } from '../../test/support/port.ts';
import { startPostgres } from '../postgres.ts';
import { startGateway } from '../processes.ts';
import { endProcess } from '../stand.ts';
import { answerGithub, type Row } from './github.ts';
import { answerGmail } from './gmail.ts';
import { answerNotion } from './notion.ts';
import { answerSlack } from './slack.ts';

export const services = { github: answerGithub, gmail: answerGmail, slack: answerSlack, notion: answerNotion };
export type Service = keyof typeof services;

/** What a service was asked and what it answered. */
export interface Asked {
  service: Service;
  method: string;
  path: string;
  body: Row;
  answer: unknown;
}

export interface TokenStand {
  url: string;
  key: string;
  /** Since the last call of this. */
  takeAsked(): Asked[];
  close(): Promise<void>;
}

export async function startTokenStand(): Promise<TokenStand> {
  const asked: Asked[] = [];
  const upstream = await startServices(asked);
  const postgres = await startPostgres();
  const closing = [() => postgres.stop(), async () => void upstream.server.close()];
  const close = async () => {
    for (const end of closing) await end();
  };
  try {
    const port = await freePort();
    const masterKey = randomBytes(32);
    const { child, key } = await startGateway({
      PORT: String(port),
      DATABASE_URL: postgres.url,
      SKILLETT_MASTER_KEY: masterKey.toString('base64'),
      SKILLETT_LIMITS: '{"unlimited":{"perMinute":null}}',
      ...Object.fromEntries(Object.keys(services).map((slug) => [`SKILLETT_${slug.toUpperCase()}_BASE_URL`, `${upstream.url}/${slug}`])),
    });
    closing.unshift(() => endProcess(child));
    const url = `http://127.0.0.1:${port}`;
    for (const integration of ['github', 'slack', 'notion']) await connect(url, key, integration);
    await addGrant(postgres.url, masterKey);
    asked.length = 0;
    return { url, key, takeAsked: () => asked.splice(0), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startServices(asked: Asked[]) {
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const { pathname, searchParams } = new URL(request.url as string, 'http://services');
    const [, slug = '', ...rest] = pathname.split('/');
    const said = Buffer.concat(pieces).toString('utf8');
    const body = (
      request.headers['content-type']?.includes('json') ? JSON.parse(said) : Object.fromEntries(new URLSearchParams(said))
    ) as Row;
    const path = `/${rest.join('/')}`;
    const method = request.method as string;
    const answer = services[slug as Service]?.(method, path, searchParams, body);
    asked.push({ service: slug as Service, method, path, body, answer });
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { message: `nothing is known of ${method} ${pathname}` }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function connect(url: string, key: string, integration: string): Promise<void> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ integration, credentials: { token: 'bench-token' } });
  const connected = await fetch(`${url}/v1/connect`, { method: 'POST', headers, body });
  if (!connected.ok) throw new Error(`connecting ${integration} failed: ${await connected.text()}`);
}

/** Gmail takes a consent only, which needs a browser and Google; what one leaves behind is written here. */
async function addGrant(databaseUrl: string, masterKey: Buffer): Promise<void> {
  const database = openPostgres(databaseUrl);
  try {
    const vault = await Vault.open(database.db, [masterKey]);
    const { id: userId } = await database.db.selectFrom('users').select('id').executeTakeFirstOrThrow();
    const id = newId('conn');
    const credential = { type: 'oauth2', refreshToken: null, accessToken: 'bench-token', expiresInSeconds: null };
    await database.db
      .insertInto('connections')
      .values({
        ...{ id, userId, integration: 'gmail', authType: 'oauth2', providerAccountId: 'eva@acme.example', account: 'eva@acme.example' },
        ...{ isDefault: true, statusReason: null, credential: vault.seal(JSON.stringify(credential), id), providerScopes: null },
        ...{ accessExpiresAt: null, refreshHolder: null, refreshUntil: null, frozenAt: null, refreshedAt: null },
      })
      .execute();
  } finally {
    await database.close();
  }
}
