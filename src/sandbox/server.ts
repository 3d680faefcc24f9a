/**
 * The sandbox: a small notes service that the gateway serves on a loopback port of its own, so that everything can be
 * tried offline. It stands on the other side of the gateway like any service does: its own tokens, its own OAuth 2.0
 * server, no access to anything of the gateway's.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerTokenRequest, mayUse, type SandboxClient } from './authorization-server.ts';
import { Notebook, notesPerAccountMax } from './notes.ts';
import { type TokenContent, Tokens } from './tokens.ts';
import { runTrial } from './trials.ts';

export interface Sandbox {
  /** `http://127.0.0.1:<port>` */
  url: string;
  tokens: Tokens;
  client: SandboxClient;
  close(): Promise<void>;
}

const bodyBytesMax = 50 * 1024 * 1024;

/** `secret` signs its tokens: with the same one they stay good over restarts. */
export async function startSandbox(options: { secret: Buffer; client: SandboxClient }): Promise<Sandbox> {
  const tokens = new Tokens(options.secret);
  const notebooks = new Map<string, Notebook>();
  const server = createServer((request, response) => {
    handle(request, response, tokens, options.client, notebooks).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tokens,
    client: options.client,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  tokens: Tokens,
  client: SandboxClient,
  notebooks: Map<string, Notebook>,
): Promise<void> {
  const url = new URL(request.url as string, 'http://sandbox');
  const body = await readBody(request);
  if (body === undefined) return sendError(response, 413, 'too_large', 'The body is too large.');
  if (url.pathname.startsWith('/oauth/')) return answerTokenRequest(url.pathname, request, response, body, tokens, client);
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const who = token === undefined ? undefined : tokens.read(token, ['personal', 'access']);
  if (!who) return sendError(response, 401, 'unauthorized', 'The token is missing, unknown or expired.');
  if (url.pathname === '/account') return sendJson(response, 200, { id: who.account, name: who.account, scopes: who.scopes });
  const trial = /^\/trials\/([a-z]+)$/.exec(url.pathname)?.[1];
  if (trial !== undefined && (await runTrial(trial, request, response, url.searchParams, body))) return;
  let notebook = notebooks.get(who.account);
  if (!notebook) {
    notebook = new Notebook();
    notebooks.set(who.account, notebook);
  }
  answerNotes(request, response, url, body, who, notebook);
}

function answerNotes(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  body: Buffer,
  who: TokenContent,
  notebook: Notebook,
): void {
  const id = /^\/notes\/(\d{1,9})$/.exec(url.pathname)?.[1];
  if (url.pathname !== '/notes' && id === undefined) return sendError(response, 404, 'not_found', 'There is no such address.');
  const needed = request.method === 'GET' ? 'notes:read' : 'notes:write';
  if (!mayUse(who.scopes, needed)) return sendError(response, 403, 'insufficient_scope', `This needs the scope ${needed}.`);
  if (id === undefined) return answerCollection(request, response, url, body, notebook);
  const note = notebook.find(Number(id));
  if (!note) return sendError(response, 404, 'not_found', `There is no note ${id}.`);
  if (request.method === 'GET') return sendJson(response, 200, note);
  if (request.method === 'DELETE') {
    notebook.delete(note.id);
    response.writeHead(204).end();
    return;
  }
  if (request.method !== 'PATCH') return sendError(response, 405, 'method_not_allowed', 'Use GET, PATCH or DELETE.');
  const fields = readFields(body);
  if (typeof fields === 'string') return sendError(response, 422, 'invalid', fields);
  sendJson(response, 200, notebook.update(note.id, fields));
}

function answerCollection(request: IncomingMessage, response: ServerResponse, url: URL, body: Buffer, notebook: Notebook): void {
  if (request.method === 'GET') {
    const limit = Math.min(Math.max(Number(url.searchParams.get('limit') ?? 20) || 20, 1), 100);
    const cursor = url.searchParams.get('cursor');
    return sendJson(
      response,
      200,
      notebook.list({
        limit,
        cursor: cursor === null ? undefined : Number(cursor),
        tag: url.searchParams.get('tag') ?? undefined,
        search: url.searchParams.get('search') ?? undefined,
      }),
    );
  }
  if (request.method !== 'POST') return sendError(response, 405, 'method_not_allowed', 'Use GET or POST.');
  const fields = readFields(body);
  if (typeof fields === 'string') return sendError(response, 422, 'invalid', fields);
  const { title } = fields;
  if (title === undefined) return sendError(response, 422, 'invalid', 'A note needs a title.');
  const key = request.headers['idempotency-key'];
  const note = notebook.create({ ...fields, title }, typeof key === 'string' ? key : undefined);
  if (!note) return sendError(response, 409, 'full', `An account holds at most ${notesPerAccountMax} notes.`);
  sendJson(response, 201, note);
}

/** The note's fields in a JSON body, or a sentence about what is wrong with it. */
function readFields(body: Buffer): { title?: string; text?: string; tags?: string[] } | string {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(body.toString('utf8'));
  } catch {
    return 'The body is not JSON.';
  }
  const { title, text, tags } = fields ?? {};
  if (title !== undefined && (typeof title !== 'string' || title === '')) return 'The title must be text.';
  if (text !== undefined && typeof text !== 'string') return 'The text must be text.';
  if (tags !== undefined && !(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string'))) return 'Tags must be a list of words.';
  return { ...(title === undefined ? {} : { title }), ...(text === undefined ? {} : { text }), ...(tags === undefined ? {} : { tags }) };
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > bodyBytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  sendJson(response, status, { error: { code, message } });
}
