/** One call in the forms in which it can be made elsewhere, to be pasted as they are. */
import type { CatalogueEndpoint } from '../../recipes/catalogue.ts';

/** What a call says beside its endpoint. */
export interface PlannedCall {
  params: Record<string, unknown>;
  account?: string | undefined;
  select?: string | undefined;
}

const charactersMax = 65_536;
const nestingMax = 100;

/** Whether it is an object small enough to be printed: nested at most 100 deep, about 64 KiB. Stops at the first that is not. */
export function isPrintable(params: unknown): params is Record<string, unknown> {
  let left = charactersMax;
  const fits = (value: unknown, depth: number): boolean => {
    left -= typeof value === 'string' ? value.length : 4;
    if (left < 0 || depth > nestingMax) return false;
    if (typeof value !== 'object' || value === null) return true;
    for (const name of Object.keys(value)) {
      left -= name.length;
      if (!fits((value as Record<string, unknown>)[name], depth + 1)) return false;
    }
    return true;
  };
  return typeof params === 'object' && params !== null && !Array.isArray(params) && fits(params, 0);
}

/** What goes beside `integration` and `endpoint`, without what says nothing. */
function listInputs({ params, account, select }: PlannedCall): Record<string, unknown> {
  return {
    ...(Object.keys(params).length > 0 ? { params } : {}),
    ...(account === undefined ? {} : { account }),
    ...(select === undefined ? {} : { select }),
  };
}

/** Words of `skillett run` that are its own, so that a parameter of that name is no flag. */
const optionsOfRun = new Set(['params', 'account', 'select', 'next', 'raw', 'json']);

/** `skillett run github create_issue --repo octocat/hello-world --title "Login fails"`; lists and objects are JSON. */
export function printCliCommand(endpoint: CatalogueEndpoint, call: PlannedCall): string {
  const { params = {}, ...options } = listInputs(call);
  const isTaken = Object.keys(params as object).some((name) => optionsOfRun.has(name));
  const flags = Object.entries({ ...(isTaken ? { params } : (params as Record<string, unknown>)), ...options }).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    // A leading @ names a file. A value that starts with a hyphen would be taken for a flag.
    const literal = text.startsWith('@') ? `@${text}` : text;
    return literal.startsWith('-') ? `--${name}=${quoteForShell(literal)}` : `--${name} ${quoteForShell(literal)}`;
  });
  return ['skillett run', endpoint.integration, endpoint.name, ...flags].join(' ');
}

/** The same call with curl. The key comes from the environment, so that the command can be shown and kept. */
export function printCurlCommand(endpoint: CatalogueEndpoint, call: PlannedCall, publicUrl: string): string {
  const body = listInputs(call);
  const lines = [
    `curl -X POST ${quoteForShell(`${publicUrl}/v1/${endpoint.integration}/${endpoint.name}`)}`,
    '-H "Authorization: Bearer $SKILLETT_API_KEY"',
  ];
  if (Object.keys(body).length > 0) lines.push("-H 'Content-Type: application/json'", `-d ${quoteSingly(JSON.stringify(body))}`);
  return lines.join(' \\\n  ');
}

/** The same call over MCP: the `params` of a `tools/call` (MCP, "Calling Tools"), as JSON. */
export function printMcpCall(endpoint: CatalogueEndpoint, call: PlannedCall): string {
  const { integration, name, readOnly } = endpoint;
  const inputs = { endpoint: `${integration}.${name}`, ...listInputs(call) };
  return JSON.stringify({ name: readOnly ? 'read' : 'execute', arguments: inputs }, null, 2);
}

/** The same call as a GraphQL document. Parameters that GraphQL has no literal for stand below it, as the variables to send. */
export function printGraphqlDocument(endpoint: CatalogueEndpoint, call: PlannedCall): string {
  const inputs = Object.entries({ integration: endpoint.integration, endpoint: endpoint.name, ...listInputs(call) });
  const bare = hasBareNames(call.params);
  const args = inputs.map(([name, value]) => `    ${name}: ${name === 'params' && !bare ? '$params' : printValue(value, 2)}\n`);
  const [operation, field] = endpoint.readOnly ? ['query', 'read'] : ['mutation', 'execute'];
  const variables = bare ? ['', ''] : ['($params: JSON)', `\n# Variables: ${JSON.stringify({ params: call.params })}`];
  return `${operation}${variables[0]} {\n  ${field}(\n${args.join('')}  ) {\n    status\n    ok\n    data\n    error\n    callId\n  }\n}${variables[1]}`;
}

/** GraphQL writes names of fields without quotes (GraphQL, section 2.1.9). */
function hasBareNames(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  const named = Array.isArray(value) || Object.keys(value).every((name) => /^[A-Za-z_]\w*$/.test(name));
  return named && Object.values(value).every(hasBareNames);
}

/** A JSON value as a GraphQL literal: the same but for the names of fields. */
function printValue(value: unknown, depth: number): string {
  if (Array.isArray(value)) return `[${value.map((item) => printValue(item, depth)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const indent = '  '.repeat(depth + 1);
  const fields = Object.entries(value).map(([name, item]) => `${indent}${name}: ${printValue(item, depth + 1)}`);
  return fields.length === 0 ? '{}' : `{\n${fields.join('\n')}\n${'  '.repeat(depth)}}`;
}

/** Bare where nothing in it means anything to a shell, else in the quotes that need no escapes. */
export function quoteForShell(text: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  return /["$`\\!]/.test(text) ? quoteSingly(text) : `"${text}"`;
}

function quoteSingly(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
