/**
 * What a service would find wrong with a request that arrived, by its own description: method, path, query, headers, and the body by its
 * content type. Stricter than services are: what is not documented is a fault.
 */
import { type Described, type Operation, propertyOf, type RequestBody, type Schema } from '../../../src/domains/recipes/import/openapi.ts';
import { listSchemaFaults } from './json-schema.ts';
import { type Pairs, pairsOf, readJson, readPairs, readValue, typed } from './read-values.ts';

export interface Arrived {
  method: string;
  /** Path below the base address, and query, as they were sent. */
  target: string;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** What is documented of the operation that was meant. */
export interface Expected {
  method: string;
  /** Its path, with names in braces. */
  path: string;
  operation: Operation;
  /** Every path of the description with this method: the one that fits best must be the one that was meant. */
  paths: readonly string[];
  /** Names of the path that take several segments. */
  segments: readonly string[];
}

export async function listArrivalFaults(expected: Expected, arrived: Arrived): Promise<string[]> {
  const [path = '', query = ''] = arrived.target.split(/\?(.*)/s);
  if (arrived.method !== expected.method) return [`method ${arrived.method}: ${expected.method} is documented`];
  const found = findBest(expected, path);
  if (found !== expected.path) return [`path ${path}: is ${found === undefined ? 'no documented one' : `that of ${found}`}`];
  const parameters = (expected.operation.parameters ?? []) as Described[];
  const inPath = matcherOf(expected.path, expected.segments).exec(path)?.groups ?? {};
  return [
    ...listPathFaults(parameters, Object.values(inPath), namesOf(expected.path)),
    ...listPairFaults(
      'query',
      readPairs(query),
      parameters.filter((one) => one.in === 'query'),
    ),
    ...parameters.filter((one) => one.in === 'header').flatMap((one) => listHeaderFaults(one, arrived.headers[one.name.toLowerCase()])),
    ...(await listBodyFaults(expected.operation.requestBody as RequestBody | undefined, arrived)),
  ];
}

function namesOf(template: string): string[] {
  return [...template.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name as string);
}

/** Groups are numbered, since names of paths may be no names of groups. */
function matcherOf(template: string, segments: readonly string[]): RegExp {
  let at = 0;
  const parts = template.split(/(\{[^}]+\})/).map((part) => {
    if (!part.startsWith('{')) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
    at += 1;
    return `(?<g${at}>${segments.includes(part.slice(1, -1)) ? '.+' : '[^/]+'})`;
  });
  return new RegExp(`^${parts.join('')}$`);
}

/** Of the paths that fit, the one with the fewest names: `/users/me` before `/users/{id}`. */
function findBest({ paths, path: own, segments }: Expected, path: string): string | undefined {
  const fitting = paths.filter((one) => matcherOf(one, one === own ? segments : []).test(path));
  return fitting.sort((one, other) => namesOf(one).length - namesOf(other).length)[0];
}

function listPathFaults(parameters: Described[], texts: string[], names: string[]): string[] {
  return names.flatMap((name, at) => {
    const one = parameters.find((other) => other.in === 'path' && other.name === name);
    const value = typed(decodeURIComponent(texts[at] ?? ''), one?.schema);
    return one ? listSchemaFaults(one.schema ?? {}, value).map((fault) => `path ${name}: ${fault}`) : [`path ${name}: is not documented`];
  });
}

function listHeaderFaults({ name, required, schema = {}, content }: Described, sent: string | string[] | undefined): string[] {
  if (sent === undefined) return required ? [`header ${name}: is missing`] : [];
  const text = [sent].flat().join(', ');
  return listSchemaFaults(schema, content ? readJson(text) : typed(text, schema)).map((fault) => `header ${name}: ${fault}`);
}

function listPairFaults(place: string, pairs: Pairs, documented: readonly Described[]): string[] {
  const known = new Set(documented.flatMap((one) => pairsOf(pairs, one.name)));
  return [
    ...pairs.filter((pair) => !known.has(pair)).map(([name]) => `${place} ${name}: is not documented`),
    ...documented.flatMap((one) => {
      const own = pairsOf(pairs, one.name);
      if (own.length === 0) return one.required ? [`${place} ${one.name}: is missing`] : [];
      const value = one.content ? readJson(own[0]?.[1] ?? '') : readValue(own, one, one.schema ?? {});
      return listSchemaFaults(one.schema ?? {}, value).map((fault) => `${place} ${one.name}: ${fault}`);
    }),
  ];
}

async function listBodyFaults(documented: RequestBody | undefined, arrived: Arrived): Promise<string[]> {
  const isEmpty = arrived.body.length === 0;
  if (!documented) return isEmpty ? [] : ['body: is not documented'];
  if (isEmpty) return documented.required ? ['body: is missing'] : [];
  const type = essenceOf(arrived);
  const found = Object.entries(documented.content).find(([one]) => fitsType(type, one));
  if (!found) return [`body: is of type ${type}, and ${Object.keys(documented.content).join(' or ')} is documented`];
  const schema = found[1].schema ?? {};
  const json = findJson(type, arrived);
  if (json) {
    const value = readJson(json.text);
    return value === undefined ? ['body: is no JSON'] : listSchemaFaults(schema, value).map((fault) => `body: ${fault}`);
  }
  const pairs = await readForm(type, arrived);
  return pairs === undefined ? [] : listPairFaults('body', pairs, propertiesOf(schema));
}

export function essenceOf({ headers }: Pick<Arrived, 'headers'>): string {
  return ([headers['content-type'] ?? ''].flat()[0] as string).split(';')[0]!.trim().toLowerCase();
}

function fitsType(type: string, documented: string): boolean {
  const [range = ''] = documented.split(';');
  return range === '*/*' || range === type || (range.endsWith('/*') && type.startsWith(range.slice(0, -1)));
}

/** The JSON of a body and how the body reads with another; of multipart/related (RFC 2387) the first part. Undefined where there is none. */
export function findJson(type: string, { body }: Pick<Arrived, 'body'>): { text: string; write(text: string): Buffer } | undefined {
  if (type.endsWith('json')) return { text: body.toString(), write: (text) => Buffer.from(text) };
  if (type !== 'multipart/related') return undefined;
  const from = body.indexOf('\r\n\r\n') + 4;
  const to = body.indexOf('\r\n--', from);
  if (from < 4 || to < 0 || !/application\/json/i.test(body.toString('latin1', 0, from))) return { text: '', write: () => body };
  return {
    text: body.toString('utf8', from, to),
    write: (text) => Buffer.concat([body.subarray(0, from), Buffer.from(text), body.subarray(to)]),
  };
}

/** Undefined for a body that is no form: its bytes are its value. */
export async function readForm(type: string, { headers, body }: Arrived): Promise<Pairs | undefined> {
  if (type === 'application/x-www-form-urlencoded') return readPairs(body.toString());
  if (type !== 'multipart/form-data') return undefined;
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': String(headers['content-type']) } }).formData();
  return Promise.all([...form].map(async ([name, part]) => [name, typeof part === 'string' ? part : await part.text()] as const));
}

function propertiesOf(schema: Schema): Described[] {
  const all = schema.oneOf ?? [schema];
  const names = [...new Set(all.flatMap((one) => Object.keys(one.properties ?? {})))];
  return names.map((name) => {
    const schemas = all.flatMap((one) => propertyOf(one, name) ?? []);
    const required = all.every((one) => one.required?.includes(name));
    return { in: 'body', name, required, schema: schemas.length === 1 ? schemas[0]! : { oneOf: schemas } };
  });
}
