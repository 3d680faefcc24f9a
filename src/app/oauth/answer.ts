/** Requests to the authorisation server's open routes, and what they are answered (RFC 6749, section 5; RFC 7591, section 3.2). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gateway } from '../../core/context.ts';
import { SkillettError } from '../../core/errors.ts';
import { readBodyBytes, strangerBytesMax } from '../http/body/read-body.ts';
import { toSkillettError } from '../http/failures.ts';

/** A refusal in OAuth's words. */
export class OAuthRefusal extends Error {
  readonly error: string;

  constructor(error: string, description: string) {
    super(description);
    this.error = error;
  }
}

/** Runs `make`, which gives what is answered; refuses other methods. */
export async function answerOpenRoute(
  gateway: Gateway,
  exchange: { request: IncomingMessage; response: ServerResponse; requestId: string },
  make: () => Promise<{ status: number; body: object | undefined }>,
): Promise<void> {
  const { request, response, requestId } = exchange;
  try {
    if (request.method !== 'POST') throw new SkillettError('method_not_allowed', 'This takes POST.', { headers: { allow: 'POST' } });
    const { status, body } = await make();
    send(response, status, body);
  } catch (thrown) {
    if (thrown instanceof OAuthRefusal) return send(response, 400, { error: thrown.error, error_description: thrown.message });
    const failure = toSkillettError(gateway, thrown, requestId);
    for (const [name, value] of Object.entries(failure.headers)) response.setHeader(name, value);
    send(response, failure.status, { error: wordOf(failure), error_description: failure.message });
  }
}

function wordOf({ status }: SkillettError): string {
  if (status === 429 || status === 503) return 'temporarily_unavailable';
  return status >= 500 ? 'server_error' : 'invalid_request';
}

function send(response: ServerResponse, status: number, body: object | undefined): void {
  const headers = { 'cache-control': 'no-store', pragma: 'no-cache', 'x-content-type-options': 'nosniff' };
  if (status >= 400) response.setHeader('x-skillett-error-source', 'skillett');
  if (body === undefined) response.writeHead(status, headers).end();
  else response.writeHead(status, { ...headers, 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

/** A form whose names stand once each (RFC 6749, section 3.2); empty values count as left out (section 3.1). */
export async function readForm(request: IncomingMessage, response: ServerResponse): Promise<Map<string, string>> {
  const bytes = await readBytes(request, response, 'application/x-www-form-urlencoded');
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(bytes.toString('utf8'))) {
    if (form.has(name)) throw new OAuthRefusal('invalid_request', `${JSON.stringify(name.slice(0, 50))} stands in the body twice.`);
    if (value !== '') form.set(name, value);
  }
  return form;
}

export async function readJson(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
  const bytes = await readBytes(request, response, 'application/json');
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new OAuthRefusal('invalid_client_metadata', 'The body is no JSON.');
  }
}

async function readBytes(request: IncomingMessage, response: ServerResponse, type: string): Promise<Buffer> {
  const sent = (request.headers['content-type'] ?? '').split(';', 1)[0] as string;
  if (sent.trim().toLowerCase() !== type) throw new SkillettError('unsupported_media_type', `Send ${type}.`);
  return readBodyBytes(request, response, strangerBytesMax);
}
