/** node:http in front of the doors: request ids, health, and a stop that lets running requests finish. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { GraphQLSchema } from 'graphql';
import type { Gateway } from '../../core/context.ts';
import { SkillettError } from '../../core/errors.ts';
import type { LeavingSignal } from '../../core/turns/leaving.ts';
import { createPlayground } from '../dashboard/playground.ts';
import { createSchemaHandler } from '../graphql/composed/schema-route.ts';
import { createGraphqlHandler, refuseGraphql } from '../graphql/yoga.ts';
import { createMcpHandler } from '../mcp/door.ts';
import { resourcePath } from '../oauth/addresses.ts';
import { resourceDoor } from '../oauth/resource-door.ts';
import { createOAuthRoutes } from '../oauth/routes.ts';
import { RestRouter } from '../rest/router.ts';
import { routes } from '../rest/routes.ts';
import { Arrivals } from './arrival/arrivals.ts';
import { type ClientTimeouts, clientTimeouts, closeWhenStalled, closeWith, limitConnections } from './arrival/client-sockets.ts';
import {
  printablePath,
  refuseKeyInAddress,
  refuseTwoHosts,
  splitTarget,
  takeAbsoluteTarget,
  takeOutPublicPath,
} from './arrival/request-target.ts';
import { closeUnlessRead } from './body/read-body.ts';
import { ClientResponse } from './client-response.ts';
import { newRequestId } from './context.ts';
import { createCors } from './cors.ts';
import { sendError } from './send-error.ts';

/** How long running requests may still take after a stop was asked for. */
const drainMsMax = 30_000;

/** Beside REST, which takes every path that is nobody else's: where programs call with a key, those in pages too. */
const agentPaths: readonly string[] = ['/graphql', '/graphql/schema', '/mcp', resourcePath];

export type Handler = (
  request: IncomingMessage,
  response: ClientResponse,
  requestId: string,
  signal: LeavingSignal,
) => Promise<void> | void;

export interface HttpServer {
  server: Server<typeof IncomingMessage, typeof ClientResponse>;
  /** Stops accepting, lets what runs finish, then closes. */
  stop(): Promise<void>;
}

/** `pages` are further exact paths and prefixes (ending in `/`), such as the OAuth callback and the dashboard. */
export function createHttpServer(
  gateway: Gateway,
  schema: GraphQLSchema,
  pages: ReadonlyMap<string, Handler> = new Map(),
  { stalledTimeout, ...timeouts }: ClientTimeouts = clientTimeouts,
): HttpServer {
  const rest = new RestRouter(gateway, routes);
  const restHandler: Handler = (request, response, requestId, signal) => rest.handle(request, response, requestId, signal);
  const playground = gateway.config.playground ? createPlayground(gateway) : undefined;
  const graphql = createGraphqlHandler(gateway, schema, playground?.send);
  const oauth = createOAuthRoutes(gateway);
  const forPrograms = new Set([...agentPaths, ...oauth.keys()]);
  const cors = createCors(gateway.config.corsOrigins);
  const state = { stopping: false };
  const arrivals = new Arrivals(gateway);
  const exact = new Map<string, Handler>([
    ['/graphql', graphql],
    ['/graphql/schema', createSchemaHandler(gateway, schema)],
    ['/mcp', createMcpHandler(gateway)],
    [resourcePath, createMcpHandler(gateway, resourceDoor(gateway.config))],
    ...oauth,
    ['/healthz', forReading(gateway, (_request, response) => sendHealth(response, 200, { status: 'ok' }))],
    ['/readyz', forReading(gateway, (_request, response) => reportReadiness(gateway, state, response))],
    ...[...pages].filter(([path]) => !path.endsWith('/') || path === '/'),
  ]);
  const prefixes = [...pages, ...(playground?.pages ?? [])].filter(([path]) => path.endsWith('/') && path !== '/');

  async function answer(handler: Handler, request: IncomingMessage, response: ClientResponse): Promise<void> {
    const { requestId, leaving } = response;
    try {
      await handler(request, response, requestId, leaving);
    } catch (error) {
      gateway.log.error({ requestId, err: error }, 'a request handler failed');
      response.destroy();
    }
  }

  /** Listens to every answer. */
  function leave(this: ClientResponse): void {
    arrivals.leave(this.req);
    if (!this.writableFinished) this.leaving.abort();
    // A connection kept alive would hold up the stop until it times out.
    if (state.stopping) setImmediate(() => server.closeIdleConnections());
  }

  const server = createServer({ ...timeouts, ServerResponse: ClientResponse }, (request, response) => {
    const { requestId } = response;
    response.on('close', leave);
    if (!arrivals.count(request)) return;
    if (state.stopping) response.setHeader('connection', 'close');
    closeUnlessRead(request, response);
    closeWhenStalled(response, stalledTimeout);
    takeAbsoluteTarget(request);
    takeOutPublicPath(request, gateway.config.publicPath);
    const pathname = splitTarget(request.url as string)[0];
    const handler = exact.get(pathname) ?? prefixes.find(([prefix]) => pathname.startsWith(prefix))?.[1];
    if (gateway.log.isLevelEnabled('debug'))
      logWhenFinished(gateway, response, { requestId, method: request.method, path: printablePath(pathname) });
    if ((!handler || forPrograms.has(pathname)) && cors(request, response)) return;
    const refuse = (error: SkillettError) =>
      handler === graphql ? refuseGraphql(gateway, request, response, error, requestId) : sendError(gateway, response, error);
    const fault = findAddressFault(request);
    if (fault) return refuse(fault);
    const begin = () => void answer(handler ?? restHandler, request, response);
    arrivals.enter({ request, response, light: !handler && isExecution(request.method, pathname), begin, refuse });
  });
  limitConnections(gateway, server);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') return;
    closeWith(socket as Socket, printUnreadable(error.code));
  });
  // RFC 9110, section 10.1.1: an expectation that nobody knows may be left alone; node would answer 417 without our headers.
  // Whoever reads the body asks for it then: node would ask for it whoever sends it.
  server.on('checkContinue', (request, response) => server.emit('request', request, response));
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));

  return {
    server,
    stop: async () => {
      state.stopping = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      // What browsers open ahead of a request is not idle to Node, which would wait for the request.
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
      const force = setTimeout(() => server.closeAllConnections(), drainMsMax);
      await closed;
      clearTimeout(force);
    },
  };
}

/** The answer to what node could not read as a request, for which there is no response to fill. */
function printUnreadable(code: string | undefined): string {
  const [status, message] =
    code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'The headers of the request are too large together. Send fewer or shorter ones.']
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'The request did not arrive whole in time. Send it again.']
        : ['400 Bad Request', 'The request is not HTTP that can be read. Check its method, its header names and how its length is given.'];
  const body = JSON.stringify({ error: 'bad_request', message });
  const headers = {
    'X-Request-Id': newRequestId(),
    'X-Skillett-Error-Source': 'skillett',
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`;
}

/** As far as its address tells: what else has this form is as little work, or refused. */
function isExecution(method: string | undefined, pathname: string): boolean {
  return method === 'POST' && pathname.startsWith('/v1/') && pathname.indexOf('/', 4) !== -1;
}

function logWhenFinished(
  gateway: Gateway,
  response: ServerResponse,
  facts: { requestId: string; method: string | undefined; path: string },
) {
  const startedMs = performance.now();
  response.on('finish', () => {
    gateway.log.debug({ ...facts, status: response.statusCode, ms: Math.round(performance.now() - startedMs) }, 'request');
  });
}

/** Who put a key into the address has to be told where it goes, whatever else is wrong. */
function findAddressFault(request: IncomingMessage): SkillettError | undefined {
  try {
    refuseKeyInAddress(request.url as string);
    refuseTwoHosts(request);
  } catch (thrown) {
    return thrown as SkillettError;
  }
  return undefined;
}

/** Other methods than GET and HEAD are 405. */
function forReading(gateway: Gateway, handler: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void): Handler {
  return (request, response) => {
    if (request.method === 'GET' || request.method === 'HEAD') return handler(request, response);
    const headers = { allow: 'GET, HEAD' };
    sendError(gateway, response, new SkillettError('method_not_allowed', `This takes GET, not ${request.method}.`, { headers }));
  };
}

function sendHealth(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

/** A standby, or a database that was set to be read only: not even an admission can be written. */
const readOnlyQuery = `select current_setting('transaction_read_only') = 'on' or pg_is_in_recovery() as read_only`;

/** Ready: accepting, and the database answers and takes writes. A load balancer takes a process out of service on 503. */
async function reportReadiness(gateway: Gateway, state: { stopping: boolean }, response: ServerResponse): Promise<void> {
  if (state.stopping) return sendHealth(response, 503, { status: 'stopping' });
  try {
    const [row] = await gateway.database.statement<{ read_only: boolean }>('ready', readOnlyQuery, []);
    if (row?.read_only) return sendHealth(response, 503, { status: 'database takes no writes' });
    sendHealth(response, 200, { status: 'ready' });
  } catch {
    sendHealth(response, 503, { status: 'database unreachable' });
  }
}
