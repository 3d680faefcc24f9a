/** Executing, as REST and MCP do it: the engine itself, without a GraphQL document around it, which would cost more than all that happens here. */
import { z } from 'zod';
import type { Context } from '../../core/context.ts';
import type { SkillettError } from '../../core/errors.ts';
import type { RawJson } from '../../core/json/raw-json.ts';
import { executeViewed } from '../../domains/executions/answer/lean/execute-lean.ts';
import type { AnswerHeaders } from '../../domains/executions/answer/passed/answer-headers.ts';
import { type Execution, type RawAnswer, requestOf } from '../../domains/executions/execution.ts';
import { executeProxied } from '../../domains/executions/proxy/execute-proxied.ts';
import { answerStream } from '../../domains/recipes/format/answer/streams.ts';
import type { Operation } from './operation.ts';

/** As they came: a record of zod's would drop `__proto__`, which then is lost here and refused elsewhere. */
export const paramsInput = z
  .custom<Record<string, unknown>>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), 'must be an object')
  .meta({ type: 'object', description: 'By name; what the endpoint takes.' });

const account = z.string().nullish().describe('Which of several connected accounts; needed where none is the default.');
const select = z.string().nullish().describe('A JMESPath expression; `data` is then what it makes of the answer.');

/** What is said beside the endpoint's name. */
export const executionBody = z.strictObject({
  params: paramsInput.nullish(),
  account,
  select,
  view: z
    .enum(['raw', 'lean'])
    .nullish()
    .describe('`lean`: rows and columns in place of the whole answer; not beside `select`. Default `raw`.'),
  with: z.array(z.string()).nullish().describe('Columns that a lean answer has beside its own; `*` for the whole answer.'),
  next: z.string().nullish().describe('`X-Skillett-Next` of the page before.'),
});

const readInput = executionBody.extend({ integration: z.string(), endpoint: z.string() });

const executeInput = readInput.extend({
  idempotency_key: z.string().nullish(),
  /** Names the message that asks (`messageKey` of the engine). */
  message_key: z.string().optional(),
  /** The service's body as it comes. */
  raw: z.boolean().optional(),
  /** Kinds of streams that the client takes as they come. */
  streams: z.array(answerStream).optional(),
});

type ExecuteInput = z.infer<typeof executeInput>;

const meta = z.record(z.string(), z.string()).optional();

/** What REST shows of it: the rest are headers there. */
export const executionAnswer = z.strictObject({
  status: z.int().describe('The status of the service.'),
  data: z.unknown().describe('What the service answered, or what `select` or `view` makes of it.'),
  select_error: z.string().optional().describe('Why `data` is whole although `select` was given.'),
  select_warning: z.string().optional().describe('What `select` asks for that the answer may not have, with the nearest names.'),
});
export const executionFailure = z.strictObject({
  status: z.int().describe('The status of the service.'),
  error: z.unknown().describe('What the service answered.'),
});

const output = z.union([executionAnswer.extend({ next: z.string().optional(), meta }), executionFailure.extend({ meta })]);

/** What the service came to; printed by `writeSpliced`. */
export type Envelope =
  | {
      status: number;
      data: RawJson | null;
      select_error?: string;
      select_warning?: string;
      /** Leads to the next page. */
      next?: string;
      /** Headers of the answer that the recipe names. */
      meta?: AnswerHeaders;
    }
  | { status: number; error: RawJson | null; meta?: AnswerHeaders };

export const execute: Operation<ExecuteInput, Envelope | RawAnswer> = {
  name: 'execute',
  input: executeInput,
  output,
  admits: true,
  run: async (context, input, fault) => {
    const execution = await run(context, input, false, fault);
    return execution.raw ?? envelopeOf(execution);
  },
};

export const read: Operation<z.infer<typeof readInput>, Envelope> = {
  name: 'read',
  input: readInput,
  output,
  admits: true,
  run: async (context, input, fault) => envelopeOf(await run(context, input, true, fault)),
};

/** Of a request that no endpoint covers. What is wrong with it the engine says, once it knows that the caller may send one at all. */
export const proxyBody = z.strictObject({
  method: z.unknown().meta({ type: 'string', description: 'GET, HEAD, POST, PUT, PATCH or DELETE.' }),
  path: z
    .unknown()
    .meta({ type: 'string', description: 'What follows the base address of the integration, percent-encoded, without a query.' }),
  query: z
    .unknown()
    .optional()
    .meta({ type: ['object', 'null'], description: 'Names and values; a list repeats its name.' }),
  headers: z
    .unknown()
    .optional()
    .meta({ type: ['object', 'null'], description: 'Names and texts.' }),
  body: z
    .unknown()
    .optional()
    .describe('A text as it is, bytes as `{"content_type", "base64"}`, anything else as JSON or as the form that its content type says.'),
  account,
  select,
});

const proxyInput = proxyBody.extend({
  integration: z.string(),
  idempotency_key: z.string().nullish(),
  /** The service's body as it comes. */
  raw: z.boolean().optional(),
});

export const proxy: Operation<z.infer<typeof proxyInput>, Envelope | RawAnswer> = {
  name: 'proxy',
  input: proxyInput,
  output,
  admits: true,
  run: async (context, input, fault) => {
    const { integration, account, select, idempotency_key: idempotencyKey, raw, ...call } = input;
    const asked = { integration, endpoint: '', account, select, idempotencyKey, raw, readOnly: false, fault };
    const execution = await executeProxied(context.gateway, requestOf(context, asked), call);
    return execution.raw ?? envelopeOf(execution);
  },
};

function run(context: Context, input: ExecuteInput, readOnly: boolean, fault: SkillettError | undefined): Promise<Execution> {
  const { integration, endpoint, params, account, select, next, idempotency_key: idempotencyKey, raw, streams } = input;
  const asked = {
    integration,
    endpoint,
    params,
    account,
    select,
    next,
    idempotencyKey,
    messageKey: input.message_key,
    raw,
    streams,
    readOnly,
    fault,
  };
  return executeViewed(context, asked, input);
}

/** Whether an output tells of a failure of the service. */
export function isFailure(output: object): boolean {
  return 'error' in output;
}

function envelopeOf({ ok, status, data, error, selectError, selectWarning, next, meta }: Execution): Envelope {
  const named = meta === null ? {} : { meta };
  if (!ok) return { status, error, ...named };
  return {
    status,
    data,
    ...(selectError === null ? {} : { select_error: selectError }),
    ...(selectWarning === undefined ? {} : { select_warning: selectWarning }),
    ...(next === null ? {} : { next }),
    ...named,
  };
}
