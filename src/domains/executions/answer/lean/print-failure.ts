/** What a service said of a failure, in one line: no more of it is read than can be shown. */
import type { RawJson } from '../../../../core/json/raw-json.ts';
import { escapeJson } from './cells.ts';
import { firstOf } from './project/transform.ts';

/** Its first `lengthMax` characters, and where there are more a few that say so. Throws what reading throws. */
export async function printFailure(error: RawJson | null, lengthMax: number): Promise<string> {
  if (!error) return 'null';
  const beginning = await readBeginning(error, lengthMax);
  // White space between its values: a text in JSON holds no such sign (RFC 8259, section 7).
  const printed = escapeJson(new TextDecoder().decode(beginning, { stream: true }).replace(/[\r\n\t]+ */g, ''));
  return printed.length <= lengthMax ? printed : `${firstOf(printed, lengthMax)}…(its first ${lengthMax} characters)`;
}

/** More than `lengthMax` characters of it, or all. */
async function readBeginning(error: RawJson, lengthMax: number): Promise<Buffer> {
  const bytesMin = lengthMax * utf8BytesMax;
  const there = error.pieces && [...error.pieces];
  const source = there ? undefined : error.takeSource();
  const taken: Buffer[] = [];
  for (let bytes = 0; bytes <= bytesMin; ) {
    const piece = there ? there.shift() : await source?.read();
    if (!piece) break;
    taken.push(piece.subarray(0, bytesMin + 1));
    bytes += piece.length;
  }
  source?.discard();
  return Buffer.concat(taken);
}

/** Of one unit of UTF-16. */
const utf8BytesMax = 3;
