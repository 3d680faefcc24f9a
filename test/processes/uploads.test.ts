/** A large file passes from its address to the service through a process whose memory stays as it was. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { recipeOf, writeRecipes } from '../support/desk-recipes.ts';
import { makeFolder } from '../support/folder.ts';
import { Installation } from './installation.ts';

const mebibyte = 1024 * 1024;
const fileBytes = 200 * mebibyte;

let installation: Installation;
let removeFolder: () => Promise<void>;
let taken = 0;
const servers: Server[] = [];

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function* pieces(): Generator<Buffer> {
  const piece = Buffer.alloc(64 * 1024, 1);
  for (let sent = 0; sent < fileBytes; sent += piece.length) yield piece;
}

let files: string;

beforeAll(async () => {
  files = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': fileBytes });
    pipeline(Readable.from(pieces()), response, () => {});
  });
  const service = await serve((request, response) => {
    const range = request.headers['content-range'];
    if (request.url === '/session') return void response.writeHead(200, { location: `http://${request.headers.host}/parts` }).end();
    const [, last, total] = /-(\d+)\/(\d+)$/.exec(range ?? '') ?? [];
    const status = Number(last) + 1 < Number(total) ? 308 : 201;
    request.on('data', (chunk: Buffer) => {
      taken += chunk.length;
    });
    request.on('end', () => response.writeHead(range ? status : 201, { 'content-type': 'application/json' }).end('{}'));
  });
  const { folder, remove } = await makeFolder();
  removeFolder = remove;
  await writeRecipes(folder);
  await mkdir(path.join(folder, 'crate'));
  const put = {
    method: 'PUT',
    path: '/file',
    description: 'Puts a file.',
    body: { encoding: 'raw', content: 'file', upload: { max_bytes: 2 * fileBytes } },
    parameters: { file: { in: 'body', type: 'string', format: 'uri', description: 'Where it is.', required: true } },
    timeout_ms: 120_000,
    answer: 'It.',
    example: { file: 'https://files.example/a' },
  };
  const session = {
    address: { header: 'Location' },
    hosts: ['up.example.org'],
    method: 'PUT',
    part_bytes: 8 * mebibyte,
    more: [308],
    headers: { 'Content-Range': 'bytes {first}-{last}/{total}' },
  };
  const parts = {
    ...put,
    method: 'POST',
    path: '/session',
    body: { encoding: 'json', content: 'file', upload: { max_bytes: 2 * fileBytes, session } },
  };
  await writeFile(path.join(folder, 'crate', 'recipe.json'), JSON.stringify(recipeOf('crate')));
  await writeFile(
    path.join(folder, 'crate', 'all.json'),
    JSON.stringify({ resource: 'all', description: 'All.', endpoints: { put, parts } }),
  );
  const env = { SKILLETT_RECIPES: folder, SKILLETT_CRATE_BASE_URL: `http://${service}` };
  installation = await Installation.start({ processes: 0, env });
  await installation.startProcess([files], path.resolve(import.meta.dirname, '../support/upload-server.ts'));
}, 60_000);
afterAll(async () => {
  await installation?.close();
  for (const server of servers) server.close();
  await removeFolder?.();
});

async function memoryMb(): Promise<number> {
  const status = await readFile(`/proc/${installation.processes[0]?.child.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

async function mostWhile(run: () => Promise<void>): Promise<number> {
  let most = 0;
  const watch = setInterval(() => {
    void memoryMb().then((now) => {
      most = Math.max(most, now);
    });
  }, 20);
  await run();
  clearInterval(watch);
  return most;
}

it.runIf(process.platform === 'linux').each([
  ['put', 'as one request'],
  ['parts', 'in 25 parts'],
])(
  '200 MiB pass again and again by %s, %s, and the process takes no more for the last of them than for the first',
  async (endpoint) => {
    const key = await installation.newKey();
    const put = async () => {
      taken = 0;
      const { status } = await installation.request(0, key, 'POST', `/v1/crate/${endpoint}`, { params: { file: `http://${files}/a` } });
      expect([status, taken]).toEqual([201, fileBytes]);
    };
    const most: number[] = [];
    for (let pass = 0; pass < 6; pass += 1) most.push(await mostWhile(put));
    console.log(`MB at most in each pass: ${most.map(Math.round).join(', ')}`);
    const warm = Math.max(...most.slice(0, 3));
    expect(Math.max(...most.slice(3)) - warm).toBeLessThan(30);
  },
  90_000,
);
