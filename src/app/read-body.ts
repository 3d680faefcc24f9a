import type { IncomingMessage, ServerResponse } from 'node:http';
import { badRequest, SkillettError, unavailable } from '../core/errors.ts';

/** How much of a refused body is still read and thrown away, so that the client gets to see the answer instead of a reset. */
const drainBytesMax = 64 * 1024 * 1024;
/** Longer bodies count against what all of them may hold at once in this process, from arriving to being answered: */
const largeBytes = 1024 * 1024;
/** without a bound, callers who need not even have a key could fill the memory. */
const heldBytesMax = 256 * 1024 * 1024;
let heldBytes = 0;

/** Reads a request's body whole. Throws payload_too_large as soon as it is known to be longer, and unavailable when others fill the room for large ones. */
export function readBodyBytes(request: IncomingMessage, response: ServerResponse, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] | undefined = [];
    let length = 0;
    let held = 0;
    const release = () => {
      heldBytes -= held;
      held = 0;
    };
    const refuse = (fault: SkillettError) => {
      chunks = undefined;
      release();
      reject(fault);
    };
    const hold = (bytes: number) => {
      if (held === 0) response.once('close', release);
      held += bytes;
      heldBytes += bytes;
    };
    if (Number(request.headers['content-length'] ?? 0) > bytesMax) refuse(tooLarge(bytesMax));
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > bytesMax + drainBytesMax) request.destroy();
      if (!chunks) return;
      if (length > bytesMax) return refuse(tooLarge(bytesMax));
      chunks.push(chunk);
      if (length <= largeBytes) return;
      hold(chunk.length);
      if (heldBytes > heldBytesMax) refuse(unavailable('Too many large bodies are on their way. Try again shortly.', 2));
    });
    request.on('end', () => resolve(chunks?.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks ?? [])));
    request.on('close', () => {
      if (!request.complete) reject(badRequest('The body broke off before its end.'));
    });
    request.on('error', () => reject(badRequest('The body broke off before its end.')));
  });
}

function tooLarge(bytesMax: number): SkillettError {
  return new SkillettError('payload_too_large', `The body is larger than ${describeBytes(bytesMax)}, which is the limit here.`);
}

function describeBytes(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${bytes / (1024 * 1024)} MiB` : `${bytes / 1024} KiB`;
}
