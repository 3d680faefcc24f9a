import type { InputShapeFromFields } from '@pothos/core';
import { z } from 'zod';
import { builder, listComplexity, pageRequest, toConnection } from '../../core/schema/builder.ts';
import { enumValues, readWord } from '../../core/schema/enums.ts';
import { ErrorCodeEnum, errorCodes } from '../../core/schema/error-code.ts';
import { type CallQuestion, countCallsBy, listCallLog, requireCall } from './calls.ts';
import { type Call, type CallCount, callDimensions } from './store.ts';

const outcomes: Record<Call['outcome'], string> = {
  started: 'It is still running.',
  succeeded: 'The service did what it was asked.',
  upstream_failed: 'The service answered with a failure: a status of 400 or above, or one of success with a failure inside.',
  refused: 'Skillett refused it and sent nothing; `errorCode` says why.',
  failed: 'It was let through but came to nothing; `errorCode` says why.',
  replayed: 'It repeated an idempotency key and got the first answer again; nothing was sent.',
  unknown:
    'Its end was lost, and `completedAt` is when that was found: it may have taken effect. Or another release wrote an end that this one does not know.',
};

const CallOutcome = builder.enumType('CallOutcome', { description: 'How a call ended.', values: enumValues(outcomes) });

const doors: Record<Call['door'], string> = {
  rest: 'The REST routes.',
  graphql: 'The GraphQL endpoint, which the dashboard uses too.',
  mcp: 'The MCP endpoint.',
};

const CallDoor = builder.enumType('CallDoor', { description: 'The way by which a call came in.', values: enumValues(doors) });

export const CallRef = builder.objectRef<Call>('Call').implement({
  description: 'One call of an endpoint, or by the proxy. Neither the values of its parameters nor its answer are kept.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the call, `call_…`, as its answer gave it.' }),
    integration: t.exposeString('integration', { description: 'Slug of the integration.' }),
    endpoint: t.exposeString('endpoint', {
      description: 'Name of the endpoint; `proxy:` and the method for a call by the proxy, such as `proxy:GET`.',
    }),
    path: t.exposeString('path', {
      nullable: true,
      description: 'Where a call by the proxy went, without its query; null for a call of an endpoint, and for what was no path.',
    }),
    door: t.field({
      type: CallDoor,
      nullable: true,
      description: 'Where it came in; null for a way that this release does not know.',
      resolve: (call) => readWord(doors, call.door),
    }),
    keyId: t.exposeID('keyId', { nullable: true, description: 'The API key that made it; null for a dashboard session.' }),
    connectionId: t.exposeID('connectionId', {
      nullable: true,
      description: 'The connection it used; null when it needed none or was refused before one was chosen.',
    }),
    account: t.exposeString('account', { nullable: true, description: 'The account of that connection, as it was named then.' }),
    idempotencyKey: t.exposeString('idempotencyKey', { nullable: true, description: 'The idempotency key it was sent with.' }),
    parameterNames: t.exposeStringList('parameterNames', { description: 'The parameters that were given, by name only.' }),
    outcome: t.field({ type: CallOutcome, description: 'How it ended.', resolve: (call) => readWord(outcomes, call.outcome) ?? 'unknown' }),
    errorCode: t.field({
      type: ErrorCodeEnum,
      nullable: true,
      description:
        'Why it failed or was refused; null when the service itself answered, and for a code of another release that this one does not know.',
      resolve: (call) => readWord(errorCodes, call.errorCode),
    }),
    upstreamStatus: t.exposeInt('upstreamStatus', { nullable: true, description: 'HTTP status of the service’s answer, as it came.' }),
    responseBytes: t.exposeFloat('responseBytes', { nullable: true, description: 'Length of that answer’s body in bytes.' }),
    upstreamMs: t.exposeInt('upstreamMs', { nullable: true, description: 'Milliseconds from sending to the end of the answer.' }),
    totalMs: t.exposeInt('totalMs', { nullable: true, description: 'Milliseconds from the arrival of the call to its end.' }),
    requestId: t.exposeID('requestId', { description: 'The request it came in, `req_…`: `X-Request-Id` of its answer.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it was let through or refused.' }),
    completedAt: t.expose('completedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its end was written; null while it runs.',
    }),
  }),
});

const CallDimension = builder.enumType('CallDimension', {
  description: 'What calls can be counted by.',
  values: {
    DAY: { value: 'day', description: 'The UTC day on which they started.' },
    INTEGRATION: { value: 'integration', description: 'The integration.' },
    ENDPOINT: { value: 'endpoint', description: 'The endpoint, by name; ask for `INTEGRATION` too to tell equal names apart.' },
    KEY: { value: 'keyId', description: 'The API key.' },
    OUTCOME: { value: 'outcome', description: 'How they ended.' },
  } as const,
});

export const CallCountRef = builder.objectRef<CallCount>('CallCount').implement({
  description: 'How many calls share what they were counted by. What they were not counted by is null.',
  fields: (t) => ({
    day: t.exposeString('day', { nullable: true, description: 'The UTC day, as 2026-01-31.' }),
    integration: t.exposeString('integration', { nullable: true, description: 'Slug of the integration.' }),
    endpoint: t.exposeString('endpoint', { nullable: true, description: 'Name of the endpoint.' }),
    keyId: t.id({
      nullable: true,
      description: 'Id of the API key; null also for dashboard sessions.',
      resolve: (count) => count.keyId || null,
    }),
    outcome: t.field({
      type: CallOutcome,
      nullable: true,
      description: 'How they ended.',
      resolve: ({ outcome }) => (outcome === undefined ? null : (readWord(outcomes, outcome) ?? 'unknown')),
    }),
    calls: t.exposeInt('calls', { description: 'The number of calls.' }),
  }),
});

const name = z
  .string()
  .max(200)
  .refine((text) => !text.includes('\0'), 'no NUL character');

const someOf = <Word extends string>(words: Record<Word, string>) => ({
  schema: z
    .array(z.enum(Object.keys(words) as [Word, ...Word[]]))
    .min(1, 'name at least one, or leave it out')
    .max(50),
});

const callArgs = builder.args((t) => ({
  integration: t.string({ description: 'Only of this integration, by slug.', validate: { schema: name } }),
  endpoint: t.string({
    description: 'Only of endpoints with this name; `proxy:GET` finds what was read by the proxy.',
    validate: { schema: name },
  }),
  key: t.id({ description: 'Only those this API key made, by id.', validate: { schema: name } }),
  connection: t.id({ description: 'Only those that used this connection, by id.', validate: { schema: name } }),
  door: t.field({ type: CallDoor, description: 'Only those that came in there.' }),
  outcome: t.field({ type: CallOutcome, deprecationReason: 'Use `outcomes`.', description: 'Only those that ended so.' }),
  outcomes: t.field({ type: [CallOutcome], description: 'Only those that ended in one of these ways.', validate: someOf(outcomes) }),
  errorCodes: t.field({
    type: [ErrorCodeEnum],
    description: 'Only those that failed or were refused for one of these reasons.',
    validate: someOf(errorCodes),
  }),
  since: t.field({ type: 'DateTime', description: 'Only those that started then or later.' }),
  until: t.field({ type: 'DateTime', description: 'Only those that started before that moment.' }),
}));

type CallArguments = InputShapeFromFields<typeof callArgs>;

/** What is given must hold, so with both arguments it is what they share. */
function outcomesOf({ outcome, outcomes }: CallArguments): CallQuestion['outcomes'] {
  if (!outcome) return outcomes ?? undefined;
  return outcomes ? outcomes.filter((each) => each === outcome) : [outcome];
}

function questionOf(args: CallArguments): CallQuestion {
  return {
    integration: args.integration ?? undefined,
    endpoint: args.endpoint ?? undefined,
    keyId: args.key ?? undefined,
    connectionId: args.connection ?? undefined,
    door: args.door ?? undefined,
    outcomes: outcomesOf(args),
    errorCodes: args.errorCodes ?? undefined,
    since: args.since ?? undefined,
    until: args.until ?? undefined,
  };
}

builder.queryField('calls', (t) =>
  t.connection(
    {
      type: CallRef,
      description:
        'The call log, the latest first: every call that passed authentication, refused ones too. A key without `*` sees the calls it made itself. Calls are kept for as long as the installation is set to.',
      complexity: listComplexity,
      args: callArgs,
      resolve: async (_root, args, context) => {
        const page = await listCallLog(context.gateway.db, await context.principal(), questionOf(args), pageRequest(args));
        return toConnection(page, args.after);
      },
    },
    { name: 'CallConnection', description: 'A page of calls.' },
    { name: 'CallEdge', description: 'A call in a page.' },
  ),
);

builder.queryField('call', (t) =>
  t.field({
    type: CallRef,
    description:
      'One call of the log. Fails with `not_found` for an id of somebody else, and with a key without `*` for a call that another key made.',
    args: { id: t.arg.id({ required: true, description: 'Id of the call, `call_…`, as its answer gave it.' }) },
    resolve: async (_root, { id }, context) => requireCall(context.gateway.db, await context.principal(), id),
  }),
);

builder.queryField('callCounts', (t) =>
  t.field({
    type: [CallCountRef],
    description:
      'How many calls there were by day, integration, endpoint, key or outcome, in their order; groups without a call are left out. More than 1,000 groups are refused. Sees the calls that `calls` shows.',
    complexity: { field: 10, multiplier: 25 },
    args: {
      by: t.arg({
        type: [CallDimension],
        required: true,
        description: 'What to count by, one to three: `[DAY]`, `[INTEGRATION, OUTCOME]`.',
        validate: {
          schema: z
            .array(z.enum(callDimensions))
            .min(1)
            .max(3)
            .refine((all) => new Set(all).size === all.length, 'each only once'),
        },
      }),
      ...callArgs,
    },
    resolve: async (_root, { by, ...args }, context) => countCallsBy(context.gateway.db, await context.principal(), questionOf(args), by),
  }),
);
