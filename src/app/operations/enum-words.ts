/** Puts the words of rows and code (`pending`) in the place of GraphQL's names of enum values (`PENDING`) in results of documents that doors run in process. */
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLEnumType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';

/** The fields of a result that are enums, or that have some below. */
type Shape = Map<string, Shape | GraphQLEnumType>;

/** Changes a result of the document in place; undefined where the document has no enums, so that it costs nothing. */
export function prepareEnumWords(schema: GraphQLSchema, document: DocumentNode): ((data: unknown) => void) | undefined {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);

  function addFields({ selections }: SelectionSetNode, type: GraphQLNamedType | null | undefined, shape: Shape): Shape {
    for (const node of selections) {
      if (node.kind === Kind.FIELD) addField(node.alias?.value ?? node.name.value, node.name.value, node.selectionSet, type, shape);
      else {
        const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : (fragments.get(node.name.value) as FragmentDefinitionNode);
        const condition = fragment.typeCondition && schema.getType(fragment.typeCondition.name.value);
        addFields(fragment.selectionSet, condition ?? type, shape);
      }
    }
    return shape;
  }

  function addField(
    shown: string,
    name: string,
    below: SelectionSetNode | undefined,
    type: GraphQLNamedType | null | undefined,
    shape: Shape,
  ) {
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
    const fieldType = field && getNamedType(field.type);
    if (isEnumType(fieldType)) shape.set(shown, fieldType);
    if (!below) return;
    const known = shape.get(shown);
    const found = addFields(below, fieldType, known instanceof Map ? known : new Map());
    if (found.size > 0) shape.set(shown, found);
  }

  const root: Shape = new Map();
  for (const node of document.definitions)
    if (node.kind === Kind.OPERATION_DEFINITION) addFields(node.selectionSet, schema.getRootType(node.operation), root);
  return root.size > 0 ? (data) => replaceIn(data, root) : undefined;
}

function replaceIn(value: unknown, shape: Shape): void {
  if (Array.isArray(value)) for (const item of value) replaceIn(item, shape);
  else if (typeof value === 'object' && value !== null) {
    const fields = value as Record<string, unknown>;
    for (const [name, below] of shape) {
      if (below instanceof Map) replaceIn(fields[name], below);
      else if (name in fields) fields[name] = toWord(fields[name], below);
    }
  }
}

function toWord(value: unknown, type: GraphQLEnumType): unknown {
  if (Array.isArray(value)) return value.map((item) => toWord(item, type));
  return typeof value === 'string' ? type.getValue(value)?.value : value;
}
