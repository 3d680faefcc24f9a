/** One execution through every door: the same answer, the same row, the same count, the same refusals. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bearer, callTool, type Stand, startStand } from '../mcp/stand.ts';
import { roomInMinute } from '../support/minute.ts';

let stand: Stand;

beforeAll(async () => {
  stand = await startStand();
});
afterAll(() => stand.close());
beforeEach(() => {
  stand.upstream.reset();
  stand.upstream.json('{"things":[12345678901234567890,2]}');
});

interface Call {
  integration: string;
  endpoint: string;
  params?: unknown;
  account?: string;
  select?: string;
  idempotencyKey?: string;
}

/** What a client gets to see, in the words of REST. */
interface Seen {
  answer?: { status: number; data?: unknown; error?: unknown; select_error?: string; select_warning?: string };
  refusal?: { error: string; message: string; action_url: string | undefined; details: unknown };
  /** As text, in which digits are still what they were. */
  exact: boolean;
  headers: Record<string, string | null>;
}

const doors = ['rest', 'graphql', 'mcp'] as const;
type Door = (typeof doors)[number];
type Field = 'read' | 'execute';

const headersOf = (headers: Headers) =>
  Object.fromEntries(
    ['ratelimit-limit', 'ratelimit-remaining', 'retry-after', 'idempotent-replayed'].map((name) => {
      const value = headers.get(name);
      return [name, name === 'retry-after' && value !== null ? 'said' : value];
    }),
  );

/** As JavaScript has it; the digits of what was sent are looked for in texts. */
const largeId = Number('12345678901234567890');
const isExact = (text: string) => text.includes('12345678901234567890');
const refusalOf = ({ error, message, action_url, details }: NonNullable<Seen['refusal']>) => ({ error, message, action_url, details });

const through: Record<Door, (key: string, call: Call, field: Field) => Promise<Seen>> = {
  rest: async (key, { integration, endpoint, idempotencyKey, ...body }) => {
    const { status, headers, text, json } = await stand.server.request('POST', `/v1/${integration}/${endpoint}`, {
      ...bearer(key),
      body,
      headers: idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey },
    });
    const ours = headers.get('x-skillett-error-source') === 'skillett';
    if (!ours) expect(status).toBe(json.status);
    return { ...(ours ? { refusal: refusalOf(json) } : { answer: json }), exact: isExact(text), headers: headersOf(headers) };
  },
  graphql: async (key, call, field) => {
    const query = `${field === 'read' ? 'query' : 'mutation'} ($integration: String!, $endpoint: String!, $params: JSON, $account: String, $select: String${field === 'read' ? '' : ', $idempotencyKey: String'}) {
      it: ${field}(integration: $integration, endpoint: $endpoint, params: $params, account: $account, select: $select${field === 'read' ? '' : ', idempotencyKey: $idempotencyKey'}) { status ok data error selectError selectWarning } }`;
    const { headers, text, json } = await stand.server.graphql(query, { ...call }, bearer(key));
    const [error] = json.errors ?? [];
    const found = json.data?.it;
    return {
      ...(error
        ? {
            refusal: {
              error: error.extensions.code,
              message: error.message,
              action_url: error.extensions.actionUrl,
              details: error.extensions.details,
            },
          }
        : {
            answer: found.ok
              ? {
                  status: found.status,
                  data: found.data,
                  ...(found.selectError === null ? {} : { select_error: found.selectError }),
                  ...(found.selectWarning === null ? {} : { select_warning: found.selectWarning }),
                }
              : { status: found.status, error: found.error },
          }),
      exact: isExact(text),
      headers: headersOf(headers),
    };
  },
  mcp: async (key, { idempotencyKey, integration, endpoint, ...args }, field) => {
    // There it is `read` for what only reads, whichever field the others take for it.
    const tool = stand.server.gateway.catalogue.findEndpoint(integration, endpoint)?.readOnly ? 'read' : field;
    const called = await callTool(stand.post, key, tool, {
      endpoint: `${integration}.${endpoint}`,
      ...args,
      ...(idempotencyKey === undefined ? {} : { idempotency_key: idempotencyKey }),
    });
    const ours = typeof called.json.error === 'string';
    expect(called.status === 200 ? called.failed : true).toBe(ours || 'error' in called.json);
    return {
      ...(ours ? { refusal: refusalOf(called.json) } : { answer: called.json }),
      exact: isExact(called.text ?? ''),
      headers: headersOf(called.headers),
    };
  },
};

/** The rows of a key's calls, the latest last, without what differs from call to call. */
async function rowsOf(key: string) {
  for (let turn = 0; ; turn += 1) {
    const rows = await stand.server.gateway.db.selectFrom('skillCalls').selectAll().where('keyId', '=', key).orderBy('id').execute();
    if (turn < 100 && rows.some(({ outcome }) => outcome === 'started')) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      continue;
    }
    return rows.map(
      ({ door, integration, endpoint, account, outcome, errorCode, upstreamStatus, parameterNames, responseBytes, ...row }) => ({
        door,
        integration,
        endpoint,
        account,
        outcome,
        errorCode,
        upstreamStatus,
        parameterNames,
        responseBytes,
        hasParameterHash: row.parameterHash !== null,
        isKeyed: row.idempotencyKey !== null,
        ended: row.completedAt !== null,
      }),
    );
  }
}

interface Case {
  call: Call;
  user?: Parameters<Stand['newKey']>[1];
  scopes?: string[];
  /** How often the call is made before the one that is looked at. */
  before?: number;
  upstream?(): void;
  answer?: Seen['answer'];
  /** The digits of `largeId` arrive. */
  exact?: true;
  refusal?: { error: string; message?: unknown };
  headers?: Record<string, unknown>;
  /** Of the last row; absent: there is none for it. */
  row?: object;
  /** Of all calls. */
  sent: number;
}

const desk = (endpoint: string, more: Partial<Call> = {}): Call => ({ integration: 'desk', endpoint, ...more });

const cases: Record<string, Case> = {
  'an answer': {
    call: desk('list_things', { params: { q: 'x' } }),
    answer: { status: 200, data: { things: [largeId, 2] } },
    exact: true,
    headers: { 'ratelimit-limit': '3000', 'ratelimit-remaining': '2999' },
    row: { outcome: 'succeeded', upstreamStatus: 200, parameterNames: ['q'], ended: true },
    sent: 1,
  },
  'a write': {
    call: desk('create_thing', { params: { title: 'x' } }),
    upstream: () => stand.upstream.json('{"id":1}', 201),
    answer: { status: 201, data: { id: 1 } },
    row: { outcome: 'succeeded', upstreamStatus: 201 },
    sent: 1,
  },
  'an answer that `select` cuts': {
    call: desk('list_things', { select: 'things[1]' }),
    answer: { status: 200, data: 2 },
    row: { outcome: 'succeeded' },
    sent: 1,
  },
  'an answer that `select` cannot cut': {
    call: desk('list_things', { select: 'sum(things)' }),
    upstream: () => stand.upstream.json('{"things":["a"]}'),
    answer: { status: 200, data: { things: ['a'] }, select_error: expect.stringContaining('`select` was not applied') as never },
    row: { outcome: 'succeeded' },
    sent: 1,
  },
  'an answer that `select` asks for what no shape of it knows': {
    call: { integration: 'hackernews', endpoint: 'get_item', params: { id: 1 }, select: '{a: titel, b: title}' },
    upstream: () => stand.upstream.json('{"title":"x"}'),
    answer: {
      status: 200,
      data: { a: null, b: 'x' },
      select_warning: expect.stringContaining('"titel" is not known of an object (Item); did you mean "title"') as never,
    },
    row: { outcome: 'succeeded' },
    sent: 1,
  },
  'a failure of the service': {
    call: desk('create_thing', { params: { title: 'x' } }),
    upstream: () => stand.upstream.json('{"message":"taken"}', 409),
    answer: { status: 409, error: { message: 'taken' } },
    headers: { 'ratelimit-remaining': '2999' },
    row: { outcome: 'upstream_failed', upstreamStatus: 409, errorCode: null },
    sent: 1,
  },
  'a service that asks callers to come back later': {
    call: desk('create_thing', { params: { title: 'x' } }),
    upstream: () => stand.upstream.answer(429, { 'retry-after': '43', 'content-type': 'application/json' }, '{"slow":true}'),
    answer: { status: 429, error: { slow: true } },
    headers: { 'retry-after': 'said' },
    row: { outcome: 'upstream_failed' },
    sent: 1,
  },
  'a service that breaks the connection': {
    call: desk('create_thing', { params: { title: 'x' } }),
    upstream: () => {
      stand.upstream.play = (_request, response) => void response.destroy();
    },
    refusal: { error: 'upstream_unreachable' },
    headers: { 'ratelimit-remaining': '2999' },
    row: { outcome: 'unknown', errorCode: 'upstream_unreachable' },
    sent: 1,
  },
  'a first answer that is given again': {
    call: desk('create_thing', { params: { title: 'x' }, idempotencyKey: 'again' }),
    before: 1,
    upstream: () => stand.upstream.json('{"id":12345678901234567890}', 201),
    answer: { status: 201, data: { id: largeId } },
    exact: true,
    headers: { 'idempotent-replayed': 'true' },
    row: { outcome: 'replayed', isKeyed: true },
    sent: 1,
  },
  'an unknown integration': {
    call: { integration: 'nothing', endpoint: 'list_things' },
    refusal: { error: 'not_found', message: 'Integration not found.' },
    headers: { 'ratelimit-limit': null },
    sent: 0,
  },
  'an unknown endpoint': {
    call: desk('list_thing'),
    refusal: { error: 'not_found', message: 'Endpoint not found.' },
    sent: 0,
  },
  'an integration that the key does not cover': {
    call: desk('list_things'),
    scopes: ['bank'],
    refusal: { error: 'scope_not_allowed' },
    headers: { 'ratelimit-limit': null },
    row: { outcome: 'refused', errorCode: 'scope_not_allowed' },
    sent: 0,
  },
  'a write with a key that may read': {
    call: desk('create_thing', { params: { title: 'x' } }),
    scopes: ['desk:read'],
    refusal: { error: 'scope_not_allowed' },
    row: { outcome: 'refused', errorCode: 'scope_not_allowed' },
    sent: 0,
  },
  'parameters that are not as the endpoint takes them': {
    call: desk('create_thing', { params: { titel: 'x' } }),
    refusal: { error: 'bad_request', message: expect.stringContaining('did you mean `title`?') },
    headers: { 'ratelimit-remaining': '2999' },
    row: { outcome: 'refused', errorCode: 'bad_request', parameterNames: [] },
    sent: 0,
  },
  'a `select` that cannot be read': {
    call: desk('list_things', { select: '[[[' }),
    refusal: { error: 'bad_request', message: expect.stringContaining('select') },
    headers: { 'ratelimit-remaining': '2999' },
    row: { outcome: 'refused', errorCode: 'bad_request' },
    sent: 0,
  },
  'an idempotency key that is none': {
    call: desk('create_thing', { params: { title: 'x' }, idempotencyKey: 'x'.repeat(256) }),
    refusal: { error: 'bad_request', message: expect.stringContaining('idempotency key') },
    row: { outcome: 'refused', errorCode: 'bad_request' },
    sent: 0,
  },
  'a minute that is used up': {
    call: desk('list_things'),
    user: { limits: { perMinute: 1 } },
    before: 1,
    refusal: { error: 'rate_limited', message: expect.stringContaining('1 requests per minute') },
    headers: { 'ratelimit-limit': '1', 'ratelimit-remaining': '0', 'retry-after': 'said' },
    row: { outcome: 'refused', errorCode: 'rate_limited' },
    sent: 1,
  },
  'a service that nobody connected': {
    call: { integration: 'safe', endpoint: 'list_things' },
    refusal: { error: 'integration_not_connected' },
    headers: { 'ratelimit-remaining': '2999' },
    row: { outcome: 'refused', errorCode: 'integration_not_connected' },
    sent: 0,
  },
};

/** Retry-After and sentences that count seconds are about the moment. */
const timeless = (value: unknown) =>
  JSON.parse(
    JSON.stringify(value)
      .replace(/\d+ s\./g, 'n s.')
      .replace(/call_[\w-]+/g, 'call'),
  );

describe('an execution, and a refusal of one, is the same through REST, GraphQL and MCP:', () => {
  it.each(Object.entries(cases))('%s', async (_name, { call, user, scopes, before = 0, upstream, ...expected }) => {
    if (user?.limits) await roomInMinute(5_000, stand.server.gateway.clock);
    upstream?.();
    const seen: unknown[] = [];
    for (const door of doors) {
      stand.upstream.received.length = 0;
      const key = await stand.newKey(scopes, user);
      for (let time = 0; time < before; time += 1) await through[door](key, call, 'execute');
      const one = await through[door](key, call, 'execute');
      const rows = await rowsOf(key);
      if (expected.answer) expect(one.answer, door).toEqual(expected.answer);
      if (expected.exact) expect(one.exact, door).toBe(true);
      if (expected.refusal) expect(one.refusal, door).toMatchObject(expected.refusal);
      expect(one.headers, door).toMatchObject(expected.headers ?? {});
      expect(rows, door).toHaveLength(before + (expected.row ? 1 : 0));
      if (expected.row) expect(rows.at(-1), door).toMatchObject({ ...expected.row, door });
      expect(stand.upstream.received.length, door).toBe(expected.sent);
      const sent = stand.upstream.received.map(({ method, target, body }) => [method, target, body.toString()]);
      seen.push(timeless({ ...one, rows: rows.map(({ door: _door, ...row }) => row), sent }));
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
  });

  it('a key that is none', async () => {
    const seen = [];
    for (const door of doors) seen.push(await through[door](`sk_${'0'.repeat(48)}`, desk('list_things'), 'execute'));
    expect(seen[0]?.refusal).toMatchObject({ error: 'api_key_invalid' });
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
  });
});

describe('`read`', () => {
  it.each(['graphql', 'mcp'] as const)(
    'over %s answers as an execution, and refuses what is not read-only before anything is sent',
    async (door) => {
      const key = await stand.newKey();
      const { answer, exact } = await through[door](key, desk('list_things'), 'read');
      expect([answer?.status, exact]).toEqual([200, true]);
      const { refusal, headers } = await through[door](key, desk('create_thing', { params: { title: 'x' } }), 'read');
      expect(refusal).toMatchObject({ error: 'bad_request', message: expect.stringContaining('`read` does not call it') });
      expect(headers['ratelimit-remaining']).toBe('2998');
      expect((await rowsOf(key)).map(({ outcome, errorCode }) => [outcome, errorCode])).toEqual([
        ['succeeded', null],
        ['refused', 'bad_request'],
      ]);
      expect(stand.upstream.received.map(({ method }) => method)).toEqual(['GET']);
    },
  );

  it('in one GraphQL request leaves the lowest remaining limit of its executions', async () => {
    const key = await stand.newKey();
    const aliases = ['a', 'b', 'c'].map((q) => `${q}: read(integration: "desk", endpoint: "list_things", params: {q: "${q}"}) { ok }`);
    const { headers } = await stand.server.graphql(`{ ${aliases.join(' ')} }`, undefined, bearer(key));
    expect(headers.get('ratelimit-remaining')).toBe('2997');
  });
});

it('an answer that is given again is the first one through whichever door it was asked for', async () => {
  const key = await stand.newKey();
  const idempotencyKey = randomUUID();
  stand.upstream.json('{"id":12345678901234567890}', 201);
  for (const door of doors) {
    const { answer, exact, headers } = await through[door](
      key,
      desk('create_thing', { params: { title: 'x' }, idempotencyKey }),
      'execute',
    );
    expect([answer?.status, exact, headers['idempotent-replayed']], door).toEqual([201, true, door === 'rest' ? null : 'true']);
  }
  expect(stand.upstream.received).toHaveLength(1);
});
