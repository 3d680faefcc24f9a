/** The GraphQL door: plain operations at once, everything else by graphql-yoga, both with our errors, our limits and byte-for-byte answers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ExecutionResult, GraphQLError, type GraphQLSchema } from 'graphql';
import { createYoga, type Plugin, processRegularResult } from 'graphql-yoga';
import type { Context, Gateway } from '../../core/context.ts';
import { SkillettError } from '../../core/errors.ts';
import { checkJson } from '../../core/json/check-json.ts';
import type { LeavingSignal } from '../../core/turns/leaving.ts';
import { findReport } from '../../domains/graph/report.ts';
import type { Playground } from '../dashboard/playground.ts';
import { asksFor } from '../http/accept.ts';
import { splitTarget } from '../http/arrival/request-target.ts';
import { requireOwnOrigin } from '../http/authenticate.ts';
import { executionBytesMax, readBodyBytes } from '../http/body/read-body.ts';
import type { ClientResponse } from '../http/client-response.ts';
import { createContext } from '../http/context.ts';
import { actionUrl, isCallerRefusal, toSkillettError } from '../http/failures.ts';
import { type GraphDoor, GraphDoors, readSlugs } from './composed/graph-doors.ts';
import { readGetOperation, useQueriesOnly } from './get-query.ts';
import { useOperationLimits } from './limits.ts';
import { type KeptAnswer, readQuery, StrangersGate } from './open-documents.ts';
import { readOperation } from './read-operation.ts';

interface ServerContext {
  skillett: Context;
  /** What the document is run on. */
  graph: GraphDoor;
  /** Whether anything but a query is refused. */
  queriesOnly: boolean;
  /** Filled by the result processor: what is printed, RawJson still in it. */
  answer: { value?: unknown };
}

export type GraphqlHandler = (
  request: IncomingMessage,
  response: ClientResponse,
  requestId: string,
  signal: LeavingSignal,
) => Promise<void>;

/** `sendPlayground` answers browsers that open the address; without it they are refused. */
export function createGraphqlHandler(gateway: Gateway, schema: GraphQLSchema, sendPlayground?: Playground['send']): GraphqlHandler {
  const doors = GraphDoors.of(gateway, schema);
  const yoga = createYoga<ServerContext, Context>({
    schema: ({ graph }) => graph.schema,
    context: ({ skillett }) => skillett,
    graphqlEndpoint: '/graphql',
    landingPage: false,
    cors: false,
    multipart: false,
    batching: false,
    maskedErrors: false,
    logging: false,
    // Counted by readBodyBytes; Yoga's own count wraps every body and is half of its cost.
    maxRequestBodySize: false,
    graphiql: false,
    parserAndValidationCache: false,
    plugins: [useOperationLimits(), useQueriesOnly(), useAnswers(gateway)],
  });

  const strangers = new StrangersGate(schema, doors.own.documents, gateway.config.introspection);

  return async (request, response, requestId, signal) => {
    const context = createContext(gateway, request, 'graphql', requestId, signal);
    try {
      const get = request.method === 'GET' || request.method === 'HEAD';
      if (sendPlayground && get && acceptsHtml(request)) return sendPlayground(request, response);
      const body = get ? await readGetOperation(request, context) : await readGraphqlBody(gateway, request, response, context);
      const operation = readOperation(body);
      const introspection = await strangers.admit(context, body, operation, mediaTypeFor(request.headers.accept));
      if (introspection?.kept) return sendKept(response, introspection.kept);
      const query = operation ? operation.query : readQuery(body);
      let graph = typeof query === 'string' ? doors.find(context, query, readAsked(request)) : doors.own;
      if (graph instanceof Promise) graph = await graph;
      if (operation && !get && !introspection) {
        const result = await graph.plain.run(context, operation);
        if (result && graph !== doors.own) addReport(context, result);
        if (result) return await sendResult(context, response, result, mediaTypeFor(request.headers.accept));
      }
      const answer: ServerContext['answer'] = {};
      const result = await yoga.fetch(
        new URL('/graphql', gateway.config.publicUrl).href,
        {
          method: 'POST',
          headers: { ...forwardedHeaders(request), 'content-type': 'application/json' },
          body: body as Buffer<ArrayBuffer>,
        },
        { skillett: context, graph, queriesOnly: get, answer },
      );
      for (const [name, value] of result.headers) response.setHeader(name, value);
      if (introspection && result.status === 200) introspection.keep(answer.value);
      if ('value' in answer) await sendValue(context, response, result.status, answer.value);
      else sendText(context, response, result.status, await result.text());
    } catch (thrown) {
      refuseGraphql(gateway, request, response, toSkillettError(gateway, thrown, requestId), requestId);
    }
  };
}

/** Only asked for where a document is not one of our own schema that was met before. */
function readAsked({ url, headers }: IncomingMessage): () => string[] | undefined {
  return () => {
    const parameter = new URLSearchParams(splitTarget(url as string)[1]).get('integrations');
    return readSlugs(parameter ?? headers['x-skillett-integrations']?.toString());
  };
}

/** What typed fields have to tell beside their values. */
function addReport(context: Context, result: ExecutionResult): void {
  const report = findReport(context);
  if (report) result.extensions = { ...result.extensions, skillett: report };
}

function sendResult(context: Context, response: ClientResponse, result: ExecutionResult, mediaType: string): void | Promise<void> {
  if (!result.errors) {
    const headers = ['content-type', `${mediaType}; charset=utf-8`];
    for (const [name, text] of context.answerHeaders) headers.push(name, text);
    return response.sendJson(200, headers, result);
  }
  const value = shapeResult(context.gateway, result, context.requestId);
  const { status, headers } = processRegularResult({ ...value, stringify: () => '' } as never, { Response } as never, mediaType);
  for (const [name, text] of headers) response.setHeader(name, text);
  // It was for the answer as a whole.
  for (const error of value.errors ?? []) delete error.extensions.http;
  return sendValue(context, response, status, value);
}

/** With headers that were set for it, over which those of the context stand. */
function sendValue(context: Context, response: ClientResponse, status: number, value: unknown): void | Promise<void> {
  for (const [name, text] of context.answerHeaders) response.setHeader(name, text);
  return response.sendJson(status, [], value);
}

function sendText(context: Context, response: ClientResponse, status: number, text: string): void {
  for (const [name, value] of context.answerHeaders) response.setHeader(name, value);
  response.writeHead(status, { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  response.end(text);
}

/** What refuses a whole request has the form of GraphQL's errors too, so that clients find it where they look. */
export function refuseGraphql(
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
  error: SkillettError,
  requestId: string,
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { http: _status, ...extensions } = shapeError(gateway, error, requestId, true).extensions;
  response.writeHead(error.status, {
    ...error.headers,
    'x-skillett-error-source': 'skillett',
    'content-type': `${mediaTypeFor(request.headers.accept)}; charset=utf-8`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(JSON.stringify({ errors: [{ message: error.message, extensions }] }));
}

function acceptsHtml(request: IncomingMessage): boolean {
  return asksFor(request.headers.accept, 'text/html', 'application/json');
}

/** POST with JSON, and with a dashboard session only from our own pages: a browser sends its cookie along with other sites' requests too. */
async function readGraphqlBody(gateway: Gateway, request: IncomingMessage, response: ServerResponse, context: Context): Promise<Buffer> {
  if (request.method !== 'POST') {
    throw new SkillettError('method_not_allowed', '/graphql takes POST, and GET for queries that carry an API key.', {
      headers: { allow: 'GET, HEAD, POST' },
    });
  }
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    throw new SkillettError('unsupported_media_type', 'Send GraphQL requests as application/json: {"query": "…", "variables": {…}}.');
  }
  const caller = await context.caller();
  if (caller.kind === 'session') requireOwnOrigin(gateway, request);
  const body = await readBodyBytes(request, response, executionBytesMax, context);
  checkJson(body);
  return body;
}

function sendKept(response: ServerResponse, { mediaType, text }: KeptAnswer): void {
  response.writeHead(200, {
    'content-type': `${mediaType}; charset=utf-8`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

function forwardedHeaders(request: IncomingMessage): Record<string, string> {
  const { accept } = request.headers;
  return accept === undefined ? {} : { accept };
}

/** Shapes errors as docs/api.md says ("GraphQL") and keeps the result for the splicing writer instead of printing it. */
function useAnswers(gateway: Gateway): Plugin<Context, ServerContext> {
  return {
    onResultProcess({ request, serverContext, setResultProcessor, result }) {
      if (Symbol.asyncIterator in result || Array.isArray(result)) return;
      setResultProcessor(
        (_result, fetchApi, mediaType) => {
          const shaped = shapeResult(gateway, result as ExecutionResult, serverContext.skillett.requestId);
          addReport(serverContext.skillett, shaped);
          const stringify = (value: unknown) => {
            serverContext.answer.value = value;
            return '';
          };
          return processRegularResult({ ...shaped, stringify } as never, fetchApi, mediaType);
        },
        mediaTypeFor(request.headers.get('accept') ?? undefined),
      );
    },
  };
}

function shapeResult(gateway: Gateway, { errors, ...rest }: ExecutionResult, requestId: string): ExecutionResult {
  const noData = rest.data === undefined || rest.data === null;
  return errors ? { errors: errors.map((error) => shapeError(gateway, error, requestId, noData)), ...rest } : rest;
}

/** GraphQL over HTTP, "Accept": the newer media type only for those who ask for it. */
function mediaTypeFor(accept: string | undefined): string {
  const newer = 'application/graphql-response+json';
  return asksFor(accept, newer, 'application/json') ? newer : 'application/json';
}

/** The status of an error is the answer's only where nothing succeeded beside it, or where nobody was let in. */
function shapeError(gateway: Gateway, error: GraphQLError, requestId: string, noData: boolean): GraphQLError {
  const failure = toSkillettError(gateway, error, requestId);
  const link = actionUrl(gateway, failure);
  const fromYoga = error.extensions.http as { status?: number; spec?: boolean } | undefined;
  const http = fromYoga ?? (noData || isCallerRefusal(failure) ? { status: failure.status, headers: failure.headers } : undefined);
  return new GraphQLError(failure.message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    path: error.path ?? null,
    extensions: {
      code: failure.code,
      ...(link === undefined ? {} : { actionUrl: link }),
      ...(failure.details ? { details: failure.details } : {}),
      ...failure.call,
      requestId,
      ...(http ? { http } : {}),
    },
  });
}
