/** `read`, `execute` and the tools of single endpoints: one execution, which says the same over every door. */
import { createHash } from 'node:crypto';
import type { Context } from '../../../core/context.ts';
import { badRequest, type SkillettError } from '../../../core/errors.ts';
import type { RawJson } from '../../../core/json/raw-json.ts';
import { escapeHidden } from '../../../core/text/hidden-characters.ts';
import { answerLean, answerMore } from '../../../domains/executions/answer/lean/answer-lean.ts';
import { isHandle } from '../../../domains/executions/answer/lean/rest/kept-rest.ts';
import { readHeaders } from '../../../domains/executions/answer/passed/answer-headers.ts';
import { canonicalJson } from '../../../domains/executions/request/canonical-json.ts';
import { Slots } from '../../../domains/executions/slots.ts';
import { type CatalogueEndpoint, findSeen } from '../../../domains/recipes/catalogue.ts';
import { isCallerRefusal, toErrorBody, toSkillettError } from '../../http/failures.ts';
import { type Envelope, execute, isFailure, read } from '../../operations/execute.ts';
import type { EndpointName } from './endpoint-name.ts';
import { quoteJson } from './quote-json.ts';

export interface ToolAnswer {
  text: string | RawJson;
  failed: boolean;
  /** Our own words beside the text. */
  note?: string | undefined;
}

/** What the message that asks tells of itself. */
export interface Asking {
  /** Of the JSON-RPC request. */
  id: string | number;
  /** What the client was given with its `initialize`; undefined in revisions that have none. */
  session: string | undefined;
}

export interface CallArguments {
  params?: Record<string, unknown> | undefined;
  each?: Record<string, unknown>[] | undefined;
  with?: string[] | undefined;
  budget?: number | undefined;
  select?: string | undefined;
  account?: string | undefined;
  more?: string | undefined;
  idempotency_key?: string | undefined;
}

export async function callEndpoint(
  context: Context,
  tool: 'read' | 'execute',
  named: EndpointName,
  { more, ...args }: CallArguments,
  asking: Asking,
  fault: SkillettError | undefined,
): Promise<ToolAnswer> {
  if (args.each && !fault) return callEach(context, named, { ...args, more }, args.each);
  const readOnly = tool === 'read';
  const found = fault ?? (readOnly ? undefined : findFault(await findSeen(context, named.integration, named.endpoint)));
  const messageKey = readOnly ? undefined : messageKeyOf(named, args, asking);
  if (isWhole(args)) return callWhole(context, readOnly, named, { ...args, more, messageKey }, found);
  if (more !== undefined && isHandle(more)) return answerMore(context, { ...named, more, budget: args.budget });
  const { idempotency_key: idempotencyKey, each: _each, ...rest } = args;
  const answer = await answerLean(context, { ...named, ...rest, next: more, idempotencyKey, messageKey, readOnly, fault: found });
  return { ...answer, note: noteOf(context) };
}

/** Without any budget: as REST answers, byte for byte, and however long. */
function isWhole({ with: columns, budget }: CallArguments): boolean {
  return budget === 0 && columns?.length === 1 && columns[0] === '*';
}

async function callWhole(
  context: Context,
  readOnly: boolean,
  named: EndpointName,
  { messageKey, more, ...args }: CallArguments & { messageKey: string | undefined },
  fault: SkillettError | undefined,
): Promise<ToolAnswer> {
  const { params, select, account, idempotency_key } = args;
  const input = { ...named, params, select, account, next: more };
  if (readOnly) return print(context, await read.run(context, input, fault));
  return print(context, (await execute.run(context, { ...input, idempotency_key, message_key: messageKey }, fault)) as Envelope);
}

/** Less would hold no more than the first line of a table. */
const eachBudgetMin = 200;
const eachBudgetDefault = 2_000;
const eachAtOnce = 8;

/** One execution each; one that fails stands in its own place, and its neighbours stay. */
async function callEach(context: Context, named: EndpointName, args: CallArguments, each: Record<string, unknown>[]): Promise<ToolAnswer> {
  const least = each.length * eachBudgetMin;
  const budget = args.budget ?? Math.max(eachBudgetDefault, least);
  const { params, with: columns, select, account, more } = args;
  await context.principal();
  if (more !== undefined) throw badRequest('`more` goes on with the answer of one call, so it takes no `each`. Leave one of them out.');
  if (budget < least)
    throw badRequest(`\`budget\` must be at least ${least} for ${each.length} calls. Raise it, or ask for fewer at once.`);
  const share = Math.min(Math.floor(budget / each.length), 50_000);
  const slots = new Slots(eachAtOnce);
  const answers = await Promise.all(
    each.map((own) =>
      slots.run(async () => {
        const input = { ...named, params: { ...params, ...own }, with: columns, select, account, budget: share, readOnly: true };
        return answerLean(context, input).catch((thrown) => tellFailure(context, thrown));
      }),
    ),
  );
  const failed = answers.filter((answer) => answer.failed).length;
  const first = `${each.length} calls, ${each.length - failed} answered${failed === 0 ? '' : `, ${failed} failed`}`;
  const parts = answers.map(({ text }, at) => `## ${escapeHidden(JSON.stringify(each[at]))}\n${text}`);
  return { text: [first, ...parts, ...(failed === 0 ? [] : [first])].join('\n'), failed: failed === each.length };
}

/** A failure as an answer that a model can read. Throws what refuses whoever asks. */
export function tellFailure(context: Context, thrown: unknown): { text: string; failed: true } {
  const error = toSkillettError(context.gateway, thrown, context.requestId);
  if (isCallerRefusal(error)) throw error;
  return { text: escapeHidden(JSON.stringify(toErrorBody(context.gateway, error))), failed: true };
}

/** Directories take no tool that both reads and changes things, since a client could not tell people which of it they allow. */
function findFault(endpoint: CatalogueEndpoint | undefined): SkillettError | undefined {
  if (!endpoint?.readOnly) return undefined;
  return badRequest(`\`${endpoint.name}\` of ${endpoint.integration} only reads, so \`execute\` does not call it. Use \`read\`.`);
}

/**
 * Clients send a request again whose connection broke, and no revision of the protocol says whether they do. The same id with the same
 * arguments is the same message then. Ids begin anew with each session, which is why it counts where there is one.
 */
function messageKeyOf(named: EndpointName, args: CallArguments, { id, session }: Asking): string {
  const message = canonicalJson([typeof id, id, session ?? null, named.integration, named.endpoint, args]);
  return `mcp:${createHash('sha256').update(message).digest('base64url')}`;
}

function print(context: Context, { meta, ...envelope }: Envelope): ToolAnswer {
  const { next, ...rest } = envelope as Extract<Envelope, { data: unknown }>;
  const shown = { ...rest, ...(next === undefined ? {} : { more: next }), ...(meta ? { meta: readHeaders(meta) } : {}) };
  return { text: quoteJson(shown), failed: isFailure(envelope), note: noteOf(context) };
}

function noteOf({ answerHeaders }: Context): string | undefined {
  return answerHeaders.get('idempotent-replayed') === 'true' ? replayedNote : undefined;
}

const replayedNote =
  'Given again: this is the answer to the first of these calls, and nothing was sent to the service now. To have it done once more, call with an `idempotency_key` that was not used yet.';
