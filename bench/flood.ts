/**
 * What a user notices of a flood by another user's key: the median of calls one after the other, quiet and under the flood, in
 * alternating rounds. The flood comes from a process of its own.
 *
 *   npm run bench:flood            200 connections; REST, GraphQL with 20 aliases, MCP
 *   npm run bench:flood -- pin     the server on one core, the flood and this process on another (Linux: taskset)
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { openPostgres } from '../src/core/database/database.ts';
import { addKey, addUser } from '../test/admission/people.ts';
import { writeRecipes } from '../test/support/desk-recipes.ts';
import { makeFolder } from '../test/support/folder.ts';
import { freePort } from '../test/support/port.ts';
import { startPostgres } from './postgres.ts';
import { cpuSeconds, forkListening, startGateway } from './processes.ts';
import { endProcess } from './stand.ts';

const connections = 200;
const rounds = 5;
const warmUpMs = 1_000;
const sliceMs = 2_500;

/** Identical reads of one request would be one call. */
const aliases = Array.from(
  { length: 20 },
  (_, at) => `a${at}: read(integration: "desk", endpoint: "list_things", params: { q: "${at}" }) { status }`,
);
const floods = [
  ['REST', '/v1/desk/list_things', { params: {} }],
  ['GraphQL, 20 aliases', '/graphql', { query: `{ ${aliases.join(' ')} }` }],
  ['MCP', '/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read', arguments: { endpoint: 'desk.list_things' } } }],
] as const;

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] as number;
const spread = (values: readonly number[]) =>
  `${median(values).toFixed(1)} (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`;

const postgres = await startPostgres();
const upstream = await forkListening('upstream.ts');
const made = await makeFolder();
await writeRecipes(made.folder);
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const gateway = await startGateway({
  PORT: String(port),
  DATABASE_URL: postgres.url,
  SKILLETT_MASTER_KEY: randomBytes(32).toString('base64'),
  SKILLETT_RECIPES: made.folder,
  SKILLETT_DESK_BASE_URL: upstream.url,
});
const serverPid = gateway.child.pid as number;
const database = openPostgres(postgres.url);

async function addUnlimitedKey(): Promise<string> {
  return (await addKey(database, await addUser(database, { limits: { perMinute: null, perDay: null } }), {})).id;
}

/** Milliseconds of a call, by median, of calls one after the other. */
async function sliceOf(key: string): Promise<number> {
  const tookMs: number[] = [];
  const endMs = performance.now() + sliceMs;
  while (performance.now() < endMs) {
    const startedMs = performance.now();
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const answer = await fetch(`${url}/v1/desk/list_things`, { method: 'POST', headers, body: '{"params":{}}' });
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`a call was answered with ${answer.status}`);
    tookMs.push(performance.now() - startedMs);
  }
  return median(tookMs);
}

/** A flood of refusals would say nothing. */
async function requireAnswered(key: string, target: string, body: object): Promise<void> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept: 'application/json' };
  const answer = await fetch(url + target, { method: 'POST', headers, body: JSON.stringify(body) });
  const said = await answer.text();
  if (answer.status !== 200 || /"errors"|"isError":true|"error":\{"code"/.test(said))
    throw new Error(`${target} answers ${said.slice(0, 500)}`);
}

function startFlood(key: string, target: string, body: object) {
  const program = path.resolve(import.meta.dirname, '../test/processes/flood-client.ts');
  const child = spawn(process.execPath, [program, url, key, String(connections), target, JSON.stringify(body)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return {
    pid: child.pid as number,
    end: async () => {
      child.stdin.end();
      return JSON.parse(await text(child.stdout)) as { statuses: Record<string, number>; medianMs: number };
    },
  };
}

try {
  const pinned = process.argv.includes('pin');
  if (pinned) {
    execFileSync('taskset', ['-a', '-cp', '0', String(serverPid)]);
    execFileSync('taskset', ['-a', '-cp', '1', String(process.pid)]);
  }
  const [loud, quiet] = [await addUnlimitedKey(), await addUnlimitedKey()];
  await sliceOf(quiet);
  for (const [name, target, body] of floods) {
    await requireAnswered(loud, target, body);
    const seen = {
      quiet: [] as number[],
      during: [] as number[],
      ratio: [] as number[],
      server: [] as number[],
      generator: [] as number[],
    };
    let flooded = { statuses: {} as Record<string, number>, medianMs: 0 };
    for (let round = 0; round < rounds; round += 1) {
      const before = await sliceOf(quiet);
      const flood = startFlood(loud, target, body);
      await delay(warmUpMs);
      const [serverCpu, generatorCpu] = [cpuSeconds(serverPid), cpuSeconds(flood.pid)];
      const startedMs = performance.now();
      const during = await sliceOf(quiet);
      const seconds = (performance.now() - startedMs) / 1_000;
      seen.server.push((cpuSeconds(serverPid) - serverCpu) / seconds);
      seen.generator.push((cpuSeconds(flood.pid) - generatorCpu) / seconds);
      seen.quiet.push(before);
      seen.during.push(during);
      seen.ratio.push(during / before);
      flooded = await flood.end();
    }
    console.log(
      `${name}${pinned ? ', pinned' : ''}: p50 ${spread(seen.quiet)} ms quiet, ${spread(seen.during)} under the flood, ${spread(seen.ratio)} times; ` +
        `cores used: server ${spread(seen.server)}, generator ${spread(seen.generator)}; the flood's own p50 ${flooded.medianMs.toFixed(0)} ms, ${JSON.stringify(flooded.statuses)}`,
    );
  }
} finally {
  await database.close();
  await endProcess(gateway.child);
  await endProcess(upstream.child);
  await postgres.stop();
  await made.remove();
}
