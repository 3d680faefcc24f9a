/**
 * A client in TypeScript as Stainless writes it: `resources/x.mjs`, whose methods hold paths and say what goes where, beside `x.d.ts` with the
 * types of what they take and answer.
 */
import type { Described, OpenApi, Operation, RequestBody, Schema } from '../../../../src/domains/recipes/import/openapi.ts';
import { listAlternatives, listRequired, propertyOf } from '../../../../src/domains/recipes/import/openapi.ts';
import { DeclaredTypes } from './declared-types.ts';
import { argumentsOf, isNode, listCalls, listNodes, type Node, nameOf, nodesOf, parseFile, textOf } from './syntax.ts';

const verbs: Record<string, string> = { get: 'get', getAPIList: 'get', post: 'post', put: 'put', patch: 'patch', delete: 'delete' };

export function readStainless(file: string): OpenApi {
  const types = new DeclaredTypes(file.replace(/\.mjs$/, '.d.ts'));
  const declared = new Map(
    listNodes(types.files[0], 'ClassDeclaration').flatMap((one) =>
      listNodes(one, 'MethodDefinition')
        .concat(listNodes(one, 'TSDeclareFunction'))
        .map((method) => [`${nameOf(one.id)}.${nameOf(method.key)}`, method]),
    ),
  );
  const paths: OpenApi['paths'] = {};
  const code = parseFile(file);
  for (const one of [...listNodes(code, 'ClassDeclaration'), ...listNodes(code, 'ClassExpression')])
    for (const method of listNodes(one, 'MethodDefinition')) {
      const found = readOperation(code, types, method, declared.get(`${nameOf(one.id)}.${nameOf(method.key)}`));
      if (found) paths[found.path] = { ...paths[found.path], [found.verb]: found.operation };
    }
  return { info: { title: 'Client', version: '' }, paths, components: { schemas: types.schemas } };
}

function readOperation(
  code: Node,
  types: DeclaredTypes,
  method: Node,
  declared: Node | undefined,
): { path: string; verb: string; operation: Operation } | undefined {
  const call = listNodes(method, 'CallExpression').find(({ callee }) => isClient(callee) && (nameOf(callee) ?? '') in verbs);
  const verb = verbs[nameOf(call?.callee) ?? ''];
  const address = readAddress(argumentsOf(call)[0]);
  if (!call || verb === undefined || !address) return undefined;
  const inPath = [...address.matchAll(/\{([^{}]+)\}/g)].map(
    ([, name = '']): Described => ({ in: 'path', name, required: true, schema: { type: 'string' } }),
  );
  const { params, returnType } = (declared?.value ?? {}) as { params?: Node[]; returnType?: Node };
  const given = nodesOf(params).find((one) => nameOf(one) === 'params' || nameOf(one) === 'body');
  const alternatives = listAlternatives({ components: { schemas: types.schemas } }, types.read(given?.typeAnnotation)).filter(
    ({ type }) => type !== 'null',
  );
  const required = listRequired(alternatives);
  const headers = readHeaders(code);
  const taken = new Map<string, Schema>();
  for (const name of new Set(alternatives.flatMap((one) => Object.keys(one.properties ?? {}))))
    if (!inPath.some((one) => one.name === name)) taken.set(name, { anyOf: alternatives.flatMap((one) => propertyOf(one, name) ?? []) });
  const described = (place: string, name: string, as = name): Described => ({
    in: place,
    name: as,
    ...(required.includes(name) ? { required: true } : {}),
    schema: taken.get(name) ?? {},
  });
  const inHeader = [...headers].filter(([, name]) => taken.has(name)).map(([as, name]) => described('header', name, as));
  const rest = [...taken.keys()].filter((name) => ![...headers.values()].includes(name));
  const hasBody = ['post', 'put', 'patch'].includes(verb) && rest.length > 0;
  const answer = readAnswer(types, returnType);
  return {
    path: address,
    verb,
    operation: {
      operationId: nameOf(method.key) ?? '',
      parameters: [...inPath, ...inHeader, ...(hasBody ? [] : rest.map((name) => described('query', name)))],
      ...(hasBody ? { requestBody: bodyOf(call, rest, taken, required) } : {}),
      ...(answer ? { responses: { 200: { content: { 'application/json': { schema: answer } } } } } : {}),
    },
  };
}

function isClient(callee: unknown): boolean {
  return isNode(callee) && callee.type === 'MemberExpression' && nameOf(callee.object) === '_client';
}

/** A text, or a template whose values are ids. */
function readAddress(node: Node | undefined): string | undefined {
  const text = textOf(node);
  if (text !== undefined) return text;
  const template = listNodes(node, 'TemplateLiteral')[0];
  if (!template) return undefined;
  const names = nodesOf(template.expressions).map((one) => toSnake(nameOf(one) ?? ''));
  const texts = nodesOf(template.quasis).map(({ value }) => (value as { cooked: string }).cooked);
  return texts.map((one, at) => `${one}${names[at] === undefined ? '' : `{${names[at]}}`}`).join('');
}

function toSnake(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z]+)/g, '$1_$2').toLowerCase();
}

/** Header names with the parameters that fill them, wherever in the file headers are put together. */
function readHeaders(code: Node): Map<string, string> {
  const fields = listCalls(code, 'buildHeaders').flatMap((one) => listNodes(one, 'Property'));
  return new Map(
    fields.flatMap(({ key, value }) => (textOf(key) && nameOf(value) ? [[textOf(key) as string, nameOf(value) as string]] : [])),
  );
}

function bodyOf(call: Node, names: string[], taken: Map<string, Schema>, required: string[]): RequestBody {
  const type = listCalls(call, 'multipartFormRequestOptions').length > 0 ? 'multipart/form-data' : 'application/json';
  const needed = required.filter((name) => names.includes(name));
  const schema: Schema = {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, taken.get(name) ?? {}])),
    ...(needed.length > 0 ? { required: needed } : {}),
  };
  return { required: true, content: { [type]: { schema } } };
}

/** The first type inside, of a page its entries. */
function readAnswer(types: DeclaredTypes, returnType: Node | undefined): Schema | undefined {
  const inside = nodesOf(listNodes(returnType, 'TSTypeParameterInstantiation')[0]?.params);
  const name = nameOf(inside.at(-1)?.typeName);
  if (name === undefined || name === 'Response') return undefined;
  const one = types.read(inside.at(-1));
  return inside.length > 1
    ? {
        type: 'object',
        properties: {
          data: { type: 'array', items: one },
          has_more: { type: 'boolean' },
          first_id: { type: 'string' },
          last_id: { type: 'string' },
        },
      }
    : one;
}
