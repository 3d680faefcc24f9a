/**
 * `mcp`: MCP on standard input and output (transport "stdio": one JSON-RPC message a line) for clients that start a process, carried to the
 * server's `/mcp` (transport "Streamable HTTP"). The key stays in the profile, out of the client's configuration.
 */
import { createInterface } from 'node:readline';
import { askServer, requireKey, type ServerAnswer } from '../ask-server.ts';
import { CommandFailure } from '../failure.ts';
import type { Target } from '../profiles.ts';
import { say } from '../terminal/print.ts';

interface Message {
  id?: string | number | null;
  method?: string;
  result?: { protocolVersion?: string };
}

/** JSON-RPC 2.0, section 5.1: codes that say who was at fault. */
const parseErrorCode = -32_700;
const internalErrorCode = -32_603;

export async function bridgeMcp(target: Target): Promise<void> {
  requireKey(target);
  const agreed: Record<string, string> = {};
  const running = new Set<Promise<void>>();
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue;
    const message = parseMessage(line);
    if (message === undefined) {
      sendError(null, parseErrorCode, 'A line is no JSON-RPC message.');
      continue;
    }
    const passed = pass(target, line, message, agreed);
    running.add(passed);
    void passed.finally(() => running.delete(passed));
    // What the client agreed to in `initialize` goes with everything after it, so that answer is awaited.
    if (message.method === 'initialize') await passed;
  }
  await Promise.all(running);
}

function parseMessage(line: string): Message | undefined {
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === 'object' && message !== null ? message : undefined;
  } catch {
    return undefined;
  }
}

/** `agreed` is what `initialize` came to, as headers of everything after it. */
async function pass(target: Target, line: string, message: Message, agreed: Record<string, string>): Promise<void> {
  const wantsAnswer = message.id !== undefined && message.method !== undefined;
  try {
    const answer = await askServer(target, {
      method: 'POST',
      path: '/mcp',
      body: line,
      headers: { accept: 'application/json, text/event-stream', ...agreed },
      timeoutMs: 300_000,
    });
    const answers = messagesOf(answer);
    for (const text of answers) {
      const { result } = parseMessage(text) ?? {};
      if (message.method === 'initialize' && result?.protocolVersion !== undefined) agree(agreed, result.protocolVersion, answer);
      process.stdout.write(`${text}\n`);
    }
    if (answers.length === 0 && wantsAnswer) sendError(message.id ?? null, internalErrorCode, refusalText(answer));
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    say(error.message);
    if (wantsAnswer) sendError(message.id ?? null, internalErrorCode, error.message);
  }
}

function agree(agreed: Record<string, string>, protocolVersion: string, { headers }: ServerAnswer): void {
  agreed['mcp-protocol-version'] = protocolVersion;
  const session = headers['mcp-session-id'];
  if (typeof session === 'string') agreed['mcp-session-id'] = session;
}

/** The JSON-RPC messages of an answer, each on one line: one as JSON, or those of an event stream. */
function messagesOf({ status, headers, body }: ServerAnswer): string[] {
  const text = body.toString('utf8');
  const type = headers['content-type'] ?? '';
  if (type.startsWith('text/event-stream'))
    return text
      .split(/\r?\n\r?\n/)
      .map((event) => [...event.matchAll(/^data: ?(.*)$/gm)].map((match) => match[1]).join(''))
      .filter((data) => data !== '');
  const isMessage = type.startsWith('application/json') && text.includes('"jsonrpc"');
  return status < 500 && isMessage ? [text.replaceAll(/\r?\n/g, ' ')] : [];
}

function refusalText({ status, body }: ServerAnswer): string {
  try {
    const { message } = JSON.parse(body.toString('utf8')) as { message?: string };
    if (typeof message === 'string') return message;
  } catch {
    // Said by its status.
  }
  return `The server answered ${status}.`;
}

function sendError(id: string | number | null, code: number, message: string): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } })}\n`);
}
