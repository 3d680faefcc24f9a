import type { Context } from '../../core/context.ts';
import type { RawJson } from '../../core/json/raw-json.ts';
import { builder } from '../../core/schema/builder.ts';
import { enumValues } from '../../core/schema/enums.ts';
import { loadCalls } from '../audit/calls.ts';
import { CallRef } from '../audit/graphql.ts';
import { type AskedView, executeViewed } from './answer/lean/execute-lean.ts';
import { readHeaders } from './answer/passed/answer-headers.ts';
import type { Execution, ExecutionInput } from './execution.ts';
import { canonicalJson } from './request/canonical-json.ts';
import { Slots } from './slots.ts';

export const ExecutionRef = builder.objectRef<Execution>('Execution').implement({
  description:
    'What one call of an endpoint, or by the proxy, came to. A failure of the service is `ok: false` with `error`; what Skillett refuses is a GraphQL error.',
  fields: (t) => ({
    status: t.exposeInt('status', {
      description:
        "The service's HTTP status; where it reports a failure with a status of success, the one that its recipe gives to that failure.",
    }),
    ok: t.exposeBoolean('ok', {
      description: 'Whether the service did what it was asked; false exactly where the status is 400 or above.',
    }),
    data: t.field({
      type: 'JSON',
      nullable: true,
      resolve: (execution) => askFor(execution.data),
      description:
        'The answer, byte for byte when it is JSON; text as a string; anything else as `{"content_type","base64"}`; a redirect as `{"location"}`. Null on failure.',
    }),
    error: t.field({
      type: 'JSON',
      nullable: true,
      resolve: (execution) => askFor(execution.error),
      description: "The service's own answer when it failed; null on success.",
    }),
    callId: t.exposeID('callId', { description: 'Id of the call in the call log, `call_…`.' }),
    call: t.field({
      type: CallRef,
      nullable: true,
      description:
        'Its row in the call log as it stands at this moment: the end of the call may be written a little later. Null where whoever asks may not see it.',
      // The answer waits for every read anyway, and their rows are then one statement.
      resolve: async ({ callId }, _args, context) => {
        await readSlots(context).idle();
        return loadCalls(context).load(callId);
      },
    }),
    durationMs: t.exposeInt('durationMs', { description: 'Milliseconds from the request to the answer of the service.' }),
    selectError: t.exposeString('selectError', {
      nullable: true,
      description: 'Why `select` could not be applied to this answer; `data` is whole then.',
    }),
    selectWarning: t.string({
      nullable: true,
      resolve: ({ selectWarning }) => selectWarning,
      description:
        'What `select` asks for that the answer may not have, with the nearest names: such a name gives null. A warning, since not every field is known.',
    }),
    next: t.exposeString('next', {
      nullable: true,
      description:
        'Leads to the next page of a list: give it back as the argument `next`, with the same other arguments. Null on the last page, and where the recipe knows no such link.',
    }),
    meta: t.field({
      type: 'JSON',
      nullable: true,
      resolve: ({ meta }) => meta && readHeaders(meta),
      description:
        'Headers of the answer that the recipe names, by their names in lower case: `{"x-total-count": "12"}`. They are content of the service, as `data` is. Null where there are none.',
    }),
    replayed: t.exposeBoolean('replayed', {
      description: 'Whether this is the first answer to the idempotency key, given again without a new call.',
    }),
  }),
});

/** Arguments are checked by the engine, not here: who may not call at all must not learn first what is wrong with them. */
const argumentsOf = {
  integration: 'Slug of the integration, such as `github`; see `integrations`.',
  endpoint: 'Name of the endpoint, such as `create_issue`; see `searchEndpoints`.',
  params: 'Parameters by name, as an object; `endpoint { parameters schema }` describes them. Left out: none.',
  account: 'Which account to use, by its name or the id of its connection. Left out: the only one, or the default.',
  next: '`next` of the answer with the page before, given back with the same other arguments. Left out: the first page.',
  view: 'How `data` holds the answer; `LEAN` is for reading, and stands beside no `select`. Left out: `RAW`.',
  with: 'Columns that a lean answer has beside its own, such as `body`; one that there is not is refused before anything is sent. `*`: the answer as the service gave it.',
  select:
    'A JMESPath expression that cuts `data` to what you need, such as `[].{number: number, title: title}`. It parses the answer, so numbers beyond 2^53 lose digits.',
};

const AnswerView = builder.enumType('AnswerView', {
  description: 'How `data` holds an answer.',
  values: enumValues({
    raw: 'As the service gave it.',
    lean: 'As `{"columns", "rows", "total", "cut"}`: a row of readable values for each thing, how many there are over all pages where the service says so, and sentences on what is not here.',
  }),
});

/** How many reads of one request may wait for their services at once. */
const callsAtOnceMax = 20;

export function readSlots(context: Context): Slots {
  return context.once('slots', () => new Slots(callsAtOnceMax));
}

builder.queryField('read', (t) =>
  t.field({
    type: ExecutionRef,
    nullable: true,
    complexity: 10,
    description:
      'Calls a read-only endpoint. Several reads in one request run in parallel, and identical ones are one call that counts once.',
    args: {
      integration: t.arg.string({ required: true, description: argumentsOf.integration }),
      endpoint: t.arg.string({ required: true, description: argumentsOf.endpoint }),
      params: t.arg({ type: 'JSON', description: argumentsOf.params }),
      account: t.arg.string({ description: argumentsOf.account }),
      select: t.arg.string({ description: argumentsOf.select }),
      view: t.arg({ type: AnswerView, description: argumentsOf.view }),
      with: t.arg.stringList({ description: argumentsOf.with }),
      next: t.arg.string({ description: argumentsOf.next }),
    },
    resolve: (_root, args, context) => {
      const { integration, endpoint, params, account, select, next, view } = args;
      const reads = context.once('reads', () => new Map<string, Promise<Execution>>());
      // The texts of parameters can be long, and every alias would have a key with a copy of its own.
      const texts = context.once('params', () => new Map<string, number>());
      const text = canonicalJson(params ?? {});
      if (!texts.has(text)) texts.set(text, texts.size);
      const key = JSON.stringify([
        integration,
        endpoint,
        texts.get(text),
        account ?? null,
        select ?? null,
        next ?? null,
        view ?? null,
        args.with ?? null,
      ]);
      let read = reads.get(key);
      if (!read) {
        read = readSlots(context).run(() => execute(context, { ...args, readOnly: true }));
        reads.set(key, read);
      }
      return read;
    },
  }),
);

builder.mutationField('execute', (t) =>
  t.field({
    type: ExecutionRef,
    nullable: true,
    complexity: 10,
    description: 'Calls any endpoint. Several in one request run one after the other, in order; nothing is undone when a later one fails.',
    args: {
      integration: t.arg.string({ required: true, description: argumentsOf.integration }),
      endpoint: t.arg.string({ required: true, description: argumentsOf.endpoint }),
      params: t.arg({ type: 'JSON', description: argumentsOf.params }),
      account: t.arg.string({ description: argumentsOf.account }),
      select: t.arg.string({ description: argumentsOf.select }),
      view: t.arg({ type: AnswerView, description: argumentsOf.view }),
      with: t.arg.stringList({ description: argumentsOf.with }),
      next: t.arg.string({ description: argumentsOf.next }),
      idempotencyKey: t.arg.string({
        description:
          'Makes repeating safe: for 24 hours the same key with the same arguments gives the first answer and sends nothing. 1 to 255 printable ASCII characters, such as a UUID; it belongs to this API key.',
      }),
    },
    resolve: (_root, args, context) => execute(context, { ...args, readOnly: false }),
  }),
);

async function execute(context: Context, { view, with: columns, ...input }: Omit<ExecutionInput, 'view'> & AskedView): Promise<Execution> {
  return holdUntilAsked(await executeViewed(context, input, { view, with: columns }));
}

export function holdUntilAsked(execution: Execution): Execution {
  // A body that is still being read holds a connection to the service until it is printed. Fields are resolved in this turn
  // of the loop, so whoever has not asked for it by the next one never will.
  const body = execution.data ?? execution.error;
  if (body && !body.pieces) setImmediate(() => asked.has(body) || body.discard());
  return execution;
}

/** Bodies that are part of a result, of those that are still being read. */
const asked = new WeakSet<RawJson>();

function askFor(body: RawJson | null): RawJson | null {
  if (body && !body.pieces) asked.add(body);
  return body;
}
