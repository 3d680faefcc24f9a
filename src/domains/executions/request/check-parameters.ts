/** The caller's `params` against an endpoint's JSON Schema, and every fault in words. */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { badRequest, type Fault, type SkillettError } from '../../../core/errors.ts';
import { findNearMiss } from '../../../core/text/near-miss.ts';
import type { CatalogueEndpoint } from '../../recipes/catalogue.ts';
import { listNeeds } from '../../recipes/values/needs.ts';
import { isBase64 } from './base64.ts';

export type Parameters = Readonly<Record<string, unknown>>;

/** A fault that can also stand in a sentence: "`title` is required". */
export interface ParameterFault extends Fault {
  phrase: string;
}

// Recipes are checked when they are read, so ajv need not check the schemas again. What every object has, such as `constructor`, is not given.
const settings = {
  strict: false,
  validateSchema: false,
  addUsedSchema: false,
  ownProperties: true,
  verbose: true,
  code: { optimize: false },
} as const;
const quick = addFormats.default(new Ajv2020({ ...settings })).addFormat('byte', isBase64);
const thorough = addFormats.default(new Ajv2020({ ...settings, allErrors: true })).addFormat('byte', isBase64);

interface Checks {
  quick: ValidateFunction;
  thorough: ValidateFunction | undefined;
}

/** ajv compiles a schema in milliseconds and checks with it in less than one, so those that are in use are kept. */
const compiled = new Map<CatalogueEndpoint, Checks>();
/** A check takes some 20 KB. */
const compiledMax = 500;

/** Throws bad_request with every fault. */
export function checkParameters(endpoint: CatalogueEndpoint, params: unknown): Parameters {
  const checks = checksOf(endpoint);
  if (checks.quick(params)) return requireNeeds(endpoint, params as Parameters);
  let errors = checks.quick.errors as ErrorObject[];
  // An endless list of wrong entries would make an endless list of errors.
  if (countValues(params) < valuesMax) {
    checks.thorough ??= compile(thorough, endpoint);
    if (!checks.thorough(params)) errors = checks.thorough.errors as ErrorObject[];
  }
  // Looking for what was meant takes a while, so only what is shown is described.
  const shown = errors.slice(0, faultsMax).map((error) => describe(error, endpoint));
  throw parameterFaults(endpoint, shown, errors.length);
}

function checksOf(endpoint: CatalogueEndpoint): Checks {
  const found = compiled.get(endpoint);
  if (found) return found;
  const made: Checks = { quick: compile(quick, endpoint), thorough: undefined };
  // The oldest goes: which of so many is used least need not be known.
  if (compiled.size >= compiledMax) compiled.delete(compiled.keys().next().value as CatalogueEndpoint);
  compiled.set(endpoint, made);
  return made;
}

/** ajv keeps what it compiled as long as it is not told to forget it. */
function compile(compiler: Ajv2020, { schema }: CatalogueEndpoint): ValidateFunction {
  const validate = compiler.compile(schema);
  compiler.removeSchema(schema);
  return validate;
}

function requireNeeds(endpoint: CatalogueEndpoint, params: Parameters): Parameters {
  if (endpoint.spec.required_any === undefined && endpoint.spec.any_of === undefined) return params;
  const needs = listNeeds(endpoint.spec, params);
  if (needs.length === 0) return params;
  throw parameterFaults(
    endpoint,
    needs.map((message) => ({ path: 'params', message, phrase: message })),
  );
}

const valuesMax = 2_000;
const faultsMax = 20;
const namedFaultsMax = 3;
const shownLengthMax = 64;

/** One sentence that names the first faults, and `details` with those that are described; there may be more. */
export function parameterFaults(endpoint: CatalogueEndpoint, faults: readonly ParameterFault[], all = faults.length): SkillettError {
  const named = faults.slice(0, namedFaultsMax).map(({ phrase }) => phrase);
  const rest = all - named.length;
  const more = rest > 0 ? ` (and ${rest} more, see details)` : '';
  return badRequest(
    `The parameters do not fit ${endpoint.integration}.${endpoint.name}: ${named.join('; ')}${more}.`.replace(/\?\.$/, '?'),
    faults.slice(0, faultsMax).map(({ path, message }) => ({ path, message })),
  );
}

/** A fault of one parameter: `message` follows its name. */
export function faultOf(name: string, message: string): ParameterFault {
  return { path: `params.${name}`, message, phrase: `\`${name}\` ${message}` };
}

function countValues(value: unknown): number {
  let count = 0;
  const open = [value];
  while (open.length > 0 && count < valuesMax) {
    const next = open.pop();
    count += 1;
    if (typeof next !== 'object' || next === null) continue;
    for (const inner of Object.values(next)) {
      if (open.push(inner) > valuesMax) return valuesMax;
    }
  }
  return count;
}

function describe(error: ErrorObject, endpoint: CatalogueEndpoint): ParameterFault {
  const place = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const inside = (name: string) => [...place, shorten(name)].join('.');
  if (error.keyword === 'required') return faultOf(inside(error.params.missingProperty), 'is required');
  if (error.keyword === 'additionalProperties') {
    const unknown: string = error.params.additionalProperty;
    const message = describeUnknown(unknown, error, place.length === 0 ? endpoint : undefined);
    return { path: `params.${inside(unknown)}`, message, phrase: place.length === 0 ? message : `${message} in \`${place.join('.')}\`` };
  }
  if (place.length === 0) return { path: 'params', message: describeValue(error), phrase: `\`params\` ${describeValue(error)}` };
  const split = place.length === 1 && error.keyword === 'pattern' ? endpoint.spec.parameters[place[0] as string]?.split : undefined;
  return faultOf(place.join('.'), split === undefined ? describeValue(error) : `must look like \`${split.replaceAll(/[{}]/g, '')}\``);
}

/** Without an endpoint, the name is a property inside a parameter. */
function describeUnknown(unknown: string, error: ErrorObject, endpoint: CatalogueEndpoint | undefined): string {
  const known = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
  const near = findNearMiss(unknown, known) ?? (endpoint && findByProviderName(unknown, endpoint));
  const what = `unknown ${endpoint ? 'parameter' : 'property'} \`${shorten(unknown)}\``;
  if (near !== undefined) return `${what}, did you mean \`${near}\`?`;
  return known.length === 0 ? `${what}; there are none` : `${what}; there are ${list(known)}`;
}

/** Agents that know the service may use its own name for what the recipe calls otherwise. */
function findByProviderName(name: string, endpoint: CatalogueEndpoint): string | undefined {
  return Object.entries(endpoint.spec.parameters).find(([, parameter]) => parameter.as === name)?.[0];
}

function describeValue(error: ErrorObject): string {
  const { params } = error;
  switch (error.keyword) {
    case 'type':
      return `must be ${[params.type].flat().map(withArticle).join(' or ')}, not ${withArticle(typeOf(error.data))}`;
    case 'enum': {
      const allowed = (params.allowedValues as unknown[]).map(String);
      const near = typeof error.data === 'string' ? findNearMiss(error.data, allowed) : undefined;
      return `must be one of ${list(allowed)}${near === undefined ? '' : `, did you mean \`${near}\`?`}`;
    }
    case 'pattern':
      return `must match the pattern ${params.pattern}`;
    case 'format':
      return `must be written as ${formats[params.format] ?? params.format}`;
    case 'minLength':
      return `must have at least ${params.limit} characters`;
    case 'maxLength':
      return `must have at most ${params.limit} characters`;
    case 'minimum':
      return `must be at least ${params.limit}`;
    case 'maximum':
      return `must be at most ${params.limit}`;
    case 'minItems':
      return `must have at least ${params.limit} entries`;
    case 'maxItems':
      return `must have at most ${params.limit} entries`;
    case 'uniqueItems':
      return 'must not hold an entry twice';
    default:
      return error.message ?? 'is not acceptable';
  }
}

const formats: Record<string, string> = {
  date: 'a date, such as 2026-01-31',
  'date-time': 'a date and time, such as 2026-01-31T12:00:00Z',
  time: 'a time, such as 12:00:00Z',
  email: 'an e-mail address',
  uri: 'an absolute address, such as https://example.org/',
  uuid: 'a UUID',
  byte: 'base64',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  hostname: 'a host name',
};

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function withArticle(type: string): string {
  if (type === 'null') return 'null';
  return /^[aio]/.test(type) ? `an ${type}` : `a ${type}`;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 30).map((name) => `\`${shorten(name)}\``);
  return names.length > shown.length ? `${shown.join(', ')} and more` : shown.join(', ');
}

function shorten(name: string): string {
  return name.length > shownLengthMax ? `${name.slice(0, shownLengthMax)}…` : name;
}
