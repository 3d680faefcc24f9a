/** What the doors share: each operation once, with what it takes and what it answers, in the words of REST. */
import { isEnumType } from 'graphql';
import { z } from 'zod';
import type { Context } from '../../core/context.ts';
import type { SkillettError } from '../../core/errors.ts';
import { pageSizeMax } from '../../core/paging.ts';
import { schema } from '../graphql/schema.ts';
import { PreparedDocument } from './documents.ts';

export interface Operation<Input, Output> {
  name: string;
  /** A door checks against this what it did not make itself. */
  input: z.ZodType<Input>;
  /** The answer once it is JSON. */
  output: z.ZodType;
  /** Refuses callers by itself, and only then for the `fault` that a door found in the rest of the input (docs/api.md, "Order of refusals"). */
  admits?: boolean;
  run(context: Context, input: Input, fault?: SkillettError): Promise<Output>;
}

/** An operation that is a GraphQL document: prepared here, so that one that does not fit the schema stops the start. */
export function documentOperation<Input, Output extends z.ZodType>(made: {
  name: string;
  input: z.ZodType<Input>;
  output: Output;
  document: string;
  variables(input: Input): Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: the document's own shape, which validation against the schema guarantees
  answer(data: any, input: Input): z.output<Output>;
}): Operation<Input, z.output<Output>> {
  const { name, input, output, variables, answer } = made;
  const document = new PreparedDocument(schema, made.document, `the operation ${name}`);
  return { name, input, output, run: async (context, given) => answer(await document.ask(context, variables(given)), given) };
}

/** One of an enum's words, as rows and REST have them. */
export function wordsOf(enumName: string): z.ZodType<string> {
  const type = schema.getType(enumName);
  if (!isEnumType(type)) throw new Error(`The schema has no enum ${enumName}.`);
  return z.enum(type.getValues().map(({ value }) => value as string));
}

/** Of every list. */
export const pageInput = { limit: z.int().min(1).max(pageSizeMax).optional(), cursor: z.string().optional() };
export const pageOutput = { next_cursor: z.string().nullable(), total: z.int() };
export const pageFields = 'totalCount pageInfo { hasNextPage endCursor }';

/** What they ask for, with `nodes`. */
export interface Paged<Node> {
  nodes: Node[];
  totalCount: number;
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

export function nextCursor({ pageInfo }: Pick<Paged<unknown>, 'pageInfo'>): string | null {
  return pageInfo.hasNextPage ? pageInfo.endCursor : null;
}
