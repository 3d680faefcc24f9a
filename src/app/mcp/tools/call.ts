/** `read`, `execute` and the tools of single endpoints: one execution, which says the same over every door. */
import { createHash } from 'node:crypto';
import type { Context } from '../../../core/context.ts';
import { badRequest, type SkillettError } from '../../../core/errors.ts';
import type { RawJson } from '../../../core/json/raw-json.ts';
import { readHeaders } from '../../../domains/executions/answer/passed/answer-headers.ts';
import { canonicalJson } from '../../../domains/executions/request/canonical-json.ts';
import { type CatalogueEndpoint, seenBy } from '../../../domains/recipes/catalogue.ts';
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
  select?: string | undefined;
  account?: string | undefined;
  more?: string | undefined;
  idempotency_key?: string | undefined;
}

/** As whoever asks sees it; undefined for none of this name. 401 comes where it has to be looked up. */
export async function findCalled(context: Context, { integration, endpoint }: EndpointName): Promise<CatalogueEndpoint | undefined> {
  const { catalogue } = context.gateway.catalogue.find(integration) ? context.gateway : await seenBy(context);
  return catalogue.findEndpoint(integration, endpoint);
}

export async function callEndpoint(
  context: Context,
  tool: 'read' | 'execute',
  named: EndpointName,
  { more, ...args }: CallArguments,
  asking: Asking,
  fault: SkillettError | undefined,
): Promise<ToolAnswer> {
  if (tool === 'read') return print(context, await read.run(context, { ...named, ...args, next: more }, fault));
  const known = await findCalled(context, named);
  const input = { ...named, ...args, message_key: messageKeyOf(named, args, asking) };
  return print(context, (await execute.run(context, input, fault ?? findFault(known))) as Envelope);
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
  const replayed = context.answerHeaders.get('idempotent-replayed') === 'true';
  return { text: quoteJson(shown), failed: isFailure(envelope), note: replayed ? replayedNote : undefined };
}

const replayedNote =
  'Given again: this is the answer to the first of these calls, and nothing was sent to the service now. To have it done once more, call with an `idempotency_key` that was not used yet.';
