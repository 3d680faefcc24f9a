/** examples/, each run as it stands against a server. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFolder } from '../support/folder.ts';
import { type ServerProcess, startProcess } from '../support/process.ts';

const examples = path.resolve(import.meta.dirname, '../../examples');
let server: ServerProcess;
let remove: () => Promise<void>;
let key: string;

beforeAll(async () => {
  const made = await makeFolder();
  remove = made.remove;
  server = await startProcess({ SKILLETT_DATA: made.folder });
  key = /^sk_[0-9a-f]{48}$/m.exec(server.stdout())?.[0] as string;
}, 120_000);
afterAll(async () => {
  await server.stop();
  await remove();
});

function run(command: string, file: string, env: Record<string, string> = {}): SpawnSyncReturns<string> {
  const { PATH = '' } = process.env;
  const ran = spawnSync(command, [path.join(examples, file)], {
    env: { PATH, SKILLETT_URL: server.url, SKILLETT_API_KEY: key, ...env },
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(ran.error).toBeUndefined();
  return ran;
}

it('the shell finds out what can be done and does it, once with one key of idempotency', () => {
  for (const _turn of [1, 2]) {
    const { status, stdout, stderr } = run('sh', 'first-call.sh');
    expect(status, stderr).toBe(0);
    const [integrations, endpoint, made, titles] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(integrations.integrations.length).toBeGreaterThan(5);
    expect(endpoint.name).toBe('create_note');
    expect([made.status, made.data.title]).toEqual([201, 'From a shell']);
    expect(titles.data.filter((title: string) => title === 'From a shell')).toHaveLength(1);
  }
});

it.each([
  ['python3', 'client.py', 'From Python'],
  [process.execPath, 'client.ts', 'From TypeScript'],
])('%s calls, and is told of a slip with what there is', (command, file, title) => {
  const { status, stdout, stderr } = run(command, file);
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(/^made \d+$/m);
  expect(stdout).toContain(title);
  expect(stdout).toMatch(/400.*titel.*title/s);
});

it('urql asks for our own fields and those of a service at once', () => {
  const { status, stdout, stderr } = run(process.execPath, 'graphql.ts');
  expect(status, stderr).toBe(0);
  const { viewer, connections, sandbox } = JSON.parse(stdout);
  expect([viewer.kind, connections.nodes[0].integration]).toEqual(['API_KEY', 'sandbox']);
  expect(sandbox.list_notes.notes[0].title).toEqual(expect.any(String));
});

it.each([
  ['sh', 'first-call.sh'],
  ['python3', 'client.py'],
  [process.execPath, 'client.ts'],
  [process.execPath, 'graphql.ts'],
])('%s %s fails with another key', (command, file) => {
  expect(run(command, file, { SKILLETT_API_KEY: `sk_${'0'.repeat(48)}` }).status).not.toBe(0);
});

describe('the configurations of MCP clients', () => {
  it.each(readdirSync(path.join(examples, 'mcp')))('%s leads to a door that is there', async (file) => {
    const { mcpServers, servers } = JSON.parse(readFileSync(path.join(examples, 'mcp', file), 'utf8'));
    const { url, headers, command, args } = (mcpServers ?? servers).skillett;
    if (command) return expect([command, ...args]).toEqual(['npx', 'skillett', 'mcp']);
    const asked = await fetch(server.url + new URL(url).pathname, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(headers ? { authorization: headers.Authorization.replace(/\$\{.*\}/, key) } : {}),
      },
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
    });
    // Without a key it says where one signs in.
    expect([asked.status, asked.headers.has('www-authenticate')]).toEqual(headers ? [200, false] : [401, true]);
  });
});

it('README.md there has a line for each', () => {
  const text = readFileSync(path.join(examples, 'README.md'), 'utf8');
  for (const file of readdirSync(examples).filter((name) => name !== 'README.md'))
    expect([file, text.includes(`](${file}`)]).toEqual([file, true]);
});
