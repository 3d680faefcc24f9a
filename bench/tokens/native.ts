/** What the same task costs with the services' own servers: their tools' definitions, their answers, and what a model writes. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Row } from './github.ts';
import { countDefinitions, countTokens, type DefinedTool } from './session.ts';
import { type Service, services } from './stand.ts';
import type { Task } from './tasks.ts';

interface NativeServer {
  name: string;
  /** In node_modules of the folder that `--native` names. */
  file: string;
  env: Record<string, string>;
  tools: number;
  tokens: number;
}

/** Counted on 2026-11-28 by `--native`, which fails where they are no longer so. */
const servers: Record<Service, NativeServer> = {
  github: {
    ...{ name: '@modelcontextprotocol/server-github 2025.4.8', file: '@modelcontextprotocol/server-github/dist/index.js' },
    ...{ env: { GITHUB_PERSONAL_ACCESS_TOKEN: 'none' }, tools: 26, tokens: 3548 },
  },
  gmail: {
    ...{ name: '@gongrzhe/server-gmail-autoauth-mcp 1.1.11', file: '@gongrzhe/server-gmail-autoauth-mcp/dist/index.js' },
    ...{ env: { GMAIL_OAUTH_PATH: 'gcp-oauth.keys.json', GMAIL_CREDENTIALS_PATH: 'none.json' }, tools: 19, tokens: 2725 },
  },
  slack: {
    ...{ name: '@modelcontextprotocol/server-slack 2025.4.25', file: '@modelcontextprotocol/server-slack/dist/index.js' },
    ...{ env: { SLACK_BOT_TOKEN: 'none', SLACK_TEAM_ID: 'none' }, tools: 8, tokens: 681 },
  },
  notion: {
    ...{ name: '@notionhq/notion-mcp-server 2.5.2', file: '@notionhq/notion-mcp-server/bin/cli.mjs' },
    ...{ env: { NOTION_TOKEN: 'none' }, tools: 24, tokens: 17163 },
  },
};

export const allNames = Object.values(servers).map(({ name, tools, tokens }) => `${name} (${tools} tools, ${tokens} tokens)`);

export function countNativeDefinitions(of: readonly Service[] = Object.keys(servers) as Service[]): number {
  return of.reduce((sum, service) => sum + servers[service].tokens, 0);
}

export interface NativeCost {
  written: number;
  /** The answers as the service gives them; mail as Gmail's server prints it. */
  whole: number;
  /** Without links for programs and ids of nodes, which stands for servers that trim. */
  trimmed: number;
}

export function countNative({ native }: Task): NativeCost {
  const cost = { written: 0, whole: 0, trimmed: 0 };
  for (const { service, path: asked, query, method = 'GET', body = {}, call } of native) {
    const answer = services[service](method, asked, new URLSearchParams(query), body);
    if (answer === undefined) throw new Error(`no answer to ${method} ${asked}`);
    cost.written += countTokens(call);
    cost.whole += countTokens(service === 'gmail' ? printMail(answer as Row) : JSON.stringify(answer));
    cost.trimmed += countTokens(service === 'gmail' ? printMail(answer as Row) : JSON.stringify(trim(answer)));
  }
  return cost;
}

const forPrograms = /^(?:url|node_id|gravatar_id|.*(?<!html)_url|_links|permissions)$/;

function trim(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(trim);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name, one]) => one !== null && !forPrograms.test(name));
  return Object.fromEntries(kept.map(([name, one]) => [name, trim(one)]));
}

/** Lists as id, subject, sender and date; a mail as its head and its plain text. */
function printMail(answer: Row): string {
  const listed = answer.messages as Row[] | undefined;
  if (listed) return listed.map(({ id }) => printHead(mailOf(id as string), `ID: ${id}`)).join('\n\n');
  if (!answer.payload) return `Email sent successfully with ID: ${answer.id}`;
  const text = Buffer.from(answer.payload.parts[0].body.data as string, 'base64url').toString('utf8');
  return `${printHead(answer, `Thread ID: ${answer.threadId}`)}\n\n${text}`;
}

function mailOf(id: string): Row {
  return services.gmail('GET', `/users/me/messages/${id}`, new URLSearchParams()) as Row;
}

function printHead({ payload }: Row, first: string): string {
  const headers = payload.headers as { name: string; value: string }[];
  const lines = ['Subject', 'From', 'Date'].map((name) => `${name}: ${headers.find((header) => header.name === name)?.value}`);
  return [first, ...lines].join('\n');
}

/** Asks the servers in a folder for their tools. Throws where a count is not the one above. */
export async function recount(folder: string): Promise<void> {
  for (const server of Object.values(servers)) {
    const tools = await listTools(folder, server);
    const tokens = countDefinitions(tools);
    if (tools.length !== server.tools || tokens !== server.tokens)
      throw new Error(`${server.name} has ${tools.length} tools of ${tokens} tokens, not ${server.tools} of ${server.tokens}`);
  }
}

async function listTools(folder: string, { file, env, name }: NativeServer): Promise<DefinedTool[]> {
  const child = spawn(process.execPath, [path.join(folder, 'node_modules', file)], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const waiting = setTimeout(() => child.kill(), 20_000);
  const say = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  try {
    const clientInfo = { name: 'bench', version: '1' };
    say({ id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo } });
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.startsWith('{')) continue;
      const { id, result } = JSON.parse(line) as { id?: number; result?: { tools: DefinedTool[] } };
      if (id === 1) {
        say({ method: 'notifications/initialized' });
        say({ id: 2, method: 'tools/list' });
      }
      if (id === 2 && result) return result.tools;
    }
    throw new Error(`${name} listed no tools`);
  } finally {
    clearTimeout(waiting);
    child.kill();
  }
}
