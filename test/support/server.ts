import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import type { AddressInfo, LookupFunction } from 'node:net';
import { schema } from '../../src/app/graphql/schema.ts';
import { type ClientTimeouts, clientTimeouts } from '../../src/app/http/arrival/client-sockets.ts';
import { createHttpServer } from '../../src/app/http/server.ts';
import { createPages } from '../../src/app/pages/pages.ts';
import { createFirstKey } from '../../src/app/process/first-start.ts';
import { openGateway } from '../../src/app/process/gateway.ts';
import { readConfig } from '../../src/core/config/config.ts';
import type { Gateway } from '../../src/core/context.ts';
import { type Database, openPostgres } from '../../src/core/database/database.ts';
import { createLog } from '../../src/core/log.ts';
import type { StreamLimits } from '../../src/domains/executions/answer/passed/live-streams.ts';
import type { PasswordHashing } from '../../src/domains/users/sign-in/auth.ts';
import { createPgliteTestDatabase, createTestDatabase } from './database.ts';
import { checkDescribed } from './rest-rows.ts';

export interface TestServer {
  url: string;
  gateway: Gateway;
  /** The owner's first key. */
  key: string;
  /** Lines that were logged. */
  log: string[];
  /** A request with the owner's key unless `authorization` is given (`null` sends none). `body` is sent as JSON, a string as it is. */
  request(method: string, path: string, options?: RequestOptions): Promise<TestAnswer>;
  graphql(query: string, variables?: Record<string, unknown>, options?: RequestOptions): Promise<TestAnswer>;
  close(): Promise<void>;
}

export type ServerKind = 'postgres' | 'embedded' | 'pglite';

export interface RequestOptions {
  body?: unknown;
  headers?: Record<string, string>;
  authorization?: string | null;
}

export interface TestAnswer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  json: any;
}

/** Passwords are kept as by better-auth, at a thousandth of its cost, which is half of the time of tests about people otherwise. */
const quickHashing: PasswordHashing = {
  hash: async (password) => {
    const salt = randomBytes(16).toString('hex');
    return `${salt}:${quickScrypt(password, salt).toString('hex')}`;
  },
  verify: async ({ hash, password }) => {
    const [salt = '', key = ''] = hash.split(':');
    return timingSafeEqual(quickScrypt(password, salt), Buffer.from(key, 'hex'));
  },
};

function quickScrypt(password: string, salt: string): Buffer {
  return scryptSync(password.normalize('NFKC'), salt, 64, { N: 16, r: 16, p: 1 });
}

/** A whole server in this process over a database of its own. `env` is what an operator would set. */
export async function startTestServer(
  options: {
    /** `embedded`: as an installation without DATABASE_URL is, with the sandbox beside it; `pglite`: where that has to do with PGlite. */
    kind?: ServerKind;
    env?: Record<string, string>;
    /** Of a migrated PostgreSQL, which is not dropped: for a second server beside one, with one SKILLETT_MASTER_KEY. */
    databaseUrl?: string;
    timeouts?: Partial<ClientTimeouts>;
    lookup?: LookupFunction;
    /** Hosts that stand for public ones of https where callers choose addresses. */
    allowCallers?: readonly string[];
    streams?: Partial<StreamLimits>;
    /** Keep passwords as the product does. */
    slowPasswords?: boolean;
    /** Recipes in place of those that come with the server. */
    bundledFolder?: string;
  } = {},
): Promise<TestServer> {
  const { database, drop } = await openDatabase(options.kind ?? 'postgres', options.databaseUrl);
  const log: string[] = [];
  const config = readConfig({ PORT: '0', SKILLETT_MASTER_KEY: randomBytes(32).toString('base64'), ...options.env });
  const { gateway, close } = await openGateway(config, {
    database,
    log: createLog('trace', { write: (line) => void log.push(line) }),
    ...(options.lookup ? { lookup: options.lookup } : {}),
    ...(options.allowCallers ? { allowCallers: options.allowCallers } : {}),
    ...(options.streams ? { streams: options.streams } : {}),
    ...(options.bundledFolder ? { bundledFolder: options.bundledFolder } : {}),
    ...(options.slowPasswords ? {} : { passwordHashing: quickHashing }),
  });
  const key = (await createFirstKey(gateway)) as string;
  const http = createHttpServer(gateway, schema, createPages(gateway), { ...clientTimeouts, ...options.timeouts });
  await new Promise<void>((resolve) => http.server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(http.server.address() as AddressInfo).port}`;
  const request: TestServer['request'] = async (method, path, { body, headers, authorization } = {}) => {
    const sent = new Headers(headers);
    if (authorization !== null) sent.set('authorization', authorization ?? `Bearer ${key}`);
    if (body !== undefined && !sent.has('content-type')) sent.set('content-type', 'application/json');
    const answer = await fetch(url + path, {
      method,
      headers: sent,
      redirect: 'manual',
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const seen = await readAnswer(answer);
    checkDescribed(method, path, { accept: sent.get('accept') ?? undefined, sent: body }, seen);
    return seen;
  };
  return {
    url,
    gateway,
    key,
    log,
    request,
    graphql: (query, variables, requestOptions) => request('POST', '/graphql', { ...requestOptions, body: { query, variables } }),
    close: async () => {
      await http.stop();
      await close();
      await drop();
    },
  };
}

async function readAnswer(answer: Response): Promise<TestAnswer> {
  const text = await answer.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: answer.status, headers: answer.headers, text, json };
}

async function openDatabase(kind: ServerKind, url?: string): Promise<{ database: Database; drop: () => Promise<void> }> {
  if (url !== undefined) {
    const database = await openPostgres(url);
    return { database, drop: () => database.close() };
  }
  if (kind === 'pglite') {
    const database = await createPgliteTestDatabase();
    return { database, drop: () => database.close() };
  }
  const { database, drop } = await createTestDatabase();
  return { database: { ...database, kind }, drop };
}
