/** `mcp install` and `mcp uninstall`: one entry in a client's own configuration, which starts `skillett mcp` and holds no key. */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { askGraphql } from '../ask-server.ts';
import { CommandFailure, fileFailure, suggest } from '../failure.ts';
import { findKeptKey, type Target } from '../profiles.ts';
import { printable, say } from '../terminal/print.ts';
import { type McpClient, mcpClients, type ServerEntry } from './clients.ts';

interface InstallOptions {
  yes?: boolean;
}

export async function installMcp(target: Target, name: string, options: InstallOptions): Promise<void> {
  const client = findClient(name);
  if (process.env.SKILLETT_API_KEY && findKeptKey(target) === undefined)
    throw new CommandFailure('The client will not see SKILLETT_API_KEY. Keep the key in a profile first: skillett login --with-key');
  await askGraphql(target, '{ viewer { kind } }');
  const entryName = target.profile === 'default' ? 'skillett' : `skillett-${target.profile.replaceAll(/[^A-Za-z0-9_-]/g, '-')}`;
  const before = readText(client.file());
  const after =
    client.form === 'json' ? putJson(client, before, entryName, entryOf(target)) : putToml(client, before, entryName, entryOf(target));
  await change(client, before, after, options);
  say(`${client.title} starts \`skillett mcp\` as ${entryName}. Start it anew to see the tools. Undo with: skillett mcp uninstall ${name}`);
}

export async function uninstallMcp(target: Target, name: string, options: InstallOptions): Promise<void> {
  const client = findClient(name);
  const entryName = target.profile === 'default' ? 'skillett' : `skillett-${target.profile.replaceAll(/[^A-Za-z0-9_-]/g, '-')}`;
  const before = readText(client.file());
  const after = client.form === 'json' ? dropJson(client, before, entryName) : dropToml(client, before, entryName);
  if (after === before) return say(`${client.title} has no server ${entryName}: nothing was changed.`);
  await change(client, before, after, options);
  say(`${entryName} is gone from ${client.file()}.`);
}

function findClient(name: string): McpClient {
  const client = Object.hasOwn(mcpClients, name) ? mcpClients[name] : undefined;
  if (client === undefined)
    throw new CommandFailure(
      `There is no client ${JSON.stringify(name)}.${suggest(name, Object.keys(mcpClients)) || ` It is one of ${Object.keys(mcpClients).join(', ')}.`}`,
    );
  return client;
}

/** By full paths: a client started from a desktop has another PATH, and an older Node in it. */
function entryOf({ profile, url }: Target): ServerEntry {
  const launch = realpathSync(process.argv[1] as string);
  const named = profile === 'default' ? [] : ['--profile', profile];
  return { command: process.execPath, args: [launch, ...named, '--url', url, 'mcp'] };
}

function readText(file: string): string {
  try {
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  } catch (error) {
    throw fileFailure(file, error);
  }
}

type JsonFile = Record<string, unknown>;

function parseJsonFile(client: McpClient, text: string): JsonFile {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonFile;
  } catch {
    // Said below; files with comments are read by their clients, and would lose them here.
  }
  throw new CommandFailure(
    `${client.file()} is no plain JSON object (comments count as none), so it is left alone. Add a server there by hand, with the command \`skillett\` and the argument \`mcp\`.`,
  );
}

function serversOf(client: McpClient, file: JsonFile): JsonFile {
  const servers = file[client.member];
  return typeof servers === 'object' && servers !== null && !Array.isArray(servers) ? (servers as JsonFile) : {};
}

function putJson(client: McpClient, text: string, name: string, entry: ServerEntry): string {
  const file = parseJsonFile(client, text);
  const servers = { ...serversOf(client, file), [name]: { ...client.extra, ...entry } };
  return `${JSON.stringify({ ...file, [client.member]: servers }, null, indentOf(text))}\n`;
}

function dropJson(client: McpClient, text: string, name: string): string {
  const file = parseJsonFile(client, text);
  const { [name]: dropped, ...servers } = serversOf(client, file);
  return dropped === undefined ? text : `${JSON.stringify({ ...file, [client.member]: servers }, null, indentOf(text))}\n`;
}

/** As the file is written, so that the change is only what changed. */
function indentOf(text: string): string | number {
  return /^[{[]\r?\n([ \t]+)/.exec(text)?.[1] ?? 2;
}

/** A table of its own at the end of the file, where it disturbs nothing (TOML 1.0, "Table"). */
function putToml(client: McpClient, text: string, name: string, { command, args }: ServerEntry): string {
  const rest = dropToml(client, text, name);
  const table = `[${client.member}.${name}]\ncommand = ${JSON.stringify(command)}\nargs = [${args.map((arg) => JSON.stringify(arg)).join(', ')}]\n`;
  return rest.trim() === '' ? table : `${rest.replace(/\n*$/, '\n\n')}${table}`;
}

/** The table from its header to the next one. */
function dropToml(client: McpClient, text: string, name: string): string {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.trim() === `[${client.member}.${name}]`);
  if (start < 0) return text;
  const length = lines.slice(start + 1).findIndex((line) => line.startsWith('['));
  const end = length < 0 ? lines.length : start + 1 + length;
  return (
    [...lines.slice(0, start), ...lines.slice(end)]
      .join('\n')
      .replace(/\n{3,}/g, '\n\n')
      .replace(/^\n+|\n+$/g, '') + (text === '' ? '' : '\n')
  );
}

/** Shows what changes, asks where a person can answer, and writes the file whole. */
async function change(client: McpClient, before: string, after: string, { yes }: InstallOptions): Promise<void> {
  const file = client.file();
  say(`${file}:`);
  for (const line of linesChanged(before, after)) say(printable(line));
  if (yes !== true) {
    if (!process.stdin.isTTY) throw new CommandFailure('Nobody can be asked here. Repeat with --yes to make this change.');
    const { confirm } = await import('@clack/prompts');
    if ((await confirm({ message: 'Make this change?', output: process.stderr })) !== true)
      throw new CommandFailure('Nothing was changed.');
  }
  writeWhole(file, after);
}

/** Lines that only one of both has, in their order. */
function linesChanged(before: string, after: string): string[] {
  const old = before.split('\n');
  const now = after.split('\n');
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old[old.length - 1 - end] === now[now.length - 1 - end]) end++;
  return [
    ...old.slice(start, old.length - end).map((line) => `- ${line}`),
    ...now.slice(start, now.length - end).map((line) => `+ ${line}`),
  ].filter((line) => line.length > 2);
}

function writeWhole(file: string, text: string): void {
  // Where the file is a link, such as into a folder of dotfiles, what it leads to is written.
  const place = existsSync(file) ? realpathSync(file) : file;
  const beside = `${place}.${randomBytes(6).toString('hex')}`;
  try {
    mkdirSync(path.dirname(place), { recursive: true });
    writeFileSync(beside, text, { mode: 0o600, flag: 'wx' });
    if (existsSync(place)) chmodSync(beside, statSync(place).mode);
    renameSync(beside, place);
  } catch (error) {
    rmSync(beside, { force: true });
    throw fileFailure(file, error);
  }
}
