/** Answers that come as a stream of events or lines: which they are, and what becomes of one that is not passed on live. */
import { isUtf8 } from 'node:buffer';
import { isJson } from '../../../../core/json/json-scan.ts';
import { RawJson } from '../../../../core/json/raw-json.ts';
import { type OutboundAnswer, OutboundError } from '../../../../core/outbound/outbound.ts';
import type { CatalogueEndpoint } from '../../../recipes/catalogue.ts';
import type { AnswerStream } from '../../../recipes/format/answer/streams.ts';

/** The media type by which clients ask for each, and the others that services give it. */
export const streamTypes: Record<AnswerStream, readonly [string, ...string[]]> = {
  sse: ['text/event-stream'],
  ndjson: ['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/x-jsonlines', 'application/stream+json'],
};

/** The kind of stream that this answer is, where its recipe expects one. A service may answer otherwise: a failure, or all at once. */
export function streamOf({ spec }: CatalogueEndpoint, { status, headers }: OutboundAnswer): AnswerStream | undefined {
  const { answer_stream: kind } = spec;
  if (kind === undefined || status < 200 || status > 299 || status === 204 || status === 205) return undefined;
  const type = String(headers['content-type'] ?? '')
    .split(';', 1)[0]
    ?.trim()
    .toLowerCase();
  return streamTypes[kind].includes(type ?? '') ? kind : undefined;
}

const collectedBytesMax = 1024 * 1024;

/**
 * All of it: of `sse` a list of `{"event", "id", "data"}`, of `ndjson` a list of the lines' values; a text where it is neither.
 * Throws `upstream_unexpected` above 1 MiB, naming the streamed form.
 */
export async function collectStream(answer: OutboundAnswer, kind: AnswerStream): Promise<RawJson> {
  const body = await answer.collect(collectedBytesMax);
  if (!body) {
    answer.discard();
    throw OutboundError.malformed(
      answer.integration,
      `streamed more than ${collectedBytesMax / 1024 / 1024} MiB, which is not collected; over REST, \`Accept: ${streamTypes[kind][0]}\` passes it on as it comes`,
    );
  }
  const text = (isUtf8(body) ? body : Buffer.from(body.toString('utf8'))).toString('utf8');
  const list = Buffer.from(`[${kind === 'sse' ? listEvents(text) : listLines(text)}]`);
  return isJson(list) ? RawJson.fromBytes(list) : RawJson.fromValue(text);
}

function listLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(',');
}

/** HTML, section 9.2.6. What comes after the last empty line is no event. Data that is JSON stands as it came. */
function listEvents(text: string): string {
  const events: string[] = [];
  let data: string[] = [];
  let event = '';
  let id: string | undefined;
  for (const line of text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/)) {
    if (line === '') {
      if (data.length > 0) events.push(printEvent(event, id, data.join('\n')));
      data = [];
      event = '';
      continue;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
  }
  return events.join(',');
}

function printEvent(event: string, id: string | undefined, data: string): string {
  const named = [event === '' ? '' : `"event":${JSON.stringify(event)},`, id === undefined ? '' : `"id":${JSON.stringify(id)},`].join('');
  return `{${named}"data":${isJson(Buffer.from(data)) ? data : JSON.stringify(data)}}`;
}
