/** One caller's flood of requests, and what another caller notices of it. The flood comes from a process of its own. */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerProcess } from '../support/process.ts';
import type { Flood } from './flood-client.ts';
import { Installation } from './installation.ts';

let installation: Installation;
let server: ServerProcess;
beforeAll(async () => {
  installation = await Installation.start({ processes: 1 });
  server = installation.processes[0] as ServerProcess;
  installation.upstream.json('{"things":[]}');
});
afterAll(() => installation.close());

const unlimited = { limits: { perMinute: null, perDay: null } };

function flood(key: string, connections: number, target: string, body: object) {
  const program = path.join(import.meta.dirname, 'flood-client.ts');
  const child = spawn(process.execPath, [program, server.url, key, String(connections), target, JSON.stringify(body)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return async (): Promise<Flood> => {
    child.stdin.end();
    return JSON.parse(await text(child.stdout));
  };
}

/** Median of calls one after the other, in ms. */
async function medianOf(calls: number, key: string): Promise<number> {
  const tookMs: number[] = [];
  for (let call = 0; call < calls; call += 1) {
    const startedMs = performance.now();
    expect((await installation.call(0, key, 'list_things')).status).toBe(200);
    tookMs.push(performance.now() - startedMs);
  }
  return tookMs.sort((a, b) => a - b)[calls >> 1] as number;
}

describe('a flood of one key', () => {
  it.each([
    ['REST', 600, '/v1/desk/list_things', { params: { q: 'x' } }],
    ['GraphQL', 300, '/graphql', { query: '{ viewer { kind } }' }],
  ])('makes its own calls wait, and hardly those of another user (%s)', async (_door, connections, target, body) => {
    const [loud, quiet] = [await installation.newKey(unlimited), await installation.newKey(unlimited)];
    await medianOf(20, quiet);
    const end = flood(loud, connections, target, body);
    await delay(3_000);
    const during = await medianOf(25, quiet);
    const { statuses, medianMs } = await end();
    expect(Object.keys(statuses).filter((status) => status !== '200' && status !== '429')).toEqual([]);
    // Without turns both take as long.
    expect(during).toBeLessThan(medianMs / 3);
  });
});

/** All on one connection, none waiting for the answer to another; what came back until it was closed or all were answered. */
function pipeline(requests: number, authorization: string, target: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    let answers = '';
    const end = () => {
      socket.destroy();
      resolve(answers);
    };
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      answers += chunk;
      if (answers.split('HTTP/1.1 ').length > requests) end();
    });
    socket.on('error', end);
    socket.on('close', end);
    const request = `POST ${target} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`;
    socket.write(request.repeat(requests));
  });
}

const statusesOf = (answers: string) => [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));

describe('requests that do not wait for each other on one connection', () => {
  it('are all answered where they are a few, and end the connection where they are many', async () => {
    const key = await installation.newKey(unlimited);
    const few = statusesOf(await pipeline(200, `Bearer ${key}`, '/v1/desk/list_things'));
    expect(few).toEqual(new Array(200).fill(200));
    const many = statusesOf(await pipeline(5_000, `Bearer ${key}`, '/v1/desk/list_things'));
    expect(many.length).toBeLessThan(5_000);
    expect((await installation.call(0, key, 'list_things')).status).toBe(200);
  });

  it('of one key wait in a bounded number, and those beyond are told to come back, on every door', async () => {
    for (const [target, form] of [
      ['/v1/desk/list_things', '{"error":"unavailable","message":"2000 of your requests wait'],
      ['/graphql', '{"errors":[{"message":"2000 of your requests wait'],
    ] as const) {
      const [loud, quiet] = [await installation.newKey(unlimited), await installation.newKey(unlimited)];
      const answers = Promise.all(Array.from({ length: 40 }, () => pipeline(200, `Bearer ${loud}`, target)));
      expect((await installation.call(0, quiet, 'list_things')).status).toBe(200);
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
      const all = (await answers).join('');
      const refused = statusesOf(all).filter((status) => status === 503);
      expect(refused.length).toBeGreaterThan(0);
      expect(all).toContain(form);
      expect(all.toLowerCase()).toContain('retry-after: 2');
      expect((await installation.call(0, loud, 'list_things')).status).toBe(200);
    }
  });
});
