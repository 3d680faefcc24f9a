import type { IncomingMessage } from 'node:http';
import { badRequest, SkillettError } from '../core/errors.ts';

/** How much of a refused body is still read and thrown away, so that the client gets to see the answer instead of a reset. */
const drainBytesMax = 64 * 1024 * 1024;

/** Reads a request's body whole. Throws payload_too_large as soon as it is known to be longer. */
export function readBodyBytes(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const refuse = () => {
      chunks.length = 0;
      reject(new SkillettError('payload_too_large', `The body is larger than ${describeBytes(bytesMax)}, which is the limit here.`));
    };
    if (Number(request.headers['content-length'] ?? 0) > bytesMax) refuse();
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= bytesMax) chunks.push(chunk);
      else if (length <= bytesMax + drainBytesMax) refuse();
      else request.destroy();
    });
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.on('close', () => {
      if (!request.complete) reject(badRequest('The body broke off before its end.'));
    });
    request.on('error', () => reject(badRequest('The body broke off before its end.')));
  });
}

function describeBytes(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${bytes / (1024 * 1024)} MiB` : `${bytes / 1024} KiB`;
}
