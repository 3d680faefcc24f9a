/** Types that declarations of TypeScript declare, as schemas. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Schema } from '../../../../src/domains/recipes/import/openapi.ts';
import { isNode, listNodes, type Node, nameOf, nodesOf, parseFile } from './syntax.ts';

const plainTypes: Record<string, Schema> = {
  TSStringKeyword: { type: 'string' },
  TSNumberKeyword: { type: 'number' },
  TSBooleanKeyword: { type: 'boolean' },
  TSNullKeyword: { type: 'null' },
  TSObjectKeyword: { type: 'object' },
};

/** What wraps a type without changing what is sent. */
const wrappers = ['Partial', 'Required', 'Readonly', 'NonNullable', 'Omit', 'MappedOmit', 'Pick', 'Promise', 'APIPromise', 'AllOrNone'];

/** Of one file and of all that it imports from beside it. */
export class DeclaredTypes {
  readonly schemas: Record<string, Schema> = {};
  readonly files: Node[] = [];
  readonly #declared = new Map<string, Node>();
  readonly #nameField: (name: string) => string;

  /** `nameField`: what a field is called where it travels, if not as it is written. */
  constructor(file: string, nameField: (name: string) => string = (name) => name) {
    this.#nameField = nameField;
    this.#load(file, new Set());
  }

  #load(file: string, seen: Set<string>): void {
    if (seen.has(file) || !existsSync(file)) return;
    seen.add(file);
    const code = parseFile(file);
    this.files.push(code);
    for (const type of ['TSInterfaceDeclaration', 'TSTypeAliasDeclaration'])
      for (const one of listNodes(code, type)) {
        const name = nameOf(one.id) ?? '';
        if (!this.#declared.has(name)) this.#declared.set(name, one);
      }
    for (const { source } of listNodes(code, 'ImportDeclaration')) {
      const from = nameOf(source) ?? '';
      if (from.startsWith('.')) this.#load(path.join(path.dirname(file), from.replace(/\.m?js$/, '.d.ts')), seen);
    }
  }

  /** Of a type as it is written; what cannot be said of it is left open. */
  read(node: unknown): Schema {
    if (!isNode(node)) return {};
    if (plainTypes[node.type]) return { ...plainTypes[node.type] };
    switch (node.type) {
      case 'TSTypeAnnotation':
      case 'TSParenthesizedType':
        return this.read(node.typeAnnotation);
      case 'TSLiteralType':
        return readLiteral(node.literal as Node);
      case 'TSArrayType':
        return { type: 'array', items: this.read(node.elementType) };
      case 'TSTypeLiteral':
        return this.#readMembers(nodesOf(node.members));
      case 'TSUnionType':
        return this.#readUnion(nodesOf(node.types));
      case 'TSIntersectionType':
        return this.#readIntersection(nodesOf(node.types));
      case 'TSConditionalType':
        return this.#readUnion([node.trueType as Node, node.falseType as Node]);
      case 'TSTypeReference':
        return this.#readReference(node);
      default:
        return {};
    }
  }

  #readUnion(types: Node[]): Schema {
    const all = types.filter(({ type }) => type !== 'TSUndefinedKeyword').map((one) => this.read(one));
    const values = all.flatMap((one) => (Object.keys(one).sort().join() === 'enum,type' && one.type === 'string' ? (one.enum ?? []) : []));
    if (values.length === all.length) return { type: 'string', enum: values };
    // `'a' | (string & {})` names some of many texts.
    if (values.length > 0 && all.some((one) => one.type === 'string' && !one.enum)) return { type: 'string' };
    return all.length === 1 ? (all[0] as Schema) : { anyOf: all };
  }

  #readIntersection(types: Node[]): Schema {
    const all = types.map((one) => this.read(one)).filter((one) => Object.keys(one).length > 0);
    const [first = {}, ...more] = all;
    if (first.type === 'string') return first;
    return more.length === 0 ? first : { allOf: all };
  }

  #readReference({ typeName, typeArguments }: Node): Schema {
    const name = nameOf(typeName) ?? '';
    const [first, second] = nodesOf((typeArguments as Node | null)?.params);
    if (['Array', 'ReadonlyArray', 'Iterable'].includes(name)) return { type: 'array', items: this.read(first) };
    if (name === 'Record') return { type: 'object', additionalProperties: this.read(second) };
    if (name === 'Date') return { type: 'string' };
    if (['Uploadable', 'Blob', 'File', 'Buffer'].includes(name)) return { type: 'string', format: 'binary' };
    if (wrappers.includes(name)) return this.read(first);
    return this.refer(name);
  }

  /** A type by its name. */
  refer(name: string): Schema {
    const declared = this.#declared.get(name);
    if (!declared) return {};
    if (!Object.hasOwn(this.schemas, name)) {
      this.schemas[name] = {};
      Object.assign(this.schemas[name], this.#readDeclared(declared));
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  #readDeclared(node: Node): Schema {
    if (node.type === 'TSTypeAliasDeclaration') return this.read(node.typeAnnotation);
    const own = this.#readMembers(nodesOf((node.body as Node).body));
    const parents = nodesOf(node.extends).map(({ expression }) => this.refer(nameOf(expression) ?? ''));
    return parents.length > 0 ? { allOf: [...parents, own] } : own;
  }

  #readMembers(members: Node[]): Schema {
    const fields = members.filter(({ type }) => type === 'TSPropertySignature');
    const open = members.find(({ type }) => type === 'TSIndexSignature');
    const named = fields.map((one) => [this.#nameField(nameOf(one.key) ?? ''), one] as const);
    const required = named.filter(([, one]) => one.optional !== true).map(([name]) => name);
    return {
      type: 'object',
      ...(fields.length > 0 ? { properties: Object.fromEntries(named.map(([name, one]) => [name, this.read(one.typeAnnotation)])) } : {}),
      ...(required.length > 0 ? { required } : {}),
      ...(open ? { additionalProperties: this.read(open.typeAnnotation) } : {}),
    };
  }
}

function readLiteral(literal: Node): Schema {
  const value = literal.value as unknown;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? { type: typeof value, enum: [value] } : {};
}
