/**
 * A folder of classes, one for each resource: `static paths` says which addresses there are, methods say what goes into the query, and fields
 * are what is stored and answered, wrapped by the resource's name. Types stand in declarations, in a folder `ts` in place of `cjs`.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Described, OpenApi, Operation, Schema } from '../../../../src/domains/recipes/import/openapi.ts';
import { DeclaredTypes } from './declared-types.ts';
import { argumentsOf, isNode, listNodes, type Node, nameOf, nodesOf, parseFile, propertyOfLiteral, textOf } from './syntax.ts';

const json = 'application/json';

interface Address {
  verb: string;
  operation: string;
  ids: string[];
  path: string;
}

/** A request that a method makes. */
interface Sending {
  verb: string;
  operation: string;
  /** Ids that it can put into an address, with whether it always has them. */
  ids: Map<string, boolean>;
  params: string[];
  /** Whether callers may give a body of their own: it takes the same names. */
  hasBody: boolean;
}

export function readResourceClasses(folder: string): OpenApi {
  const names = readdirSync(folder).filter((one) => one.endsWith('.js'));
  const classes = names.flatMap((name) => listNodes(parseFile(path.join(folder, name)), 'ClassDeclaration'));
  const schemas = readSchemas(folder.replace(/(^|\/)cjs\//, '$1ts/'), names);
  const paths: OpenApi['paths'] = {};
  for (const one of classes)
    for (const address of readAddresses(one)) {
      const place = `/${address.path.replaceAll(/<([^>]+)>/g, '{$1}')}`;
      paths[place] = { ...paths[place], [address.verb]: readOperation(one, address, schemas) };
    }
  return { info: { title: 'Client', version: '' }, paths, components: { schemas } };
}

function staticOf(one: Node, name: string): Node | undefined {
  const found = nodesOf((one.body as Node).body).find((field) => field.type === 'PropertyDefinition' && nameOf(field.key) === name);
  return found?.value as Node | undefined;
}

function listTexts(node: Node | undefined): string[] {
  return nodesOf(node?.elements).flatMap((one) => textOf(one) ?? []);
}

function readAddresses(one: Node): Address[] {
  const prefix = textOf(staticOf(one, 'customPrefix'));
  return nodesOf(staticOf(one, 'paths')?.elements).map((entry) => {
    const written = textOf(propertyOfLiteral(entry, 'path')) ?? '';
    return {
      verb: textOf(propertyOfLiteral(entry, 'http_method')) ?? '',
      operation: textOf(propertyOfLiteral(entry, 'operation')) ?? '',
      ids: listTexts(propertyOfLiteral(entry, 'ids')),
      path: prefix === undefined ? written : `${prefix.replace(/^\//, '')}/${written}`,
    };
  });
}

function readOperation(one: Node, address: Address, schemas: Record<string, Schema>): Operation {
  const sent = listSendings(one).filter((sending) => reaches(sending, address));
  const inPath = address.ids.map((name): Described => ({ in: 'path', name, required: true, schema: { type: 'string' } }));
  const names = [...new Set(sent.flatMap(({ params }) => params))].filter((name) => !address.ids.includes(name));
  const isSaved = address.operation === address.verb && ['post', 'put'].includes(address.verb);
  const inBody = sent.some(({ hasBody }) => hasBody);
  const body = isSaved ? wrap(one, schemas) : inBody && names.length > 0 ? objectOf(names) : undefined;
  const answer = readAnswer(one, address, isSaved);
  return {
    operationId: `${nameOf(one.id)}.${address.operation}`,
    parameters: [...inPath, ...(inBody ? [] : names.map((name): Described => ({ in: 'query', name, schema: {} })))],
    ...(body ? { requestBody: { content: { [json]: { schema: body } } } } : {}),
    ...(answer ? { responses: { 200: { content: { [json]: { schema: answer } } } } } : {}),
  };
}

/** Of several addresses the client takes the one that needs most of the ids it has. */
function reaches({ verb, operation, ids }: Sending, address: Address): boolean {
  const needed = [...ids].filter(([, isAlways]) => isAlways).map(([name]) => name);
  return (
    verb === address.verb &&
    operation === address.operation &&
    address.ids.every((name) => ids.has(name)) &&
    needed.every((name) => address.ids.includes(name))
  );
}

function listSendings(one: Node): Sending[] {
  return listNodes(one.body, 'MethodDefinition').flatMap(({ value }) => {
    const call = listNodes(value, 'CallExpression').find(
      ({ callee }) => isNode(callee) && callee.type === 'MemberExpression' && ['baseFind', 'request'].includes(nameOf(callee) ?? ''),
    );
    const [options] = argumentsOf(call);
    if (!call || !options) return [];
    const open = new Set(
      nodesOf(nodesOf((value as Node).params)[0]?.properties)
        .filter((field) => isNode(field.value) && field.value.type === 'AssignmentPattern')
        .map((field) => nameOf(field.key) ?? ''),
    );
    const verb = textOf(propertyOfLiteral(options, 'http_method')) ?? 'get';
    return [
      {
        verb,
        operation: textOf(propertyOfLiteral(options, 'operation')) ?? 'get',
        ids: new Map(propertiesOf(options, 'urlIds').map((field) => [nameOf(field.key) ?? '', !open.has(nameOf(field.value) ?? '')])),
        params: propertiesOf(options, 'params').map((field) => nameOf(field.key) ?? ''),
        hasBody: verb !== 'get' && open.has('body'),
      },
    ];
  });
}

/** Spread ones are left out: anything can be in them. */
function propertiesOf(options: Node, name: string): Node[] {
  return nodesOf(propertyOfLiteral(options, name)?.properties).filter(({ type }) => type === 'Property');
}

function objectOf(names: string[]): Schema {
  return { type: 'object', properties: Object.fromEntries(names.map((name) => [name, {}])) };
}

function refer(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

/** What is stored, under the name of its class. */
function wrap(one: Node, schemas: Record<string, Schema>): Schema {
  const name = nameOf(one.id) ?? '';
  const readOnly = listTexts(staticOf(one, 'readOnlyAttributes'));
  const { properties = {} } = schemas[name] ?? {};
  const open = Object.fromEntries(Object.entries(properties).filter(([field]) => !readOnly.includes(field)));
  const key = name.replaceAll(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();
  return { type: 'object', properties: { [key]: { type: 'object', properties: open } }, required: [key] };
}

/** Reads and what is stored answer the resource by its name, lists by the name of many. */
function readAnswer(one: Node, { verb, operation, path: written }: Address, isSaved: boolean): Schema | undefined {
  if (!isSaved && !(verb === 'get' && operation === 'get')) return undefined;
  const [names] = nodesOf(staticOf(one, 'resourceNames')?.elements);
  const [single, many] = ['singular', 'plural'].map((kind) => textOf(propertyOfLiteral(names, kind)) ?? '') as [string, string];
  const type = refer(nameOf(one.id) ?? '');
  const isList = verb === 'get' && path.basename(written, '.json') !== single && !path.basename(written, '.json').startsWith('<');
  return { type: 'object', properties: isList ? { [many]: { type: 'array', items: type } } : { [single]: type } };
}

/** The fields of all classes that are declared. */
function readSchemas(folder: string, names: string[]): Record<string, Schema> {
  const files = names.map((name) => path.join(folder, name.replace(/\.js$/, '.d.ts')));
  const declared = files.flatMap((file) => {
    const types = new DeclaredTypes(file);
    return types.files.flatMap((code) => listNodes(code, 'ClassDeclaration').map((one) => ({ one, types })));
  });
  const known = new Set(declared.map(({ one }) => nameOf(one.id) ?? ''));
  return Object.fromEntries(
    declared.map(({ one, types }) => {
      const fields = nodesOf((one.body as Node).body).filter((field) => field.type === 'PropertyDefinition' && field.static !== true);
      const properties = fields.map((field) => [nameOf(field.key) ?? '', readField(types, known, field.typeAnnotation)] as const);
      return [nameOf(one.id) ?? '', { type: 'object', properties: Object.fromEntries(properties) }];
    }),
  );
}

/** `Image[] | null | { [key: string]: any }` is a list of images. */
function readField(types: DeclaredTypes, known: Set<string>, annotation: unknown): Schema {
  const written = isNode(annotation) ? (annotation.typeAnnotation as Node) : undefined;
  const choices = (written?.type === 'TSUnionType' ? nodesOf(written.types) : nodesOf([written])).filter(
    ({ type }) => type !== 'TSNullKeyword',
  );
  for (const choice of choices) {
    const isList = choice.type === 'TSArrayType';
    const name = nameOf((isList ? (choice.elementType as Node) : choice).typeName) ?? '';
    if (known.has(name)) return isList ? { type: 'array', items: refer(name) } : refer(name);
  }
  const all = choices.map((choice) => types.read(choice));
  return all.length === 1 ? (all[0] as Schema) : { anyOf: all };
}
