/** Flags of `run` as the parameters of an endpoint, by its JSON Schema. The server checks them; here they only get their types. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import mime from 'mime/lite';
import { CommandFailure, fileFailure, suggest } from './failure.ts';
import { parseExactly } from './print.ts';

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

const exactJson = JSON as unknown as { rawJSON(text: string): unknown };

/**
 * `--a 1`, `--a=1`, `--a` and `--no-a`, in their order. `kindOf` says of a name whether a value follows it, which none does after a boolean;
 * it ends the command where nothing has that name.
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
    if (equals > 0 || kind === 'alone') flags.push({ name, value: equals > 0 ? word.slice(equals + 1) : undefined });
    else {
      const value = words[++at];
      if (value === undefined) throw new CommandFailure(`--${name} needs a value.`);
      flags.push({ name, value });
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

/** Ends the command with the names that are nearest. */
export function failAsUnknown(flag: string, schemas: Record<string, ParameterSchema>, otherNames: string[]): never {
  throw new CommandFailure(`There is no parameter --${flag}.${suggest(flag, [...Object.keys(schemas), ...otherNames], '--')}`);
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
  const [first = ''] = values;
  if (values.length === 1) {
    const text = /^[@-]/.test(first) ? await readText(first, sources) : first;
    if (text.trimStart().startsWith('[')) return parseJson(name, text);
    const items = text === first ? text.split(',') : text.split(/\r?\n/).filter((line) => line !== '');
    return Promise.all(items.map((item) => readValue(name, schema.items ?? {}, item, literalOnly)));
  }
  return Promise.all(values.map((item) => readValue(name, schema.items ?? {}, item, sources)));
}

/** For words that are no `@file` any more. */
const literalOnly: InputSources & { literal: true } = { literal: true, readInput: async () => Buffer.alloc(0) };

async function readValue(name: string, schema: ParameterSchema, value: string, sources: InputSources): Promise<unknown> {
  const types = typesOf(schema);
  const isFile = schema.properties?.base64 !== undefined;
  const fromSource = sources !== literalOnly && (value === '-' || (value.startsWith('@') && !value.startsWith('@@')));
  if (isFile && fromSource) {
    const content = await readBytes(value, sources);
    const filename = value === '-' ? 'input' : path.basename(value.slice(1));
    return { filename, content_type: mime.getType(filename) ?? 'application/octet-stream', base64: content.toString('base64') };
  }
  if (schema.format === 'byte' && fromSource) return (await readBytes(value, sources)).toString('base64');
  const text = await readText(value, sources);
  if (
    text.length < 400 &&
    types.some((type) => type === 'integer' || type === 'number') &&
    /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)
  )
    return exactJson.rawJSON(text);
  if (types.includes('boolean') && /^(true|false)$/.test(text)) return text === 'true';
  if (types.includes('null') && text === 'null' && !types.includes('string')) return null;
  if (types.includes('string')) return text;
  if (types.includes('object') || types.includes('array') || types.length === 0) return parseJson(name, text);
  const wanted = types.includes('boolean') ? 'true or false' : 'a number';
  throw new CommandFailure(`--${name} takes ${wanted}, and ${JSON.stringify(text.slice(0, 100))} is none.`);
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

/** The value itself, the content of `@file`, or standard input for `-`. */
export async function readText(value: string, sources: InputSources): Promise<string> {
  if (sources === literalOnly) return value;
  if (value.startsWith('@@')) return value.slice(1);
  if (value !== '-' && !value.startsWith('@')) return value;
  return (await readBytes(value, sources)).toString('utf8');
}

async function readBytes(value: string, sources: InputSources): Promise<Buffer> {
  if (value === '-') return sources.readInput();
  try {
    return readFileSync(value.slice(1));
  } catch (error) {
    throw fileFailure(value.slice(1), error);
  }
}
