/** The Markdown document of one endpoint (docs/api.md, "Skill files"). */
import type { CatalogueEndpoint, CatalogueIntegration } from '../../recipes/catalogue.ts';
import type { Parameter, RecipeValue } from '../../recipes/format/parameter.ts';
import { leanColumns } from '../../recipes/lean/lean-columns.ts';
import { printCode, printFrontMatter, printTable } from '../markdown.ts';
import { listAnswerFields } from './answer-table.ts';
import { buildExample, listErrors, listProviderScopes } from './describe.ts';

export function renderEndpoint(integration: CatalogueIntegration, endpoint: CatalogueEndpoint, publicUrl: string): string {
  const { spec } = endpoint;
  const frontMatter = printFrontMatter({
    name: endpoint.name,
    method: spec.method,
    param_mapping: mapParameters(spec.parameters),
    integration: endpoint.integration,
    category: endpoint.resource,
    read_only: endpoint.readOnly,
    ...(endpoint.destructive ? { destructive: true } : {}),
    ...(endpoint.providerScopes.length > 0 ? { provider_scopes: listProviderScopes(endpoint) } : {}),
    ...(spec.documentation_url === undefined ? {} : { documentation: spec.documentation_url }),
  });
  const example = buildExample(endpoint, publicUrl);
  const errors = listErrors(integration, endpoint).map(({ error, fix }) => [error, fix]);
  return [
    frontMatter,
    `# ${endpoint.name}\n`,
    `${spec.description}${undoingOf(endpoint)}${warningOf(endpoint)}\n`,
    '## Parameters\n',
    `${renderParameters(endpoint)}\n`,
    '## Example\n',
    'With curl; `method` above is how the service is called, while you always send POST:\n',
    `${printCode('sh', example.curl)}\n`,
    'With the command line:\n',
    `${printCode('sh', example.cli)}\n`,
    `Over MCP (\`${publicUrl}/mcp\`), as a call of a tool:\n`,
    `${printCode('json', example.mcp)}\n`,
    '## Answer\n',
    '`{"status": …, "data": …}`, with this in `data`:\n',
    `${spec.answer}\n`,
    ...renderFields(integration, endpoint),
    ...renderStream(endpoint),
    ...renderPaging(integration, endpoint),
    '## Errors\n',
    `${printTable(['Error', 'What to do'], errors)}\n`,
  ].join('\n');
}

/** What an agent needs that has found the endpoint: nothing that the answer to a call says by itself, and no other way to make it. */
export function renderBriefly(integration: CatalogueIntegration, endpoint: CatalogueEndpoint): string {
  const { spec } = endpoint;
  return [
    `# ${endpoint.integration}.${endpoint.name}, called with \`${endpoint.readOnly ? 'read' : 'execute'}\`\n`,
    `${spec.description}${undoingOf(endpoint)}${endpoint.destructive ? warningOf(endpoint) : ''}\n`,
    '## Parameters\n',
    `${renderParameters(endpoint)}\n`,
    ...(Object.keys(spec.example).length > 0 ? [`Example: \`${JSON.stringify(spec.example)}\`\n`] : []),
    '## Answer\n',
    `${spec.answer}\n`,
    ...renderColumns(endpoint),
    ...renderPaging(integration, endpoint),
  ].join('\n');
}

function undoingOf({ spec: { undone_by: name } }: CatalogueEndpoint): string {
  return name === undefined ? '' : ` \`${name}\` undoes it.`;
}

function warningOf({ destructive, readOnly, idempotent }: CatalogueEndpoint): string {
  if (destructive) return '\n\nThis cannot be undone: make sure that the person wants it.';
  if (readOnly || idempotent) return '';
  return '\n\nCalling it twice does it twice; the header `Idempotency-Key` guards against that.';
}

/** Parameters whose name or form differs at the service, or that stand in its path. */
function mapParameters(parameters: Record<string, Parameter>): Map<string, string> {
  const mapping = new Map<string, string>();
  for (const [name, parameter] of Object.entries(parameters)) {
    if (parameter.split !== undefined)
      mapping.set(name, `${parameter.split.replaceAll(/[{}]/g, '')} → ${parameter.split.split('/').join(', ')}`);
    else if (parameter.in === 'path') mapping.set(name, `${name} → {${parameter.as ?? name}}`);
    else if (parameter.as !== undefined) mapping.set(name, `${name} → ${parameter.as || 'the whole body'}`);
  }
  return mapping;
}

function renderParameters(endpoint: CatalogueEndpoint): string {
  const schema = endpoint.schema as unknown as RecipeValue;
  const rows = listRows(schema, '');
  if (rows.length === 0) return 'None.';
  const table = printTable(['Name', 'Type', 'Required', 'Meaning'], rows);
  return schema.description === undefined ? table : `${table}\n\n${schema.description}`;
}

/** A row for each property, and below it what is inside: `attachments[].filename`. */
function listRows({ items, properties, required }: RecipeValue, prefix: string): string[][] {
  const rows = Object.entries(properties ?? {}).flatMap(([name, value]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    return [[`\`${path}\``, typeText(value), required?.includes(name) ? 'yes' : 'no', meaningOf(value)], ...listRows(value, path)];
  });
  return items ? [...rows, ...listRows(items, `${prefix}[]`)] : rows;
}

function typeText(value: RecipeValue): string {
  return [value.type]
    .flat()
    .map((type) => (type === 'array' && value.items ? `array of ${typeText(value.items)}` : type))
    .join(' or ');
}

function meaningOf(value: RecipeValue): string {
  const facts = [
    value.enum && `One of ${value.enum.map((choice) => `\`${choice}\``).join(', ')}.`,
    formatText(value.format),
    value.pattern !== undefined && `Matches the regular expression \`${value.pattern}\`.`,
    value.uniqueItems === true && 'No entry twice.',
    value.default !== undefined && `Default \`${typeof value.default === 'string' ? value.default : JSON.stringify(value.default)}\`.`,
    boundsText(value.minimum, value.maximum, ''),
    boundsText(value.minLength, value.maxLength, ' characters'),
    boundsText(value.minItems, value.maxItems, ' entries'),
  ];
  return [value.description, ...facts].filter((fact) => typeof fact === 'string' && fact !== '').join(' ');
}

const giveBack =
  'give back what the header `X-Skillett-Next` holds as `next` beside `params` (over MCP `more` as `more`), with the same `params`';
const nextText = ` Or ${giveBack}: that also reads lists to their end that are too long for numbered pages.`;

const formats: Readonly<Record<string, string>> = {
  date: 'A date, such as `2026-11-27`.',
  'date-time': 'A date and time (RFC 3339), such as `2026-11-27T09:30:00Z`.',
  time: 'A time (RFC 3339), such as `09:30:00Z`.',
  email: 'A mail address.',
  uri: 'An address with its scheme (URI).',
  uuid: 'A UUID.',
  byte: 'In base64.',
  ipv4: 'An IPv4 address.',
  ipv6: 'An IPv6 address.',
  hostname: 'A host name.',
};

function formatText(format: string | undefined): string {
  return format === undefined ? '' : (formats[format] ?? `Format \`${format}\`.`);
}

function boundsText(min: number | undefined, max: number | undefined, unit: string): string {
  if (min !== undefined && max !== undefined) return `${min} to ${max}${unit}.`;
  if (max !== undefined) return `At most ${max}${unit}.`;
  return min === undefined || (min === 1 && unit !== '') ? '' : `At least ${min}${unit}.`;
}

function renderFields(integration: CatalogueIntegration, endpoint: CatalogueEndpoint): string[] {
  const rows = listAnswerFields(integration, endpoint).map(({ path, type }) => [`\`${path}\``, type]);
  if (rows.length === 0) return [];
  return [
    'Fields as `select` names them, two levels deep; each may be null or missing, and there may be others:\n',
    `${printTable(['Field', 'Type'], rows)}\n`,
  ];
}

/** As the table of its answer has them. */
function renderColumns({ spec }: CatalogueEndpoint): string[] {
  const { columns, adds } = leanColumns(spec);
  if (columns.length === 0) return [];
  return [`Columns: ${columns.join(', ')}${adds.length === 0 ? '' : `; \`with\` adds ${adds.join(', ')}`}.\n`];
}

function renderStream({ spec: { answer_stream: kind } }: CatalogueEndpoint): string[] {
  if (kind === undefined) return [];
  const [type, list] =
    kind === 'sse' ? ['text/event-stream', 'of `{"event", "id", "data"}`'] : ['application/x-ndjson', "of the lines' values"];
  return [
    `The answer is a stream. Over REST the header \`Accept: ${type}\` passes it on as it comes; otherwise \`data\` is a list ${list}, up to 1 MiB.\n`,
  ];
}

function renderPaging({ recipe }: CatalogueIntegration, { spec: { pagination } }: CatalogueEndpoint): string[] {
  if (pagination === undefined) return [];
  const { style, parameter, next, more, items, size_parameter: size } = pagination;
  const rowsText = items === undefined || items === '@' ? '' : ` The rows stand in \`${items}\` of \`data\`.`;
  const sizeText = `${size === undefined ? '' : ` \`${size}\` sets how much a page holds.`}${rowsText}`;
  if (style === 'next_link' || more !== undefined) return [`For the next page ${giveBack}, until there is none.${sizeText}\n`];
  const linked = recipe.next_header === undefined ? '' : nextText;
  const how = {
    page: `count \`${parameter}\` up`,
    offset: `set \`${parameter}\` to the number of entries read so far`,
    cursor: `set \`${parameter}\` to \`${next}\` of this answer's \`data\`, until there is none`,
  }[style];
  return [`For the next page ${how}.${sizeText}${linked}\n`];
}
