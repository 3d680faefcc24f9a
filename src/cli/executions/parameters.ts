/** Flags of `run` as the parameters of an endpoint, by its JSON Schema. The server checks them; here they only get their types. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import mime from 'mime/lite';
import { CommandFailure, fileFailure, suggest } from '../failure.ts';
import { parseExactly } from '../terminal/print.ts';

/** As much of JSON Schema (2020-12) as decides how a flag is read. */
export interface ParameterSchema {
  type?: string | string[];
  format?: string;
  items?: ParameterSchema;
  properties?: Record<string, ParameterSchema>;
}

export interface Flag {
  name: string;
  /** Undefined where the flag stands alone. */
  value: string | undefined;
}

/** As curl has it. */
const standardInput = '@-';

const exactJson = JSON as unknown as { rawJSON(text: string): unknown };

/**
 * `--a 1`, `--a=1`, `--a` and `--no-a`, in their order. `kindOf` says of a name whether a value follows it, which after a boolean is only
 * `true` or `false`; it ends the command where nothing has that name. `--a -` is standard input, `--a=-` a hyphen.
 */
export function readFlags(words: string[], kindOf: (name: string) => 'value' | 'alone'): Flag[] {
  const flags: Flag[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (!word.startsWith('--') || word === '--')
      throw new CommandFailure(`${JSON.stringify(word)} is no flag. Parameters are given by name, as in --title "Login fails".`);
    const equals = word.indexOf('=');
    const name = word.slice(2, equals > 0 ? equals : undefined);
    const kind = kindOf(name);
    const next = words[at + 1];
    if (equals > 0) flags.push({ name, value: word.slice(equals + 1) });
    else if (kind === 'alone' && next !== 'true' && next !== 'false') flags.push({ name, value: undefined });
    else if (next === undefined) throw new CommandFailure(`--${name} needs a value.`);
    else {
      flags.push({ name, value: next === '-' ? standardInput : next });
      at += 1;
    }
  }
  return flags;
}

export interface InputSources {
  /** Standard input, which can be taken once. */
  readInput(): Promise<Buffer>;
}

/** The parameter that a flag names: as it is written, or with hyphens for underscores. */
export function parameterOf(flag: string, schemas: Record<string, ParameterSchema>): { name: string; negated: boolean } | undefined {
  const named = (text: string) => [text, text.replaceAll('-', '_')].find((name) => Object.hasOwn(schemas, name));
  const name = named(flag);
  if (name !== undefined) return { name, negated: false };
  const denied = flag.startsWith('no-') ? named(flag.slice(3)) : undefined;
  return denied === undefined ? undefined : { name: denied, negated: true };
}

export function isBoolean(schema: ParameterSchema | undefined): boolean {
  return schema !== undefined && typesOf(schema).every((type) => type === 'boolean' || type === 'null');
}

/** Ends the command with the names that are nearest, or with all where none is near. */
export function failAsUnknown(flag: string, schemas: Record<string, ParameterSchema>, otherNames: string[]): never {
  const names = Object.keys(schemas);
  const near = suggest(flag, [...names, ...otherNames], '--');
  const all = names.length === 0 ? ' The endpoint has none.' : ` The endpoint has ${names.map((name) => `--${name}`).join(', ')}.`;
  throw new CommandFailure(`There is no parameter --${flag}.${near || all}`);
}

/** The parameters by name; all flags name one. */
export async function readParameters(
  flags: Flag[],
  schemas: Record<string, ParameterSchema>,
  sources: InputSources,
): Promise<Record<string, unknown>> {
  const given = new Map<string, { values: (string | undefined)[]; negated: boolean }>();
  for (const flag of flags) {
    const found = parameterOf(flag.name, schemas) as { name: string; negated: boolean };
    const before = given.get(found.name);
    given.set(found.name, { values: [...(before?.values ?? []), flag.value], negated: found.negated });
  }
  const params: Record<string, unknown> = {};
  for (const [name, { values, negated }] of given)
    params[name] = await readParameter(name, schemas[name] as ParameterSchema, values, negated, sources);
  return params;
}

async function readParameter(
  name: string,
  schema: ParameterSchema,
  values: (string | undefined)[],
  negated: boolean,
  sources: InputSources,
): Promise<unknown> {
  if (negated) {
    if (!isBoolean(schema) || values.some((value) => value !== undefined))
      throw new CommandFailure(`--no-${name} is for yes and no only; ${name} takes a value.`);
    return false;
  }
  const types = typesOf(schema);
  if (types.includes('array') && (values.length > 1 || !types.includes('string') || /^\s*\[/.test(values[0] ?? '')))
    return readList(name, schema, values as string[], sources);
  if (values.length > 1) throw new CommandFailure(`--${name} is given ${values.length} times, and takes one value.`);
  const [value] = values;
  if (value === undefined) return true;
  return readValue(name, schema, value, sources);
}

async function readList(name: string, schema: ParameterSchema, values: string[], sources: InputSources): Promise<unknown> {
  const items = schema.items ?? {};
  const [first = ''] = values;
  if (values.length > 1 || isFile(items)) {
    const single = values.length === 1 && /^\s*\[/.test(first);
    return single ? parseJson(name, first) : Promise.all(values.map((value) => readValue(name, items, value, sources)));
  }
  const text = await readText(first, sources);
  if (/^\s*[[{]/.test(text)) return parseJson(name, /^\s*\[/.test(text) ? text : `[${text}]`);
  // A file has an item a line.
  const words = text === first ? text.split(',') : text.split(/\r?\n/).filter((line) => line !== '');
  return words.map((word) => typeValue(name, items, word));
}

async function readValue(name: string, schema: ParameterSchema, value: string, sources: InputSources): Promise<unknown> {
  if (isFromFile(value)) {
    if (isFile(schema)) {
      const filename = value === standardInput ? 'input' : path.basename(value.slice(1));
      const content = await readBytes(value, sources);
      return { filename, content_type: mime.getType(filename) ?? 'application/octet-stream', base64: content.toString('base64') };
    }
    if (schema.format === 'byte') return (await readBytes(value, sources)).toString('base64');
  }
  return typeValue(name, schema, await readText(value, sources));
}

/** A text as the type that the schema wants. */
function typeValue(name: string, schema: ParameterSchema, text: string): unknown {
  const types = typesOf(schema);
  const takes = (...wanted: string[]) => wanted.some((type) => types.includes(type));
  if (takes('integer', 'number') && text.length < 400 && /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text))
    return exactJson.rawJSON(text);
  if (takes('boolean') && /^(true|false)$/.test(text)) return text === 'true';
  if (takes('null') && text === 'null' && !takes('string')) return null;
  if (takes('object', 'array') && /^\s*[[{]/.test(text)) return parseJson(name, text);
  if (takes('string')) return text;
  if (takes('object', 'array') || types.length === 0) return parseJson(name, text);
  throw new CommandFailure(
    `--${name} takes ${takes('boolean') ? 'true or false' : 'a number'}, and ${JSON.stringify(text.slice(0, 100))} is none.`,
  );
}

/** Whether it is a file as `{filename, content_type, base64}`. */
function isFile({ properties }: ParameterSchema): boolean {
  return properties?.base64 !== undefined;
}

function isFromFile(value: string): boolean {
  return value.startsWith('@') && !value.startsWith('@@');
}

function typesOf({ type }: ParameterSchema): string[] {
  return type === undefined ? [] : [type].flat();
}

function parseJson(name: string, text: string): unknown {
  try {
    return parseExactly(text);
  } catch (error) {
    throw new CommandFailure(`--${name} takes JSON: ${(error as Error).message}.`);
  }
}

/** The value itself, the content of `@file`, or standard input. */
export async function readText(value: string, sources: InputSources): Promise<string> {
  if (isFromFile(value)) return (await readBytes(value, sources)).toString('utf8');
  return value.startsWith('@@') ? value.slice(1) : value;
}

async function readBytes(value: string, sources: InputSources): Promise<Buffer> {
  if (value === standardInput) return sources.readInput();
  try {
    return readFileSync(value.slice(1));
  } catch (error) {
    throw fileFailure(value.slice(1), error);
  }
}
