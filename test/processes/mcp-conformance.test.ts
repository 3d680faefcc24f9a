/** The official suite (`@modelcontextprotocol/conformance`) against a server with a key in front, since the suite sends none. */
import { spawn } from 'node:child_process';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Stand, startStand } from '../mcp/stand.ts';
import { makeFolder } from '../support/folder.ts';
import { freePort } from '../support/port.ts';

const suite = path.resolve(import.meta.dirname, '../../node_modules/@modelcontextprotocol/conformance/dist/index.js');

let stand: Stand;
let proxy: Server;
let url: string;

beforeAll(async () => {
  const port = await freePort();
  url = `http://localhost:${port}/mcp`;
  stand = await startStand({ PUBLIC_URL: `http://localhost:${port}` });
  stand.upstream.play = ({ target }, response) =>
    void response
      .writeHead(target === '/fails' ? 500 : 200, { 'content-type': 'text/plain' })
      .end('This is a simple text response for testing.');
  const authorization = `Bearer ${await stand.newKey(['test'])}`;
  // Host and Origin pass as they are.
  proxy = createServer((incoming, response) => {
    const { method = 'GET', url: target = '/', headers } = incoming;
    const forwarded = request(stand.server.url + target, { method, headers: { ...headers, authorization } }, (answer) => {
      response.writeHead(answer.statusCode as number, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => proxy.listen(port, 'localhost', resolve));
  expect((proxy.address() as AddressInfo).port).toBe(port);
});
afterAll(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await stand.close();
});

async function runScenario(scenario: string, revision: string): Promise<{ code: number | null; output: string }> {
  const { folder, remove } = await makeFolder();
  const options = ['--scenario', scenario, '--spec-version', revision, '-o', folder];
  const child = spawn(process.execPath, [suite, 'server', '--url', url, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  await remove();
  return { code, output };
}

// The others want pictures, sound, logs, progress, questions of the server or tools, resources and prompts of the suite's own.
it.each([
  ...['server-initialize', 'ping'].map((scenario) => [scenario, '2025-11-25']),
  ...['caching', 'sep-2164-resource-not-found', 'http-header-validation'].map((scenario) => [scenario, '2026-07-28']),
  ...['tools-list', 'tools-call-simple-text', 'tools-call-error', 'resources-list', 'prompts-list', 'dns-rebinding-protection'].flatMap(
    (scenario) => ['2025-11-25', '2026-07-28'].map((revision) => [scenario, revision]),
  ),
] as [string, string][])('the server passes the scenario %s of %s', async (scenario, revision) => {
  const { code, output } = await runScenario(scenario, revision);
  expect(output).toMatch(/Passed: ([1-9]\d*)\/\1, 0 failed/);
  expect(code).toBe(0);
});

it('of the scenario server-stateless the server passes all that needs no tool of the suite’s own', async () => {
  const { output } = await runScenario('server-stateless', '2026-07-28');
  const [, passed = 0, failed = 0] = /Passed: (\d+)\/\d+, (\d+) failed/.exec(output) ?? [];
  const faults = [...output.matchAll(/^ +Error: (.*)$/gm)].map(([, fault]) => fault as string);
  expect(faults).toHaveLength(Number(failed));
  expect(faults.filter((fault) => !/^Not testable: server does not list the diagnostic tool/.test(fault))).toEqual([]);
  expect(Number(passed)).toBeGreaterThan(15);
});

it('a scenario that the server does not serve is really found to fail', async () => {
  const { code, output } = await runScenario('completion-complete', '2025-11-25');
  expect(output).toContain('Method not found');
  expect(code).toBe(1);
});
