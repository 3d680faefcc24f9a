/**
 * A client whose classes hold a method for each operation and write its path as a template: `request.get()(this, path\`a/${id}/b\`, options)`.
 * Types stand in the declarations beside it, with names in camel case that travel in snake case.
 */
import type { Described, OpenApi, Operation, RequestBody, Schema } from '../../../../src/domains/recipes/import/openapi.ts';
import { listAlternatives, listRequired, propertyOf } from '../../../../src/domains/recipes/import/openapi.ts';
import { DeclaredTypes } from './declared-types.ts';
import { argumentsOf, isNode, listNodes, type Node, nameOf, nodesOf, parseFile, propertyOfLiteral, textOf } from './syntax.ts';

const verbs: Record<string, string> = { get: 'get', post: 'post', put: 'put', patch: 'patch', del: 'delete' };

/** A class with what its constructor hands to the one above. */
interface Known {
  name: string;
  node: Node;
  parent: string | undefined;
}

export function readPathTemplates(file: string): OpenApi {
  const code = parseFile(file);
  const types = new DeclaredTypes(file.replace(/\.m?js$/, '.d.ts'), toSnake);
  const classes = new Map(
    listNodes(code, 'VariableDeclarator').flatMap(({ id, init }): [string, Known][] => {
      if (!isNode(init) || init.type !== 'ClassExpression') return [];
      const name = nameOf(id) ?? '';
      return [[name, { name, node: init, parent: nameOf(init.superClass) }]];
    }),
  );
  const declared = new Map(listNodes(types.files, 'ClassDeclaration').map((one) => [nameOf(one.id) ?? '', one]));
  const paths: OpenApi['paths'] = {};
  for (const one of classes.values())
    for (const { method, owner, fixed } of listMethods(classes, one)) {
      const signatures = listSignatures(declared.get(owner), nameOf(method.key) ?? '');
      for (const found of readOperations(types, method, signatures, fixed))
        paths[found.path] = { ...paths[found.path], [found.verb]: join(paths[found.path]?.[found.verb], found.operation) };
    }
  return { info: { title: 'Client', version: '' }, paths, components: { schemas: types.schemas } };
}

/** Of several methods that send to one address, what any of them sends; required is what all of them need. */
function join(one: Operation | undefined, other: Operation): Operation {
  if (!one) return other;
  const byPlace = (all: Operation) => new Map(((all.parameters ?? []) as Described[]).map((field) => [`${field.in} ${field.name}`, field]));
  const [left, right] = [byPlace(one), byPlace(other)];
  const parameters = [...new Map([...left, ...right])].map(([place, field]): Described => {
    const { required, ...open } = field;
    return required && left.get(place)?.required && right.get(place)?.required ? { ...open, required } : open;
  });
  const body = joinBodies(one.requestBody as RequestBody | undefined, other.requestBody as RequestBody | undefined);
  return { operationId: one.operationId ?? '', parameters, ...(body ? { requestBody: body } : {}) };
}

function joinBodies(one: RequestBody | undefined, other: RequestBody | undefined): RequestBody | undefined {
  const [left, right] = [one?.content[json]?.schema, other?.content[json]?.schema];
  if (!left || !right) return one ?? other;
  const required = (left.required ?? []).filter((name) => right.required?.includes(name));
  const properties = { ...right.properties, ...left.properties };
  return { content: { [json]: { schema: { type: 'object', properties, ...(required.length > 0 ? { required } : {}) } } } };
}

const json = 'application/json';

function toSnake(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z]+)/g, '$1_$2').toLowerCase();
}

interface OwnedMethod {
  method: Node;
  owner: string;
  /** Texts that stand in place of members of the object, and as `prefixUrl` before every path. */
  fixed: Map<string, string>;
}

/** Its own, and those of the class above with the texts that it is constructed with. */
function listMethods(classes: Map<string, Known>, one: Known): OwnedMethod[] {
  const all = listNodes(one.node.body, 'MethodDefinition').filter(({ kind }) => kind === 'method');
  const own = all.map((method) => ({ method, owner: one.name, fixed: prefixOf(one) }));
  const parent = classes.get(one.parent ?? '');
  if (!parent) return own;
  const fixed = fixedOf(one, parent);
  return [
    ...own,
    ...listNodes(parent.node.body, 'MethodDefinition')
      .filter(({ kind }) => kind === 'method')
      .map((method) => ({ method, owner: parent.name, fixed })),
  ];
}

function superOf({ node }: Known): Node[] {
  const call = listNodes(node, 'CallExpression').find(({ callee }) => isNode(callee) && callee.type === 'Super');
  return argumentsOf(call);
}

function prefixOf(one: Known): Map<string, string> {
  const text = superOf(one)
    .flatMap((given) => readTexts(propertyOfLiteral(given, 'prefixUrl'), new Map()))
    .at(0);
  return new Map(text === undefined ? [] : [['prefixUrl', text]]);
}

function fixedOf(one: Known, parent: Known): Map<string, string> {
  const maker = listNodes(parent.node.body, 'MethodDefinition').find(({ kind }) => kind === 'constructor');
  const names = nodesOf((maker?.value as Node | undefined)?.params).map(nameOf);
  const given = new Map(superOf(one).flatMap((node, at) => readTexts(node, new Map()).map((text) => [names[at] ?? '', text] as const)));
  const kept = listNodes(maker, 'AssignmentExpression').map(
    ({ left, right }) => [nameOf(left) ?? '', given.get(nameOf(right) ?? '')] as const,
  );
  const prefix = superOf(parent)
    .map((node) => nameOf(propertyOfLiteral(node, 'prefixUrl')))
    .find((name) => name !== undefined);
  const all = [...kept, ['prefixUrl', given.get(prefix ?? '')] as const];
  return new Map(all.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])));
}

function listSignatures(declared: Node | undefined, name: string): Node[] {
  return listNodes(declared, 'MethodDefinition').filter(({ key }) => nameOf(key) === name);
}

/** All texts that an address may be; ids stand in braces. */
function readTexts(node: unknown, locals: Map<string, Node[]>, fixed = new Map<string, string>()): string[] {
  if (!isNode(node)) return [];
  const text = textOf(node);
  if (text !== undefined) return [text];
  if (node.type === 'NewExpression') return readTexts(argumentsOf(node)[0], locals, fixed);
  if (node.type === 'TaggedTemplateExpression') return readTexts(node.quasi, locals, fixed);
  if (node.type === 'MemberExpression') return fixed.has(nameOf(node) ?? '') ? [fixed.get(nameOf(node) ?? '') as string] : [];
  if (node.type === 'Identifier') {
    const name = node.name as string;
    const values = locals.get(name);
    return values
      ? values.flatMap((one) => readTexts(one, new Map([...locals].filter(([other]) => other !== name)), fixed))
      : [`{${toSnake(name)}}`];
  }
  if (node.type === 'ConditionalExpression') return [node.consequent, node.alternate].flatMap((one) => readTexts(one, locals, fixed));
  if (node.type !== 'TemplateLiteral') return [];
  const between = nodesOf(node.expressions).map((one) => readTexts(one, locals, fixed));
  return nodesOf(node.quasis).reduce<string[]>(
    (all, quasi, at) => {
      const begun = all.map((one) => one + (quasi.value as { cooked: string }).cooked);
      return between[at] ? begun.flatMap((one) => (between[at] as string[]).map((more) => one + more)) : begun;
    },
    [''],
  );
}

/** What is declared in the method, with all that it is ever set to. */
function readLocals(method: Node): Map<string, Node[]> {
  const found = new Map<string, Node[]>();
  const set = (name: string | undefined, value: unknown) => {
    if (name !== undefined && isNode(value)) found.set(name, [...(found.get(name) ?? []), value]);
  };
  for (const { id, init } of listNodes(method, 'VariableDeclarator')) if (isNode(id) && id.type === 'Identifier') set(nameOf(id), init);
  for (const { left, right } of listNodes(method, 'AssignmentExpression'))
    if (isNode(left) && left.type === 'Identifier') set(nameOf(left), right);
  return found;
}

interface ReadOperation {
  path: string;
  verb: 'get';
  operation: Operation;
}

function readOperations(types: DeclaredTypes, method: Node, signatures: Node[], fixed: Map<string, string>): ReadOperation[] {
  const call = listNodes(method, 'CallExpression').find(
    ({ callee }) => isNode(callee) && callee.type === 'CallExpression' && nameOf((callee.callee as Node).object) === 'RequestHelper',
  );
  const verb = verbs[nameOf((call?.callee as Node | undefined)?.callee) ?? ''] as 'get' | undefined;
  if (!call || !verb) return [];
  const [, address, options] = argumentsOf(call);
  const fields = readFields(types, signatures, options);
  const prefix = fixed.get('prefixUrl');
  return [...new Set(readTexts(address, readLocals(method), fixed))].map((text) => {
    const written = `/${[prefix, text].filter((one) => one !== undefined && one !== '').join('/')}`;
    // A class for things of several kinds calls them all alike: they are named by the segment in front.
    const path = written.replaceAll(/([a-z_]+)s\/\{resource\d?_id\}/g, '$1s/{$1_id}');
    return { path, verb, operation: operationOf(nameOf(method.key) ?? '', path, verb, fields) };
  });
}

interface Field {
  schema: Schema;
  required: boolean;
}

function readFields(types: DeclaredTypes, signatures: Node[], options: Node | undefined): Map<string, Field> {
  const found = new Map<string, Field>();
  const parameters = signatures.flatMap(({ value }) => nodesOf((value as Node).params));
  const typeOf = (name: string) => types.read(parameters.find((one) => nameOf(one) === name)?.typeAnnotation);
  const given = nodesOf(options?.type === 'ObjectExpression' ? options.properties : []).filter(({ type }) => type === 'Property');
  for (const { key, value } of given)
    if (nameOf(value) !== undefined) found.set(toSnake(nameOf(key) ?? ''), { schema: typeOf(nameOf(value) ?? ''), required: true });
  const open = parameters.filter(
    (one) => nameOf(one) === 'options' || one.type === 'ObjectPattern' || (one.left as Node | undefined)?.type === 'ObjectPattern',
  );
  for (const one of open) {
    const alternatives = listAlternatives(
      { components: { schemas: types.schemas } },
      types.read((one.typeAnnotation ?? (one.left as Node | undefined)?.typeAnnotation) as Node),
    );
    const required = listRequired(alternatives);
    for (const name of new Set(alternatives.flatMap(({ properties = {} }) => Object.keys(properties))))
      if (!found.has(name))
        found.set(name, {
          schema: { anyOf: alternatives.flatMap((choice) => propertyOf(choice, name) ?? []) },
          required: required.includes(name),
        });
  }
  return found;
}

function operationOf(operationId: string, path: string, verb: string, fields: Map<string, Field>): Operation {
  const inPath = [...path.matchAll(/\{([^{}]+)\}/g)].map(
    ([, name = '']): Described => ({ in: 'path', name, required: true, schema: { type: 'string' } }),
  );
  const rest = [...fields].filter(([name]) => !inPath.some((one) => one.name === name) && !isOurs(name));
  if (!['post', 'put', 'patch'].includes(verb))
    return {
      operationId,
      parameters: [
        ...inPath,
        ...rest.map(([name, { schema, required }]): Described => ({ in: 'query', name, ...(required ? { required } : {}), schema })),
      ],
    };
  const needed = rest.filter(([, { required }]) => required).map(([name]) => name);
  const schema: Schema = {
    type: 'object',
    properties: Object.fromEntries(rest.map(([name, field]) => [name, field.schema])),
    ...(needed.length > 0 ? { required: needed } : {}),
  };
  return { operationId, parameters: inPath, ...(rest.length > 0 ? { requestBody: { content: { [json]: { schema } } } } : {}) };
}

/** What the client itself reads, and never sends. */
function isOurs(name: string): boolean {
  return ['show_expanded', 'max_pages', 'as_stream', 'is_form', 'project_id', 'group_id'].includes(name);
}
