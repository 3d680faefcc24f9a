/** Requests of the command line to a server: by node:http, which starts in a third of the time that `fetch` takes. */
import type { IncomingMessage } from 'node:http';
import { CommandFailure } from './failure.ts';
import type { Target } from './profiles.ts';

export interface ServerAnswer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

export interface ServerRequest {
  method: 'GET' | 'POST' | 'DELETE';
  /** Below the server's address, with its query. */
  path: string;
  /** Sent as JSON; a text as it is. */
  body?: unknown;
  headers?: Record<string, string>;
  /** How long nothing may arrive. Default: 130 s, beyond every time limit of the server's own. */
  timeoutMs?: number;
}

/** Fails with exit code 2 where no answer comes, or a success that is not Skillett's; any other answer with a status is returned. */
export async function askServer(target: Target, request: ServerRequest): Promise<ServerAnswer> {
  const answer = await sendRequest(target, request);
  // Every answer of Skillett has this header. A redirect or a page of something else must not pass for what was asked.
  if (answer.status < 400 && answer.headers['x-request-id'] === undefined) throw strangerFailure(target, answer);
  return answer;
}

function strangerFailure({ url }: Target, { status, headers }: ServerAnswer): CommandFailure {
  if (status >= 300 && headers.location !== undefined)
    return new CommandFailure(
      `${url} sends elsewhere, to ${headers.location}. Give the address of the server itself with --url or SKILLETT_URL.`,
      2,
    );
  return noSkillett(url, status);
}

function noSkillett(url: string, status: number): CommandFailure {
  return new CommandFailure(
    `${url} answers ${status}, and not as Skillett does: it is another server, or one that stands before it. Give another address with --url or SKILLETT_URL.`,
    2,
  );
}

async function sendRequest(target: Target, request: ServerRequest): Promise<ServerAnswer> {
  const url = new URL(target.url + request.path);
  const { request: send } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const body = request.body === undefined ? undefined : typeof request.body === 'string' ? request.body : JSON.stringify(request.body);
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(networkFailure(target.url, error));
    const sent = send(url, {
      method: request.method,
      headers: {
        accept: 'application/json',
        ...(target.key === undefined ? {} : { authorization: `Bearer ${target.key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
        ...request.headers,
      },
      timeout: request.timeoutMs ?? 130_000,
    });
    sent.on('timeout', () => sent.destroy(Object.assign(new Error('nothing arrived in time'), { code: 'ETIMEDOUT' })));
    sent.on('error', fail);
    sent.on('response', (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('error', fail);
      // A connection that ends in the middle of an answer ends without `end`.
      answer.on('close', () => answer.complete || fail(Object.assign(new Error('the answer broke off'), { code: 'ECONNRESET' })));
      answer.on('end', () => resolve({ status: answer.statusCode as number, headers: answer.headers, body: Buffer.concat(pieces) }));
    });
    sent.end(body);
  });
}

function networkFailure(url: string, { code, message }: NodeJS.ErrnoException): CommandFailure {
  const reasons: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'its host name is unknown',
    EAI_AGAIN: 'its host name cannot be looked up',
    ETIMEDOUT: 'nothing arrived in time',
    ECONNRESET: 'the connection broke off',
  };
  const reason = reasons[code ?? ''] ?? message;
  return new CommandFailure(
    `No answer from ${url}: ${reason}. Start the server, or name another with --url, SKILLETT_URL or a profile.`,
    2,
  );
}

/** The JSON of an answer; a page of something else at that address is said to be no Skillett. */
export function jsonOf<T>(target: Target, { body, status }: ServerAnswer): T {
  try {
    const json: unknown = JSON.parse(body.toString('utf8'));
    if (typeof json === 'object' && json !== null) return json as T;
  } catch {
    // Said below.
  }
  throw noSkillett(target.url, status);
}

/** An answer of a route; a refusal becomes the failure of the command. */
export async function askRoute<T>(
  target: Target,
  request: ServerRequest,
): Promise<{ json: T; body: Buffer; headers: IncomingMessage['headers'] }> {
  requireKey(target);
  const answer = await askServer(target, request);
  if (answer.status >= 400) throw refusalOf(target, answer);
  return { json: answer.body.length === 0 ? (undefined as T) : jsonOf<T>(target, answer), body: answer.body, headers: answer.headers };
}

/** The data of a GraphQL document; its first error becomes the failure of the command. */
export async function askGraphql<T>(target: Target, query: string, variables: Record<string, unknown> = {}): Promise<T> {
  requireKey(target);
  const answer = await askServer(target, { method: 'POST', path: '/graphql', body: { query, variables } });
  const { data, errors } = jsonOf<{ data?: T; errors?: { message: string; extensions?: { code?: string; actionUrl?: string } }[] }>(
    target,
    answer,
  );
  const [error] = errors ?? [];
  if (error === undefined && answer.status >= 400) throw refusalOf(target, answer);
  if (error === undefined) return data as T;
  throw refusal(error.message, error.extensions?.code ?? '', error.extensions?.actionUrl, answer.status);
}

export function requireKey({ key, url }: Target): void {
  if (key === undefined)
    throw new CommandFailure(`You are not signed in to ${url}. Sign in with: skillett login, or set SKILLETT_API_KEY.`);
}

export interface Refusal {
  error?: unknown;
  message?: string;
  action_url?: string;
  details?: { path: string; message: string }[];
}

/** Skillett's own refusal, with its details and the link that helps. */
export function refusalOf(target: Target, answer: ServerAnswer): CommandFailure {
  const { error, message, action_url: link, details } = jsonOf<Refusal>(target, answer);
  if (typeof message !== 'string') return new CommandFailure(`${target.url} answered ${answer.status}.`, answer.status >= 500 ? 2 : 1);
  return refusal([message, ...linesOf(message, details)].join('\n'), String(error), link, answer.status);
}

/** What the message does not say already. */
export function linesOf(message: string, details: { path: string; message: string }[] = []): string[] {
  return details.filter((fault) => !message.includes(fault.message)).map((fault) => `  ${fault.path}: ${fault.message}`);
}

/** The failure that a refusal is, by its code and the status that it came with. */
export function refusal(message: string, code: string, link: string | undefined, status: number): CommandFailure {
  const remedy = /^api_key_|^unauthorized$/.test(code) ? '\nSign in again with: skillett login' : link === undefined ? '' : `\n${link}`;
  const ofServer = status >= 500 || code === 'internal' || code === 'unavailable' || code.startsWith('upstream_');
  return new CommandFailure(message + remedy, ofServer ? 2 : 1);
}
