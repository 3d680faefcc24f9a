/**
 * How admission batches: calls per statement and milliseconds per call as concurrency grows, on PostgreSQL, without HTTP
 * or an upstream. CPU is this process's and the database's, per call.
 *
 *   npm run bench:admission -- [--seconds 3]
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Clock } from '../src/core/clock.ts';
import { readConfig } from '../src/core/config/config.ts';
import { sha256, sha256Hex } from '../src/core/crypto.ts';
import { migrate, openPostgres } from '../src/core/database/database.ts';
import { newId, newTimeOrderedId } from '../src/core/ids.ts';
import { createLog } from '../src/core/log.ts';
import { AdmissionQueue } from '../src/domains/executions/admission/admit.ts';
import { buildEndpoint } from '../src/domains/recipes/catalogue.ts';
import { endpoint } from '../src/domains/recipes/format/format.ts';
import { startPostgres } from './postgres.ts';
import { cpuSeconds } from './processes.ts';

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '3' } } });
const keysCount = 16;

const postgres = await startPostgres();
const database = openPostgres(postgres.url);
const statements = { admit: 0, complete: 0 };
const counted = {
  ...database,
  statement: <Row>(name: string, text: string, values: unknown[]) => {
    statements[name.startsWith('admit') ? 'admit' : 'complete'] += 1;
    return database.statement<Row>(name, text, values);
  },
};
const config = readConfig({
  SKILLETT_MASTER_KEY: randomBytes(32).toString('base64'),
  SKILLETT_LIMITS: '{"unlimited":{"perMinute":null}}',
});
const queue = new AdmissionQueue({ database: counted, db: database.db, clock: new Clock(), config, log: createLog('warn') });

try {
  await migrate(database.db);
  const hashes = await addKeys();
  console.log('concurrency   calls/s   ms/call   calls per statement   CPU/call: here   database');
  for (const concurrency of [1, 4, 16, 64, 256]) {
    await run(hashes, concurrency, 1);
    await report(hashes, concurrency);
  }
} finally {
  await queue.close();
  await database.close();
  await postgres.stop();
}

async function addKeys(): Promise<Buffer[]> {
  const userId = newId('user');
  await database.db
    .insertInto('users')
    .values({ id: userId, email: 'bench@example.org', displayName: 'Bench', image: null, plan: 'unlimited' })
    .execute();
  const keys = Array.from({ length: keysCount }, () => ({ id: newId('key'), hash: sha256(randomBytes(24)) }));
  await database.db
    .insertInto('apiKeys')
    .values(keys.map(({ id, hash }) => ({ id, userId, name: 'bench', keyPrefix: 'sk_00000000', keyHash: hash, scopes: ['*'] })))
    .execute();
  return keys.map(({ hash }) => hash);
}

async function report(hashes: readonly Buffer[], concurrency: number): Promise<void> {
  statements.admit = 0;
  const before = { own: process.cpuUsage(), database: cpuSeconds(postgres.pid, true) };
  const { calls, seconds } = await run(hashes, concurrency, Number(options.seconds));
  const own = process.cpuUsage(before.own);
  const databaseSeconds = cpuSeconds(postgres.pid, true) - before.database;
  console.log(
    [
      String(concurrency).padStart(11),
      (calls / seconds).toFixed(0).padStart(9),
      ((seconds * 1000 * concurrency) / calls).toFixed(2).padStart(9),
      (calls / statements.admit).toFixed(1).padStart(21),
      `${((own.user + own.system) / calls).toFixed(0)} µs`.padStart(16),
      `${((databaseSeconds * 1e6) / calls).toFixed(0)} µs`.padStart(10),
    ].join(' '),
  );
}

/** Each of `concurrency` callers admits and completes one call after the other. */
async function run(hashes: readonly Buffer[], concurrency: number, seconds: number): Promise<{ calls: number; seconds: number }> {
  const listNotes = buildEndpoint(
    'notes',
    'notes',
    'list_notes',
    endpoint.parse({ method: 'GET', path: '/notes', description: 'Lists notes.', answer: 'Notes.', example: {} }),
  );
  const startedMs = performance.now();
  let calls = 0;
  const caller = async (at: number) => {
    while (performance.now() - startedMs < seconds * 1000) {
      const callId = newTimeOrderedId('call', Date.now());
      await queue.admit({
        caller: { kind: 'api_key', hash: (hashes[at % hashes.length] as Buffer).toString('hex') },
        callId,
        requestId: newId('req'),
        door: 'rest',
        endpoint: listNotes,
        needsConnection: false,
        parameterNames: ['limit'],
        parameterHash: () => sha256Hex('{}'),
      });
      queue.complete({ callId, outcome: 'succeeded', upstreamStatus: 200, responseBytes: 1_000, upstreamMs: 1, totalMs: 2 });
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, (_, at) => caller(at)));
  return { calls, seconds: (performance.now() - startedMs) / 1000 };
}
