/** What is selected of a GraphQL type where nobody has said what is wanted: bounded, and a sound document for every schema. */
import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isLeafType,
  isListType,
  isRequiredArgument,
  isUnionType,
} from 'graphql';

/** What an object says of itself, then what tells apart the things it leads to. */
const leavesMax = [30, 4];
const fieldsMax = 80;
const kindsMax = 5;
const depthMax = leavesMax.length - 1;
/** What tells a thing apart from others, before all else. */
const telling = ['id', 'name', 'title', 'key', 'identifier', 'login', 'email', 'url', 'number', 'state', 'status', 'type', 'value'];

type Field = GraphQLField<unknown, unknown>;
interface Room {
  left: number;
}

/** With its braces; empty for what has no fields. */
export function selectFields(schema: GraphQLSchema, type: GraphQLOutputType): string {
  const selected = select(schema, type, 0, { left: fieldsMax });
  return selected === '' ? '' : ` ${selected}`;
}

function select(schema: GraphQLSchema, type: GraphQLOutputType, depth: number, room: Room): string {
  const named = getNamedType(type);
  if (isLeafType(named)) return '';
  if (isUnionType(named)) return selectKinds(named.getTypes(), depth, room);
  const fields = Object.values(named.getFields()).filter(isFree);
  const names = isInterfaceType(named) ? ['__typename'] : [];
  names.push(...leavesOf(fields, depth, room));
  for (const field of inOrder(fields)) {
    const inner = depthOf(named, field, depth);
    if (isLeafType(getNamedType(field.type)) || inner > depthMax || room.left <= 0) continue;
    room.left -= 1;
    names.push(`${field.name} ${select(schema, field.type, inner, room)}`);
  }
  return `{ ${names.length === 0 ? '__typename' : names.join(' ')} }`;
}

/** What needs no argument and is not to go. */
function isFree({ args, deprecationReason }: Field): boolean {
  return deprecationReason == null && !args.some(isRequiredArgument);
}

function leavesOf(fields: Field[], depth: number, room: Room): string[] {
  const leaves = fields.filter(({ type }) => isLeafType(getNamedType(type))).map(({ name }) => name);
  const rank = (name: string) => (telling.includes(name) ? telling.indexOf(name) : telling.length);
  const max = Math.min(leavesMax[depth] as number, Math.max(room.left, 1));
  const chosen = new Set([...leaves].sort((one, other) => rank(one) - rank(other)).slice(0, max));
  room.left -= chosen.size;
  return leaves.filter((name) => chosen.has(name));
}

/** How a list goes on stands before its rows, which take what room is left; rows with cursors of their own would be the same again. */
function inOrder(fields: Field[]): Field[] {
  const hasNodes = fields.some(({ name }) => name === 'nodes');
  const others = fields.filter(({ name }) => name !== 'pageInfo' && !(hasNodes && name === 'edges'));
  return [...fields.filter(({ name }) => name === 'pageInfo'), ...others];
}

/** Pages and answers of mutations are but the wrapping of what is asked for; lists inside that are left out, each a page to fetch. */
function depthOf(holder: { name: string }, field: Field, depth: number): number {
  if (field.name === 'pageInfo') return depthMax;
  if (/(Connection|Edge|Payload)$/.test(holder.name)) return depth;
  const isList = isListType(getNullableType(field.type)) || getNamedType(field.type).name.endsWith('Connection');
  return isList ? depthMax + 1 : depth + 1;
}

/** A name that two kinds have with different types cannot be selected of both (GraphQL, "Field Selection Merging"). */
function selectKinds(kinds: readonly GraphQLObjectType[], depth: number, room: Room): string {
  const typeOf = new Map<string, string>();
  const parts = kinds.slice(0, kindsMax).flatMap((kind) => {
    const fields = Object.values(kind.getFields()).filter((field) => {
      if (!isFree(field) || !isLeafType(getNamedType(field.type))) return false;
      const known = typeOf.get(field.name) ?? String(field.type);
      typeOf.set(field.name, known);
      return known === String(field.type);
    });
    const names = leavesOf(fields, Math.min(depth + 1, depthMax), room);
    return names.length === 0 ? [] : [`... on ${kind.name} { ${names.join(' ')} }`];
  });
  return `{ ${['__typename', ...parts].join(' ')} }`;
}
