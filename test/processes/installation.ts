/** An installation as an operator runs it: server processes over one PostgreSQL, with an integration whose service is an upstream on loopback. */
import { randomBytes } from 'node:crypto';
import type { Database } from '../../src/core/database/database.ts';
import { addKey, addUser } from '../admission/people.ts';
import { createTestDatabase } from '../support/database.ts';
import { baseUrls, writeRecipes } from '../support/desk-recipes.ts';
import { makeFolder } from '../support/folder.ts';
import { type ServerProcess, startProcess } from '../support/process.ts';
import { Upstream } from '../support/upstream.ts';

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  json: any;
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

  async startProcess(args: string[] = [], file?: string): Promise<ServerProcess> {
    const started = await startProcess(this.env, args, file);
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

  /** Revokes a key at one of the processes by another of its user. Not over REST: the id of a key of these tests is what is sent. */
  async revokeKey(at: number, revoker: string, key: string): Promise<void> {
    const { json } = await this.graphql(at, revoker, `mutation { revokeApiKey(id: "${key}") { revokedCount } }`);
    if (json.data?.revokeApiKey.revokedCount !== 1) throw new Error(`The key was not revoked: ${JSON.stringify(json)}`);
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
