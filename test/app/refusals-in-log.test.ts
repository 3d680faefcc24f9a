import { afterAll, beforeAll, expect, it } from 'vitest';
import { toSkillettError } from '../../src/app/http/failures.ts';
import { unavailable } from '../../src/core/errors.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const linesWith = (words: string) => server.log.filter((line) => line.includes(words)).length;

it('what refuses thousands of calls alike is one line of the log, and another reason another one', () => {
  const { gateway } = server;
  for (let turn = 0; turn < 1_000; turn++) {
    const refused = toSkillettError(gateway, unavailable('Too many of your calls to desk wait.', 1), `req_${turn}`);
    expect(refused).toMatchObject({ code: 'unavailable', headers: { 'retry-after': '1' } });
  }
  toSkillettError(gateway, unavailable('Too many of your calls to bank wait.', 1), 'req_x');
  expect([linesWith('to desk wait'), linesWith('to bank wait')]).toEqual([1, 1]);
});

it('a database that is away is told each time, with why', () => {
  for (let turn = 0; turn < 2; turn++) toSkillettError(server.gateway, unavailable('Away.', 5, new Error('ECONNREFUSED')), 'req_y');
  expect(linesWith('Away.')).toBe(2);
});
