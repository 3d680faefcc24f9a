/**
 * A file that a service takes in parts: the call's own request begins a session, whose address the answer says, and each part goes there as
 * it arrives. Nothing is kept: a part is sent with its length while it is fetched. The answer to the last one is the call's.
 */
import { Readable } from 'node:stream';
import { badRequest } from '../../../../core/errors.ts';
import { drain, type OutboundAnswer, OutboundError, type StreamedBody } from '../../../../core/outbound/outbound.ts';
import type { UploadSession } from '../../../recipes/format/body.ts';
import { isListedHost } from '../../../recipes/variables.ts';

export interface Part {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body: StreamedBody;
}

export interface Session {
  /** Slug of the integration, for what is said of its answers. */
  integration: string;
  /** Our name of the parameter, for the same. */
  name: string;
  plan: UploadSession;
  file: StreamedBody;
  /** Where the operator has set the service to be; sessions may be there too. */
  ownOrigin: string | undefined;
  begin(): Promise<OutboundAnswer>;
  /** Without the account's credential: the address itself is one. */
  send(part: Part): Promise<OutboundAnswer>;
}

const answerBytesMax = 64 * 1024;

/** Throws bad_request for an empty file, and OutboundError. */
export async function sendInSession(session: Session): Promise<OutboundAnswer> {
  const { file, plan } = session;
  const total = file.bytes as number;
  if (total === 0) throw badRequest(`\`${session.name}\` leads to a file without content, which the service does not take in parts.`);
  const begun = await session.begin();
  if (begun.status < 200 || begun.status >= 300) {
    file.stream.destroy();
    return begun;
  }
  const url = await readAddress(session, begun);
  const parts = partsOf(file.stream);
  for (let first = 0; ; first += plan.part_bytes) {
    const last = Math.min(first + plan.part_bytes, total) - 1;
    const facts: Record<string, number> = { first, last, total };
    const headers = Object.entries(plan.headers).map(([name, text]) => [
      name.toLowerCase(),
      text.replaceAll(/\{(\w+)\}/g, (whole, fact: string) => String(facts[fact] ?? whole)),
    ]);
    const bytes = last - first + 1;
    const answer = await session.send({
      method: plan.method,
      url,
      headers: { 'user-agent': 'skillett', accept: '*/*', 'content-type': 'application/octet-stream', ...Object.fromEntries(headers) },
      body: { stream: Readable.from(parts.take(bytes), { objectMode: false }), bytes },
    });
    if (last === total - 1 || !plan.more.includes(answer.status)) {
      // A service that wants no more than it has got ends the fetching too.
      if (last < total - 1) file.stream.destroy();
      return answer;
    }
    requireTaken(session, answer, last);
    await drain(answer);
  }
}

/** A service may say that it kept less than it was sent; what was streamed is gone. */
function requireTaken({ integration }: Session, answer: OutboundAnswer, last: number): void {
  const kept = /^bytes=0-(\d{1,15})$/.exec(String(answer.headers.range ?? ''))?.[1];
  if (kept === undefined || Number(kept) === last) return;
  answer.discard();
  throw OutboundError.malformed(integration, 'took less of the file than it was sent, so the upload was broken off');
}

async function readAddress({ integration, plan, ownOrigin }: Session, begun: OutboundAnswer): Promise<URL> {
  const { address, hosts } = plan;
  let text: unknown;
  if ('header' in address) {
    text = begun.headers[address.header.toLowerCase()];
    await drain(begun);
  } else text = memberOf(await begun.collect(answerBytesMax), address.body);
  const url = typeof text === 'string' ? URL.parse(text) : null;
  const isSafe = url && url.username === '' && url.password === '';
  if (isSafe && (url.origin === ownOrigin || (url.protocol === 'https:' && isListedHost(hosts, url.hostname)))) return url;
  begun.discard();
  throw OutboundError.malformed(
    integration,
    url ? 'named an address for the upload that its recipe does not list' : 'did not say where the upload goes',
  );
}

function memberOf(body: Buffer | undefined, path: string): unknown {
  try {
    return path
      .split('.')
      .reduce<unknown>(
        (at, name) =>
          typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? (at as Record<string, unknown>)[name] : undefined,
        JSON.parse(body?.toString('utf8') ?? ''),
      );
  } catch {
    return undefined;
  }
}

/** A stream in parts of known lengths, which are taken one after the other. */
function partsOf(stream: Readable): { take(bytes: number): AsyncGenerator<Buffer> } {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Buffer | undefined;
  return {
    async *take(bytes) {
      for (let left = bytes; left > 0; ) {
        const chunk: Buffer | undefined = rest ?? (await chunks.next()).value;
        if (chunk === undefined) throw new Error('The file ended before its announced length.');
        const piece = chunk.subarray(0, left);
        rest = piece.length < chunk.length ? chunk.subarray(piece.length) : undefined;
        left -= piece.length;
        yield piece;
      }
    },
  };
}
