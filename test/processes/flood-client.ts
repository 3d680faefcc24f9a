/** As many calls at once as there are connections, from a process of its own, until its input ends; then it prints how long they took. */
import http from 'node:http';
import { text } from 'node:stream/consumers';

export interface Flood {
  statuses: Record<string, number>;
  medianMs: number;
}

const [url, key, connections, path, body] = process.argv.slice(2) as [string, string, string, string, string];
const agent = new http.Agent({ keepAlive: true });
const tookMs: number[] = [];
const statuses: Flood['statuses'] = {};
let over = false;

function call(): Promise<void> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const done = (status: number | string) => {
      statuses[status] = (statuses[status] ?? 0) + 1;
      tookMs.push(performance.now() - startedMs);
      resolve();
    };
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const request = http.request(url + path, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => done(answer.statusCode as number));
    });
    request.on('error', (error: NodeJS.ErrnoException) => done(error.code as string));
    request.end(body);
  });
}

const clients = Array.from({ length: Number(connections) }, async () => {
  while (!over) await call();
});
await text(process.stdin);
over = true;
await Promise.all(clients);
agent.destroy();
tookMs.sort((a, b) => a - b);
const flood: Flood = { statuses, medianMs: tookMs[tookMs.length >> 1] as number };
console.log(JSON.stringify(flood));
