/** Two gateways over one database, each behind a server of its own, as two processes would be; with people who are signed in. */
import { createHmac, randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { schema } from '../../src/app/graphql/schema.ts';
import { createHttpServer } from '../../src/app/http/server.ts';
import { createPages } from '../../src/app/pages/pages.ts';
import { createFirstKey } from '../../src/app/process/first-start.ts';
import { openGateway } from '../../src/app/process/gateway.ts';
import { readConfig } from '../../src/core/config/config.ts';
import type { Gateway } from '../../src/core/context.ts';
import { type Database, openPostgres } from '../../src/core/database/database.ts';
import { newId } from '../../src/core/ids.ts';
import { createLog } from '../../src/core/log.ts';
import { createPgliteTestDatabase, createTestDatabase } from '../support/database.ts';
import { checkDescribed, checkOutput } from '../support/rest-rows.ts';

export interface Person {
  userId: string;
  sessionId: string;
  cookie: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  json: any;
}

export interface Request {
  /** A person's session, a key, or neither. */
  as?: Person | string;
  /** Sent as it is with this content type, otherwise as JSON. */
  contentType?: string;
  /** With a session: this installation's own unless given. */
  origin?: string | null;
  /** Where the client is; a new place each time unless given. */
  address?: string;
}

export interface DeviceStand {
  /** Of PostgreSQL, for further processes. */
  databaseUrl: string | undefined;
  masterKey: string;
  gateways: readonly [Gateway, Gateway];
  urls: readonly [string, string];
  /** The owner's key. */
  key: string;
  log: string[];
  signIn(options?: { userId?: string; displayName?: string }): Promise<Person>;
  /** On the first server. */
  post(path: string, body: unknown, request?: Request): Promise<Answer>;
  postTo(server: 0 | 1, path: string, body: unknown, request?: Request): Promise<Answer>;
  graphql(query: string, variables: Record<string, unknown>, request?: Request): Promise<Answer>;
  /** Moves the time of both gateways, in milliseconds from now. */
  setClock(offsetMs: number): void;
  close(): Promise<void>;
}

const publicUrl = 'http://skillett.test';

export async function createDeviceStand(kind: 'postgres' | 'pglite' = 'postgres'): Promise<DeviceStand> {
  const { databaseUrl, databases, drop } = await openDatabases(kind);
  const masterKey = randomBytes(32).toString('base64');
  const log: string[] = [];
  const first = await openServer(databases[0], masterKey, log);
  const second = await openServer(databases[1], masterKey, log);
  const servers = [first, second] as const;
  const key = (await createFirstKey(first.gateway)) as string;
  const secret = (await first.gateway.vault.readSecret('auth')) as string;
  const postTo: DeviceStand['postTo'] = (server, path, body, request) => send(servers[server].url + path, body, request ?? {});
  return {
    databaseUrl,
    masterKey,
    gateways: [first.gateway, second.gateway],
    urls: [first.url, second.url],
    key,
    log,
    signIn: (options) => signIn(first.gateway, secret, options ?? {}),
    post: (path, body, request) => postTo(0, path, body, request),
    postTo,
    graphql: (query, variables, request) => postTo(0, '/graphql', { query, variables }, request),
    setClock: (offsetMs) => {
      for (const { gateway } of servers) gateway.clock.offsetMs = offsetMs;
    },
    close: async () => {
      for (const { close } of servers) await close();
      await drop();
    },
  };
}

/** The same database twice: over connections of their own, or PGlite itself. */
async function openDatabases(
  kind: 'postgres' | 'pglite',
): Promise<{ databaseUrl: string | undefined; databases: [Database, Database]; drop: () => Promise<void> }> {
  if (kind === 'pglite') {
    const database = await createPgliteTestDatabase();
    return { databaseUrl: undefined, databases: [database, database], drop: () => database.close() };
  }
  const { url: databaseUrl, database, drop } = await createTestDatabase();
  const other = openPostgres(databaseUrl);
  return {
    databaseUrl,
    databases: [database, other],
    drop: async () => {
      await other.close();
      await drop();
    },
  };
}

async function openServer(database: Database, masterKey: string, log: string[]) {
  const config = readConfig({ PORT: '0', SKILLETT_MASTER_KEY: masterKey, PUBLIC_URL: publicUrl, TRUST_PROXY: '127.0.0.1' });
  const { gateway, close } = await openGateway(config, { database, log: createLog('trace', { write: (line) => void log.push(line) }) });
  const http = createHttpServer(gateway, schema, createPages(gateway));
  await new Promise<void>((resolve) => http.server.listen(0, '127.0.0.1', resolve));
  return {
    gateway,
    url: `http://127.0.0.1:${(http.server.address() as AddressInfo).port}`,
    close: async () => {
      await http.stop();
      await close();
    },
  };
}

/** A session as better-auth keeps one: a row with a token, and the token with its HMAC in the cookie. */
async function signIn(
  { db, clock }: Gateway,
  secret: string,
  { userId = newId('user'), displayName = 'Ada Lovelace' }: { userId?: string; displayName?: string },
): Promise<Person> {
  await db
    .insertInto('users')
    .values({ id: userId, email: `${userId}@example.org`, displayName, image: null, plan: 'free' })
    .onConflict((clash) => clash.doNothing())
    .execute();
  const sessionId = newId('sess');
  const token = randomBytes(16).toString('hex');
  await db
    .insertInto('sessions')
    .values({ id: sessionId, userId, token, expiresAt: new Date(clock.nowMs() + 86_400_000), ipAddress: null, userAgent: null })
    .execute();
  const signed = `${token}.${createHmac('sha256', secret).update(token).digest('base64')}`;
  return { userId, sessionId, cookie: `skillett.session_token=${encodeURIComponent(signed)}` };
}

export function anyAddress(): string {
  return `198.51.${randomBytes(1)[0]}.${randomBytes(1)[0]}`;
}

async function send(url: string, body: unknown, { as, contentType, origin = publicUrl, address = anyAddress() }: Request): Promise<Answer> {
  const headers = new Headers({ 'x-forwarded-for': address });
  if (body !== undefined) headers.set('content-type', contentType ?? 'application/json');
  if (typeof as === 'string') headers.set('authorization', `Bearer ${as}`);
  else if (as) {
    headers.set('cookie', as.cookie);
    if (origin !== null) headers.set('origin', origin);
  }
  const answer = await fetch(url, {
    method: 'POST',
    headers,
    ...(body === undefined ? {} : { body: contentType === undefined ? JSON.stringify(body) : String(body) }),
  });
  const text = await answer.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const seen = { status: answer.status, headers: answer.headers, text, json };
  checkOutput('POST', new URL(url).pathname, seen);
  checkDescribed('POST', new URL(url).pathname, { sent: body }, seen);
  return seen;
}
