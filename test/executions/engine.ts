/** The engine on a real database and a real service, without a door in front. */

import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { expect } from 'vitest';
import { Clock } from '../../src/core/clock.ts';
import { readConfig } from '../../src/core/config/config.ts';
import type { Gateway } from '../../src/core/context.ts';
import { sha256, Vault } from '../../src/core/crypto.ts';
import { newId } from '../../src/core/ids.ts';
import { writeSpliced } from '../../src/core/json/raw-json.ts';
import { createLog } from '../../src/core/log.ts';
import { Outbound } from '../../src/core/outbound/outbound.ts';
import type { StoredCredential } from '../../src/domains/connections/credential/credential.ts';
import { AdmissionQueue } from '../../src/domains/executions/admission/admit.ts';
import { executeEndpoint } from '../../src/domains/executions/execute.ts';
import type { Execution, ExecutionRequest } from '../../src/domains/executions/execution.ts';
import { buildCatalogue, type CatalogueIntegration } from '../../src/domains/recipes/catalogue.ts';
import { createTestDatabase } from '../support/database.ts';
import { Upstream } from '../support/upstream.ts';

/** What became of an execution, its JSON printed. */
export type Printed = Omit<Execution, 'data' | 'error' | 'raw'> & {
  /** As a door prints it. */
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  data: any;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  error: any;
  headers: Map<string, string>;
};

export class Engine {
  readonly gateway: Gateway;
  readonly upstream: Upstream;
  readonly log: string[] = [];
  readonly #drop: () => Promise<void>;
  userId = '';
  key: Buffer = Buffer.alloc(0);

  private constructor(gateway: Gateway, upstream: Upstream, log: string[], drop: () => Promise<void>) {
    this.gateway = gateway;
    this.upstream = upstream;
    this.log = log;
    this.#drop = drop;
  }

  /** `makeIntegrations` gets the address of the service. */
  static async start(makeIntegrations: (origin: string) => CatalogueIntegration[]): Promise<Engine> {
    const upstream = await Upstream.start();
    const { database, url, drop } = await createTestDatabase();
    const { db } = database;
    const lines: string[] = [];
    const log = createLog('trace', { write: (line) => void lines.push(line) });
    const config = readConfig({ SKILLETT_MASTER_KEY: randomBytes(32).toString('base64'), DATABASE_URL: url });
    const clock = new Clock();
    const vault = await Vault.open(db, config.masterKeys);
    const outbound = new Outbound({ allow: [`127.0.0.1:${upstream.port}`] });
    const parts = { config, database, db, clock, log, vault, outbound, catalogue: buildCatalogue(makeIntegrations(upstream.origin)) };
    const admission = new AdmissionQueue(parts);
    const gateway = { ...parts, admission, seenBy: async () => gateway } as unknown as Gateway;
    const engine = new Engine(gateway, upstream, lines, async () => {
      await admission.close();
      await outbound.close();
      await drop();
      await upstream.close();
    });
    await engine.newUser();
    return engine;
  }

  /** Another user with a key for everything, for the executions that follow. */
  async newUser(scopes: string[] = ['*']): Promise<void> {
    this.userId = newId('user');
    const now = new Date();
    await this.gateway.db
      .insertInto('users')
      .values({
        id: this.userId,
        email: `${this.userId}@example.org`,
        displayName: 'Ada',
        image: null,
        plan: 'unlimited',
        limits: null,
        createdAt: now,
        updatedAt: now,
      })
      .execute();
    await this.newKey(scopes);
  }

  async newKey(scopes: string[] = ['*']): Promise<void> {
    this.key = sha256(randomBytes(24));
    await this.gateway.db
      .insertInto('apiKeys')
      .values({ id: newId('key'), userId: this.userId, parentId: null, name: 'test', keyPrefix: 'sk_00000000', keyHash: this.key, scopes })
      .execute();
  }

  async connect(
    integration: string,
    authType: string,
    credential: StoredCredential,
    more: { account?: string; providerScopes?: string[] } = {},
  ): Promise<string> {
    const id = newId('conn');
    const account = more.account ?? 'ada';
    await this.gateway.db
      .insertInto('connections')
      .values({
        id,
        userId: this.userId,
        integration,
        authType,
        providerAccountId: account,
        account,
        statusReason: null,
        credential: this.gateway.vault.seal(JSON.stringify(credential), id),
        providerScopes: more.providerScopes ?? null,
        refreshHolder: null,
      })
      .execute();
    return id;
  }

  run(request: Partial<ExecutionRequest> & { endpoint: string }): Promise<Execution> {
    return executeEndpoint(this.gateway, {
      caller: async () => ({ kind: 'api_key', hash: this.key.toString('hex') }),
      principal: async () => expect.fail('the principal was looked up'),
      integration: 'notes',
      params: undefined,
      account: undefined,
      select: undefined,
      next: undefined,
      idempotencyKey: undefined,
      messageKey: undefined,
      door: 'rest',
      requestId: newId('req'),
      signal: new AbortController().signal,
      readOnly: false,
      raw: false,
      streams: [],
      answerHeaders: new Map(),
      ...request,
    });
  }

  /** Runs and prints, as a door does. */
  async execute(request: Partial<ExecutionRequest> & { endpoint: string }): Promise<Printed> {
    const headers = new Map<string, string>();
    const { data, error, raw: _raw, ...rest } = await this.run({ answerHeaders: headers, ...request });
    const text = await print({ data, error });
    return { ...rest, ...JSON.parse(text), text, headers };
  }

  /** The row of a call, once its end is written. */
  async rowOf(callId: string) {
    for (let turn = 0; turn < 100; turn += 1) {
      const row = await this.gateway.db.selectFrom('skillCalls').selectAll().where('id', '=', callId).executeTakeFirstOrThrow();
      if (row.outcome !== 'started') return row;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`The end of ${callId} was not written.`);
  }

  /** The row of the user's latest call. */
  async lastRow() {
    const { id } = await this.gateway.db
      .selectFrom('skillCalls')
      .select('id')
      .where('userId', '=', this.userId)
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();
    return this.rowOf(id);
  }

  close(): Promise<void> {
    return this.#drop();
  }
}

export async function print(value: unknown): Promise<string> {
  const chunks: Buffer[] = [];
  const target = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  const closed = new Promise<void>((resolve, reject) =>
    target.on('close', () => (target.writableFinished ? resolve() : reject(new Error('broke off')))),
  );
  await writeSpliced(target, value);
  await closed;
  return Buffer.concat(chunks).toString();
}
