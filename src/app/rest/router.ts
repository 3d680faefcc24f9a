/** The REST door: match a row, read the body, run its GraphQL document in-process, shape the answer. It knows no product. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { GraphQLSchema } from 'graphql';
import { z } from 'zod';
import type { Context, Gateway } from '../../core/context.ts';
import { badRequest, notFound, SkillettError } from '../../core/errors.ts';
import { checkJson } from '../../core/json/check-json.ts';
import { writeSpliced } from '../../core/json/raw-json.ts';
import type { RawAnswer } from '../../domains/executions/execution.ts';
import { unauthorized } from '../http/authenticate.ts';
import { createContext } from '../http/context.ts';
import { toErrorBody, toSkillettError } from '../http/failures.ts';
import { readBodyBytes } from '../http/read-body.ts';
import { PreparedDocument } from '../operations/documents.ts';
import type { Operation } from '../operations/operation.ts';

/** What a row's functions see of a request. */
export interface RouteInput {
  context: Context;
  /** Values of the path's `:names`. */
  path: Readonly<Record<string, string>>;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  /** The body, checked by the row's `body`. */
  body: unknown;
}

export interface RouteAnswer {
  status: number;
  /** The service that was called has failed. */
  failed?: boolean;
  headers?: Record<string, string>;
  /** Printed as JSON, RawJson spliced; undefined: no body. */
  json?: unknown;
  /** Passed on as it comes, with its own status and headers. */
  raw?: RawAnswer;
  text?: string;
  /** Text's media type. */
  contentType?: string;
}

export interface Route {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  /** What it does, for the table of docs/api.md. */
  summary: string;
  access: 'key' | 'key_or_session' | 'session' | 'open';
  /** Where in the dashboard a person does it, for a row that takes a session alone. */
  page?: string;
  /** What it does, or: */
  operation?: Operation<never, unknown>;
  document?: string;
  /** Checks the JSON body; absent: the row takes none. */
  body?: z.ZodType;
  /** Default 1 MiB. */
  bodyBytesMax?: number;
  /** Takes application/x-www-form-urlencoded too. */
  form?: boolean;
  /** The document's, or the operation's input. */
  variables(input: RouteInput): Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: the document's own shape, which validation against the schema guarantees
  answer(data: any, input: RouteInput): RouteAnswer;
}

interface CompiledRoute extends Route {
  run(context: Context, input: Record<string, unknown>, fault?: SkillettError): unknown;
  segments: string[];
  /** How many segments come before the first `:name`. */
  fixed: number;
}

/** Shared, so nobody adds to it. */
const noQuery = new URLSearchParams();
const bodyBytesMaxDefault = 1024 * 1024;
const segmentForm = /^[A-Za-z0-9_-]+$/;
const keyForm = /sk_[0-9a-f]{48}/i;

export class RestRouter {
  /** By their number of segments, each list in the table's order. */
  readonly #routes = new Map<number, CompiledRoute[]>();
  readonly #gateway: Gateway;

  /** Parses and validates every row's document once. */
  constructor(gateway: Gateway, schema: GraphQLSchema, routes: readonly Route[]) {
    this.#gateway = gateway;
    for (const route of routes) {
      const segments = route.path.slice(1).split('/');
      const firstName = segments.findIndex((part) => part.startsWith(':'));
      const alike = this.#routes.get(segments.length) ?? [];
      alike.push({ ...route, run: prepareRun(schema, route), segments, fixed: firstName === -1 ? segments.length : firstName });
      this.#routes.set(segments.length, alike);
    }
  }

  async handle(request: IncomingMessage, response: ServerResponse, requestId: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#run(request, response, requestId, signal);
    } catch (thrown) {
      sendError(this.#gateway, response, toSkillettError(this.#gateway, thrown, requestId));
    }
  }

  async #run(request: IncomingMessage, response: ServerResponse, requestId: string, signal: AbortSignal): Promise<void> {
    const [pathname, search] = splitTarget(request.url as string);
    const { route, path } = this.#match(request.method as string, pathname);
    const context = createContext(this.#gateway, request, 'rest', requestId, signal);
    const query = search === '' ? noQuery : new URLSearchParams(search);
    const input: RouteInput = { context, path, query, headers: request.headers, body: undefined };
    await requireAccess(this.#gateway, route, request, context, query);
    let fault: SkillettError | undefined;
    try {
      input.body = await readRouteBody(request, response, route, context);
    } catch (thrown) {
      fault = await admitFault(route, context, thrown);
    }
    let output: unknown;
    try {
      output = await route.run(context, route.variables(input), fault);
    } finally {
      for (const [name, value] of context.answerHeaders) response.setHeader(name, value);
    }
    const answer = route.answer(output, input);
    if (answer.raw) await sendRaw(response, answer.raw);
    else await send(response, answer);
  }

  #match(method: string, pathname: string): { route: CompiledRoute; path: Record<string, string> } {
    const segments = pathname.slice(1).split('/');
    const allowed: string[] = [];
    const wanted = method === 'HEAD' ? 'GET' : method;
    let fixed = 0;
    for (const route of this.#routes.get(segments.length) ?? []) {
      // `skills` is no integration because somebody sent POST to /v1/skills/github.
      const path = route.fixed < fixed ? undefined : matchSegments(route.segments, segments);
      if (!path) continue;
      if (route.method === wanted) return { route, path };
      allowed.push(route.method);
      fixed = route.fixed;
    }
    if (allowed.length === 0) throw notFound('Route');
    const allow = [...new Set(allowed)].join(', ');
    throw new SkillettError('method_not_allowed', `${pathname} takes ${allow}, not ${method}.`, { headers: { allow } });
  }
}

function prepareRun(schema: GraphQLSchema, { operation, document, method, path }: Route): CompiledRoute['run'] {
  if (operation) return operation.run as CompiledRoute['run'];
  const prepared = new PreparedDocument(schema, document as string, `${method} ${path}`);
  return (context, variables) => prepared.ask(context, variables);
}

/** Returns what is wrong with the body to an operation that has to refuse callers first, and throws it for all others. */
async function admitFault({ operation, access }: Route, context: Context, thrown: unknown): Promise<SkillettError> {
  if (operation?.admits && thrown instanceof SkillettError && !context.signal.aborted) return thrown;
  // 401 comes before 400 (docs/api.md, "Order of refusals").
  if (access !== 'open') await context.principal();
  throw thrown;
}

function matchSegments(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const path: Record<string, string> = {};
  for (let at = 0; at < pattern.length; at += 1) {
    const part = pattern[at] as string;
    const segment = segments[at] as string;
    if (part.startsWith(':')) {
      if (!segmentForm.test(segment)) return undefined;
      path[part.slice(1)] = segment;
    } else if (part !== segment) return undefined;
  }
  return path;
}

export function splitTarget(target: string): [pathname: string, search: string] {
  const at = target.indexOf('?');
  return at === -1 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
}

/** Throws bad_request, which repeats no key: one may stand where a name is expected. */
export function refuseKeyInQuery(query: URLSearchParams): void {
  const leaked = query.size === 0 ? undefined : [...query].find((pair) => pair.some((part) => keyForm.test(part)));
  if (leaked)
    throw badRequest(
      `The query ${keyForm.test(leaked[0]) ? 'string' : `parameter \`${leaked[0]}\``} holds an API key. Keys go into the Authorization header only; addresses end up in logs and histories, so revoke this key.`,
    );
}

async function requireAccess(
  gateway: Gateway,
  route: Route,
  request: IncomingMessage,
  context: Context,
  query: URLSearchParams,
): Promise<void> {
  if (route.access === 'open') return refuseKeyInQuery(query);
  const caller = await context.caller();
  if (caller.kind === 'none') throw unauthorized();
  refuseKeyInQuery(query);
  if (caller.kind === 'api_key') {
    if (route.access === 'session')
      throw new SkillettError('forbidden', 'This takes a dashboard session, not an API key: sign in to the dashboard and do it there.', {
        action: route.page,
      });
    return;
  }
  if (route.access === 'key') throw unauthorized();
  // A browser sends its cookie along with other sites' requests too, and names the site but for plain reading.
  const { origin } = request.headers;
  if ((route.method !== 'GET' || origin !== undefined) && origin !== new URL(gateway.config.publicUrl).origin) {
    throw new SkillettError(
      'forbidden',
      `With a dashboard session this is only accepted from ${gateway.config.publicUrl} itself (Origin header). Use an API key elsewhere.`,
    );
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const json = /^application\/json\s*(;|$)/i;
const form = /^application\/x-www-form-urlencoded\s*(;|$)/i;

type BodyRules = Pick<Route, 'access' | 'body' | 'bodyBytesMax' | 'form'>;

export async function readRouteBody(
  request: IncomingMessage,
  response: ServerResponse,
  route: BodyRules,
  context: Context,
): Promise<unknown> {
  if (!route.body) return undefined;
  const bytesMax = route.bodyBytesMax ?? bodyBytesMaxDefault;
  const bytes = await readBodyBytes(request, response, bytesMax, route.access === 'open' ? undefined : context);
  return checkBody(route.body, bytes.length === 0 ? {} : parseBody(bytes, request.headers['content-type'] ?? '', route.form === true));
}

function parseBody(bytes: Buffer, contentType: string, formAllowed: boolean): unknown {
  if (formAllowed && form.test(contentType)) return Object.fromEntries(new URLSearchParams(bytes.toString('utf8')));
  if (!json.test(contentType)) {
    const accepted = formAllowed ? 'application/json or application/x-www-form-urlencoded' : 'application/json';
    throw new SkillettError('unsupported_media_type', `Send the body as ${accepted} and say so in the Content-Type header.`);
  }
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw badRequest('The body is not valid UTF-8. JSON is sent as UTF-8 (RFC 8259, section 8.1).');
  }
  checkJson(bytes);
  try {
    return JSON.parse(text);
  } catch (fault) {
    throw badRequest(`The body is not valid JSON: ${(fault as Error).message}.`);
  }
}

/** `what` says what does not fit. Throws bad_request that names every fault. */
export function checkBody<T>(schema: z.ZodType<T>, body: unknown, what = 'The body is not as this route takes it'): T {
  const checked = schema.safeParse(body);
  if (checked.success) return checked.data;
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const details = checked.error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ path: [...issue.path, key].join('.'), message: describeUnknownField(known) }));
    return { path: issue.path.join('.'), message: describeIssue(issue, valueAt(body, issue.path)) };
  });
  throw badRequest(
    `${what}: ${details.map((fault) => `${fault.path ? `\`${fault.path}\`` : 'it'} ${fault.message}`).join('; ')}.`,
    details,
  );
}

function describeUnknownField(known: readonly string[]): string {
  return known.length === 0 ? 'is no field here' : `is no field here; there are ${known.map((name) => `\`${name}\``).join(', ')}`;
}

const typeNames: Record<string, string> = {
  string: 'a text',
  record: 'an object',
  object: 'an object',
  array: 'a list',
  boolean: 'true or false',
};

function describeIssue(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined && issue.code !== 'custom') return 'is required';
  if (issue.code === 'invalid_type') return `must be ${typeNames[issue.expected] ?? issue.expected}`;
  // The only choice in bodies is that of scopes, which come as a text or a list.
  if (issue.code === 'invalid_union') return 'must be a text or a list of texts';
  return issue.message;
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], body);
}

async function send(response: ServerResponse, answer: RouteAnswer): Promise<void> {
  response.statusCode = answer.status;
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  response.setHeader('cache-control', 'no-store');
  response.setHeader('x-content-type-options', 'nosniff');
  if (answer.text !== undefined) {
    response.setHeader('content-type', `${answer.contentType ?? 'text/plain'}; charset=utf-8`);
    response.end(answer.text);
  } else if (answer.json !== undefined) {
    response.setHeader('content-type', 'application/json; charset=utf-8');
    await writeSpliced(response, answer.json);
  } else response.end();
}

async function sendRaw(response: ServerResponse, raw: RawAnswer): Promise<void> {
  response.writeHead(raw.status, { ...raw.headers, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  // A body that breaks off must not look complete: pipeline destroys the socket then.
  await pipeline(raw.body, response).catch(() => response.destroy());
}

export function sendError(gateway: Gateway, response: ServerResponse, error: SkillettError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.statusCode = error.status;
  for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
  response.setHeader('x-skillett-error-source', 'skillett');
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('cache-control', 'no-store');
  response.end(JSON.stringify(toErrorBody(gateway, error)));
}
