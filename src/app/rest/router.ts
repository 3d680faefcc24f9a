/** The REST door: match a row, read the body, run its operation, print the answer. It knows no product. */
import type { IncomingMessage } from 'node:http';
import type { Caller, Context, Gateway } from '../../core/context.ts';
import { notFound, SkillettError } from '../../core/errors.ts';
import { writeBytes } from '../../core/json/raw-json.ts';
import type { LeavingSignal } from '../../core/turns/leaving.ts';
import type { RawAnswer } from '../../domains/executions/execution.ts';
import { asksFor } from '../http/accept.ts';
import { splitTarget } from '../http/arrival/request-target.ts';
import { requireOwnOrigin, unauthorized } from '../http/authenticate.ts';
import { readCheckedBody } from '../http/body/checked-body.ts';
import type { ClientResponse } from '../http/client-response.ts';
import { createContext } from '../http/context.ts';
import { toSkillettError } from '../http/failures.ts';
import { sendError } from '../http/send-error.ts';
import type { AnyRoute, RouteRequest } from './route.ts';

interface CompiledRoute extends AnyRoute {
  segments: string[];
  /** How many segments come before the first `:name`. */
  fixed: number;
}

/** Shared, so nobody adds to it. */
const noQuery = new URLSearchParams();
const segmentForm = /^[A-Za-z0-9_-]+$/;

export class RestRouter {
  /** By their number of segments, each list in the table's order. */
  readonly #routes = new Map<number, CompiledRoute[]>();
  readonly #gateway: Gateway;

  constructor(gateway: Gateway, routes: readonly AnyRoute[]) {
    this.#gateway = gateway;
    for (const route of routes) {
      const segments = route.path.slice(1).split('/');
      const firstName = segments.findIndex((part) => part.startsWith(':'));
      const alike = this.#routes.get(segments.length) ?? [];
      alike.push({ ...route, segments, fixed: firstName === -1 ? segments.length : firstName });
      this.#routes.set(segments.length, alike);
    }
  }

  async handle(request: IncomingMessage, response: ClientResponse, requestId: string, signal: LeavingSignal): Promise<void> {
    try {
      await this.#run(request, response, requestId, signal);
    } catch (thrown) {
      sendError(this.#gateway, response, toSkillettError(this.#gateway, thrown, requestId));
    }
  }

  async #run(request: IncomingMessage, response: ClientResponse, requestId: string, signal: LeavingSignal): Promise<void> {
    const [pathname, search] = splitTarget(request.url as string);
    const { route, path } = this.#match(request.method as string, pathname);
    const context = createContext(this.#gateway, request, 'rest', requestId, signal);
    const query = search === '' ? noQuery : new URLSearchParams(search);
    const asked: RouteRequest<unknown> = { gateway: this.#gateway, path, query, headers: request.headers, body: undefined };
    if (route.access !== 'open') {
      const caller = context.caller();
      requireAccess(this.#gateway, route, request, caller instanceof Promise ? await caller : caller);
    }
    let fault: SkillettError | undefined;
    try {
      const body = readCheckedBody(request, response, route, route.access === 'open' ? undefined : context);
      asked.body = body instanceof Promise ? await body : body;
    } catch (thrown) {
      fault = await admitFault(route, context, thrown);
    }
    const markdown = asksFor(request.headers.accept, 'text/markdown', 'application/json') ? route.markdown : undefined;
    let output: unknown;
    try {
      output = await (markdown ?? route.operation).run(context, route.input(asked), fault);
    } catch (thrown) {
      for (const [name, value] of context.answerHeaders) response.setHeader(name, value);
      throw thrown;
    }
    const headers: string[] = [];
    for (const [name, value] of context.answerHeaders) headers.push(name, value);
    const mediaType = markdown ? 'text/markdown' : route.mediaType;
    if (mediaType !== undefined) sendText(response, headers, mediaType, output as string);
    else await sendOutput(response, headers, route, asked, output);
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
    throw new SkillettError('method_not_allowed', `This address takes ${allow}, not ${method}.`, { headers: { allow } });
  }
}

/** Returns what is wrong with the body to an operation that has to refuse callers first, and throws it for all others. */
async function admitFault({ operation, access }: AnyRoute, context: Context, thrown: unknown): Promise<SkillettError> {
  if (operation.admits && thrown instanceof SkillettError && !context.signal.aborted) return thrown;
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

function requireAccess(gateway: Gateway, route: AnyRoute, request: IncomingMessage, caller: Caller): void {
  if (caller.kind === 'none') throw unauthorized();
  if (caller.kind === 'api_key') {
    if (route.access === 'session')
      throw new SkillettError('forbidden', 'This takes a dashboard session, not an API key: sign in to the dashboard and do it there.', {
        action: route.page,
      });
    return;
  }
  if (route.access === 'key') throw unauthorized();
  // Browsers name the page's origin but for plain reading.
  if (route.method !== 'GET' || request.headers.origin !== undefined) requireOwnOrigin(gateway, request);
}

function sendOutput(
  response: ClientResponse,
  headers: string[],
  route: AnyRoute,
  asked: RouteRequest<unknown>,
  output: unknown,
): void | Promise<void> {
  const answer = route.answer?.(output, asked);
  if (answer?.raw) return sendRaw(response, headers, answer.raw);
  const status = answer?.status ?? route.status ?? 200;
  for (const name in answer?.headers) headers.push(name, answer.headers[name] as string);
  if (status !== 204) {
    headers.push('content-type', 'application/json; charset=utf-8');
    return response.sendJson(status, headers, answer?.json ?? output);
  }
  headers.push(...safeHeaders);
  response.sendHead(status, headers);
  response.end();
}

const safeHeaders = ['cache-control', 'no-store', 'x-content-type-options', 'nosniff'];

function sendText(response: ClientResponse, headers: string[], mediaType: string, text: string): void {
  headers.push(...safeHeaders, 'content-type', `${mediaType}; charset=utf-8`, 'content-length', String(Buffer.byteLength(text)));
  response.sendHead(200, headers);
  response.end(text);
}

async function sendRaw(response: ClientResponse, headers: string[], raw: RawAnswer): Promise<void> {
  for (const name in raw.headers) headers.push(name, raw.headers[name] as string);
  headers.push(...safeHeaders);
  response.sendHead(raw.status, headers);
  if (raw.live) response.flushHeaders();
  await writeBytes(response, raw.body);
}
