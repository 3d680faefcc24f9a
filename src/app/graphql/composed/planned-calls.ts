/** Which calls a document asks for, before any of them is made. */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  GraphQLIncludeDirective,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  getNamedType,
  isObjectType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { CatalogueEndpoint } from '../../../domains/recipes/catalogue.ts';

export interface PlannedCall {
  integration: string;
  endpoint: CatalogueEndpoint;
  path: string[];
  field: GraphQLField<unknown, unknown>;
  node: FieldNode;
  /** The root field that it stands below; undefined for writes. */
  root: FieldNode | undefined;
}

/** Fields of one name in one place are one. Of a valid document with one operation; empty for our own schema. */
export function listPlannedCalls(schema: GraphQLSchema, document: DocumentNode, variables: Record<string, unknown>): PlannedCall[] {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const type = operation && schema.getRootType(operation.operation);
  if (!schema.extensions.composed || !operation || !type) return [];
  const fields = new Fields(document, variables);
  const calls: PlannedCall[] = [];
  for (const [name, [node, ...others]] of fields.collect([operation.selectionSet])) {
    const field = type.getFields()[(node as FieldNode).name.value];
    if (!field || !node) continue;
    const write = planned(field, [name], node, undefined);
    if (write) calls.push(write);
    const below = getNamedType(field.type);
    if (field.extensions.integration === undefined || !isObjectType(below)) continue;
    const sets = [node, ...others].flatMap(({ selectionSet }) => selectionSet ?? []);
    for (const [inner, [innerNode]] of fields.collect(sets)) {
      const read = innerNode && planned(below.getFields()[innerNode.name.value], [name, inner], innerNode, node);
      if (read) calls.push(read);
    }
  }
  return calls;
}

function planned(
  field: GraphQLField<unknown, unknown> | undefined,
  path: string[],
  node: FieldNode,
  root: FieldNode | undefined,
): PlannedCall | undefined {
  const endpoint = field?.extensions.endpoint;
  return field && endpoint && { integration: endpoint.integration, endpoint, path, field, node, root };
}

class Fields {
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  readonly #variables: Record<string, unknown>;

  constructor(document: DocumentNode, variables: Record<string, unknown>) {
    this.#variables = variables;
    for (const definition of document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(definition.name.value, definition);
  }

  /** By the name in the answer. */
  collect(sets: readonly SelectionSetNode[]): Map<string, FieldNode[]> {
    const found = new Map<string, FieldNode[]>();
    const met = new Set<string>();
    for (const set of sets) this.#collect(set, found, met);
    return found;
  }

  /** A variable without a value may have a default, so what it decides is counted. */
  #isLeftOut(selection: SelectionNode): boolean {
    try {
      const skip = getDirectiveValues(GraphQLSkipDirective, selection, this.#variables);
      return skip?.if === true || getDirectiveValues(GraphQLIncludeDirective, selection, this.#variables)?.if === false;
    } catch {
      return false;
    }
  }

  #collect({ selections }: SelectionSetNode, found: Map<string, FieldNode[]>, met: Set<string>): void {
    for (const selection of selections) {
      if (this.#isLeftOut(selection)) continue;
      if (selection.kind === Kind.FIELD) {
        const name = (selection.alias ?? selection.name).value;
        const nodes = found.get(name);
        if (nodes) nodes.push(selection);
        else found.set(name, [selection]);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) this.#collect(selection.selectionSet, found, met);
      else if (!met.has(selection.name.value)) {
        met.add(selection.name.value);
        const fragment = this.#fragments.get(selection.name.value);
        if (fragment) this.#collect(fragment.selectionSet, found, met);
      }
    }
  }
}
