/** One call in the forms in which it can be made elsewhere. */
export interface PlannedCall {
  integration: string;
  endpoint: string;
  readOnly: boolean;
  params: Record<string, unknown>;
  account: string | undefined;
  select: string | undefined;
}

export function printCurl(call: PlannedCall, origin: string): string {
  const body = {
    ...(Object.keys(call.params).length > 0 ? { params: call.params } : {}),
    ...(call.account === undefined ? {} : { account: call.account }),
    ...(call.select === undefined ? {} : { select: call.select }),
  };
  const lines = [
    `curl -X POST ${quoteForShell(`${origin}/v1/${call.integration}/${call.endpoint}`)}`,
    '-H "Authorization: Bearer $SKILLETT_API_KEY"',
  ];
  if (Object.keys(body).length > 0) lines.push("-H 'Content-Type: application/json'", `-d ${quoteSingly(JSON.stringify(body))}`);
  return lines.join(' \\\n  ');
}

export function printCli(call: PlannedCall): string {
  const flag = (name: string, value: unknown) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    // A value that starts with a hyphen would be taken for a flag.
    return text.startsWith('-') ? `--${name}=${quoteForShell(text)}` : `--${name} ${quoteForShell(text)}`;
  };
  return [
    'skillett run',
    call.integration,
    call.endpoint,
    ...Object.entries(call.params).map(([name, value]) => flag(name, value)),
    ...(call.account === undefined ? [] : [flag('account', call.account)]),
    ...(call.select === undefined ? [] : [flag('select', call.select)]),
  ].join(' ');
}

export function printGraphql(call: PlannedCall): string {
  const args = [
    `integration: ${JSON.stringify(call.integration)}`,
    `endpoint: ${JSON.stringify(call.endpoint)}`,
    ...(Object.keys(call.params).length > 0 ? [`params: ${printValue(call.params, 2)}`] : []),
    ...(call.account === undefined ? [] : [`account: ${JSON.stringify(call.account)}`]),
    ...(call.select === undefined ? [] : [`select: ${JSON.stringify(call.select)}`]),
  ];
  const [operation, field] = call.readOnly ? ['query', 'read'] : ['mutation', 'execute'];
  return `${operation} {\n  ${field}(\n    ${args.join('\n    ')}\n  ) {\n    status\n    ok\n    data\n    error\n    callId\n  }\n}`;
}

/** A JSON value as a GraphQL literal: the same but for the names of fields, which stand bare where GraphQL allows it. */
function printValue(value: unknown, depth: number): string {
  if (Array.isArray(value)) return `[${value.map((item) => printValue(item, depth)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const indent = '  '.repeat(depth + 1);
  const fields = Object.entries(value).map(([name, item]) => `${indent}${name}: ${printValue(item, depth + 1)}`);
  return fields.length === 0 ? '{}' : `{\n${fields.join('\n')}\n${'  '.repeat(depth)}}`;
}

function quoteForShell(text: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  return /["$`\\!]/.test(text) ? quoteSingly(text) : `"${text}"`;
}

function quoteSingly(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
