/** The part of JSON Schema 2020-12 that endpoints describe their parameters with. */
export interface JsonSchema {
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  default?: unknown;
  examples?: unknown[];
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
}

/** How a value is put in: one line, many lines, one item a line, or JSON. */
export type Entry = 'choice' | 'yes-no' | 'number' | 'line' | 'lines' | 'list' | 'json';

export function typesOf(schema: JsonSchema): string[] {
  return [schema.type ?? []].flat();
}

export function entryOf(name: string, schema: JsonSchema): Entry {
  const types = typesOf(schema).filter((type) => type !== 'null');
  if (schema.enum) return 'choice';
  if (types.length !== 1)
    return types.every((type) => type === 'integer' || type === 'number') ? 'number' : types.includes('string') ? 'line' : 'json';
  switch (types[0]) {
    case 'boolean':
      return 'yes-no';
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
      return isLong(name, schema) ? 'lines' : 'line';
    case 'array':
      return isListOfTexts(schema) ? 'list' : 'json';
    default:
      return 'json';
  }
}

function isLong(name: string, { format, pattern, maxLength }: JsonSchema): boolean {
  if (format === 'byte') return true;
  if (format !== undefined || pattern !== undefined || (maxLength !== undefined && maxLength < 120)) return false;
  return /^(text|body|content|message|html|description|comment|markdown|notes?|query_text)$|_(text|body|html|content)$/.test(name);
}

function isListOfTexts({ items }: JsonSchema): boolean {
  const types = items ? typesOf(items) : [];
  return types.length > 0 && types.every((type) => type === 'string' || type === 'integer' || type === 'number');
}

/** What was put in, as the value to send. An empty entry leaves the parameter out. */
export function parseEntry(name: string, schema: JsonSchema, text: string): { value?: unknown; fault?: string } {
  if (text === '') return {};
  switch (entryOf(name, schema)) {
    case 'choice':
      return { value: schema.enum?.find((choice) => printEntry(choice) === text) };
    case 'yes-no':
      return { value: text === 'true' };
    case 'number':
      return parseNumber(schema, text);
    case 'list':
      return parseList(schema, text);
    case 'json':
      return parseJson(text);
    default:
      return { value: text };
  }
}

function parseNumber(schema: JsonSchema, text: string): { value?: unknown; fault?: string } {
  const number = Number(text.trim());
  if (text.trim() === '' || !Number.isFinite(number)) return { fault: 'This must be a number.' };
  if (!typesOf(schema).includes('number') && !Number.isInteger(number)) return { fault: 'This must be a whole number.' };
  return { value: number };
}

function parseList(schema: JsonSchema, text: string): { value?: unknown; fault?: string } {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const parsed = lines.map((line) =>
    typesOf(schema.items ?? {}).includes('string') ? { value: line } : parseNumber(schema.items ?? {}, line),
  );
  const fault = parsed.find((one) => 'fault' in one && one.fault !== undefined) as { fault?: string } | undefined;
  return fault?.fault === undefined ? { value: parsed.map(({ value }) => value) } : { fault: 'Every line must be a number.' };
}

function parseJson(text: string): { value?: unknown; fault?: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { fault: `This is not JSON: ${(error as Error).message}` };
  }
}

/** A value as it stands in its entry. */
export function printEntry(value: unknown, entry?: Entry): string {
  if (value === undefined) return '';
  if (entry === 'list' && Array.isArray(value)) return value.map(String).join('\n');
  if (entry === 'json') return JSON.stringify(value, null, 2);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
