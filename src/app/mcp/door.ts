/** The MCP door: streamable HTTP without sessions, so that any process behind a load balancer can answer any request. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { z } from 'zod';
import type { Context, Gateway } from '../../core/context.ts';
import { badRequest, SkillettError } from '../../core/errors.ts';
import type { LeavingSignal } from '../../core/turns/leaving.ts';
import type { HashKey } from '../../domains/api-keys/api-keys.ts';
import { unauthorized } from '../http/authenticate.ts';
import { readCheckedBody } from '../http/body/checked-body.ts';
import { executionBytesMax } from '../http/body/read-body.ts';
import type { ClientResponse } from '../http/client-response.ts';
import { createContext } from '../http/context.ts';
import { toSkillettError } from '../http/failures.ts';
import { sendError } from '../http/send-error.ts';
import { requireOwnAddress } from './own-address.ts';
import type { AnswerMessage } from './protocol.ts';
import type { ToolAnswer } from './tools/call.ts';

type McpHandler = (request: IncomingMessage, response: ClientResponse, requestId: string, signal: LeavingSignal) => Promise<void>;

/** What differs where MCP is served under another address than `/mcp`. */
export interface McpDoor {
  /** By what its keys are found. */
  hashKey?: HashKey;
  /** What becomes of a refusal before it is sent. */
  refuse?: (error: SkillettError) => SkillettError;
  /** Answers what asks for no MCP; false where it does. */
  answer?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** The same tools for everybody who may come in; at /mcp that is whoever holds an API key. */
export function createMcpHandler(gateway: Gateway, { hashKey, refuse = (error) => error, answer = () => false }: McpDoor = {}): McpHandler {
  let opened: Promise<AnswerMessage> | undefined;
  return async (request, response, requestId, signal) => {
    try {
      requireOwnAddress(gateway.config, request);
      if (answer(request, response)) return;
      if (request.method !== 'POST') throw methodNotAllowed();
      const context = createContext(gateway, request, 'mcp', requestId, signal, hashKey);
      await requireKey(request, context);
      const message = await readMessage(request, response, context);
      opened ??= import('./protocol.ts').then(({ openProtocol }) => openProtocol(gateway));
      const exchange = await (await opened)(context, request.headers, message);
      if (exchange.message) return await sendMessage(context, response, exchange.message);
      for (const [name, value] of context.answerHeaders) response.setHeader(name, value);
      if (exchange.refusal) throw exchange.refusal;
      // Whatever it was: nobody gets an answer with a key that is not good.
      if (!exchange.answer) await context.principal();
      await send(response, exchange.response as Response, exchange.answer);
    } catch (thrown) {
      sendError(gateway, response, refuse(toSkillettError(gateway, thrown, requestId)));
    }
  };
}

function methodNotAllowed(): SkillettError {
  return new SkillettError(
    'method_not_allowed',
    'An MCP address takes POST with one JSON-RPC message. There are no sessions and no streams to open.',
    {
      headers: { allow: 'POST' },
    },
  );
}

/** An API key and nothing else: a browser sends a session's cookie along with other sites' requests too. */
async function requireKey(request: IncomingMessage, context: Context): Promise<void> {
  if (request.headers.authorization === undefined || (await context.caller()).kind !== 'api_key') throw unauthorized();
}

async function readMessage(request: IncomingMessage, response: ServerResponse, context: Context): Promise<unknown> {
  try {
    const message = await readCheckedBody(request, response, { body: z.unknown(), bodyBytesMax: executionBytesMax }, context);
    if (Array.isArray(message)) throw badRequest('Send one JSON-RPC message a request: MCP has had no batches since 2025-06-18.');
    return message;
  } catch (fault) {
    // 401 comes before 400 (docs/api.md, "Order of refusals").
    await context.principal();
    throw fault;
  }
}

function sendMessage(context: Context, response: ClientResponse, message: object): void | Promise<void> {
  const headers = ['content-type', 'application/json'];
  for (const [name, value] of context.answerHeaders) headers.push(name, value);
  return response.sendJson(200, headers, message);
}

/** The headers of the context are set. */
async function send(response: ClientResponse, { status, headers, body }: Response, answer: ToolAnswer | undefined): Promise<void> {
  const type = headers.get('content-type');
  const text = body === null ? '' : await readText(body);
  if (type !== null) response.setHeader('content-type', type);
  if (answer) {
    const message = JSON.parse(text);
    message.result.content[0].text = answer.text;
    return response.sendJson(status, [], message);
  }
  response.writeHead(status, { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  response.end(text);
}
