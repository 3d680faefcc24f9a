import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../support/server.ts';
import { Command } from './command.ts';

const launch = path.resolve(import.meta.dirname, '../../../src/cli/launch.cjs');
let server: TestServer;
let command: Command;

beforeAll(async () => {
  server = await startTestServer({ kind: 'embedded' });
});

beforeEach(async () => {
  command = new Command();
  expect((await command.run(['login', '--with-key', '--url', server.url], { input: server.key })).code).toBe(0);
  return () => command.remove();
});

afterAll(() => server.close());

/** The official client, which starts what a configuration names. */
async function connectClient(args: string[]): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const { PATH = '' } = process.env;
  await client.connect(new StdioClientTransport({ command: process.execPath, args, env: { PATH, HOME: command.home }, stderr: 'pipe' }));
  return client;
}

describe('mcp', () => {
  it('carries a client that starts a process to the server, with the key of the profile', async () => {
    const client = await connectClient([launch, 'mcp']);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('execute');
    const calls = await Promise.all(
      [1, 2, 3].map((turn) =>
        client.callTool({ name: 'execute', arguments: { endpoint: 'sandbox.create_note', params: { title: `${turn}` } } }),
      ),
    );
    expect(calls.map(({ isError }) => isError ?? false)).toEqual([false, false, false]);
    await client.close();
  });

  it('answers a request with an error when the server is away or refuses the key, and goes on', async () => {
    const ask = async (env: Record<string, string>) => {
      const input = ['no json', '{"jsonrpc":"2.0","id":7,"method":"ping"}', '{"jsonrpc":"2.0","method":"notifications/initialized"}', ''];
      const { code, stdout } = await command.run(['mcp'], { input: input.join('\n'), env });
      expect(code).toBe(0);
      return stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    };
    expect(await ask({ SKILLETT_URL: 'http://127.0.0.1:1', SKILLETT_API_KEY: server.key })).toEqual([
      { jsonrpc: '2.0', id: null, error: { code: -32_700, message: 'A line is no JSON-RPC message.' } },
      { jsonrpc: '2.0', id: 7, error: { code: -32_603, message: expect.stringContaining('nothing listens there') } },
    ]);
    expect((await ask({ SKILLETT_API_KEY: `sk_${'0'.repeat(48)}` }))[1].error.message).toBe('Invalid API key.');
  });
});

/** Each client's file below the home folder, as on Linux. */
const files: [client: string, file: string, member: string][] = [
  ['claude-code', '.claude.json', 'mcpServers'],
  ['claude-desktop', '.config/Claude/claude_desktop_config.json', 'mcpServers'],
  ['cursor', '.cursor/mcp.json', 'mcpServers'],
  ['vscode', '.config/Code/User/mcp.json', 'servers'],
  ['windsurf', '.codeium/windsurf/mcp_config.json', 'mcpServers'],
  ['gemini', '.gemini/settings.json', 'mcpServers'],
];

function prepare(file: string, text: string): string {
  const place = path.join(command.home, file);
  mkdirSync(path.dirname(place), { recursive: true });
  writeFileSync(place, text);
  return place;
}

describe('mcp install', () => {
  it.each(files)(
    'adds an entry for %s that starts and holds no key, keeps everything else, and is taken out again',
    async (client, file, member) => {
      const before = `${JSON.stringify({ theme: 'dark', [member]: { other: { command: 'x' } } }, null, 4)}\n`;
      const place = prepare(file, before);
      const installed = await command.run(['mcp', 'install', client, '--yes', '--url', server.url]);
      expect(installed.code).toBe(0);
      expect(installed.stderr).toContain('+ ');
      const text = readFileSync(place, 'utf8');
      expect(text).not.toContain(server.key);
      const { [member]: servers, ...rest } = JSON.parse(text);
      expect([rest, servers.other]).toEqual([{ theme: 'dark' }, { command: 'x' }]);
      expect(servers.skillett.command).toBe(process.execPath);
      const started = await connectClient(servers.skillett.args);
      expect((await started.listTools()).tools.length).toBeGreaterThan(0);
      await started.close();
      expect((await command.run(['mcp', 'uninstall', client, '--yes'])).code).toBe(0);
      expect(readFileSync(place, 'utf8')).toBe(before);
    },
  );

  it('writes a table of TOML for Codex, beside what is there, once however often it is repeated', async () => {
    const before = 'model = "o3"\n\n[mcp_servers.other]\ncommand = "x"\n';
    const place = prepare('.codex/config.toml', before);
    for (let turn = 0; turn < 2; turn++) await command.run(['mcp', 'install', 'codex', '--yes', '--url', server.url]);
    const text = readFileSync(place, 'utf8');
    expect(text.startsWith(before)).toBe(true);
    expect(text.match(/^\[mcp_servers\.skillett\]$/gm)).toHaveLength(1);
    expect(text).not.toContain(server.key);
    await command.run(['mcp', 'uninstall', 'codex', '--yes']);
    expect(readFileSync(place, 'utf8')).toBe(before);
  });

  it('makes the file of a client that has none, and follows a link to where the file really is', async () => {
    expect((await command.run(['mcp', 'install', 'cursor', '--yes', '--url', server.url])).code).toBe(0);
    expect(existsSync(path.join(command.home, '.cursor/mcp.json'))).toBe(true);
    const real = prepare('dotfiles/gemini.json', '{}');
    mkdirSync(path.join(command.home, '.gemini'));
    symlinkSync(real, path.join(command.home, '.gemini/settings.json'));
    await command.run(['mcp', 'install', 'gemini', '--yes', '--url', server.url]);
    expect(JSON.parse(readFileSync(real, 'utf8')).mcpServers.skillett).toBeDefined();
  });

  it('shows the change and asks first; a no changes nothing', async () => {
    const place = prepare('.cursor/mcp.json', '{}\n');
    const refused = await command.runOnTerminal(['mcp', 'install', 'cursor', '--url', server.url], {
      answers: [['Make this change?', 'n']],
    });
    expect(refused.stdout).toContain('"skillett": {');
    expect([refused.code, readFileSync(place, 'utf8')]).toEqual([1, '{}\n']);
    const agreed = await command.runOnTerminal(['mcp', 'install', 'cursor', '--url', server.url], {
      answers: [['Make this change?', 'y']],
    });
    expect(agreed.code).toBe(0);
    expect(readFileSync(place, 'utf8')).toContain('skillett');
  });

  it.each([
    ['an unknown client', ['mcp', 'install', 'cursr', '--yes'], '{}', 'Did you mean cursor?'],
    ['a file with comments', ['mcp', 'install', 'cursor', '--yes'], '{\n  // mine\n}', 'no plain JSON object'],
    ['nobody to ask', ['mcp', 'install', 'cursor'], '{}', 'Repeat with --yes'],
  ])('leaves everything as it is for %s', async (_why, args, text, sentence) => {
    const place = prepare('.cursor/mcp.json', text);
    const { code, stderr } = await command.run([...args, '--url', server.url]);
    expect({ code, stderr, text: readFileSync(place, 'utf8') }).toEqual({ code: 1, stderr: expect.stringContaining(sentence), text });
  });

  it('refuses while the key stands in the environment alone, where no client would find it', async () => {
    const bare = new Command();
    const { code, stderr } = await bare.run(['mcp', 'install', 'cursor', '--yes'], {
      env: { SKILLETT_URL: server.url, SKILLETT_API_KEY: server.key },
    });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('skillett login --with-key') });
    expect(existsSync(path.join(bare.home, '.cursor'))).toBe(false);
    bare.remove();
  });
});
