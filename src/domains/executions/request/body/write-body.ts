/** The body of a request, in the encoding that the recipe names. */
import { randomBytes } from 'node:crypto';
import type { CatalogueEndpoint } from '../../../recipes/catalogue.ts';
import type { UploadSession } from '../../../recipes/format/body.ts';
import type { Parameters } from '../check-parameters.ts';
import { malformed } from '../pairs.ts';
import { type Fail, type PlacedParameter, parametersIn, valueFor, type Written, writePairs } from '../request-parts.ts';
import { readUpload, type Upload } from './fetch-upload.ts';
import { contentOf, type GivenFile, mediaTypeFault } from './given-file.ts';
import { getAt, placeOf, putAt } from './json-pointer.ts';
import { composeMail } from './mail.ts';
import { writeMultipart } from './multipart.ts';

export interface RequestBody {
  contentType: string;
  bytes: Buffer | string;
  /** What is sent in place of `bytes`. */
  upload?: Upload | undefined;
}

type BodyEncoding = 'json' | 'form' | 'multipart' | 'mail' | 'raw' | 'related' | 'graphql';

/** Everything about an endpoint's body that does not depend on a call. */
export interface BodyPlan {
  encoding: BodyEncoding;
  constants: [name: string, value: unknown][];
  parts: PlacedParameter[];
  mailParts: PlacedParameter[];
  mailAt: string | undefined;
  /** The GraphQL document, whose variables the parts are. */
  document: string | undefined;
  /** How long a raw body may be that is fetched from an address. */
  uploadBytesMax: number | undefined;
  /** How a file goes in parts, beside a JSON body. */
  session: UploadSession | undefined;
  /** The parameter that is the whole body of a `raw` one, and the second part of a `related` one. */
  content: PlacedParameter | undefined;
}

/** Undefined where the endpoint has no body. */
export function planBody(endpoint: CatalogueEndpoint): BodyPlan | undefined {
  const { spec } = endpoint;
  if (spec.method === 'GET') return undefined;
  const parts = parametersIn(endpoint, 'body');
  const plan: BodyPlan = {
    encoding: spec.graphql ? 'graphql' : (spec.body?.encoding ?? 'json'),
    document: spec.graphql?.document,
    uploadBytesMax: spec.body?.upload?.max_bytes,
    session: spec.body?.upload?.session,
    constants: Object.entries(spec.body?.constants ?? {}),
    parts,
    content: parts.find(({ name }) => name === spec.body?.content),
    mailParts: parametersIn(endpoint, 'mail'),
    mailAt: spec.body?.mail_at,
  };
  const isEmpty = plan.parts.length + plan.mailParts.length + plan.constants.length === 0;
  return isEmpty && plan.document === undefined ? undefined : plan;
}

/** Undefined when nothing goes into the body of this call. `fail` takes what cannot be written. */
export function writeBody(plan: BodyPlan, method: string, params: Parameters, fail: Fail): RequestBody | undefined | Promise<RequestBody> {
  switch (plan.encoding) {
    case 'json':
      return plan.session ? writeSession(plan, method, params, fail) : writeJson(plan, method, params, fail);
    case 'form':
      return writeForm(plan, params, fail);
    case 'multipart':
      return writeMultipart(plan, params, fail);
    case 'mail':
      return writeMail(plan, params, fail);
    case 'graphql':
      return writeGraphql(plan, params);
    case 'related':
      return writeRelated(plan, params, fail);
    case 'raw':
      return plan.uploadBytesMax === undefined
        ? writeRaw(plan.content as PlacedParameter, params, fail)
        : writeUpload(plan.content as PlacedParameter, plan.uploadBytesMax, params, fail);
  }
}

function writeJson(plan: BodyPlan, method: string, params: Parameters, fail: Fail): RequestBody | undefined {
  let whole = fillJson(plan, params, fail);
  // Services take an empty object where every part is optional; a DELETE is better off without a body (RFC 9110, section 9.3.5).
  if (whole === undefined && method !== 'DELETE') whole = {};
  return whole === undefined ? undefined : { contentType: 'application/json', bytes: JSON.stringify(whole) };
}

/** As GraphQL servers take it over HTTP. A variable that is left out is not null. */
function writeGraphql({ document: query, parts }: BodyPlan, params: Parameters): RequestBody {
  const given = parts.map((part) => [part.as, valueFor(part, params)] as const).filter(([, value]) => value !== undefined);
  return { contentType: 'application/json', bytes: JSON.stringify({ query, variables: Object.fromEntries(given) }) };
}

function fillJson(plan: BodyPlan, params: Parameters, fail: Fail): unknown {
  let whole: unknown;
  for (const [name, value] of plan.constants) whole = putAt(whole, placeOf(name), value);
  for (const part of plan.parts) {
    const value = valueFor(part, params);
    if (value !== undefined && !part.parameter.merge) whole = putAt(whole, placeOf(part.as), value);
  }
  for (const part of plan.parts) if (part.parameter.merge) whole = merge(whole, part, valueFor(part, params), fail);
  return whole;
}

/** The members of a value join those of an object of the body; none may stand in for what another parameter or the recipe says. */
function merge(whole: unknown, { name, parameter }: PlacedParameter, value: unknown, fail: Fail): unknown {
  if (value === undefined || value === null) return whole;
  const place = placeOf(parameter.as ?? '');
  const object = (getAt(whole, place) as Record<string, unknown> | undefined) ?? (Object.create(null) as Record<string, unknown>);
  for (const [member, inner] of Object.entries(value)) {
    if (Object.hasOwn(object, member))
      fail(`${name}.${member}`, 'is already set, by a parameter of its own or by the endpoint: leave it out here');
    else object[member] = inner;
  }
  return putAt(whole, place, object);
}

/** RFC 2387: what the bytes are, and the bytes. */
function writeRelated(plan: BodyPlan, params: Parameters, fail: Fail): RequestBody {
  const { content, parts } = plan;
  const about = fillJson({ ...plan, parts: parts.filter((part) => part !== content) }, params, fail) ?? {};
  const written = writeRaw(content as PlacedParameter, params, fail) as RequestBody;
  const boundary = `skillett-${randomBytes(16).toString('hex')}`;
  const part = (type: string) => `--${boundary}\r\nContent-Type: ${type}\r\n\r\n`;
  const head = `${part('application/json; charset=UTF-8')}${JSON.stringify(about)}\r\n${part(written.contentType)}`;
  const bytes = Buffer.concat([Buffer.from(head), Buffer.from(written.bytes as Buffer), Buffer.from(`\r\n--${boundary}--\r\n`)]);
  return { contentType: `multipart/related; boundary=${boundary}`, bytes };
}

/** The value itself is the body; a Content-Type that the recipe sets stands over this one. */
function writeRaw(part: PlacedParameter, params: Parameters, fail: Fail): RequestBody | undefined {
  const value = valueFor(part, params);
  if (value === undefined || value === null) return undefined;
  const { file, format } = part.parameter;
  if (!file && format !== 'byte') {
    const text = value as string;
    if (!text.isWellFormed()) fail(part.name, malformed);
    return { contentType: 'text/plain; charset=utf-8', bytes: text };
  }
  if (!file) return { contentType: 'application/octet-stream', bytes: Buffer.from(value as string, 'base64') };
  const given = value as GivenFile;
  const fault = mediaTypeFault(given);
  if (fault !== undefined) fail(`${part.name}.content_type`, fault);
  return { contentType: given.content_type, bytes: contentOf(given) };
}

function writeUpload(part: PlacedParameter, bytesMax: number, params: Parameters, fail: Fail): RequestBody {
  const upload = readUpload(part.name, String(valueFor(part, params)), bytesMax, fail);
  return { contentType: 'application/octet-stream', bytes: '', upload };
}

/** What begins a session is the JSON of all others. */
function writeSession(plan: BodyPlan, method: string, params: Parameters, fail: Fail): RequestBody {
  const { content, uploadBytesMax, session } = plan;
  const part = content as PlacedParameter;
  const upload = readUpload(part.name, String(valueFor(part, params)), uploadBytesMax as number, fail);
  const begin = writeJson({ ...plan, parts: plan.parts.filter((one) => one !== content) }, method, params, fail);
  return { contentType: 'application/json', bytes: begin?.bytes ?? '', upload: upload && { ...upload, session } };
}

function writeForm(plan: BodyPlan, params: Parameters, fail: Fail): RequestBody {
  const pairs: string[] = [];
  const add = (name: string, written: Written): void => {
    if (written.fault !== undefined) fail(name, written.fault);
    else if (written.text !== '') pairs.push(written.text);
  };
  for (const [name, value] of plan.constants) add(name, writePairs(name, value, {}));
  for (const part of plan.parts) {
    const value = valueFor(part, params);
    if (value !== undefined) add(part.name, writePairs(part.as, value, part.parameter));
  }
  return { contentType: 'application/x-www-form-urlencoded', bytes: pairs.join('&') };
}

async function writeMail(plan: BodyPlan, params: Parameters, fail: Fail): Promise<RequestBody> {
  const parts: Record<string, unknown> = {};
  for (const part of plan.mailParts) {
    const value = valueFor(part, params);
    if (value !== undefined) parts[part.as] = value;
  }
  const message = await composeMail(parts);
  if (plan.mailAt === undefined) return { contentType: 'message/rfc822', bytes: message };
  const whole = putAt(fillJson(plan, params, fail), placeOf(plan.mailAt), message.toString('base64url'));
  return { contentType: 'application/json', bytes: JSON.stringify(whole) };
}
