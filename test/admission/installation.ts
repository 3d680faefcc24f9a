/** An installation as an operator runs it: server processes over one PostgreSQL, with an integration whose service is an upstream on loopback. */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../src/core/database/database.ts';
import { createTestDatabase } from '../support/database.ts';
import { makeFolder, type ServerProcess, startProcess } from '../support/process.ts';
import { Upstream } from '../support/upstream.ts';
import { addKey, addUser } from './people.ts';

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  json: any;
}

const title = { in: 'body', type: 'string', description: 'Its title.', examples: ['x'] };
const write = {
  method: 'POST',
  path: '/things',
  description: 'Makes a thing.',
  parameters: { title },
  answer: 'It.',
  example: { title: 'x' },
};

export const recipeOf = (slug: string, more: object = {}) => ({
  slug,
  name: `${slug[0]?.toUpperCase()}${slug.slice(1)}`,
  version: '1.0.0',
  description: 'A service of the tests.',
  category: 'tests',
  documentation_url: 'https://desk.example/docs',
  base_url: 'https://api.desk.example',
  auth: [{ type: 'none' }],
  ...more,
});

const things = {
  resource: 'things',
  description: 'Things.',
  endpoints: {
    list_things: {
      method: 'GET',
      path: '/things',
      description: 'Lists things.',
      parameters: { q: { in: 'query', type: 'string', description: 'What to look for.', examples: ['x'] } },
      answer: 'Things.',
      example: {},
    },
    create_thing: write,
    create_quickly: { ...write, path: '/things/quick', description: 'Makes a thing within a second.', timeout_ms: 1_000 },
  },
};

/** Integrations `desk`, `bank` with an idempotency header of its own, and `safe`, which needs a token. */
export async function writeRecipes(folder: string): Promise<void> {
  for (const [slug, more] of [
    ['desk', {}],
    ['bank', { idempotency_header: 'Idempotency-Key' }],
    ['safe', { auth: [{ type: 'bearer', how: 'Make one.' }], verify: { path: '/me', account: { id: 'id', label: 'login' } } }],
  ] as const) {
    await mkdir(path.join(folder, slug), { recursive: true });
    await writeFile(path.join(folder, slug, 'recipe.json'), JSON.stringify(recipeOf(slug, more)));
    await writeFile(path.join(folder, slug, 'things.json'), JSON.stringify(things));
  }
}

/** The settings that lead those integrations to a service of the test. */
export function baseUrls(origin: string): Record<string, string> {
  return { SKILLETT_DESK_BASE_URL: origin, SKILLETT_BANK_BASE_URL: origin, SKILLETT_SAFE_BASE_URL: origin };
}

export class Installation {
  readonly upstream: Upstream;
  readonly database: Database;
  readonly databaseUrl: string;
  readonly env: Record<string, string>;
  readonly processes: ServerProcess[] = [];
  readonly #end: () => Promise<void>;

  private constructor(upstream: Upstream, database: Database, env: Record<string, string>, end: () => Promise<void>) {
    this.upstream = upstream;
    this.database = database;
    this.databaseUrl = env.DATABASE_URL as string;
    this.env = env;
    this.#end = end;
  }

  /** `databaseUrl`: another server than that of the run, already migrated and opened as `database`. */
  static async start(
    options: { processes?: number; env?: Record<string, string>; on?: { url: string; database: Database } } = {},
  ): Promise<Installation> {
    const upstream = await Upstream.start();
    const made = await makeFolder();
    await writeRecipes(made.folder);
    const { url, database, drop } = options.on ? { ...options.on, drop: async () => {} } : await createTestDatabase();
    const env = {
      DATABASE_URL: url,
      SKILLETT_MASTER_KEY: randomBytes(32).toString('base64'),
      SKILLETT_RECIPES: made.folder,
      ...baseUrls(upstream.origin),
      PUBLIC_URL: 'https://gateway.example',
      ...options.env,
    };
    const installation = new Installation(upstream, database, env, async () => {
      await drop();
      await made.remove();
      await upstream.close();
    });
    for (let count = 0; count < (options.processes ?? 2); count += 1) await installation.startProcess();
    return installation;
  }

  async startProcess(): Promise<ServerProcess> {
    const started = await startProcess(this.env);
    this.processes.push(started);
    return started;
  }

  /** A key, as it is sent, of a new user. */
  async newKey(user: { plan?: string; limits?: Record<string, number | null> } = {}): Promise<string> {
    return this.keyOf(await addUser(this.database, user));
  }

  /** A key, as it is sent. */
  async keyOf(userId: string, scopes?: string[]): Promise<string> {
    return (await addKey(this.database, userId, scopes ? { scopes } : {})).id;
  }

  /** A request to one of the processes. */
  async request(
    at: number,
    key: string,
    method: string,
    target: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const answer = await fetch((this.processes[at] as ServerProcess).url + target, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, json: text === '' ? undefined : JSON.parse(text) };
  }

  call(at: number, key: string, endpoint: string, params: object = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request(at, key, 'POST', `/v1/desk/${endpoint}`, { params }, headers);
  }

  graphql(at: number, key: string, query: string): Promise<Answer> {
    return this.request(at, key, 'POST', '/graphql', { query });
  }

  async close(): Promise<void> {
    await Promise.all(this.processes.map((one) => one.kill()));
    await this.#end();
  }
}

/** Waits for the next UTC minute when less than this is left of the current one, so that a test sees one minute only. */
export async function roomInMinute(ms: number): Promise<void> {
  const leftMs = 60_000 - (Date.now() % 60_000);
  if (leftMs < ms) await delay(leftMs + 50);
}

/** How often each value occurs. */
export function tally<T extends string | number>(values: readonly T[]): Partial<Record<T, number>> {
  const counts: Partial<Record<T, number>> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
