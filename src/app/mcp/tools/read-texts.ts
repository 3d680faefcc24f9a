/** Undoes what some MCP clients do to arguments: they send an object, a list, a number or a boolean as its JSON text, and no model can change that. */
import { checkJson } from '../../../core/json/check-json.ts';
import type { JsonSchema } from '../../../domains/recipes/catalogue.ts';

/** The value with each text read as JSON that stands where the schema allows no text, if what it holds is of an allowed type; all else as it was. */
export function readTexts(value: unknown, schema: JsonSchema): unknown {
  if (typeof value === 'string') {
    const read = readText(value, schema);
    return read === undefined ? value : readTexts(read, schema);
  }
  if (Array.isArray(value)) return schema.items ? value.map((entry) => readTexts(entry, schema.items as JsonSchema)) : value;
  if (typeof value !== 'object' || value === null) return value;
  const properties = (schema.properties ?? {}) as Record<string, JsonSchema>;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      Object.hasOwn(properties, name) ? readTexts(inner, properties[name] as JsonSchema) : inner,
    ]),
  );
}

/** Undefined where the text stays one. */
function readText(text: string, { type }: JsonSchema): unknown {
  const allowed = type === undefined ? [] : [type].flat();
  if (allowed.length === 0 || allowed.includes('string')) return undefined;
  let read: unknown;
  try {
    // What JavaScript's numbers cannot hold is left to be refused.
    checkJson(Buffer.from(text));
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  return allowed.some((one) => isOfType(read, one)) ? read : undefined;
}

function isOfType(value: unknown, type: unknown): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'number':
    case 'boolean':
      return typeof value === type;
    default:
      return false;
  }
}
