/** `connect`, `connections` and `disconnect`. */
import { setTimeout as pause } from 'node:timers/promises';
import { askGraphql, askRoute, requireKey } from '../ask-server.ts';
import { CommandFailure } from '../failure.ts';
import type { Target } from '../profiles.ts';
import { openBrowser } from '../terminal/browser.ts';
import { isForPeople, type PrintOptions, printBody, printJson, printTable, say } from '../terminal/print.ts';
import { askPerson, readInputText } from '../terminal/read-secret.ts';

const pollMs = 3_000;
const waitMs = 300_000;

interface ConnectOptions extends PrintOptions {
  account?: string;
  scopes?: string;
  token?: boolean;
  set: string[];
  browser: boolean;
}

interface ConnectionState {
  status: 'pending' | 'connected' | 'error';
  integration: string;
  reason?: string;
}

export async function connect(target: Target, integration: string, options: ConnectOptions): Promise<void> {
  const credentials = { ...readAssignments(options.set), ...(options.token ? await readCredentials(target, integration) : {}) };
  const { json, body } = await askRoute<{ oauth_url?: string; connection_id: string }>(target, {
    method: 'POST',
    path: '/v1/connect',
    body: {
      integration,
      ...(options.account === undefined ? {} : { account: options.account }),
      ...(options.scopes === undefined ? {} : { scopes: options.scopes }),
      ...(Object.keys(credentials).length === 0 ? {} : { credentials }),
    },
  });
  if (json.oauth_url === undefined) {
    say(`${integration} is connected.`);
    if (!isForPeople(options)) printBody(body);
    return;
  }
  say(`Connect ${integration} in your browser:\n${json.oauth_url}`);
  if (options.browser) openBrowser(json.oauth_url);
  await waitForConsent(target, json.connection_id, options);
}

/** Asks every three seconds for five minutes how the consent stands. */
async function waitForConsent(target: Target, id: string, options: PrintOptions): Promise<void> {
  const deadlineMs = Date.now() + waitMs;
  while (Date.now() < deadlineMs) {
    await pause(pollMs);
    const { json } = await askRoute<ConnectionState>(target, { method: 'GET', path: `/v1/connect/${id}` });
    if (json.status === 'pending') continue;
    if (json.status === 'error') throw refusedConsent(json);
    say(`${json.integration} is connected.`);
    if (!isForPeople(options)) printJson({ connection_id: id, ...json });
    return;
  }
  throw new CommandFailure(
    `Nobody finished the consent within five minutes. Its link stays good for a while; ask again with: skillett connections`,
    2,
  );
}

function refusedConsent({ integration, reason }: ConnectionState): CommandFailure {
  const sentences: Record<string, string> = {
    denied: `The consent for ${integration} was refused in the browser.`,
    expired: `The consent for ${integration} was not finished in time. Start again with: skillett connect ${integration}`,
  };
  return new CommandFailure(sentences[reason ?? ''] ?? `${integration} could not be connected. The page in the browser says why.`);
}

/** `name=value` of `--set`. They are no secrets: a site, a region. */
function readAssignments(assignments: string[]): Record<string, string> {
  return Object.fromEntries(
    assignments.map((assignment) => {
      const at = assignment.indexOf('=');
      if (at < 1) throw new CommandFailure(`--set takes name=value, and ${JSON.stringify(assignment)} has no name before a =.`);
      return [assignment.slice(0, at), assignment.slice(at + 1)];
    }),
  );
}

interface CredentialField {
  name: string;
  label: string;
  secret: boolean;
  required: boolean;
  multiline: boolean;
}

interface ConnectMethods {
  integration: {
    connectMethods: {
      type: string;
      how: string | null;
      url: string | null;
      fields: CredentialField[];
    }[];
  };
}

/** What an integration's credential consists of, typed unseen; or from standard input, as JSON where it has several parts. */
async function readCredentials(target: Target, integration: string): Promise<Record<string, string>> {
  requireKey(target);
  const { integration: found } = await askGraphql<ConnectMethods>(
    target,
    'query ($slug: String!) { integration(slug: $slug) { connectMethods { type how url fields { name label secret required multiline } } } }',
    { slug: integration },
  );
  const method = found.connectMethods.find(({ type, fields }) => type !== 'OAUTH2' && fields.length > 0);
  if (method === undefined) throw new CommandFailure(`${integration} takes no token. Connect it with: skillett connect ${integration}`);
  if (!process.stdin.isTTY) return parseCredentials(await readInputText(), method.fields, integration);
  const long = method.fields.find(({ multiline, required }) => multiline && required);
  if (long !== undefined)
    throw new CommandFailure(`${long.label} has several lines. Give it on standard input: skillett connect ${integration} --token < file`);
  if (method.how !== null) say(method.how);
  if (method.url !== null) say(method.url);
  const entered: Record<string, string> = {};
  for (const { name, label, secret, required } of method.fields) if (required) entered[name] = await askPerson(label, secret);
  return entered;
}

function parseCredentials(text: string, fields: CredentialField[], integration: string): Record<string, string> {
  const needed = fields.filter(({ required }) => required).map(({ name }) => name);
  const shape = `{${needed.map((name) => `"${name}": "…"`).join(', ')}}`;
  if (text.trim() === '') throw new CommandFailure(`Standard input is empty. Give the credential of ${integration} there.`);
  const secrets = fields.filter(({ secret, required }) => secret && required);
  if (text.trimStart().startsWith('{')) {
    try {
      const given = JSON.parse(text) as Record<string, string>;
      // The JSON file of a service is one value itself.
      const isValue = secrets.length === 1 && secrets[0]?.multiline && !fields.some(({ name }) => Object.hasOwn(given, name));
      if (!isValue) return given;
    } catch {
      if (needed.length > 1 && !secrets[0]?.multiline) throw new CommandFailure(`Standard input is no JSON. Give ${shape}.`);
    }
  }
  const [only] = secrets.length === 1 ? secrets : needed.length === 1 ? fields.filter(({ required }) => required) : [];
  if (only === undefined) throw new CommandFailure(`The credential of ${integration} has several parts. Give ${shape} on standard input.`);
  return { [only.name]: text.trim() };
}

interface ConnectionPage {
  connections: { connection_id: string; integration: string; account: string | null; default: boolean; status: string; reason?: string }[];
  next_cursor: string | null;
}

export async function listConnections(target: Target, options: PrintOptions & { limit?: string; cursor?: string }): Promise<void> {
  const query = new URLSearchParams(
    Object.entries({ limit: options.limit, cursor: options.cursor }).filter((pair): pair is [string, string] => !!pair[1]),
  );
  const { json, body } = await askRoute<ConnectionPage>(target, { method: 'GET', path: `/v1/connect?${query}` });
  if (!isForPeople(options)) return printBody(body);
  if (json.connections.length === 0) return say('No account is connected. Connect one with: skillett connect <integration>');
  printTable(
    ['INTEGRATION', 'ACCOUNT', 'STATUS', 'ID'],
    json.connections.map((row) => [
      row.integration,
      (row.account ?? '') + (row.default ? ' (default)' : ''),
      row.reason === undefined ? row.status : `${row.status}: ${row.reason}`,
      row.connection_id,
    ]),
  );
  if (json.next_cursor !== null) say(`There are more: --cursor ${json.next_cursor}`);
}

export async function disconnect(target: Target, id: string, options: PrintOptions): Promise<void> {
  const { headers } = await askRoute(target, { method: 'DELETE', path: `/v1/connect/${encodeURIComponent(id)}` });
  const revoked = String(headers['x-skillett-revoked']);
  const sentences: Record<string, string> = {
    true: 'Disconnected, and its service revoked what was granted.',
    false: 'Disconnected. Its service could not be told to revoke what was granted: remove Skillett in its settings.',
    unsupported: 'Disconnected. Its service offers no way to revoke: remove Skillett in its settings if you like.',
  };
  say(sentences[revoked] ?? 'Disconnected.');
  if (!isForPeople(options)) printJson({ connection_id: id, revoked });
}
