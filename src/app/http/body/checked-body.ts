/** A request's body as a value that is as its reader takes it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { Context } from '../../../core/context.ts';
import { badRequest, SkillettError } from '../../../core/errors.ts';
import { checkJson } from '../../../core/json/check-json.ts';
import { checkBody } from './check-body.ts';
import { readBodyBytes } from './read-body.ts';

const bodyBytesMaxDefault = 1024 * 1024;
const utf8 = new TextDecoder('utf-8', { fatal: true });
const json = /^application\/json\s*(;|$)/i;
const form = /^application\/x-www-form-urlencoded\s*(;|$)/i;

export interface BodyRules {
  /** Checks it; absent: there is none. */
  body?: z.ZodType;
  /** Default 1 MiB. */
  bodyBytesMax?: number;
  /** Takes application/x-www-form-urlencoded too. */
  form?: boolean;
}

/** Without `context` everybody is a stranger. No body counts as an empty object. At once where it is there already. */
export function readCheckedBody(
  request: IncomingMessage,
  response: ServerResponse,
  { body, bodyBytesMax = bodyBytesMaxDefault, form: formAllowed = false }: BodyRules,
  context: Context | undefined,
): unknown {
  if (!body) return undefined;
  const check = (bytes: Buffer) =>
    checkBody(body, bytes.length === 0 ? {} : parseBody(bytes, request.headers['content-type'] ?? '', formAllowed));
  const read = readBodyBytes(request, response, bodyBytesMax, context);
  return read instanceof Promise ? read.then(check) : check(read);
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
