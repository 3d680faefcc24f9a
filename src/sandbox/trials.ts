/** Everything that can go wrong with a service, on demand: failures, slowness, big, binary and broken bodies. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const kilobyte = `${'0123456789abcdef'.repeat(64)}`;

/** A PNG of one pixel. */
const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

function boundedInteger(query: URLSearchParams, name: string, fallback: number, min: number, max: number): number {
  const value = Number(query.get(name) ?? fallback);
  return Number.isInteger(value) ? Math.min(Math.max(value, min), max) : fallback;
}

function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** How often a flaky trial has been asked, by its name. */
const attempts = new Map<string, number>();

/** Runs the trial that the path names; false when there is none of that name. */
export async function runTrial(
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
  body: Buffer,
): Promise<boolean> {
  switch (name) {
    case 'failure': {
      const retryAfter = query.get('retry_after');
      const status = boundedInteger(query, 'status', 500, 400, 599);
      sendJson(
        response,
        status,
        { error: { code: 'asked_for', message: `You asked for a ${status}.` } },
        retryAfter ? { 'retry-after': retryAfter.replace(/[^\w ,:]/g, '') } : {},
      );
      return true;
    }
    case 'flaky': {
      const name = query.get('name') ?? 'default';
      const failures = boundedInteger(query, 'failures', 1, 0, 10);
      const attempt = (attempts.get(name) ?? 0) + 1;
      attempts.set(name, attempt > failures ? 0 : attempt);
      if (attempt > failures) sendJson(response, 200, { attempt });
      else sendJson(response, 503, { error: { code: 'flaky', message: `Failure ${attempt} of ${failures}.` } }, { 'retry-after': '0' });
      return true;
    }
    case 'slow':
      await sleep(boundedInteger(query, 'milliseconds', 1000, 0, 60_000), undefined, { ref: false });
      sendJson(response, 200, { waited_milliseconds: boundedInteger(query, 'milliseconds', 1000, 0, 60_000) });
      return true;
    case 'big':
      await sendBig(response, boundedInteger(query, 'kilobytes', 1024, 1, 60 * 1024));
      return true;
    case 'binary':
      response.writeHead(200, {
        'content-type': 'image/png',
        'content-disposition': 'attachment; filename="pixel.png"',
        'set-cookie': 'sandbox=never-passed-on',
      });
      response.end(pixel);
      return true;
    case 'text':
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
      response.end('Plain text, with an umlaut: ü\n');
      return true;
    case 'broken':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"this":"breaks off');
      await sleep(20);
      response.destroy();
      return true;
    case 'redirect':
      response.writeHead(302, { location: query.get('to') ?? '/trials/text' }).end();
      return true;
    case 'echo':
      sendJson(response, 200, {
        method: request.method,
        query: Object.fromEntries(query),
        headers: Object.fromEntries(Object.entries(request.headers).filter(([header]) => header !== 'authorization')),
        body: body.toString('utf8'),
      });
      return true;
    default:
      return false;
  }
}

/** A JSON document of about this size, written as fast as it is read. */
async function sendBig(response: ServerResponse, kilobytes: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"lines":["start"');
  for (let sent = 0; sent < kilobytes && !response.destroyed; sent += 1) {
    if (!response.write(`,"${kilobyte}"`)) await drained(response);
  }
  response.end(']}');
}

/** Resolves when more may be written, or when the client has gone, and leaves no listener behind. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const goOn = (): void => {
      response.off('drain', goOn).off('close', goOn);
      resolve();
    };
    response.on('drain', goOn).on('close', goOn);
  });
}
