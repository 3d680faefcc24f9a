/** Texts of descriptions, whatever kind they are. */
import { GraphQLError } from 'graphql';
import { LineCounter, parseDocument } from 'yaml';
import { type Discovery, fromDiscovery } from './discovery.ts';
import { findIntrospection, isSchemaLanguage, readIntrospection, readSchemaLanguage } from './graphql-schema.ts';
import { methods, type OpenApi } from './openapi.ts';
import { fromSwagger, type Swagger } from './swagger.ts';

/** A text that is no description that can be read. The message says where it breaks off, or what is missing. */
export class DescriptionFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DescriptionFault';
  }
}

/**
 * Reads OpenAPI 3.0 and 3.1, Swagger 2.0 and Google's discovery documents, as JSON or YAML, and GraphQL schemas, in their own language or as
 * an answer to an introspection query. Throws DescriptionFault.
 */
export function readDescription(text: string): OpenApi {
  if (isSchemaLanguage(text)) return orFault(() => readSchemaLanguage(text));
  const document = parse(text);
  const kinds =
    'an OpenAPI 3.0 or 3.1 description (`openapi`), a Swagger 2.0 one (`swagger`), a Google discovery document (`discoveryVersion`) or a GraphQL schema (`__schema`, or as text)';
  if (!isObject(document)) throw new DescriptionFault(`The text is no object. Give ${kinds}.`);
  if ('discoveryVersion' in document) return fromDiscovery(document as unknown as Discovery);
  const introspection = findIntrospection(document);
  if (introspection) return orFault(() => readIntrospection(introspection));
  const paths = 'paths' in document ? document.paths : undefined;
  if (!('openapi' in document) && !('swagger' in document)) throw new DescriptionFault(`The text does not say what it is. Give ${kinds}.`);
  requireOperations(paths);
  if ('swagger' in document) {
    if (document.swagger !== '2.0') throw new DescriptionFault(`/swagger: ${JSON.stringify(document.swagger)} cannot be read; "2.0" can.`);
    return fromSwagger(document as unknown as Swagger);
  }
  if (typeof document.openapi !== 'string' || !/^3\.[01](\.|$)/.test(document.openapi))
    throw new DescriptionFault(`/openapi: ${JSON.stringify(document.openapi)} cannot be read; 3.0 and 3.1 can.`);
  return document as unknown as OpenApi;
}

function orFault(read: () => OpenApi): OpenApi {
  try {
    return read();
  } catch (error) {
    const [at] = error instanceof GraphQLError ? (error.locations ?? []) : [];
    const place = at ? `line ${at.line}, column ${at.column}: ` : '';
    throw new DescriptionFault(`The text is no GraphQL schema: ${place}${(error as Error).message}`);
  }
}

/** Throws DescriptionFault with the place of what is no object and should be one. */
function requireOperations(paths: unknown): void {
  if (!isObject(paths)) throw new DescriptionFault('/paths: is missing, or no object.');
  for (const [path, item] of Object.entries(paths)) {
    const place = `/paths/${path.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (!isObject(item)) throw new DescriptionFault(`${place}: is no object.`);
    for (const method of methods)
      if (item[method] !== undefined && !isObject(item[method])) throw new DescriptionFault(`${place}/${method}: is no object.`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string): unknown {
  if (/^\s*[{[]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new DescriptionFault(`The text begins as JSON and is none: ${(error as Error).message}`);
    }
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, logLevel: 'error' });
  const [fault] = document.errors;
  if (fault) {
    const { line, col } = lines.linePos(fault.pos[0]);
    throw new DescriptionFault(`The text is no YAML: line ${line}, column ${col}: ${fault.code}.`);
  }
  // Aliases may stand for more than a text of this size could hold.
  return document.toJS({ maxAliasCount: 1000 });
}
