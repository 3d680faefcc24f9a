/** A service's answer as what stands in `data` or `error`. */
import { isUtf8 } from 'node:buffer';
import { readJsonBody, textBytesMax, tooLong, toText } from '../../../core/json/json-body.ts';
import { isJson } from '../../../core/json/json-scan.ts';
import { RawJson } from '../../../core/json/raw-json.ts';
import {
  type AddressCredential,
  isInAddress,
  maskCredential,
  maskInBody,
  removeCredential,
} from '../../../core/outbound/address-credential.ts';
import { drain, isRedirect, type OutboundAnswer, readHeader } from '../../../core/outbound/outbound.ts';
import type { CatalogueEndpoint } from '../../recipes/catalogue.ts';
import { collectStream, streamOf } from './passed/streams.ts';
import { type Reader, requireRoom } from './whole-answers.ts';

interface AnswerOptions {
  /** Up to here JSON is read before its first byte goes out. */
  wholeBytesMax: number;
  /** Whose answer it is; its credential is taken out of a location. */
  reader: Reader & { readonly addressCredential: AddressCredential; readonly endpoint: CatalogueEndpoint };
}

/**
 * JSON as it came; text as a string; anything else as `{"content_type","base64"}`; null when there is no body; a redirect
 * as `{"location"}`; a stream as a list. Throws `upstream_unexpected` above the limits, naming the streamed form.
 */
export function readAnswer(answer: OutboundAnswer, options: AnswerOptions): Promise<RawJson> {
  const { addressCredential: credential } = options.reader;
  const body = readBody(answer, options);
  return isInAddress(credential) ? body.then((json) => withoutAddress(json, credential)) : body;
}

/** What is longer than is read whole passes on as it comes. */
function withoutAddress(json: RawJson, credential: AddressCredential): RawJson {
  return json.pieces === undefined ? json : RawJson.fromBytes(maskInBody(Buffer.concat(json.pieces), credential));
}

function readBody(answer: OutboundAnswer, options: AnswerOptions): Promise<RawJson> {
  const { reader, wholeBytesMax } = options;
  if (isRedirect(answer.status)) return readRedirect(answer, reader.addressCredential);
  const stream = streamOf(reader.endpoint, answer);
  if (stream !== undefined) return requireRoom(reader, answer).then(() => collectStream(answer, stream));
  const { type, charset } = parseContentType(answer.headers['content-type']);
  if (type !== undefined && jsonTypes.test(type))
    return readJsonBody(answer, { charset, wholeBytesMax, makeRoom: () => requireRoom(reader, answer) });
  return readOther(answer, reader, type, charset);
}

async function readOther(answer: OutboundAnswer, reader: Reader, type: string | undefined, charset: string | undefined): Promise<RawJson> {
  await requireRoom(reader, answer);
  const body = await answer.collect(textBytesMax);
  if (!body) throw tooLong(answer, textBytesMax);
  if (body.length === 0) return RawJson.fromValue(null);
  if (type === undefined && isUtf8(body) && isJson(body)) return RawJson.fromBytes(body);
  if (isText(type, charset, body)) return RawJson.fromValue(toText(body, charset));
  return RawJson.fromValue({ content_type: type ?? 'application/octet-stream', base64: body.toString('base64') });
}

const jsonTypes = /^(application|text)\/(json|[\w.+-]+\+json)$/;
const textTypes =
  /^(text\/.*|application\/(xml|[\w.+-]+\+xml|javascript|yaml|x-yaml|toml|graphql|sql|x-www-form-urlencoded|x-ndjson|jsonl|x-sh))$/;

/** A vendor's own type (GitHub's diffs and files) says nothing about its content, and a charset belongs to text: there the bytes decide. */
function isText(type: string | undefined, charset: string | undefined, body: Buffer): boolean {
  if (type !== undefined && textTypes.test(type)) return true;
  const open = type === undefined || charset !== undefined || type.startsWith('application/vnd.');
  return open && isUtf8(body) && !body.includes(0);
}

/** RFC 9110, section 8.3. */
function parseContentType(header: string | string[] | undefined): { type: string | undefined; charset: string | undefined } {
  if (typeof header !== 'string') return { type: undefined, charset: undefined };
  const end = header.indexOf(';');
  const type = (end === -1 ? header : header.slice(0, end)).trim().toLowerCase();
  const charset = end === -1 ? undefined : /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(header)?.[1];
  return { type: type === '' ? undefined : type, charset };
}

/** The body of a redirect is a note for people; where it leads is the answer. */
async function readRedirect(answer: OutboundAnswer, credential: AddressCredential): Promise<RawJson> {
  await drain(answer);
  const { location } = answer.headers;
  if (typeof location !== 'string') return RawJson.fromValue(null);
  return RawJson.fromValue({ location: withoutCredential(readHeader(location), credential) });
}

/** Services that take the credential in the address tend to repeat it where they redirect to. */
function withoutCredential(given: string, credential: AddressCredential): string {
  const location = maskCredential(given, credential);
  if (Object.keys(credential.query).length === 0) return location;
  const relative = 'http://relative.invalid';
  const url = URL.parse(location, relative);
  if (!url || !removeCredential(url, credential)) return location;
  return url.origin === relative ? url.href.slice(relative.length) : url.href;
}
