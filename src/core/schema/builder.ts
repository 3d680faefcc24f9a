/** The one schema builder. A domain's `graphql.ts` adds its types and fields to it; `app/graphql/schema.ts` puts them together. */
import SchemaBuilder from '@pothos/core';
import ComplexityPlugin from '@pothos/plugin-complexity';
import RelayPlugin from '@pothos/plugin-relay';
import ValidationPlugin from '@pothos/plugin-zod';
import { GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import type { Context } from '../context.ts';
import { badRequest, type Fault } from '../errors.ts';
import { inexactNumber, isExact } from '../json/check-json.ts';
import { type Page, pageSizeMax, requirePageSize, type Total } from '../paging.ts';
import ForwardListsPlugin from './forward-lists.ts';

export const builder = new SchemaBuilder<{
  Context: Context;
  DefaultFieldNullability: false;
  DefaultEdgesNullability: { list: false; items: false };
  DefaultNodeNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    JSON: { Input: unknown; Output: unknown };
    DateTime: { Input: Date; Output: Date };
  };
  Connection: { totalCount: Total };
}>({
  plugins: [ComplexityPlugin, RelayPlugin, ValidationPlugin, ForwardListsPlugin],
  defaultFieldNullability: false,
  complexity: { defaultComplexity: 1, defaultListMultiplier: 1 },
  zod: {
    validationError: (error) => {
      const details: Fault[] = error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
      return badRequest(
        `${details.length === 1 ? 'An argument is' : 'Some arguments are'} not acceptable: ${details.map((fault) => `\`${fault.path}\`: ${fault.message}`).join('; ')}`,
        details,
      );
    },
  },
  relay: {
    firstArgOptions: { description: `How many items to give, 1 to ${pageSizeMax}. Left out: 25.` },
    afterArgOptions: { description: 'The `endCursor` of the page before, to get what follows it.' },
    nodesOnConnection: { description: 'The items of this page, without their cursors.', complexity: { field: 0, multiplier: 1 } },
    nodeQueryOptions: false,
    nodesQueryOptions: false,
    edgesFieldOptions: {
      description: 'The items of this page, each with its cursor.',
      nullable: { list: false, items: false },
      complexity: { field: 0, multiplier: 1 },
    },
    nodeFieldOptions: { nullable: false, description: 'The item.' },
    cursorFieldOptions: { description: 'Give this as `after` to get what follows the item.' },
    pageInfoFieldOptions: { description: 'Whether there is a next page, and how to ask for it.', complexity: 0 },
    pageInfoTypeOptions: { description: 'Where a page stands in its list (Relay cursor connections).' },
    hasNextPageFieldOptions: { description: 'Whether more items follow.' },
    hasPreviousPageFieldOptions: { description: 'Whether this page started after a cursor.' },
    startCursorFieldOptions: { description: 'Cursor of the first item; null when the page is empty.' },
    endCursorFieldOptions: { description: 'Cursor of the last item: the next `after`; null when the page is empty.' },
  },
});

builder.queryType({ description: 'What can be asked. Everything here only reads.' });
builder.mutationType({ description: 'What can be done. Fields of one request run one after the other, in order.' });

builder.globalConnectionField('totalCount', (t) =>
  t.int({
    description: 'How many items there are over all pages.',
    complexity: 0,
    resolve: ({ totalCount }) => (typeof totalCount === 'function' ? totalCount() : totalCount),
  }),
);

const firstDefault = 25;

interface ListArguments {
  first?: number | null | undefined;
  after?: string | null | undefined;
}

/** What `t.connection` returns, from a page. */
export function toConnection<Row>(page: Page<Row>, after: string | null | undefined) {
  const edges = page.rows.map((node, at) => ({ node, cursor: page.cursors[at] as string }));
  return {
    edges,
    totalCount: page.total,
    pageInfo: {
      hasNextPage: page.hasNextPage,
      hasPreviousPage: after !== null && after !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

/** Reads `first` and `after` of a list field. */
export function pageRequest(args: ListArguments) {
  return { first: requirePageSize(args.first, firstDefault, 'first'), after: args.after ?? undefined };
}

/** Cost of a list field: its page size times what each item costs. */
export function listComplexity(args: { first?: number | null | undefined }) {
  return { field: 1, multiplier: Math.min(Math.max(args.first ?? firstDefault, 1), pageSizeMax) };
}

builder.addScalarType(
  'JSON',
  new GraphQLScalarType<unknown, unknown>({
    name: 'JSON',
    description:
      'Any JSON value (RFC 8259). An answer of a service is passed on byte for byte: numbers beyond 2^53 and the order of keys arrive as they were sent.',
    specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
    serialize: (value) => value,
    parseValue: (value) => value,
    parseLiteral: literalToJson,
  }),
);

builder.addScalarType(
  'DateTime',
  new GraphQLScalarType<Date, string>({
    name: 'DateTime',
    description: 'A moment in UTC as ISO 8601 with milliseconds, such as 2026-01-31T12:00:00.000Z (RFC 3339).',
    specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
    serialize: (value) => (value instanceof Date ? value : new Date(String(value))).toISOString(),
    parseValue: parseDateTime,
    parseLiteral: (node) => parseDateTime(node.kind === Kind.STRING ? node.value : undefined),
  }),
);

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

export function parseDateTime(value: unknown): Date {
  const moment = typeof value === 'string' && rfc3339.test(value) && isCalendarDay(value.slice(0, 10)) ? new Date(value) : undefined;
  if (moment === undefined || Number.isNaN(moment.getTime()))
    throw badRequest('A time must be written as in RFC 3339, for instance 2026-01-31T12:00:00Z.');
  // A time zone can move it out of the years that the database reads as they are printed.
  if (!/^(?!0000)\d{4}-/.test(moment.toISOString())) throw badRequest('A time must lie in the years 1 to 9999 in UTC.');
  return moment;
}

/** Date takes 30 February for 2 March. */
function isCalendarDay(day: string): boolean {
  const moment = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(day);
}

function literalToJson(node: ValueNode, variables?: Record<string, unknown> | null): unknown {
  switch (node.kind) {
    case Kind.STRING:
    case Kind.BOOLEAN:
    case Kind.ENUM:
      return node.value;
    case Kind.INT:
    case Kind.FLOAT:
      if (!isExact(node.value.replace('-', ''))) throw inexactNumber('params', node.value);
      return Number(node.value);
    case Kind.NULL:
      return null;
    case Kind.LIST:
      return node.values.map((item) => literalToJson(item, variables));
    case Kind.OBJECT:
      return Object.fromEntries(node.fields.map((field) => [field.name.value, literalToJson(field.value, variables)]));
    case Kind.VARIABLE:
      return variables?.[node.name.value];
  }
}
