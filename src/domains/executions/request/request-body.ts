/** The body of a request, in the encoding that the recipe names. */
import { randomBytes } from 'node:crypto';
import type { CatalogueEndpoint } from '../../recipes/catalogue.ts';
import type { Parameters } from './check-parameters.ts';
import { placeOf, putAt } from './json-pointer.ts';
import { composeMail } from './mail.ts';
import {
  entriesOnly,
  type Fail,
  holdsObject,
  type PlacedParameter,
  parametersIn,
  scalarText,
  valueFor,
  type Written,
  writePairs,
} from './request-parts.ts';

export interface RequestBody {
  contentType: string;
  bytes: Buffer | string;
}

type BodyEncoding = 'json' | 'form' | 'multipart' | 'mail';

/** Everything about an endpoint's body that does not depend on a call. */
export interface BodyPlan {
  encoding: BodyEncoding;
  constants: [name: string, value: unknown][];
  parts: PlacedParameter[];
  mailParts: PlacedParameter[];
  mailAt: string | undefined;
}

/** Undefined where the endpoint has no body. */
export function planBody(endpoint: CatalogueEndpoint): BodyPlan | undefined {
  const { spec } = endpoint;
  if (spec.method === 'GET') return undefined;
  const plan: BodyPlan = {
    encoding: spec.body?.encoding ?? 'json',
    constants: Object.entries(spec.body?.constants ?? {}),
    parts: parametersIn(endpoint, 'body'),
    mailParts: parametersIn(endpoint, 'mail'),
    mailAt: spec.body?.mail_at,
  };
  return plan.parts.length + plan.mailParts.length + plan.constants.length > 0 ? plan : undefined;
}

/** Undefined when nothing goes into the body of this call. `fail` takes what cannot be written. */
export function writeBody(plan: BodyPlan, method: string, params: Parameters, fail: Fail): RequestBody | undefined | Promise<RequestBody> {
  switch (plan.encoding) {
    case 'json':
      return writeJson(plan, method, params);
    case 'form':
      return writeForm(plan, params, fail);
    case 'multipart':
      return writeMultipart(plan, params, fail);
    case 'mail':
      return writeMail(plan, params);
  }
}

function writeJson(plan: BodyPlan, method: string, params: Parameters): RequestBody | undefined {
  let whole = fillJson(plan, params);
  // Services take an empty object where every part is optional; a DELETE is better off without a body (RFC 9110, section 9.3.5).
  if (whole === undefined && method !== 'DELETE') whole = {};
  return whole === undefined ? undefined : { contentType: 'application/json', bytes: JSON.stringify(whole) };
}

function fillJson(plan: BodyPlan, params: Parameters): unknown {
  let whole: unknown;
  for (const [name, value] of plan.constants) whole = putAt(whole, placeOf(name), value);
  for (const part of plan.parts) {
    const value = valueFor(part, params);
    if (value !== undefined) whole = putAt(whole, placeOf(part.as), value);
  }
  return whole;
}

function writeForm(plan: BodyPlan, params: Parameters, fail: Fail): RequestBody {
  const pairs: string[] = [];
  const add = (name: string, written: Written): void => {
    if (written.fault !== undefined) fail(name, written.fault);
    else if (written.text !== '') pairs.push(written.text);
  };
  for (const [name, value] of plan.constants) add(name, writePairs(name, value, undefined));
  for (const part of plan.parts) {
    const value = valueFor(part, params);
    if (value !== undefined) add(part.name, writePairs(part.as, value, part.parameter.array_style));
  }
  return { contentType: 'application/x-www-form-urlencoded', bytes: pairs.join('&') };
}

interface GivenFile {
  filename: string;
  content_type: string;
  base64: string;
}

/** RFC 7578. */
function writeMultipart(plan: BodyPlan, params: Parameters, fail: Fail): RequestBody {
  const boundary = `skillett-${randomBytes(16).toString('hex')}`;
  const chunks: Buffer[] = [];
  const add = (headers: string, content: Buffer): void => {
    chunks.push(Buffer.from(`--${boundary}\r\n${headers}\r\n\r\n`), content, Buffer.from('\r\n'));
  };
  const addText = (name: string, text: string): void => add(disposition(name), Buffer.from(text));
  for (const [name, value] of plan.constants) addText(name, scalarText(value));
  for (const part of plan.parts) {
    const value = valueFor(part, params);
    if (value === undefined || value === null) continue;
    if (part.parameter.file) addFile(part, value as GivenFile, add, fail);
    else if (holdsObject(value)) fail(part.name, entriesOnly);
    else for (const [name, text] of listTexts(part, value)) addText(name, text);
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`));
  return { contentType: `multipart/form-data; boundary=${boundary}`, bytes: Buffer.concat(chunks) };
}

function addFile(part: PlacedParameter, file: GivenFile, add: (headers: string, content: Buffer) => void, fail: Fail): void {
  // RFC 9110, section 8.3.1: a token, a slash, a token, and parameters without control characters.
  if (!/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(;[\x20-\x7e]*)?$/.test(file.content_type))
    return fail(`${part.name}.content_type`, 'must be a media type, such as image/png');
  add(
    `${disposition(part.as)}; filename="${quote(file.filename)}"\r\nContent-Type: ${file.content_type}`,
    Buffer.from(file.base64, 'base64'),
  );
}

function disposition(name: string): string {
  return `Content-Disposition: form-data; name="${quote(name)}"`;
}

/** As browsers write names in multipart/form-data (WHATWG HTML, "multipart form data"). */
function quote(text: string): string {
  return text.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function listTexts(part: PlacedParameter, value: unknown): [name: string, text: string][] {
  if (!Array.isArray(value)) return [[part.as, scalarText(value)]];
  const texts = value.map(scalarText);
  switch (part.parameter.array_style) {
    case 'comma':
      return [[part.as, texts.join(',')]];
    case 'space':
      return [[part.as, texts.join(' ')]];
    case 'brackets':
      return texts.map((text) => [`${part.as}[]`, text]);
    default:
      return texts.map((text) => [part.as, text]);
  }
}

async function writeMail(plan: BodyPlan, params: Parameters): Promise<RequestBody> {
  const parts: Record<string, unknown> = {};
  for (const part of plan.mailParts) {
    const value = valueFor(part, params);
    if (value !== undefined) parts[part.as] = value;
  }
  const message = await composeMail(parts);
  if (plan.mailAt === undefined) return { contentType: 'message/rfc822', bytes: message };
  const whole = putAt(fillJson(plan, params), placeOf(plan.mailAt), message.toString('base64url'));
  return { contentType: 'application/json', bytes: JSON.stringify(whole) };
}
