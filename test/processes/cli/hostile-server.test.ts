/** Servers that are no Skillett, or one that would write on the terminal of whoever asks. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Command } from './command.ts';

let server: Server;
let answer: (response: ServerResponse) => void;
let command: Command;
let url: string;

/** As every answer of Skillett. */
const ours = { 'content-type': 'application/json', 'x-request-id': 'req_1' };
/** Clears a screen in both forms of the control sequence (ECMA-48, 5.4), and turns the direction of what follows. */
const hostile = '\u001b[2J\u009b2J\u202e\u007f';
const shown = '\\u001b[2J\\u009b2J\\u202e\\u007f';

/** Letters that a terminal would obey. Lines end and are indented. */
const obeyed = /(?![\n\t])[\p{Cc}\p{Cf}]/u;

beforeAll(async () => {
  server = createServer((_request, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

beforeEach(() => {
  command = new Command();
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(command.env, { SKILLETT_URL: url, SKILLETT_API_KEY: `sk_${'0'.repeat(48)}` });
  return () => command.remove();
});

afterAll(() => server.close());

/** Without what the terminal itself adds. */
const onTerminal = async (...args: string[]) => {
  const { code, stdout } = await command.runOnTerminal(args);
  return { code, text: stdout.replaceAll('\r\n', '\n') };
};

describe('an answer that is not Skillett’s', () => {
  const commands = [
    ['skills'],
    ['whoami'],
    ['calls'],
    ['connections'],
    ['run', 'sandbox', 'list_notes'],
    ['run', 'sandbox', 'create_note', '--title', 'Hi'],
    ['connect', 'sandbox'],
    ['pull', 'github'],
    ['login', '--no-browser'],
    ['keys', 'list'],
  ];

  it.each(commands)('never passes for success: %s %s %s', async (...args) => {
    answer = (response) => response.writeHead(301, { location: 'https://skillett.example/' }).end();
    expect(await command.run(args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('https://skillett.example/') });
    for (const body of ['<html>', '{}', 'null', '']) {
      answer = (response) => response.writeHead(200).end(body);
      const { code, stdout, stderr } = await command.run(args);
      expect({ code, stdout, stderr }).toEqual({
        code: 2,
        stdout: '',
        stderr: expect.stringMatching(/^http\S+ answers 200, and not as Skillett/),
      });
    }
  });

  it('is told from Skillett’s own answer with the same body', async () => {
    answer = (response) => response.writeHead(200, ours).end('{"status":200,"data":{}}');
    expect(await command.run(['run', 'sandbox', 'list_notes'])).toMatchObject({ code: 0, stdout: '{"status":200,"data":{}}\n' });
    answer = (response) => response.writeHead(502).end('null');
    expect(await command.run(['whoami'])).toMatchObject({ code: 2, stderr: expect.stringContaining('answers 502') });
  });
});

describe('what others named', () => {
  it('obeys nothing on a terminal, where it stands escaped; elsewhere the bytes are unchanged', async () => {
    const body = JSON.stringify({ status: 200, data: { title: hostile }, schema: {} });
    answer = (response) => response.writeHead(200, { ...ours, 'x-skillett-next': 'n' }).end(body);
    for (const flags of [[], ['--json']]) {
      const { code, text } = await onTerminal('run', 'sandbox', 'list_notes', ...flags);
      expect([code, text]).toEqual([0, expect.stringContaining(shown)]);
      expect(text).not.toMatch(obeyed);
      expect(JSON.parse(text.slice(0, text.lastIndexOf('There is')))).toEqual(JSON.parse(body));
    }
    expect((await command.run(['run', 'sandbox', 'list_notes'])).stdout).toBe(`${body}\n`);
  });

  it.each([
    ['a text of a service', ['run', 'sandbox', 'list_notes'], 'text/plain', hostile],
    ['an endpoint’s document', ['skills', 'github', 'create_issue'], 'text/markdown', `# A\n${hostile}\n`],
    ['a refusal', ['run', 'sandbox', 'list_notes'], 'application/json', JSON.stringify({ error: 'x', message: hostile })],
  ])('stands escaped in %s', async (_what, args, type, body) => {
    const status = type === 'application/json' ? 400 : 200;
    answer = (response) => response.writeHead(status, { ...ours, 'content-type': type, 'x-skillett-error-source': 'skillett' }).end(body);
    const { text } = await onTerminal(...args);
    expect(text).toContain(shown);
    expect(text).not.toMatch(obeyed);
  });

  it('stands escaped in the code and the address of a sign-in', async () => {
    const code = { device_code: 'd', user_code: hostile, verification_uri: hostile, verification_uri_complete: hostile };
    answer = (response) => response.writeHead(200, ours).end(JSON.stringify({ ...code, expires_in: 0, interval: 1 }));
    const { stderr } = await command.run(['login']);
    expect(stderr.split(shown)).toHaveLength(3);
    expect(stderr).not.toMatch(obeyed);
  });
});

it('stands escaped where it asks for a credential', async () => {
  const fields = [{ name: 'token', label: hostile, secret: true, required: true, multiline: false }];
  const connectMethods = [{ type: 'TOKEN', how: hostile, url: null, fields }];
  answer = (response) =>
    response.writeHead(200, ours).end(JSON.stringify({ data: { integration: { connectMethods } }, connection_id: 'c' }));
  const { code, stdout } = await command.runOnTerminal(['connect', 'github', '--token'], { answers: [['◆', 'planted\r']] });
  expect([code, stdout]).toEqual([0, expect.stringContaining('github is connected.')]);
  expect(stdout.split(shown).length).toBeGreaterThan(2);
  expect(stdout).not.toMatch(/\u{9b}|\u{202e}/u);
  expect(stdout).not.toContain('\u001b[2J');
});

it('shows an id whole and cuts a sentence, however narrow the terminal', async () => {
  const id = `conn_${'0'.repeat(300)}`;
  answer = (response) =>
    response.writeHead(200, ours).end(
      JSON.stringify({
        connections: [{ connection_id: id, integration: 'github', account: 'ada', default: true, status: 'connected' }],
        integrations: [{ slug: 'github', connected: true, endpoint_count: 1, description: 'word '.repeat(100) }],
        next_cursor: null,
      }),
    );
  expect((await onTerminal('connections')).text).toContain(id);
  expect((await onTerminal('skills')).text).toMatch(/word…\n$|…\n$/);
});
