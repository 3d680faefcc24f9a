/** Requests made wrong on purpose from one that is right. Each must be found out, or being right proves nothing. */
import {
  type Described,
  listAlternatives,
  listRequired,
  propertyOf,
  type RequestBody,
  type Schema,
} from '../../../src/domains/recipes/import/openapi.ts';
import { type Arrived, type Expected, essenceOf, findJson, readForm } from './arrival-faults.ts';
import { type Pairs, readPairs } from './read-values.ts';

export interface Control {
  /** What was done to the request. */
  kind: string;
  arrived: Arrived;
}

const strange = 'skillett_control';

export async function listControls({ operation, path }: Expected, arrived: Arrived): Promise<Control[]> {
  const parameters = (operation.parameters ?? []) as Described[];
  const [at = '', query = ''] = arrived.target.split(/\?(.*)/s);
  return [
    { kind: 'another method', arrived: { ...arrived, method: arrived.method === 'PUT' ? 'POST' : 'PUT' } },
    { kind: 'another path', arrived: { ...arrived, target: `/${strange}${arrived.target}` } },
    ...spoilPath(parameters, path, at).map(({ kind, text }) => ({
      kind,
      arrived: { ...arrived, target: arrived.target.replace(at, text) },
    })),
    ...spoilPairs(
      'query',
      readPairs(query),
      parameters.filter((one) => one.in === 'query'),
    ).map(({ kind, pairs }) => ({
      kind,
      arrived: { ...arrived, target: `${at}?${writePairs(pairs)}` },
    })),
    ...parameters
      .filter((one) => one.in === 'header' && one.required)
      .map(({ name }) => ({
        kind: `no header ${name}`,
        arrived: { ...arrived, headers: { ...arrived.headers, [name.toLowerCase()]: undefined } },
      })),
    ...(await spoilBody(operation.requestBody as RequestBody | undefined, arrived)),
  ];
}

function writePairs(pairs: Pairs): string {
  return new URLSearchParams(pairs.map(([name, text]): [string, string] => [name, text])).toString();
}

function spoilPath(parameters: Described[], template: string, path: string): { kind: string; text: string }[] {
  const names = template.split('/');
  return parameters
    .filter((one) => one.in === 'path' && takesNoText(one.schema) && names.includes(`{${one.name}}`))
    .map(({ name }) => {
      const segments = path.split('/');
      segments[names.indexOf(`{${name}}`)] = strange;
      return { kind: `path ${name} of another type`, text: segments.join('/') };
    });
}

/** Whether no text of letters can be right. */
function takesNoText(schema: Schema | undefined): boolean {
  const all = listAlternatives({}, schema);
  return (
    all.length > 0 &&
    all.every(
      ({ type, enum: values, items }) =>
        values || ['integer', 'number', 'boolean', 'null'].includes(type ?? '') || (type === 'array' && takesNoText(items)),
    )
  );
}

function spoilPairs(place: string, pairs: Pairs, documented: readonly Described[]): { kind: string; pairs: Pairs }[] {
  const sent = documented.filter(({ name }) => pairs.some(([one]) => one === name));
  const rest = (name: string) => pairs.filter(([one]) => one !== name && !one.startsWith(`${name}[`));
  return [
    { kind: `${place} with an undocumented name`, pairs: [...pairs, [strange, '1']] },
    ...documented.filter((one) => one.required).map(({ name }) => ({ kind: `${place} without ${name}`, pairs: rest(name) })),
    ...sent
      .filter((one) => !one.content && takesNoText(one.schema))
      .map(({ name }): { kind: string; pairs: Pairs } => ({
        kind: `${place} ${name} of another type`,
        pairs: [...rest(name), [name, strange]],
      })),
  ];
}

async function spoilBody(documented: RequestBody | undefined, arrived: Arrived): Promise<Control[]> {
  if (!documented)
    return [
      {
        kind: 'a body',
        arrived: { ...arrived, headers: { ...arrived.headers, 'content-type': 'application/json' }, body: Buffer.from('{}') },
      },
    ];
  const without = documented.required ? [{ kind: 'no body', arrived: { ...arrived, body: Buffer.alloc(0) } }] : [];
  if (arrived.body.length === 0) return without;
  const type = essenceOf(arrived);
  const other = {
    kind: 'a body of another type',
    arrived: { ...arrived, headers: { ...arrived.headers, 'content-type': `application/x-${strange}` } },
  };
  const isAnyType = Object.keys(documented.content).some((one) => one.startsWith('*/*'));
  const always = isAnyType ? without : [...without, other];
  const schema = documented.content[Object.keys(documented.content).find((one) => one.split(';')[0] === type) ?? '']?.schema ?? {};
  const json = findJson(type, arrived);
  if (json)
    return [...always, ...spoilJson(schema, json).map(({ kind, text }) => ({ kind, arrived: { ...arrived, body: json.write(text) } }))];
  const pairs = await readForm(type, arrived);
  if (!pairs) return always;
  const all = listAlternatives({}, schema);
  const named = [...new Set(all.flatMap((one) => Object.keys(one.properties ?? {})))].map((name) => ({
    in: 'body',
    name,
    required: listRequired(all).includes(name),
    schema: { oneOf: all.flatMap((one) => propertyOf(one, name) ?? []) },
  }));
  const spoilt = await Promise.all(
    spoilPairs('body', pairs, named).map(async ({ kind, pairs: wrong }) => ({
      kind,
      arrived: { ...arrived, ...(await writeForm(type, wrong, arrived)) },
    })),
  );
  return [...always, ...spoilt];
}

async function writeForm(type: string, pairs: Pairs, { headers }: Arrived): Promise<Pick<Arrived, 'headers' | 'body'>> {
  if (type !== 'multipart/form-data') return { headers, body: Buffer.from(writePairs(pairs)) };
  const form = new FormData();
  for (const [name, text] of pairs) form.append(name, text);
  const written = new Response(form);
  return {
    headers: { ...headers, 'content-type': written.headers.get('content-type') ?? '' },
    body: Buffer.from(await written.arrayBuffer()),
  };
}

function spoilJson(schema: Schema, { text }: { text: string }): { kind: string; text: string }[] {
  const spoilt = spoilValue(JSON.parse(text), schema, '');
  return [
    { kind: 'half of the JSON', text: text.slice(0, -1) },
    ...spoilt.map(({ kind, value }) => ({ kind: `body ${kind}`, text: JSON.stringify(value) })),
  ];
}

interface Spoilt {
  kind: string;
  value: unknown;
}

/** Every value inside replaced by one of a type that is not documented there, every required member left out, and an unknown one added. */
function spoilValue(value: unknown, schema: Schema | undefined, at: string): Spoilt[] {
  const all = listAlternatives({}, schema);
  const found: Spoilt[] = [];
  const wrong = findWrong(all.map(({ type }) => type));
  if (wrong !== undefined) found.push({ kind: `${at} of another type`, value: wrong });
  if (all.some((one) => one.enum) && all.every((one) => one.enum || one.type === 'null'))
    found.push({ kind: `${at} of an unknown value`, value: strange });
  if (Array.isArray(value)) {
    const items = { oneOf: all.flatMap((one) => one.items ?? []) };
    for (const [index, one] of value.entries())
      for (const inner of spoilValue(one, items, `${at}/${index}`)) found.push({ kind: inner.kind, value: value.with(index, inner.value) });
  } else if (typeof value === 'object' && value !== null) found.push(...spoilMembers(value, all, at));
  return found;
}

function spoilMembers(value: object, all: ReturnType<typeof listAlternatives>, at: string): Spoilt[] {
  const objects = all.filter((one) => one.type === 'object' || one.properties);
  const isClosed =
    objects.length > 0 &&
    objects.length === all.filter(({ type }) => type !== 'null').length &&
    objects.every((one) => one.properties && !one.additionalProperties);
  const found: Spoilt[] = isClosed ? [{ kind: `${at} with an undocumented member`, value: { ...value, [strange]: 1 } }] : [];
  for (const name of listRequired(all)) {
    const { [name]: _left, ...rest } = value as Record<string, unknown>;
    found.push({ kind: `${at} without ${name}`, value: rest });
  }
  for (const [name, one] of Object.entries(value)) {
    const schemas = all.flatMap(
      (schema) => propertyOf(schema, name) ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : []),
    );
    if (schemas.length === 0) continue;
    for (const inner of spoilValue(one, { oneOf: schemas }, `${at}/${name}`))
      found.push({ kind: inner.kind, value: { ...value, [name]: inner.value } });
  }
  return found;
}

/** A value of a type that is none of these; undefined where anything may stand. */
function findWrong(types: readonly (string | undefined)[]): unknown {
  if (types.length === 0 || types.includes(undefined)) return undefined;
  if (!types.includes('object')) return { [strange]: 1 };
  if (!types.includes('array')) return [[strange]];
  return types.includes('string') ? (types.includes('boolean') ? undefined : true) : strange;
}
