/** Of a GraphQL schema what the documents of a recipe use, and what their parameters can hold, without a sentence. */
import {
  type GraphQLInputType,
  type GraphQLInterfaceType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isScalarType,
  isSpecifiedScalarType,
  isUnionType,
  parse,
  TypeInfo,
  typeFromAST,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { Endpoint } from '../../../src/domains/recipes/format/format.ts';
import type { Parameter, RecipeValue } from '../../../src/domains/recipes/format/parameter.ts';

type GraphqlEndpoint = Pick<Endpoint, 'graphql' | 'parameters'>;

/** The lines of a schema, in the order of the alphabet. */
export function shrinkSchema(schema: GraphQLSchema, endpoints: readonly GraphqlEndpoint[]): string[] {
  const used = new Used(schema);
  for (const endpoint of endpoints) used.addDocument(endpoint);
  return used.print();
}

class Used {
  readonly #schema: GraphQLSchema;
  /** Fields by type, and arguments by field. */
  readonly #fields = new Map<string, Map<string, Set<string>>>();

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  addDocument({ graphql, parameters }: GraphqlEndpoint): void {
    const info = new TypeInfo(this.#schema);
    const document = parse(graphql?.document ?? '');
    visit(
      document,
      visitWithTypeInfo(info, {
        Field: (node) => {
          const args = (node.arguments ?? []).map(({ name }) => name.value);
          const parent = info.getParentType();
          if (parent) this.#addField(parent, node.name.value, args);
        },
        ObjectField: (node) => {
          const parent = getNamedType(info.getParentInputType());
          if (parent) this.#addField(parent, node.name.value, []);
        },
        VariableDefinition: ({ variable, type }) => {
          const [, parameter] = Object.entries(parameters).find(([name, { as }]) => (as ?? name) === variable.name.value) ?? [];
          const known = typeFromAST(this.#schema, type) as GraphQLInputType | undefined;
          if (known) this.#addInput(known, parameter);
        },
      }),
    );
  }

  #addField(type: GraphQLNamedType, name: string, args: readonly string[]): void {
    const fields = this.#addType(type);
    if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) return;
    const field = type.getFields()[name];
    if (!field) return;
    const known = fields.get(name) ?? new Set();
    fields.set(name, known);
    this.#addType(getNamedType(field.type));
    for (const argument of 'args' in field ? field.args : []) {
      if (!args.includes(argument.name) && !isRequiredArgument(argument)) continue;
      known.add(argument.name);
      this.#addInput(argument.type, { type: 'object', properties: {} });
    }
  }

  #addType(type: GraphQLNamedType): Map<string, Set<string>> {
    const found = this.#fields.get(type.name);
    if (found) return found;
    const fields = new Map<string, Set<string>>();
    this.#fields.set(type.name, fields);
    if (isUnionType(type)) for (const member of type.getTypes()) this.#addType(member);
    if (isInputObjectType(type))
      for (const field of Object.values(type.getFields()))
        if (isRequiredInputField(field)) this.#addInputField(type.name, field, undefined);
    return fields;
  }

  /** The members that the recipe names, or all of them where it leaves the object open. */
  #addInput(type: GraphQLInputType, value: Parameter | RecipeValue | undefined): void {
    const named = getNamedType(type);
    const isNew = !this.#fields.has(named.name);
    this.#addType(named);
    if (!isInputObjectType(named)) return;
    const inside = value?.items ?? value;
    if (inside?.properties === undefined && !isNew) return;
    for (const field of Object.values(named.getFields()))
      if (inside?.properties === undefined || Object.hasOwn(inside.properties, field.name))
        this.#addInputField(named.name, field, inside?.properties?.[field.name]);
  }

  #addInputField(type: string, field: { name: string; type: GraphQLInputType }, value: RecipeValue | undefined): void {
    this.#fields.get(type)?.set(field.name, new Set());
    this.#addInput(field.type, value);
  }

  /** The interfaces of a type that are used too. A fragment on one stands where the type does, and what it holds is the type's as well. */
  #interfacesOf(type: GraphQLNamedType): GraphQLInterfaceType[] {
    if (!isObjectType(type) && !isInterfaceType(type)) return [];
    return type.getInterfaces().filter(({ name }) => this.#fields.has(name));
  }

  print(): string[] {
    for (const [name, fields] of this.#fields)
      for (const one of this.#interfacesOf(this.#schema.getType(name) as GraphQLNamedType))
        for (const [field, args] of this.#fields.get(one.name) ?? []) fields.set(field, new Set([...(fields.get(field) ?? []), ...args]));
    const names = [...this.#fields.keys()].sort();
    return names.flatMap((name) => this.#printType(this.#schema.getType(name) as GraphQLNamedType));
  }

  #printType(type: GraphQLNamedType): string[] {
    const used = this.#fields.get(type.name) ?? new Map<string, Set<string>>();
    if (isScalarType(type)) return isSpecifiedScalarType(type) ? [] : [`scalar ${type.name}`];
    if (isEnumType(type))
      return [
        `enum ${type.name} { ${type
          .getValues()
          .map(({ name }) => name)
          .join(' ')} }`,
      ];
    if (isUnionType(type))
      return [
        `union ${type.name} = ${type
          .getTypes()
          .map(({ name }) => name)
          .join(' | ')}`,
      ];
    if (isInputObjectType(type))
      return printBlock(
        `input ${type.name}`,
        Object.values(type.getFields())
          .filter(({ name }) => used.has(name))
          .map(({ name, type }) => `${name}: ${type}`),
      );
    if (!isObjectType(type) && !isInterfaceType(type)) return [];
    const lines = Object.values(type.getFields()).flatMap((field) => {
      const args = used.get(field.name);
      if (!args) return [];
      const printed = field.args.filter(({ name }) => args.has(name)).map((one) => `${one.name}: ${one.type}`);
      return [`${field.name}${printed.length > 0 ? `(${printed.join(', ')})` : ''}: ${field.type}`];
    });
    const interfaces = this.#interfacesOf(type).map(({ name }) => name);
    const head = `${isObjectType(type) ? 'type' : 'interface'} ${type.name}${interfaces.length > 0 ? ` implements ${interfaces.join(' & ')}` : ''}`;
    return printBlock(head, lines);
  }
}

/** GraphQL has no type without fields: of such a one nothing is used but its name. */
function printBlock(head: string, lines: readonly string[]): string[] {
  return [`${head} {`, ...(lines.length > 0 ? lines : ['_: Boolean']).map((line) => `  ${line}`), '}'];
}
