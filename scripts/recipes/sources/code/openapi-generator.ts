/**
 * A client in TypeScript as OpenAPI Generator writes it: a folder with `apis`, whose request factories hold paths, methods and what goes where,
 * and `models`, whose attribute maps hold names and types; which of them may be missing stands in the declarations.
 */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Described, OpenApi, Operation, Schema } from '../../../../src/domains/recipes/import/openapi.ts';
import { argumentsOf, listCalls, listNodes, type Node, nameOf, nodesOf, parseFile, propertyOfLiteral, textOf } from './syntax.ts';

export function readOpenApiGenerator(folder: string): OpenApi {
  const paths: OpenApi['paths'] = {};
  for (const file of listFiles(path.join(folder, 'apis'), 'Api.js')) {
    const code = parseFile(file);
    const answers = new Map(listMethods(code, 'ResponseProcessor').map((one) => [nameOfMethod(one).replace(/WithHttpInfo$/, ''), one]));
    for (const method of listMethods(code, 'RequestFactory')) {
      const found = readOperation(method, answers.get(nameOfMethod(method)));
      if (found) paths[found.path] = { ...paths[found.path], [found.method]: found.operation };
    }
  }
  const schemas = Object.fromEntries(listFiles(path.join(folder, 'models'), '.js').flatMap(readModel));
  return { info: { title: path.basename(folder), version: '' }, paths, components: { schemas } };
}

function listFiles(folder: string, ending: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(ending))
    .sort()
    .map((file) => path.join(folder, file));
}

function listMethods(code: Node, ending: string): Node[] {
  const classes = listNodes(code, 'ClassDeclaration').filter(({ id }) => nameOf(id)?.endsWith(ending));
  return classes.flatMap((one) => listNodes(one, 'MethodDefinition'));
}

function nameOfMethod({ key }: Node): string {
  return nameOf(key) ?? '';
}

function readOperation(method: Node, answer: Node | undefined): { path: string; method: string; operation: Operation } | undefined {
  const address = listNodes(method, 'VariableDeclarator').find(({ id }) => nameOf(id) === 'localVarPath');
  const template = listNodes(address, 'Literal')
    .flatMap((one) => textOf(one) ?? [])
    .find((text) => text.startsWith('/'));
  const verb = nameOf(argumentsOf(listCalls(method, 'makeRequestContext')[0])[1])?.toLowerCase();
  if (template === undefined || verb === undefined) return undefined;
  const required = listNodes(method, 'NewExpression').flatMap((one) =>
    nameOf(one.callee) === 'RequiredError' ? (textOf(argumentsOf(one)[2]) ?? []) : [],
  );
  const inPath = [...template.matchAll(/\{([^{}]+)\}/g)].map(
    ([, name = '']): Described => ({ in: 'path', name, required: true, schema: { type: 'string' } }),
  );
  const body = readBody(method, required);
  const answered = answer && readAnswer(answer);
  return {
    path: template,
    method: verb,
    operation: {
      operationId: nameOfMethod(method),
      parameters: [...inPath, ...readQuery(method, required)],
      ...(body ? { requestBody: body } : {}),
      ...(answered ? { responses: answered } : {}),
    },
  };
}

/** What is set is one value, what is appended is repeated. */
function readQuery(method: Node, required: readonly string[]): Described[] {
  const calls = [...listCalls(method, 'setQueryParam'), ...listCalls(method, 'appendQueryParam')];
  const found = calls.flatMap((call): Described[] => {
    const name = textOf(argumentsOf(call)[0]);
    if (name === undefined) return [];
    const schema = typeOf(argumentsOf(call)[1]) ?? typeOf(listBefore(method, call).at(-1)) ?? {};
    return [{ in: 'query', name, ...(required.includes(name) ? { required: true } : {}), schema }];
  });
  return [...new Map(found.map((one) => [one.name, one])).values()];
}

/** Of a value that is one of a list, the list is made before the loop. */
function listBefore(method: Node, call: Node): Node[] {
  return listCalls(method, 'serialize').filter(({ end }) => end < call.start);
}

/** The type that a serializer is told. */
function typeOf(node: Node | undefined): Schema | undefined {
  const [, type, format] = argumentsOf(listCalls(node, 'serialize')[0]).map(textOf);
  return type === undefined ? undefined : schemaOf(type, format);
}

function readBody(method: Node, required: readonly string[]): Operation['requestBody'] {
  const [text] = listCalls(method, 'stringify');
  const schema = typeOf(text);
  if (!text || !schema) return undefined;
  const given = nameOf(argumentsOf(listCalls(text, 'serialize')[0])[0]) ?? '';
  return { ...(required.includes(given) ? { required: true } : {}), content: { 'application/json': { schema } } };
}

/** By status, those of success alone. */
function readAnswer(method: Node): Operation['responses'] {
  const found: NonNullable<Operation['responses']> = {};
  for (const branch of listNodes(method, 'IfStatement')) {
    const status = textOf(argumentsOf(listCalls(branch.test, 'isCodeInRange')[0])[0]);
    const type = textOf(argumentsOf(listCalls(branch.consequent, 'deserialize')[0])[1]);
    if (status?.startsWith('2') && type !== undefined && type !== 'void')
      found[status] = { content: { 'application/json': { schema: schemaOf(type, '') } } };
  }
  return found;
}

const plainTypes: Record<string, Schema> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  Date: { type: 'string', format: 'date-time' },
  any: {},
  object: { type: 'object' },
  HttpFile: { type: 'string', format: 'binary' },
};

function schemaOf(type: string, format = ''): Schema {
  const [, inner] = /^(?:Array|Set)<(.+)>$/.exec(type) ?? [];
  if (inner !== undefined) return { type: 'array', items: schemaOf(inner, format) };
  const [, value] = /^\{ \[key: string\]: (.+?);? \}$/.exec(type) ?? [];
  if (value !== undefined) return { type: 'object', additionalProperties: schemaOf(value) };
  if (type === 'number') return /^int/.test(format) ? { type: 'integer', format } : { type: 'number' };
  return plainTypes[type] ?? { $ref: `#/components/schemas/${type}` };
}

/** A model and the enums beside it. */
function readModel(file: string): [name: string, schema: Schema][] {
  const declarations = file.replace(/\.js$/, '.d.ts');
  const declared = existsSync(declarations) ? parseFile(declarations) : undefined;
  const maps = listNodes(parseFile(file), 'AssignmentExpression').filter(({ left }) => nameOf(left) === 'attributeTypeMap');
  const models = maps.map(({ left, right }): [string, Schema] => [nameOf((left as Node).object) ?? '', readAttributes(right, declared)]);
  return [...models, ...listNodes(declared, 'TSEnumDeclaration').map(readEnum)];
}

function readAttributes(map: unknown, declared: Node | undefined): Schema {
  const attributes = listNodes(map, 'ObjectExpression').map((one) => {
    const text = (key: string) => textOf(propertyOfLiteral(one, key)) ?? '';
    return { name: text('name'), baseName: text('baseName'), type: text('type'), format: text('format') };
  });
  const needed = listNodes(declared, 'PropertyDefinition').filter(({ optional }) => optional !== true);
  const required = attributes.filter((one) => needed.some(({ key }) => nameOf(key) === one.name)).map(({ baseName }) => baseName);
  const properties = Object.fromEntries(attributes.map((one) => [one.baseName, schemaOf(one.type, one.format)]));
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
}

function readEnum({ id, body }: Node): [string, Schema] {
  const members = nodesOf((body as Node).members);
  return [nameOf(id) ?? '', { type: 'string', enum: members.flatMap(({ initializer }) => textOf(initializer) ?? []) }];
}
