/** The MCP door: streamable HTTP without sessions, so that any process behind a load balancer can answer any request. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { z } from 'zod';
import type { Context, Gateway } from '../../core/context.ts';
import { badRequest, SkillettError } from '../../core/errors.ts';
import { writeSpliced } from '../../core/json/raw-json.ts';
import { unauthorized } from '../http/authenticate.ts';
import { readCheckedBody } from '../http/body/checked-body.ts';
import { executionBytesMax } from '../http/body/read-body.ts';
import { createContext } from '../http/context.ts';
import { toSkillettError } from '../http/failures.ts';
import { sendError } from '../http/send-error.ts';
import { requireOwnAddress } from './own-address.ts';
import type { AnswerMessage } from './protocol.ts';
import type { ToolAnswer } from './toolbox.ts';

type McpHandler = (request: IncomingMessage, response: ServerResponse, requestId: string, signal: AbortSignal) => Promise<void>;

export function createMcpHandler(gateway: Gateway): McpHandler {
  let opened: Promise<AnswerMessage> | undefined;
  return async (request, response, requestId, signal) => {
    try {
      requireOwnAddress(gateway.config, request);
      if (request.method !== 'POST') throw methodNotAllowed();
      const context = createContext(gateway, request, 'mcp', requestId, signal);
      await requireKey(request, context);
      const message = await readMessage(request, response, context);
      opened ??= import('./protocol.ts').then(({ openProtocol }) => openProtocol(gateway));
      const exchange = await (await opened)(context, request.headers, message);
      for (const [name, value] of context.answerHeaders) response.setHeader(name, value);
      if (exchange.refusal) throw exchange.refusal;
      if (exchange.message) return await sendMessage(response, exchange.message);
      // Whatever it was: nobody gets an answer with a key that is not good.
      if (!exchange.answer) await context.principal();
      await send(response, exchange.response as Response, exchange.answer);
    } catch (thrown) {
      sendError(gateway, response, toSkillettError(gateway, thrown, requestId));
    }
  };
}

function methodNotAllowed(): SkillettError {
  return new SkillettError(
    'method_not_allowed',
    '/mcp takes POST with one JSON-RPC message. There are no sessions and no streams to open.',
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

async function sendMessage(response: ServerResponse, message: object): Promise<void> {
  response.setHeader('content-type', 'application/json');
  response.setHeader('cache-control', 'no-store');
  response.setHeader('x-content-type-options', 'nosniff');
  await writeSpliced(response, message);
}

async function send(response: ServerResponse, { status, headers, body }: Response, answer: ToolAnswer | undefined): Promise<void> {
  response.statusCode = status;
  const type = headers.get('content-type');
  if (type !== null) response.setHeader('content-type', type);
  response.setHeader('cache-control', 'no-store');
  response.setHeader('x-content-type-options', 'nosniff');
  const text = body === null ? '' : await readText(body);
  if (!answer) {
    response.end(text);
    return;
  }
  const message = JSON.parse(text);
  message.result.content[0].text = answer.text;
  await writeSpliced(response, message);
}
