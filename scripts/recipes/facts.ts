/**
 * What a provider's description says about the operations that a recipe uses, as small as the check needs it: names,
 * places, types, bounds and requiredness, and of its sentences only hashes. Committed in `test/recipes/facts/`, so that
 * the check runs where the description is not.
 */
import { createHash } from 'node:crypto';
import type { Endpoint } from '../../src/domains/recipes/format/format.ts';
import type { RecipeValue } from '../../src/domains/recipes/format/parameter.ts';
import {
  basePathOf,
  bounds,
  listAlternatives,
  listParameters,
  type methods,
  type OpenApi,
  type Operation,
  type PathItem,
  type PlainSchema,
  type RequestBody,
  resolve,
  type Schema,
} from '../../src/domains/recipes/import/openapi.ts';
import { listSent, pickContent, type Sent } from './sent.ts';

/** What is written by hand in a file of facts; all else is extracted. */
export interface FactsHead {
  /** A file of the folder of descriptions, or one of a package. Missing where the service publishes none. */
  source?: { file: string; package?: string };
  /** Why there is nothing to compare with, and the page that the recipe was written from. */
  unproved?: string;
  /** `names`: of what the description says, only names are to be relied on. */
  trust?: 'names';
  /** Path parameters that the recipe writes out, with their values. */
  constants?: Record<string, string>;
  /** Where paths of the description begin otherwise than those of the recipe. */
  base_path?: string;
  /** Documented today, and not in a description of this age: by endpoint, names with the page that says so. */
  newer?: Record<string, Record<string, string>>;
  /** Endpoints that the description does not have, with the reason. */
  absent?: Record<string, string>;
}

export interface Facts extends FactsHead {
  title?: string;
  version?: string;
  /** Of the description, where it is known. */
  date?: string;
  paths?: OpenApi['paths'];
  /** Hashes of the description's sentences about these operations, in order. */
  sentences?: string;
}

type Named = readonly (readonly [name: string, endpoint: Endpoint])[];

export function extractFacts(head: FactsHead, openApi: OpenApi, baseUrl: string, endpoints: Named): Omit<Facts, keyof FactsHead> {
  const paths: OpenApi['paths'] = {};
  const sentences = new Set<string>();
  for (const [, endpoint] of endpoints) {
    const found = findOperation(head, openApi, baseUrl, endpoint);
    if (!found) continue;
    const method = endpoint.method.toLowerCase() as (typeof methods)[number];
    paths[endpoint.path] = { ...paths[endpoint.path], [method]: shrinkOperation(head, openApi, found, endpoint) };
    for (const sentence of listSentences(openApi, found)) sentences.add(hashSentence(sentence));
  }
  return { title: openApi.info.title, version: openApi.info.version, paths, sentences: [...sentences].sort().join(' ') };
}

interface Found {
  item: PathItem;
  operation: Operation;
}

function findOperation(head: FactsHead, openApi: OpenApi, baseUrl: string, endpoint: Endpoint): Found | undefined {
  const ours = basePathOf(endpoint.base_url ?? baseUrl) + endpoint.path;
  const bases = [...new Set([head.base_path ?? basePathOf(openApi.servers?.[0]?.url ?? ''), ''])];
  const method = endpoint.method.toLowerCase() as (typeof methods)[number];
  for (const [path, item] of Object.entries(openApi.paths)) {
    const operation = item[method];
    const written = path.split('?')[0]!.replaceAll(/\{(\w+)\}/g, (whole, name: string) => head.constants?.[name] ?? whole);
    if (operation && bases.some((base) => base + written === ours)) return { item, operation };
  }
  return undefined;
}

/** What a recipe sends below one place: the parts that it fills by themselves, and the value it gives. */
interface Use {
  parts: Map<string, Use>;
  values: RecipeValue[];
}

function useOf(sent: readonly Sent[]): Use {
  const top: Use = { parts: new Map(), values: [] };
  for (const one of sent) {
    const steps = one.in === 'body' && one.name === '' ? [] : [one.name, ...one.below];
    const at = steps.reduce((use, step) => {
      if (!use.parts.has(step)) use.parts.set(step, { parts: new Map(), values: [] });
      return use.parts.get(step)!;
    }, top);
    if (one.value) at.values.push(one.value);
  }
  return top;
}

function shrinkOperation(head: FactsHead, openApi: OpenApi, { item, operation }: Found, endpoint: Endpoint): Operation {
  const sent = listSent(endpoint);
  const body = resolve<RequestBody>(openApi, operation.requestBody);
  const picked = body && pickContent(endpoint, body.content ?? {});
  const parameters = listParameters(openApi, item, operation).filter(
    (one) => one.in !== 'cookie' && !Object.hasOwn(head.constants ?? {}, one.name),
  );
  return {
    ...(operation.deprecated ? { deprecated: true } : {}),
    ...(operation.scopes ? { scopes: operation.scopes } : {}),
    parameters: parameters.map((one) => ({
      in: one.in,
      name: one.name,
      ...(one.required ? { required: true } : {}),
      schema: shrink(
        openApi,
        one.schema ?? Object.values(one.content ?? {})[0]?.schema,
        useOf(sent.filter((other) => other.in === one.in)).parts.get(one.name),
      ),
    })),
    ...(picked
      ? {
          requestBody: {
            ...(body.required ? { required: true } : {}),
            content: { [picked[0]]: { schema: shrink(openApi, picked[1].schema, useOf(sent.filter((one) => one.in === 'body')), true) } },
          },
        }
      : {}),
  };
}

function shrink(openApi: OpenApi, schema: Schema | undefined, use: Use | undefined, isOpen = false): Schema {
  const texts = listAlternatives(openApi, schema).map((one) => JSON.stringify(shrinkPlain(openApi, one, use, isOpen)));
  const all = [...new Set(texts)].map((text) => JSON.parse(text) as Schema);
  return all.length === 1 ? all[0]! : { oneOf: all };
}

function shrinkPlain(openApi: OpenApi, schema: PlainSchema, use: Use | undefined, isOpen: boolean): Schema {
  const kept = [...bounds, 'type', 'enum', 'default'] as const;
  const small: Schema = Object.fromEntries(kept.flatMap((word) => (schema[word] === undefined ? [] : [[word, schema[word]]])));
  const named = use?.values.some((value) => value.properties) || (use?.parts.size ?? 0) > 0;
  if (schema.properties && (isOpen || named)) {
    const inside = (name: string): Use => ({
      parts: use?.parts.get(name)?.parts ?? new Map(),
      values: [...(use?.parts.get(name)?.values ?? []), ...(use?.values ?? []).flatMap((value) => value.properties?.[name] ?? [])],
    });
    const written = Object.entries(schema.properties).filter(([, property]) => resolve<Schema>(openApi, property)?.readOnly !== true);
    small.properties = Object.fromEntries(written.map(([name, property]) => [name, shrink(openApi, property, inside(name))]));
    const required = (schema.required ?? []).filter((name) => Object.hasOwn(small.properties!, name));
    if (required.length > 0) small.required = required;
  }
  if (schema.items) {
    const items = (use?.values ?? []).flatMap((value) => value.items ?? []);
    small.items = shrink(openApi, schema.items, { parts: new Map(), values: items });
  }
  return small;
}

/** Sentences about an operation, its parameters, and what its body holds, to the depth of four. */
function listSentences(openApi: OpenApi, { item, operation }: Found): string[] {
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
