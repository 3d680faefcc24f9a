/**
 * The tools that every key has: each is an operation whose output it gives as text. Names and descriptions are what an agent
 * reads, and every session pays for them: short, with the remedy.
 */
import { z } from 'zod';
import { readHeaders } from '../../domains/executions/answer/passed/answer-headers.ts';
import { startConnection } from '../operations/connections.ts';
import { readEndpointDocument, searchEndpoints } from '../operations/endpoints.ts';
import { type Envelope, execute as executeOperation, isFailure, paramsInput, read as readOperation } from '../operations/execute.ts';
import { listIntegrations } from '../operations/integrations.ts';
import type { AnyOperation, Operation } from '../operations/operation.ts';

/** What clients may believe of a tool before they let an agent use it (MCP, "Tool Annotations"). */
export interface Annotations {
  readOnlyHint: boolean;
  destructiveHint?: boolean;
  idempotentHint?: boolean;
  openWorldHint: boolean;
}

export interface Tool {
  name: string;
  description: string;
  annotations: Annotations;
  /** Its arguments, with what an agent is told of each: the operation's input, or a part of it. */
  input: z.ZodObject;
  operation: AnyOperation;
  /** Whether an output tells of a failure. */
  failed?(output: object): boolean;
}

/** Holds a tool's arguments to the input of its operation. */
function tool<Input, Arguments extends Input>(
  made: Omit<Tool, 'input' | 'operation'> & { input: z.ZodObject & z.ZodType<Arguments>; operation: Operation<Input, unknown> },
): Tool {
  return made;
}

const lookingUp: Annotations = { readOnlyHint: true, openWorldHint: false };

const integration = z.string().describe('Slug, such as `github`.');
const endpoint = z.string().describe('Name, such as `create_issue`.');
const cursor = z.string().optional().describe('`next_cursor` of the page before.');

const listIntegrationsTool = tool({
  name: 'list_integrations',
  description: 'Lists the services you may call, and which accounts are connected.',
  annotations: lookingUp,
  input: z.strictObject({ cursor }),
  operation: listIntegrations,
});

const searchEndpointsTool = tool({
  name: 'search_endpoints',
  description:
    'Finds endpoints by what they do, over all services or in one. With `integration` and no `query` it lists all of that service.',
  annotations: lookingUp,
  input: z
    .strictObject({
      query: z.string().optional().describe('What is to be done, such as `create issue`.'),
      integration: integration.optional(),
      cursor,
    })
    .refine((args) => args.query?.trim() || args.integration !== undefined, {
      path: ['query'],
      message: 'must say what you look for, unless `integration` names a service to list',
    }),
  operation: searchEndpoints,
});

const describeEndpointTool = tool({
  name: 'describe_endpoint',
  description:
    'How to call an endpoint: its parameters, an example, what it answers, and what to do about its errors. Read it before a first call.',
  annotations: lookingUp,
  input: z.strictObject({ integration, endpoint }),
  operation: readEndpointDocument,
});

/** Options of a call beside its parameters, as tools of single endpoints have them too. */
export const callOptions = {
  account: z.string().optional().describe('Which connected account; needed only where several are.'),
  select: z.string().optional().describe('JMESPath over `data`, to get only what you need, such as `[].{id: id, title: title}`.'),
  more: z.string().optional().describe('`more` of the answer with the page before.'),
  idempotency_key: z.string().optional().describe('A UUID of yours: repeated with it, the call is not done twice.'),
};

const call = {
  integration,
  endpoint,
  params: paramsInput.optional().meta({ type: 'object', description: 'Parameters by name, as `describe_endpoint` says.' }),
  account: callOptions.account,
  select: callOptions.select,
  more: callOptions.more,
};

/** What REST calls `next` is `more` in a tool's arguments and answers, and headers are text. */
function withMore<Input extends { next?: string | null | undefined }>(
  operation: Operation<Input, object>,
): Operation<Omit<Input, 'next'> & { more?: string | undefined }, object> {
  return {
    ...operation,
    input: operation.input as never,
    run: async (context, { more, ...input }, fault) => {
      const output = await operation.run(context, { ...input, next: more } as unknown as Input, fault);
      if (!('next' in output || 'meta' in output)) return output;
      const { next, meta, ...rest } = output as Extract<Envelope, { data: unknown }>;
      return { ...rest, ...(next === undefined ? {} : { more: next }), ...(meta ? { meta: readHeaders(meta) } : {}) };
    },
  };
}

const read = tool({
  name: 'read',
  description: 'Calls a read-only endpoint. The answer is {"status", "data"}, or {"status", "error"} where the service failed.',
  annotations: { readOnlyHint: true, openWorldHint: true },
  input: z.strictObject(call),
  operation: withMore(readOperation),
  failed: isFailure,
});

export const execute = tool({
  name: 'execute',
  description: 'Calls any endpoint, also one that changes things. Answers like `read`.',
  annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: true },
  input: z.strictObject({ ...call, idempotency_key: callOptions.idempotency_key }),
  operation: withMore(executeOperation),
  failed: isFailure,
});

const connect = tool({
  name: 'connect',
  description:
    'Starts connecting an account of a service. Give the person the link in `oauth_url`; they sign in there and agree, or enter what the service takes. Then call again. Never ask them for a token or password.',
  annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: true },
  input: z.strictObject({ integration, account: z.string().optional().describe('What to call the account.') }),
  operation: startConnection,
});

export const tools: readonly Tool[] = [listIntegrationsTool, searchEndpointsTool, describeEndpointTool, read, execute, connect];
