/** Swagger 2.0 (https://spec.openapis.org/oas/v2.0.html) in the form of OpenAPI 3. References stay: they point into the same document. */
import {
  type Answered,
  type Described,
  methods,
  type OpenApi,
  type Operation,
  type PathItem,
  type RequestBody,
  resolve,
  type Schema,
} from './openapi.ts';

interface Parameter extends Omit<Schema, 'required'> {
  in: string;
  name: string;
  required?: boolean;
  schema?: Schema;
  collectionFormat?: string;
}
interface SwaggerOperation extends Omit<Operation, 'parameters' | 'requestBody' | 'responses'> {
  parameters?: (Parameter | { $ref: string })[];
  consumes?: string[];
  responses?: Record<string, Response | { $ref: string }>;
}
interface Response {
  schema?: Schema;
  /** By media type. */
  examples?: Record<string, unknown>;
}
export interface Swagger {
  swagger: string;
  info: OpenApi['info'];
  host?: string;
  basePath?: string;
  schemes?: string[];
  consumes?: string[];
  paths: Record<string, Partial<Record<(typeof methods)[number], SwaggerOperation>> & { parameters?: SwaggerOperation['parameters'] }>;
}

export function fromSwagger(swagger: Swagger): OpenApi {
  const { host = '', basePath = '', schemes = ['https'], paths, ...rest } = swagger;
  return {
    ...rest,
    servers: [{ url: `${schemes.includes('https') ? 'https' : schemes[0]}://${host}${basePath}` }],
    paths: Object.fromEntries(Object.entries(paths).map(([path, item]) => [path, readItem(swagger, item)])),
  };
}

function readItem(swagger: Swagger, item: Swagger['paths'][string]): PathItem {
  return Object.fromEntries(
    methods.flatMap((method) => (item[method] ? [[method, readOperation(swagger, item[method], item.parameters ?? [])] as const] : [])),
  );
}

function readOperation(swagger: Swagger, operation: SwaggerOperation, shared: (Parameter | { $ref: string })[]): Operation {
  const { parameters = [], consumes = swagger.consumes ?? ['application/json'], responses, ...rest } = operation;
  const own = parameters.flatMap((one) => resolve<Parameter>(swagger, one) ?? []);
  const fromPath = shared
    .flatMap((one) => resolve<Parameter>(swagger, one) ?? [])
    .filter((one) => !own.some((other) => other.in === one.in && other.name === one.name));
  const all = [...own, ...fromPath];
  const requestBody = readBody(all, consumes);
  return {
    ...rest,
    parameters: all.filter((one) => one.in !== 'body' && one.in !== 'formData').map(readParameter),
    ...(requestBody ? { requestBody } : {}),
    ...(responses ? { responses: readResponses(swagger, responses) } : {}),
  };
}

/** What an answer holds is said once, whatever its media types are; files are no JSON. */
function readResponses(swagger: Swagger, responses: NonNullable<SwaggerOperation['responses']>): Record<string, Answered> {
  return Object.fromEntries(
    Object.entries(responses).flatMap(([status, reference]): [string, Answered][] => {
      const { schema, examples } = resolve<Response>(swagger, reference) ?? {};
      if ((schema === undefined && examples === undefined) || (schema as { type?: string } | undefined)?.type === 'file') return [];
      const example = examples?.['application/json'];
      return [
        [status, { content: { 'application/json': { ...(schema ? { schema } : {}), ...(example === undefined ? {} : { example }) } } }],
      ];
    }),
  );
}

function readBody(parameters: Parameter[], consumes: string[]): RequestBody | undefined {
  const body = parameters.find((one) => one.in === 'body');
  if (body) {
    const content = Object.fromEntries(consumes.map((type) => [type, { schema: body.schema ?? {} }]));
    return { ...(body.required ? { required: true } : {}), content };
  }
  const parts = parameters.filter((one) => one.in === 'formData');
  if (parts.length === 0) return undefined;
  const schema: Schema = {
    type: 'object',
    properties: Object.fromEntries(parts.map((part) => [part.name, schemaOf(part)])),
    required: parts.filter((part) => part.required).map((part) => part.name),
  };
  const forms = consumes.filter((type) => type === 'multipart/form-data' || type === 'application/x-www-form-urlencoded');
  const types = forms.length > 0 ? forms : ['application/x-www-form-urlencoded'];
  return { content: Object.fromEntries(types.map((type) => [type, { schema }])) };
}

const styles: Record<string, Pick<Described, 'style' | 'explode'>> = {
  csv: { style: 'form', explode: false },
  ssv: { style: 'spaceDelimited', explode: false },
  pipes: { style: 'pipeDelimited', explode: false },
  multi: { style: 'form', explode: true },
};

function readParameter(parameter: Parameter): Described {
  const { in: place, name, description, required, collectionFormat = 'csv' } = parameter;
  return {
    in: place,
    name,
    ...(description === undefined ? {} : { description }),
    ...(required ? { required } : {}),
    ...(parameter.type === 'array' ? styles[collectionFormat] : {}),
    schema: schemaOf(parameter),
  };
}

function schemaOf({ in: _in, name: _name, required: _required, collectionFormat: _format, schema, ...own }: Parameter): Schema {
  const whole = { ...schema, ...own };
  return whole.type === 'file' ? { ...whole, type: 'string', format: 'binary' } : whole;
}
