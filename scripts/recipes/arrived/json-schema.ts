/** Schemas of facts as JSON Schemas that take nothing undocumented. */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { bounds, type Schema } from '../../../src/domains/recipes/import/openapi.ts';

/** Those that mean the same everywhere; `byte` is base64 here and base64url there. */
const formats = ['date', 'date-time', 'email', 'uuid', 'ipv4', 'ipv6', 'hostname', 'uri'];

const compiler = addFormats.default(
  new Ajv2020({ allErrors: true, strict: false, validateSchema: false, addUsedSchema: false, ownProperties: true }),
);

const compiled = new WeakMap<Schema, ValidateFunction>();

/** Each fault with its place inside the value. */
export function listSchemaFaults(schema: Schema, value: unknown): string[] {
  const validate = compiled.get(schema) ?? compile(schema);
  return validate(value) ? [] : [...new Set((validate.errors ?? []).map(sayError))];
}

/** Kept as long as the schema: each is asked about one request that is right and many that are not. */
function compile(schema: Schema): ValidateFunction {
  const json = closeSchema(schema);
  const validate = compiler.compile(json);
  compiler.removeSchema(json);
  compiled.set(schema, validate);
  return validate;
}

function sayError({ instancePath, message, params }: ErrorObject): string {
  const other = params.additionalProperty as string | undefined;
  return `${instancePath} ${other === undefined ? message : `${other} is not documented`}`.trim();
}

/**
 * Members that are not documented are refused, whatever the description says of others: a mistyped name is no less of a fault where the
 * service overlooks it. Of choices one has to hold, also where the description says exactly one.
 */
function closeSchema({ oneOf, ...schema }: Schema): Record<string, unknown> {
  const own: Record<string, unknown> = {};
  for (const word of [...bounds, 'type', 'enum', 'uniqueItems', 'required'] as const)
    if (schema[word] !== undefined) own[word] = schema[word];
  if (schema.pattern !== undefined && isPattern(schema.pattern)) own.pattern = schema.pattern;
  if (schema.format !== undefined && formats.includes(schema.format)) own.format = schema.format;
  Object.assign(
    own,
    closeBound('minimum', schema.minimum, schema.exclusiveMinimum),
    closeBound('maximum', schema.maximum, schema.exclusiveMaximum),
  );
  if (schema.items) own.items = closeSchema(schema.items);
  const { properties, additionalProperties: others } = schema;
  if (properties) {
    own.properties = Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, closeSchema(one)]));
    own.additionalProperties = false;
  }
  if (others === true) own.additionalProperties = true;
  else if (others) own.additionalProperties = closeSchema(others);
  return oneOf ? { ...own, anyOf: oneOf.map(closeSchema) } : own;
}

/** A truth value beside the bound in OpenAPI 3.0, the bound itself since. */
function closeBound(name: 'minimum' | 'maximum', bound: number | undefined, excluding: number | boolean | undefined): object {
  if (excluding === undefined || excluding === false) return {};
  const exclusive = name === 'minimum' ? 'exclusiveMinimum' : 'exclusiveMaximum';
  return excluding === true ? { [name]: undefined, [exclusive]: bound } : { [exclusive]: excluding };
}

function isPattern(pattern: string): boolean {
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch {
    return false;
  }
}
