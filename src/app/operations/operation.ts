/** What the doors share: each operation once, with what it takes and what it answers, in the words of REST. */
import type { z } from 'zod';
import type { Context } from '../../core/context.ts';
import type { SkillettError } from '../../core/errors.ts';
import { schema } from '../graphql/schema.ts';
import { PreparedDocument } from './documents.ts';

export interface Operation<Input, Output> {
  name: string;
  /** A door checks what it was sent against this, or against the part of it that it has not made itself. */
  input: z.ZodType;
  /** The answer as JSON. */
  output: z.ZodType;
  /** Refuses callers by itself, and only then for the `fault` that a door found in the rest of the input (docs/api.md, "Order of refusals"). */
  admits?: boolean;
  run(context: Context, input: Input, fault?: SkillettError): Output | Promise<Output>;
}

/** An operation that is a GraphQL document: prepared here, so that one that does not fit the schema stops the start. */
export function documentOperation<Input extends z.ZodType, Output extends z.ZodType>(made: {
  name: string;
  input: Input;
  output: Output;
  document: string;
  variables(input: z.output<Input>): Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: the document's own shape, which validation against the schema guarantees
  answer(data: any): z.output<Output>;
}): Operation<z.output<Input>, z.output<Output>> {
  const { name, input, output, variables, answer } = made;
  const document = new PreparedDocument(schema, made.document, `the operation ${name}`);
  return { name, input, output, run: async (context, given) => answer(await document.ask(context, variables(given))) };
}
