/** What a caller without a good key can make the server do: as good as nothing. Measured as CPU time of a real process. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Installation } from './installation.ts';

let installation: Installation;
let url: string;
let key: string;

beforeAll(async () => {
  installation = await Installation.start({ processes: 1, env: { PUBLIC_URL: 'http://localhost:4000' } });
  url = installation.processes[0]!.url;
  key = await installation.newKey({ plan: 'unlimited' });
});
afterAll(() => installation.close());

/** Of the server, in ms; the kernel counts in steps of 10. */
function cpuMs(): number {
  const fields = readFileSync(`/proc/${installation.processes[0]!.child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** What one of `times` requests costs the server, in the first round that stays below `limitMs`: others use the machine too. */
async function costOf(times: number, limitMs: number, ask: () => Promise<unknown>): Promise<number> {
  let leastMs = Number.POSITIVE_INFINITY;
  // In the first, what runs for the first time is compiled.
  for (let round = 0; round < 8 && leastMs >= limitMs; round += 1) {
    const before = cpuMs();
    for (let time = 0; time < times; time += 1) await ask();
    leastMs = Math.min(leastMs, (cpuMs() - before) / times);
  }
  return leastMs;
}

interface Seen {
  status: number;
  text: string;
}

/** Each of which is another client; documents of strangers are counted by address. */
function* addresses(): Generator<string, never> {
  for (let at = 1; ; at += 1) yield `127.1.${at >> 8}.${at & 255}`;
}
const newAddress = addresses();

/** As a program that sends all it has, whatever it is told. */
function push(path: string, authorization: string | undefined, body: Buffer, chunked = false): Promise<Seen> {
  return new Promise((resolve) => {
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', localAddress: newAddress.next().value });
    let text = '';
    const end = () => {
      socket.destroy();
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text });
    };
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.on('error', () => {});
    socket.on('end', end);
    socket.on('close', end);
    const length = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
    const credential = authorization === undefined ? '' : `Authorization: ${authorization}\r\n`;
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: localhost:4000\r\nContent-Type: application/json\r\nConnection: close\r\n${length}\r\n${credential}\r\n`,
    );
    if (chunked) socket.write(`${body.length.toString(16)}\r\n`);
    socket.write(body);
    if (chunked) socket.write('\r\n0\r\n\r\n');
  });
}

const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
const withKey = (more: Record<string, string> = {}) => ({ authorization: `Bearer ${key}`, ...more });

const reads = (count: number) =>
  `query($p: JSON) { ${Array.from({ length: count }, (_, at) => `a${at}: read(integration: "desk", endpoint: "list_things", params: $p) { status }`).join(' ')} }`;
const ones = (bytes: number) => `[${'1,'.repeat(bytes / 2)}1]`;
const graphqlBody = (bytes: number) => Buffer.from(`{"query": ${JSON.stringify(reads(50))}, "variables": {"p": {"a": ${ones(bytes)}}}}`);
const restBody = (bytes: number) => Buffer.from(`{"params": {"a": ${ones(bytes)}}}`);
const unknownKey = `Bearer sk_${'0'.repeat(48)}`;
const mebibyte = 1024 * 1024;

describe('a caller without a good key', () => {
  const mcp = (bytes: number) =>
    Buffer.from(
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{"endpoint":"desk.list_things","params":{"a":${ones(bytes)}}}}}`,
    );

  const graphqlOf = (query: string) => Buffer.from(JSON.stringify({ query }));
  const manyIntrospections = Buffer.from(
    `{"query":"{ __schema { ${Array.from({ length: 40 }, (_, at) => `a${at}: types { fields { type { fields { name } } } }`).join(' ')} } }"}`,
  );

  it.each([
    ['GraphQL, 199 KiB, no key', '/graphql', undefined, graphqlBody(199 * 1024), 20],
    ['GraphQL, 8 MiB, no key', '/graphql', undefined, graphqlBody(8 * mebibyte), 20],
    ['GraphQL, 8 MiB, an unknown key', '/graphql', unknownKey, graphqlBody(8 * mebibyte), 20],
    ['GraphQL, 15 KiB, an unknown key', '/graphql', unknownKey, graphqlBody(11 * 1024), 20],
    ['GraphQL, a document that is long to validate', '/graphql', unknownKey, Buffer.from(`{"query":"{${'viewer '.repeat(1_900)}}"}`), 20],
    ['REST, 16 KiB, one long number', '/v1/desk/create_thing', unknownKey, Buffer.from(`{"params":{"a":0.1${'0'.repeat(15_900)}1}}`), 20],
    ['GraphQL, one open field 1,300 times', '/graphql', undefined, Buffer.from(`{"query":"{${'__typename '.repeat(1_300)}}"}`), 20],
    ['GraphQL, a fault 80 times', '/graphql', undefined, graphqlOf(`mutation { ${'requestDeviceCode { x } '.repeat(80)} }`), 20],
    [
      'GraphQL, many types that there are not, nearly named as others',
      '/graphql',
      undefined,
      graphqlOf(
        `query(${Array.from({ length: 115 }, (_, at) => `$a${at}: IntegrationConectio${at}`).join(' ')}) { signInOptions { __typename } }`,
      ),
      20,
    ],
    ['GraphQL, forty aliases of introspection', '/graphql', undefined, manyIntrospections, 20],
    ['GraphQL, 11 KiB, nonsense', '/graphql', 'Bearer nonsense', graphqlBody(11 * 1024), 20],
    ['REST, 20 MiB, nonsense', '/v1/desk/create_thing', 'Bearer nonsense', restBody(20 * mebibyte), 20],
    ['REST, 20 MiB, no key', '/v1/desk/create_thing', undefined, restBody(20 * mebibyte), 20],
    ['REST, 20 MiB, another scheme', '/v1/desk/create_thing', 'Basic YTpi', restBody(20 * mebibyte), 20],
    ['REST, no body, an unknown key', '/v1/desk/create_thing', unknownKey, Buffer.from('{}'), 20],
    ['REST, 15 KiB, an unknown key', '/v1/desk/create_thing', unknownKey, restBody(14 * 1024), 20],
    ['REST, 20 MiB, a device code', '/auth/device/token', undefined, restBody(20 * mebibyte), 20],
    ['REST, 20 MiB, a route that is not there', '/v1/x/y/z/w', undefined, restBody(20 * mebibyte), 20],
    ['MCP, 20 MiB, no key', '/mcp', undefined, mcp(20 * mebibyte), 20],
    ['MCP, 20 MiB, an unknown key', '/mcp', unknownKey, mcp(20 * mebibyte), 20],
    ['sign-in, 20 MiB', '/api/auth/sign-in/email', undefined, restBody(20 * mebibyte), 20],
  ] as const)('costs under 5 ms: %s', async (_name, path, authorization, body, times) => {
    for (const chunked of [false, true]) {
      let seen: Seen | undefined;
      const cost = await costOf(times, 5, async () => {
        seen = await push(path, authorization, body, chunked);
      });
      expect(seen?.status).toBeGreaterThanOrEqual(400);
      expect(seen?.status).toBeLessThan(500);
      expect(cost).toBeLessThan(5);
    }
  });

  const list = (count: number, make: (at: number) => string) => Array.from({ length: count }, (_, at) => make(at)).join(' ');
  it.each([
    ['one response name, fifty times two', `{ ${'a: __typename a: signInOptions { signUp } '.repeat(50)} }`, 400],
    [
      '38 fragments',
      `{ ${list(38, (at) => `...F${at}`)} } ${list(38, (at) => `fragment F${at} on Query { signInOptions { signUp } }`)}`,
      400,
    ],
    ['490 fields', `{ ${'__typename '.repeat(490)} }`, 400],
    ['as many fields as there may be', `{ ${list(40, (at) => `a${at}: __typename`)} }`, 200],
    ['as many merged fields as there may be', `{ ${list(5, () => '__typename')} }`, 200],
  ])('costs under 5 ms with a document that nobody has sent before: %s', async (_name, query, status) => {
    let sent = 0;
    const cost = await costOf(20, 5, async () => {
      sent += 1;
      const seen = await push('/graphql', undefined, graphqlOf(`${query}#${sent}`));
      expect(seen.status).toBe(status);
    });
    expect(cost).toBeLessThan(5);
  });

  it('is told 401 where it shows nothing or a key that is none, whatever its body, and 413 where nobody is asked', async () => {
    for (const [path, authorization, code] of [
      ['/v1/desk/create_thing', undefined, 'unauthorized'],
      ['/v1/desk/create_thing', unknownKey, 'api_key_invalid'],
      ['/graphql', undefined, 'payload_too_large'],
      ['/graphql', unknownKey, 'api_key_invalid'],
      ['/mcp', undefined, 'unauthorized'],
      ['/mcp', unknownKey, 'api_key_invalid'],
      ['/auth/device/code', undefined, 'payload_too_large'],
    ] as const)
      for (const chunked of [false, true])
        expect((await push(path, authorization, restBody(mebibyte), chunked)).text, `${path} ${authorization}`).toContain(`"${code}"`);
  });

  it('runs over GraphQL what is open to everybody, and nothing beside it', async () => {
    const ask = async (query: string, headers = {}) => {
      const answer = await post('/graphql', JSON.stringify({ query }), headers);
      return { status: answer.status, json: await answer.json() };
    };
    const login = 'mutation { requestDeviceCode { userCode } }';
    expect((await ask(login)).json.data.requestDeviceCode.userCode).toMatch(/^.{4}-.{4}$/);
    expect((await ask('{ signInOptions { signUp } __typename }')).json.data.__typename).toBe('Query');
    for (const query of [
      '{ viewer { kind } }',
      '{ signInOptions { signUp } viewer { kind } }',
      'query { ...all } fragment all on Query { ... on Query { viewer { kind } } }',
      'mutation { requestDeviceCode { userCode } execute(integration: "desk", endpoint: "create_thing") { status } }',
      '{ nothing }',
      '{ a: __schema { description } b: __schema { description } }',
      '{ __schema { a: types { name } b: types { name } } }',
      `{ ${'__typename '.repeat(500)} }`,
    ]) {
      const refused = await ask(query);
      expect([refused.status, JSON.stringify(refused.json).includes('"unauthorized"')], query).toEqual([401, true]);
    }
    expect((await ask('{ viewer { kind } }', withKey())).json.data.viewer.kind).toBe('API_KEY');
  });

  it('reads the schema, which is made once', async () => {
    const body = JSON.stringify({ query: getIntrospectionQuery() });
    const first = await (await post('/graphql', body)).json();
    expect(first.data.__schema.types.length).toBeGreaterThan(50);
    expect(await (await post('/graphql', body)).json()).toEqual(first);
    expect(await costOf(40, 5, async () => (await post('/graphql', body)).arrayBuffer())).toBeLessThan(5);
  });

  it('is told the first fault of an open document that is not valid', async () => {
    const answer = await post('/graphql', JSON.stringify({ query: '{ signInOptions { nothing } }' }));
    expect(answer.status).toBe(400);
    expect((await answer.json()).errors).toMatchObject([
      { message: expect.stringContaining('"nothing"'), extensions: { code: 'bad_request' } },
    ]);
  });

  it('is not given with a false key what a good one has asked of the schema', async () => {
    const body = JSON.stringify({ query: getIntrospectionQuery() });
    expect((await post('/graphql', body, withKey())).status).toBe(200);
    expect((await post('/graphql', body, { authorization: unknownKey })).status).toBe(401);
  });
});

it('makes the server walk the schema only so often for all without a key, and what was asked before is still answered', async () => {
  const ask = (query: string, headers = {}) => post('/graphql', JSON.stringify({ query }), headers);
  const usual = getIntrospectionQuery();
  for (const query of [usual, '{ __typename }']) expect((await ask(query)).status).toBe(200);
  const answers = await Promise.all(Array.from({ length: 31 }, (_, at) => ask(`query Q${at} { __schema { queryType { name } } }`)));
  const refused = answers.find(({ status }) => status === 429) as Response;
  expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect((await refused.json()).errors[0].extensions.code).toBe('rate_limited');
  expect((await ask('query Q30 { __schema { queryType { name } } }', withKey())).status).toBe(200);
  expect((await ask('{ __typename }')).status).toBe(200);
});

describe('a body', () => {
  it('of a good key is read whole, at either side of what a stranger may send, and the connection is kept', async () => {
    for (const length of [16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 64 * 1024 + 1, 2 * mebibyte]) {
      const body = JSON.stringify({ params: { title: 'x'.repeat(length - 23) } });
      const answer = await post('/v1/desk/create_thing', body, withKey());
      expect(answer.status, await answer.text()).toBe(200);
      expect(answer.headers.get('connection')).toBe('keep-alive');
      expect(JSON.parse(installation.upstream.received.at(-1)!.body.toString()).title).toHaveLength(length - 23);
    }
  });

  it('that waits for the word to go on is asked for only where it is read', async () => {
    const expecting = (authorization: string) =>
      push2(
        `POST /v1/desk/create_thing HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nExpect: 100-continue\r\nAuthorization: ${authorization}\r\nContent-Length: 30000\r\n\r\n`,
        JSON.stringify({ params: { title: 'x'.repeat(29_977) } }),
      );
    expect(await expecting(`Bearer ${key}`)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200/);
    expect(await expecting(unknownKey)).toMatch(/^HTTP\/1\.1 401/);
  });

  it('of many values, or whose variables are used too often, is refused', async () => {
    const many = await post('/v1/desk/create_thing', restBody(500_000).toString(), withKey());
    expect([many.status, (await many.json()).message]).toEqual([400, expect.stringContaining('more than 200000 JSON values')]);
    const few = await post('/v1/desk/create_thing', restBody(300_000).toString(), withKey());
    expect((await few.json()).message).toContain('unknown parameter `a`');
    const often = await post('/graphql', graphqlBody(30_000).toString(), withKey());
    expect((await often.json()).errors[0].message).toContain('`$p` is used 50 times');
    const seldom = await post('/graphql', graphqlBody(3_000).toString(), withKey());
    expect((await seldom.json()).errors[0].message).toContain('unknown parameter `a`');
    const heavy = JSON.stringify({ query: reads(3), variables: { p: { q: 'x'.repeat(15 * mebibyte) } } });
    expect((await (await post('/graphql', heavy, withKey())).json()).errors[0].message).toContain('`$p` is used 3 times');
  });

  it('of strangers that stalls, and of another user, leaves room for everybody else', async () => {
    const stall = (authorization: string | undefined) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.on('error', () => {});
      socket.write(
        `POST /v1/desk/create_thing HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${39 * mebibyte}\r\n${authorization ? `Authorization: ${authorization}\r\n` : ''}\r\n`,
      );
      socket.write(Buffer.alloc(38 * mebibyte, ' '));
      return socket;
    };
    const other = await installation.newKey({ plan: 'unlimited' });
    const sockets = [...Array.from({ length: 7 }, () => stall(unknownKey)), ...Array.from({ length: 7 }, () => stall(`Bearer ${other}`))];
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const body = JSON.stringify({ params: { title: 'x'.repeat(20 * mebibyte) } });
    expect((await post('/v1/desk/create_thing', body, withKey())).status).toBe(200);
    const more = await post('/v1/desk/create_thing', JSON.stringify({ params: { title: 'x'.repeat(39 * mebibyte) } }), {
      authorization: `Bearer ${other}`,
    });
    expect(more.status).toBe(503);
    for (const socket of sockets) socket.destroy();
  });
});

describe('a number of a caller', () => {
  const bodies: [string, string, string][] = [
    ['{"params":{"title":"x","meta":{"id":7615917337495251231}}}', 'params.meta.id', '7615917337495251231'],
    ['{"params":{"n":1e400}}', 'params.n', '1e400'],
    ['{"params":{"n":[0,-0.1000000000000000055]}}', 'params.n.1', '-0.1000000000000000055'],
  ];

  it('that JavaScript cannot hold is refused by its place on every door', async () => {
    for (const [body, place, number] of bodies) {
      const message = `\`${place}\` holds the number ${number}, which would not arrive digit for digit`;
      const over = await post('/v1/desk/create_thing', body, withKey());
      expect([over.status, (await over.json()).message]).toEqual([400, expect.stringContaining(message)]);
      const params = body.slice('{"params":'.length, -1);
      const call = '"query":"mutation($p: JSON) { execute(integration: \\"desk\\", endpoint: \\"create_thing\\", params: $p) { ok } }"';
      const graphql = await post('/graphql', `{${call},"variables":{"p":${params}}}`, withKey());
      expect(await graphql.text()).toContain(`variables.p.${place.slice('params.'.length)}\` holds the number ${number}`);
      const mcp = await post(
        '/mcp',
        `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"execute","arguments":{"endpoint":"desk.create_thing","params":${params}}}}`,
        withKey({ accept: 'application/json, text/event-stream' }),
      );
      expect(await mcp.text()).toContain(`holds the number ${number}`);
    }
    const long = `0.1${'0'.repeat(500_000)}1`;
    expect(
      await costOf(1, 200, async () => (await post('/v1/desk/create_thing', `{"params":{"n":${long}}}`, withKey())).text()),
    ).toBeLessThan(200);
    expect((await post('/v1/desk/create_thing', `{"params":{"n":${long}}}`, withKey())).status).toBe(400);
    for (const literal of ['7615917337495251231', '1e400', '-0.1000000000000000055']) {
      const query = `mutation { execute(integration: "desk", endpoint: "create_thing", params: {title: "x", n: [${literal}]}) { ok } }`;
      expect((await (await post('/graphql', JSON.stringify({ query }), withKey())).json()).errors[0].message).toContain(
        `holds the number ${literal}`,
      );
    }
  });

  it('arrives as it was where it can be held, and in a text whatever it is', async () => {
    const body = '{"params":{"title":"7615917337495251231 and 1e400 \\" 12345678901234567890"}}';
    expect((await post('/v1/desk/create_thing', body, withKey())).status).toBe(200);
    expect(installation.upstream.received.at(-1)!.body.toString()).toBe(body.slice('{"params":'.length, -1));
    for (const number of ['9007199254740991', '-0.000001', '1.50e2', '123456789012345', '1E+2'])
      expect((await (await post('/v1/desk/create_thing', `{"params":{"title":${number}}}`, withKey())).json()).message).toContain(
        'must be a string',
      );
  });
});

/** Sends the head, waits for what comes, sends the body where it is asked for, and gives all that came. */
function push2(head: string, body: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text === 'HTTP/1.1 100 Continue\r\n\r\n') socket.write(body);
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
    socket.write(head);
  });
}
