/**
 * What a provider's description says about the operations that a recipe uses, as small as the check needs it: names,
 * places, types, bounds and requiredness, and of its sentences only hashes. Committed in `test/recipes/facts/`, so that
 * the check runs where the description is not.
 */
import { createHash } from 'node:crypto';
import type { Endpoint } from '../../src/domains/recipes/format/format.ts';
import { nameParameter } from '../../src/domains/recipes/import/names.ts';
import {
  basePathOf,
  listAlternatives,
  listParameters,
  type methods,
  type OpenApi,
  type Operation,
  type PathItem,
  type RequestBody,
  resolve,
  type Schema,
} from '../../src/domains/recipes/import/openapi.ts';
import { shrinkOperation } from './shrink.ts';
import type { CodeForm } from './sources/read-code.ts';

/** A file of the folder of descriptions, or one of a package. */
export interface Source {
  file: string;
  package?: string;
  /** Where it is code and not a description: how that is written, as scripts/recipes/sources reads it. `file` may be a folder then. */
  form?: CodeForm;
}

/** What is written by hand in a file of facts; all else is extracted. */
export interface FactsHead {
  /** One description or several, of which the first that has an operation is taken. Missing where the service publishes none. */
  source?: Source | Source[];
  /** Why there is nothing to compare with, and the page that the recipe was written from. */
  unproved?: string;
  /** `names`: of what the description says, only names are to be relied on. */
  trust?: 'names';
  /** Path parameters that the recipe writes out, with their values. */
  constants?: Record<string, string>;
  /** Where paths of the description begin otherwise than those of the recipe. */
  base_path?: string;
  /** How paths of the description begin, and what the recipe writes in that place; of several that fit, the longest counts. */
  prefixes?: Record<string, string>;
  /** Documented today, and not in a description of this age or with other values there: by endpoint, names with the page that says so. */
  newer?: Record<string, Record<string, string>>;
  /** Types of bodies that the service takes beside those of the description, each with the page that says so. */
  body_types?: Record<string, string>;
  /** Parameters that the description calls required and the service does not, each with the page that says so. */
  optional?: Record<string, string>;
  /** Of a GraphQL schema: the JSON type of scalars that it defines itself, such as dates. */
  scalars?: Record<string, 'string' | 'number' | 'boolean'>;
  /** The page that says that POST, PUT and PATCH take as a form what the description puts into the query. */
  query_as_form?: string;
  /** Of routes in Stone whose body is a file: the header that holds their argument. */
  argument_header?: string;
  /** Endpoints that the description does not have, with the reason. */
  absent?: Record<string, string>;
}

export interface Facts extends FactsHead {
  title?: string;
  version?: string;
  /** Of the description, where it is known. */
  date?: string;
  paths?: OpenApi['paths'];
  /** Of a service that speaks GraphQL, instead of paths: what the documents use of its schema. */
  schema?: string[];
  /** Hashes of the description's sentences about these operations, in order. */
  sentences?: string;
}

type Named = readonly (readonly [name: string, endpoint: Endpoint])[];

export function extractFacts(
  head: FactsHead,
  descriptions: readonly OpenApi[],
  baseUrl: string,
  endpoints: Named,
): Omit<Facts, keyof FactsHead> {
  const paths: OpenApi['paths'] = {};
  const sentences = new Set<string>();
  // Several endpoints may call one operation, each with a part of what it takes.
  for (const same of Map.groupBy(
    endpoints.map(([, endpoint]) => endpoint),
    placeOf,
  ).values()) {
    const [first] = same as [Endpoint];
    const described = findOperation(head, descriptions, baseUrl, first);
    if (!described) continue;
    const found = withOptional(head, described);
    const method = first.method.toLowerCase() as (typeof methods)[number];
    paths[first.path] = { ...paths[first.path], [method]: shrinkOperation(takesForm(head, first) ? asForm(found) : found, same) };
    for (const sentence of listSentences(found)) sentences.add(hashSentence(sentence));
  }
  const join = (texts: readonly string[]) => [...new Set(texts)].join(', ');
  return {
    title: join(descriptions.map(({ info }) => info.title)),
    version: join(descriptions.map(({ info }) => info.version)),
    paths,
    sentences: [...sentences].sort().join(' '),
  };
}

function withOptional({ optional = {} }: FactsHead, found: Found): Found {
  const { openApi, item, operation } = found;
  const all = listParameters(openApi, item, operation);
  if (!all.some(({ name }) => name in optional)) return found;
  const parameters = all.map((one) => (one.name in optional ? { ...one, required: false } : one));
  return { openApi, item: { ...item, parameters: [] }, operation: { ...operation, parameters } };
}

function takesForm({ query_as_form: page }: FactsHead, { method }: Endpoint): boolean {
  return page !== undefined && ['POST', 'PUT', 'PATCH'].includes(method);
}

/** What it puts into the query stands in a form, which holds files too. */
function asForm(found: Found): Found {
  const { openApi, item, operation } = found;
  const all = listParameters(openApi, item, operation);
  const fields = all.filter((one) => one.in === 'query');
  if (operation.requestBody || fields.length === 0) return found;
  const schema: Schema = {
    type: 'object',
    properties: Object.fromEntries(fields.map((one) => [one.name, one.schema ?? {}])),
    required: fields.filter((one) => one.required).map((one) => one.name),
  };
  const content = { 'application/x-www-form-urlencoded': { schema }, 'multipart/form-data': { schema } };
  const parameters = all.filter((one) => one.in !== 'query');
  return { openApi, item: { ...item, parameters: [] }, operation: { ...operation, parameters, requestBody: { content } } };
}

function placeOf({ method, path }: Endpoint): string {
  return `${method} ${path}`;
}

/** An operation of a description. */
export interface Found {
  openApi: OpenApi;
  item: PathItem;
  operation: Operation;
}

export function findOperation(head: FactsHead, descriptions: readonly OpenApi[], baseUrl: string, endpoint: Endpoint): Found | undefined {
  for (const openApi of descriptions) {
    const found = findIn(head, openApi, basePathOf(endpoint.base_url ?? baseUrl) + endpoint.path, endpoint);
    if (found) return found;
  }
  return undefined;
}

function findIn(head: FactsHead, openApi: OpenApi, ours: string, endpoint: Endpoint): Found | undefined {
  const base = head.base_path ?? basePathOf(openApi.servers?.[0]?.url ?? '');
  const method = endpoint.method.toLowerCase() as (typeof methods)[number];
  for (const [path, item] of Object.entries(openApi.paths)) {
    const operation = item[method];
    const written = writePath(head, path.split('?')[0]!);
    const own = operation?.servers?.[0]?.url;
    const bases = [own === undefined ? base : basePathOf(own), base, ''];
    if (operation && bases.some((one) => one + written === ours)) return { openApi, item, operation };
  }
  return undefined;
}

/** A path of the description as recipes write it: its names as drafts have them, and constants in their places. */
function writePath({ prefixes = {}, constants = {} }: FactsHead, path: string): string {
  const [prefix = ''] = Object.keys(prefixes)
    .filter((one) => path === one || path.startsWith(one.endsWith('/') ? one : `${one}/`))
    .sort((one, other) => other.length - one.length);
  const begun = prefix === '' ? path : prefixes[prefix] + path.slice(prefix.length);
  return begun.replaceAll(/\{([^{}]+)\}/g, (_, name: string) => constants[name] ?? `{${nameParameter(name)}}`);
}

/** Sentences about an operation, its parameters, and what its body holds, to the depth of four. */
function listSentences({ openApi, item, operation }: Found): string[] {
  const body = resolve<RequestBody>(openApi, operation.requestBody);
  const texts = [operation.summary, operation.description];
  for (const parameter of listParameters(openApi, item, operation)) {
    texts.push(parameter.description);
    collectTexts(openApi, parameter.schema, 2, texts);
  }
  for (const { schema } of Object.values(body?.content ?? {})) collectTexts(openApi, schema, 4, texts);
  return texts.flatMap((text) => (text === undefined ? [] : splitSentences(text)));
}

function collectTexts(openApi: OpenApi, schema: Schema | undefined, depth: number, texts: (string | undefined)[]): void {
  if (depth === 0) return;
  for (const one of listAlternatives(openApi, schema)) {
    texts.push(one.description);
    if (one.items) collectTexts(openApi, one.items, depth - 1, texts);
    for (const property of Object.values(one.properties ?? {})) collectTexts(openApi, property, depth - 1, texts);
  }
}

/** Sentences of at least five words, since shorter ones are the same whoever writes them. */
export function splitSentences(text: string): string[] {
  return text
    .split(/(?<=[.!?:])\s+|\n+/)
    .map((sentence) =>
      sentence
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} ]+/gu, ' ')
        .replaceAll(/ +/g, ' ')
        .trim(),
    )
    .filter((sentence) => sentence.split(' ').length >= 5);
}

export function hashSentence(sentence: string): string {
  return createHash('sha256').update(sentence).digest('base64url').slice(0, 10);
}

/** One operation a line, so that a change shows where it is. */
export function printFacts({ paths = {}, sentences = '', ...head }: Facts): string {
  const lines = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => [path, method, JSON.stringify(operation)] as const),
  );
  const byPath = Map.groupBy(lines, ([path]) => path);
  const printed = [...byPath].map(
    ([path, all]) => `    ${JSON.stringify(path)}: {\n${all.map(([, method, text]) => `      "${method}": ${text}`).join(',\n')}\n    }`,
  );
  const top = JSON.stringify(head, undefined, 2).slice(0, -2);
  return `${top},\n  "paths": {\n${printed.join(',\n')}\n  },\n  "sentences": "${sentences}"\n}\n`;
}
