/** JSON as the text of a tool's result: inside a JSON string, and so with every quote escaped, and with what nobody would see made visible. */

import { isWhole, lengthOf, RawJson, spliceJson } from '../../../core/json/raw-json.ts';
import { escapeHidden, HiddenEscaper } from '../../../core/text/hidden-characters.ts';

/** Up to here one string costs less than a stream. */
const stringBytesMax = 256 * 1024;
const sliceBytes = 64 * 1024;

/**
 * What `value` prints as, escaped while it is written where it is long: an answer of 50 MiB would otherwise stand in memory
 * several times and keep everybody waiting while it is escaped (measured: 600 MB and two seconds).
 */
export function quoteJson(value: unknown): string | RawJson {
  const parts = spliceJson(value);
  const bytes = parts.reduce((sum, part) => sum + (isWhole(part) ? lengthOf(part) : Infinity), 0);
  if (bytes <= stringBytesMax) return escapeHidden(Buffer.concat(parts.flatMap(piecesOf)).toString());
  const chunks = readEscaped(parts);
  return RawJson.fromSource({
    read: async () => (await chunks.next()).value ?? undefined,
    discard: () => {
      for (const part of parts) if (part instanceof RawJson) part.discard();
    },
  });
}

async function* readEscaped(parts: readonly (string | RawJson)[]): AsyncGenerator<Buffer, void> {
  const hidden = new HiddenEscaper();
  yield Buffer.from('"');
  for (const part of parts) {
    if (!isWhole(part)) {
      const source = part.takeSource();
      for (let chunk = await source.read(); chunk; chunk = await source.read()) yield escapeBytes(hidden.take(chunk));
    }
    for (const piece of piecesOf(part))
      for (let at = 0; at < piece.length; at += sliceBytes) yield escapeBytes(hidden.take(piece.subarray(at, at + sliceBytes)));
  }
  yield Buffer.from(`${hidden.end()}"`, 'latin1');
}

/** Of a part that is still to be read: none. */
function piecesOf(part: string | RawJson): readonly Buffer[] {
  return typeof part === 'string' ? [Buffer.from(part)] : (part.pieces ?? []);
}

/** What JSON escapes is ASCII, so that bytes of UTF-8 may be taken for characters, wherever a chunk ends (RFC 8259, section 7). */
function escapeBytes(bytes: string): Buffer {
  return Buffer.from(JSON.stringify(bytes).slice(1, -1), 'latin1');
}
