/** A service that answers at once: JSON of the size and form that a path segment names. Run by bench/stand.ts in its own process. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listIssues } from './json-proof.ts';

const sizes: Record<string, number> = { '1k': 1_000, '100k': 100_000, '1m': 1_000_000, '30m': 30_000_000 };
const bodies = new Map<string, Buffer>(
  Object.entries(sizes).map(([name, size]) => {
    const item = { id: 1234567890, title: 'A line of an answer', labels: ['one', 'two'], open: true };
    const items = Array.from({ length: Math.max(1, Math.floor(size / 92)) }, () => item);
    return [name, Buffer.from(JSON.stringify({ items }))];
  }),
);
/** Rows as GitHub lists issues, and rows that are one long text each. */
bodies.set('100k-issues', listIssues(100_000));
bodies.set('100k-texts', Buffer.from(JSON.stringify(Array.from({ length: 25 }, (_, id) => ({ id, body: 'A long text. '.repeat(310) })))));
const account = Buffer.from('{"id":1,"login":"bench"}');

const server = createServer((request, response) => {
  request.resume();
  const named = (request.url as string).split('/').find((segment) => bodies.has(segment));
  const body = bodies.get(named ?? '') ?? account;
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length });
  response.end(body);
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
