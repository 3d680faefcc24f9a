/** A body of several parts (RFC 7578). */
import { randomBytes } from 'node:crypto';
import type { Parameters } from '../check-parameters.ts';
import { isJoined, malformed, pairsOf, separators } from '../pairs.ts';
import { type Fail, type PlacedParameter, scalarText, valueFor } from '../request-parts.ts';
import { contentOf, type GivenFile, mediaTypeFault } from './given-file.ts';
import type { BodyPlan, RequestBody } from './write-body.ts';

type AddPart = (name: string, content: Buffer | string, contentType?: string, filename?: string) => void;

export function writeMultipart(plan: BodyPlan, params: Parameters, fail: Fail): RequestBody {
  const boundary = `skillett-${randomBytes(16).toString('hex')}`;
  const chunks: Buffer[] = [];
  const add: AddPart = (name, content, contentType, filename) => {
    const file = filename === undefined ? '' : `; filename="${quote(filename)}"`;
    const type = contentType === undefined ? '' : `\r\nContent-Type: ${contentType}`;
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${quote(name)}"${file}${type}\r\n\r\n`;
    chunks.push(Buffer.from(head), typeof content === 'string' ? Buffer.from(content) : content, Buffer.from('\r\n'));
  };
  for (const [name, value] of plan.constants) add(name, scalarText(value));
  for (const part of plan.parts) {
    const value = valueFor(part, params);
    if (value === undefined || value === null) continue;
    if (part.parameter.file) addFiles(part, value as GivenFile | GivenFile[], add, fail);
    else if (part.parameter.content_type !== undefined) addTyped(part, scalarText(value), part.parameter.content_type, add, fail);
    else addTexts(part, value, add, fail);
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`));
  return { contentType: `multipart/form-data; boundary=${boundary}`, bytes: Buffer.concat(chunks) };
}

function addTyped(part: PlacedParameter, text: string, contentType: string, add: AddPart, fail: Fail): void {
  if (text.isWellFormed()) add(part.as, text, contentType);
  else fail(part.name, malformed);
}

function addTexts(part: PlacedParameter, value: unknown, add: AddPart, fail: Fail): void {
  const written = pairsOf(part.as, value, part.parameter);
  if (written.fault !== undefined) return fail(part.name, written.fault);
  const style = part.parameter.array_style;
  for (const pair of written.pairs) add(pair.name, pair.texts.join(isJoined(style) ? separators[style] : ''));
}

function addFiles(part: PlacedParameter, given: GivenFile | GivenFile[], add: AddPart, fail: Fail): void {
  const isList = Array.isArray(given);
  for (const [at, file] of [given].flat().entries()) {
    const place = isList ? `${part.name}.${at}` : part.name;
    const fault = mediaTypeFault(file);
    if (fault !== undefined) fail(`${place}.content_type`, fault);
    else if (!file.filename.isWellFormed()) fail(`${place}.filename`, malformed);
    else add(isList ? nameOf(part, at) : part.as, contentOf(file), file.content_type, file.filename);
  }
}

function nameOf({ as, parameter }: PlacedParameter, at: number): string {
  if (parameter.array_style === 'indexed') return `${as}[${at}]`;
  return parameter.array_style === 'brackets' ? `${as}[]` : as;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be in a header
const unquotable = /["\u0000-\u001f\u007f]/g;

/** As browsers write names in multipart/form-data (WHATWG HTML, "multipart form data"), and so all controls: many servers end a name at a NUL. */
function quote(text: string): string {
  return text.replaceAll(unquotable, encodeURIComponent);
}
