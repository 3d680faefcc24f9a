/** The call log as it grows, requests that no endpoint covers, and APIs of one's own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openStand, type Stand } from './stand.ts';

let stand: Stand;
let server: Stand['server'];
let github: Stand['github'];
let command: Stand['command'];

beforeAll(async () => {
  stand = await openStand();
  ({ server, github, command } = stand);
});
beforeEach(() => stand.reset());
afterAll(() => stand.close());

const call = (title: string) => server.request('POST', '/v1/github/create_issue', { body: { params: { repo: 'ada/notes', title } } });

it('calls --follow shows what was called before, and each call once as it ends, a line of JSON each', async () => {
  await call('Before');
  const { child, output } = command.start(['calls', '--follow', '--endpoint', 'create_issue', '--limit', '1']);
  const lines = () =>
    output.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  await expect.poll(lines).toMatchObject([{ endpoint: 'create_issue', outcome: 'SUCCEEDED' }]);
  github.json('{"message":"no"}', 422);
  await Promise.all([call('One'), call('Two')]);
  await expect.poll(() => lines().length).toBe(3);
  await pause(2_500);
  expect(lines().map(({ outcome }) => outcome)).toEqual(['SUCCEEDED', 'UPSTREAM_FAILED', 'UPSTREAM_FAILED']);
  expect(new Set(lines().map(({ id }) => id)).size).toBe(3);
  const ended = new Promise((resolve) => child.on('close', resolve));
  child.kill('SIGINT');
  await ended;
  expect(output.stderr).toBe('');
  expect(await command.run(['calls', '--follow', '--cursor', 'x'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('leave out --cursor'),
  });
});

it('calls --follow shows the first call that there ever is, where the log held none', async () => {
  const { child, output } = command.start(['calls', '--follow', '--endpoint', 'list_branches']);
  await pause(1_500);
  await server.request('POST', '/v1/github/list_branches', { body: { params: { repo: 'ada/notes' } } });
  await expect.poll(() => output.stdout, { timeout: 10_000 }).toMatch(/^\{.*"endpoint":"list_branches".*\}\n$/);
  const ended = new Promise((resolve) => child.on('close', resolve));
  child.kill('SIGINT');
  await ended;
});

it('calls --follow shows a call that began long before others, as it ends, also where only those that end so are asked for', async () => {
  const held: (() => void)[] = [];
  github.play = async (_request, response) => {
    await new Promise<void>((resolve) => held.push(resolve));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  };
  const list = () => server.request('POST', '/v1/github/list_tags', { body: { params: { repo: 'ada/notes' } } });
  const long = list();
  await expect.poll(() => held.length).toBe(1);
  const follow = (...flags: string[]) => command.start(['calls', '--follow', '--endpoint', 'list_tags', ...flags]);
  const all = follow();
  const good = follow('--outcome', 'succeeded');
  await pause(1_500);
  server.gateway.clock.offsetMs = 300_000;
  github.json('{}', 201);
  await list();
  await pause(4_500);
  held[0]?.();
  await long;
  const statuses = ({ output }: typeof all) => [...output.stdout.matchAll(/"upstreamStatus":(\d+)/g)].map(([, status]) => status);
  for (const one of [all, good]) await expect.poll(() => statuses(one), { timeout: 10_000 }).toEqual(['201', '200']);
  await pause(2_500);
  for (const one of [all, good]) expect(statuses(one)).toEqual(['201', '200']);
  server.gateway.clock.offsetMs = 0;
  for (const { child, output } of [all, good]) {
    const ended = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGINT');
    await ended;
    expect(output.stderr).toBe('');
  }
}, 60_000);

it('calls takes outcomes in its own words, and says which there are for another', async () => {
  await call('x');
  const found = await command.run(['calls', '--outcome', 'succeeded', '--limit', '1']);
  expect(JSON.parse(found.stdout).calls).toMatchObject([{ outcome: 'SUCCEEDED' }]);
  const refused = await command.run(['calls', '--outcome', 'suceeded']);
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toMatch(/^--outcome takes .*succeeded.*, not "suceeded"\. Did you mean succeeded\?\n$/);
});

it('proxy sends a request that no endpoint covers, with query, headers and body, and ends as run does', async () => {
  const made = await command.run([
    'proxy',
    'github',
    'post',
    '/repos/ada/notes/odd',
    '--query',
    'a=1',
    '--query',
    'a=2',
    '--query',
    '__proto__=3',
    '--header',
    'x-odd: yes',
    '--body',
    '{"n": 1234567890123}',
  ]);
  expect(made).toMatchObject({ code: 0, stdout: '{"status":201,"data":{"number":7}}\n' });
  expect(github.received.at(-1)).toMatchObject({ method: 'POST', target: '/repos/ada/notes/odd?a=1&a=2&__proto__=3' });
  expect(github.received.at(-1)?.headers).toMatchObject({ 'x-odd': 'yes', 'content-type': expect.stringContaining('json') });
  expect(github.received.at(-1)?.body.toString()).toContain('1234567890123');
  const long = await command.run(['proxy', 'github', 'POST', '/odd', '--body', '{"n": 12345678901234567890}']);
  expect(long).toMatchObject({ code: 1, stderr: expect.stringContaining('12345678901234567890') });
  expect((await command.run(['proxy', 'github', 'GET', '/user', '--select', 'number'])).stdout).toBe('{"status":201,"data":7}\n');
  expect((await command.run(['proxy', 'github', 'GET', '/user', '--raw'])).stdout).toBe('{"number":7}');
  github.json('{"message":"Not Found"}', 404);
  expect(await command.run(['proxy', 'github', 'GET', '/nothing'])).toMatchObject({
    code: 1,
    stdout: '{"status":404,"error":{"message":"Not Found"}}\n',
  });
  expect(await command.run(['proxy', 'github', 'GET', '/user', '--query', 'a'])).toMatchObject({
    code: 1,
    stderr: '--query takes a name and a value with = between them, not "a".\n',
  });
  expect((await command.run(['proxy', 'github', 'GET', '../user'])).stderr).toContain('path');
});

const description = (origin: string) => ({
  openapi: '3.1.0',
  info: { title: 'Acme', version: '1' },
  servers: [{ url: `${origin}/api` }],
  paths: {
    '/notes': { get: { operationId: 'listNotes', tags: ['notes'], responses: { 200: { description: 'Notes' } } } },
    '/bills': { get: { operationId: 'listBills', tags: ['bills'], responses: { 200: { description: 'Bills' } } } },
  },
});

it('import makes an integration of a file or of standard input, which can be run at once', async () => {
  const text = JSON.stringify(description(github.origin));
  writeFileSync(path.join(command.home, 'acme.json'), text);
  const made = await command.run(['import', 'acme.json', '--slug', 'acme', '--tag', 'notes']);
  expect(made).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(made.stdout)).toMatchObject({ slug: 'acme', endpoint_count: 1 });
  github.json('[]');
  expect(await command.run(['run', 'acme', 'list_notes'])).toMatchObject({ code: 0, stdout: '{"status":200,"data":[]}\n' });
  const piped = await command.run(['import', '-', '--slug', 'piped', '--operation', 'listBills'], { input: text });
  expect(JSON.parse(piped.stdout)).toMatchObject({ slug: 'piped', endpoint_count: 1 });
});

it('import waits for a description that is long in coming, and says what became of it', async () => {
  const late = (status: number, text: string) => {
    github.play = async (_request, response) => {
      await pause(2_500);
      response.writeHead(status, { 'content-type': 'application/json' }).end(text);
    };
  };
  late(200, JSON.stringify(description(github.origin)));
  const made = await command.run(['import', `${github.origin}/openapi.json`, '--slug', 'late']);
  expect(made).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(made.stdout)).toMatchObject({ slug: 'late', endpoint_count: 2, warnings: expect.any(Array) });
  late(404, '{}');
  const failed = await command.run(['import', `${github.origin}/openapi.json`, '--slug', 'later']);
  expect(failed).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('answered with status 404') });
  github.play = async (_request, response) => {
    await pause(2_500);
    response.destroy();
  };
  const away = await command.run(['import', `${github.origin}/openapi.json`, '--slug', 'away']);
  expect(away).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/\.\n$/) });
});

it('import says what is wrong with a file, an address, a slug and a description, without a trace', async () => {
  mkdirSync(path.join(command.home, 'folder'));
  writeFileSync(path.join(command.home, 'wrong.json'), '{"openapi": 7}');
  for (const [args, stderr] of [
    [['none.json', '--slug', 'acme2'], 'none.json cannot be used: it is not there.\n'],
    [['folder', '--slug', 'acme2'], 'folder cannot be used: it is a folder.\n'],
    [['wrong.json', '--slug', 'acme2'], expect.stringMatching(/\.\n$/)],
    [['wrong.json', '--slug', 'Not A Slug'], expect.stringMatching(/slug/)],
    [['wrong.json'], expect.stringContaining('--slug')],
  ] as const) {
    const refused = await command.run(['import', ...args]);
    expect(refused, args.join(' ')).toMatchObject({ code: 1, stdout: '', stderr });
    expect(refused.stderr).not.toMatch(/\n {4}at /);
  }
  const unreached = await command.run(['import', 'https://localhost/openapi.json', '--slug', 'acme2']);
  expect(unreached).toMatchObject({ code: 1, stderr: expect.stringContaining('private or local network') });
});

it('import waits for a large description, however long it is read, and says what failed', async () => {
  const file = createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json');
  const large = await command.run(['import', file, '--slug', 'forge', '--base-url', github.origin]);
  expect(large).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(large.stdout)).toMatchObject({ slug: 'forge', endpoint_count: expect.any(Number) });
  expect(JSON.parse(large.stdout).endpoint_count).toBeGreaterThan(1_000);
  const taken = await command.run(['import', file, '--slug', 'forge']);
  expect(taken).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('forge') });
  const misplaced = await command.run(['import', file, '--slug', 'forge2', '--graphql']);
  expect(misplaced).toMatchObject({ code: 1, stderr: expect.stringContaining('--graphql takes the address') });
}, 120_000);
