/** Holds answers of REST to what the rows' operations say of them, and to what /openapi.json does. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect } from 'vitest';
import { describeRoutes } from '../../src/app/rest/description/api-document.ts';
import type { AnyRoute } from '../../src/app/rest/route.ts';
import { routeGroups, routes } from '../../src/app/rest/routes.ts';

interface Answer {
  status: number;
  headers: Headers;
  text: string;
  json: unknown;
}

/** Fails for an answer with a field of which its operation says nothing. Returns the row it came from; undefined for a refusal, and for what is no row's. */
export function checkOutput(method: string, target: string, { status, headers, text, json }: Answer): AnyRoute | undefined {
  const row = findRow(method, target);
  if (!row || headers.get('x-skillett-error-source') === 'skillett') return undefined;
  if (status === 204) {
    expect(text).toBe('');
    return row;
  }
  const markdown = headers.get('content-type')?.startsWith('text/markdown');
  const failed = headers.get('x-skillett-error-source') === 'upstream' && row.failure;
  const output = markdown ? row.markdown?.output : failed || (row.output ?? row.operation.output);
  expect(output?.safeParse(json ?? text).error, `${method} ${row.path}: ${text.slice(0, 400)}`).toBeUndefined();
  return row;
}

function findRow(method: string, target: string): AnyRoute | undefined {
  const pathname = target.split('?')[0] as string;
  return routes.find((row) => row.method === method && new RegExp(`^${row.path.replace(/:\w+/g, '[\\w-]+')}$`).test(pathname));
}

/** As much of OpenAPI as stands in the document. */
interface Described {
  $ref?: string;
  content?: Record<string, { schema?: object }>;
}
interface DescribedOperation {
  requestBody?: Described;
  responses: Record<string, Described>;
}

const document = describeRoutes(routeGroups, 'http://localhost:4000');
const ajv = formats.default(new Ajv2020({ strict: false, allErrors: true })).addSchema(document, 'openapi');

/** Fails for an answer, or a body that was taken, of which /openapi.json says something else. `accept` and `sent` are the request's. */
export function checkDescribed(
  method: string,
  target: string,
  { accept = '', sent }: { accept?: string | undefined; sent?: unknown },
  { status, headers, text, json }: Answer,
): void {
  const row = findRow(method, target);
  // In the raw form the answer is the service's.
  if (!row || row.otherTypes?.some((type) => accept.includes(type))) return;
  const path = row.path.replace(/:(\w+)/g, '{$1}');
  const operation = document.paths[path]?.[method.toLowerCase()] as DescribedOperation;
  const described = followed(operation.responses[status] ?? operation.responses[`${String(status)[0]}XX`]);
  const where = `${method} ${path} ${status}: ${text.slice(0, 400)}`;
  expect(described, where).toBeDefined();
  const mediaType = (headers.get('content-type') ?? '').split(';')[0] as string;
  expect(Object.keys(described?.content ?? {}), where).toEqual(status === 204 ? [] : expect.arrayContaining([mediaType]));
  if (status !== 204) expectValid(described?.content?.[mediaType]?.schema, mediaType === 'application/json' ? json : text, where);
  if (typeof sent === 'object' && sent !== null && status < 300 && row.body)
    expectValid(operation.requestBody?.content?.['application/json']?.schema, JSON.parse(JSON.stringify(sent)), `the body of ${where}`);
}

function followed(described: Described | undefined): Described | undefined {
  const [, , kind, name] = described?.$ref?.split('/') ?? [];
  return kind === undefined ? described : (document.components[kind]?.[name as string] as Described);
}

/** By what stands in the document: printed, so that one check is made of it and kept. */
const checks = new Map<string, ReturnType<typeof ajv.compile>>();

function expectValid(schema: object | undefined, value: unknown, where: string): void {
  expect(schema, where).toBeDefined();
  const printed = JSON.stringify(schema);
  const check = checks.get(printed) ?? ajv.compile(JSON.parse(printed.replaceAll('"#/', '"openapi#/')));
  checks.set(printed, check);
  check(value);
  expect(check.errors ?? [], where).toEqual([]);
}
