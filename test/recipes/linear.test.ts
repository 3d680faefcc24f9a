/** A service that speaks GraphQL alone: callers see neither its documents nor its envelope. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;

beforeAll(async () => {
  stand = await startHardStand('linear', ['api.linear.app']);
  stand.upstream.json('{"data":{"viewer":{"id":"u1","email":"ada@acme.example"}}}');
  const connected = await stand.server.request('POST', '/v1/connect', { body: { integration: 'linear', credentials: { token: 'lin_1' } } });
  expect(connected.json).toMatchObject({ status: 'connected' });
});
beforeEach(() => {
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const call = (endpoint: string, params: object, more: object = {}, headers: Record<string, string> = {}) =>
  stand.server.request('POST', `/v1/linear/${endpoint}`, { body: { params, ...more }, headers });
const refuse = async (credential: string) =>
  (await stand.server.request('POST', '/v1/connect', { body: { integration: 'linear', credentials: { token: credential } } })).status;

it('the request is the document and its variables, and those that are left out are not there', async () => {
  stand.upstream.json('{"data":{"issueCreate":{"success":true,"issue":{"id":"i1"}}}}');
  const made = await call('create_issue', { team_id: 't1', title: 'The "door" sticks', description: null });
  expect(made.text).toBe('{"status":200,"data":{"id":"i1"}}');
  const body =
    '{"query":"mutation CreateIssue($teamId: String!, $title: String!, $description: String, $priority: Int) { issueCreate(input: {teamId: $teamId, title: $title, description: $description, priority: $priority}) { success issue { id identifier url } } }","variables":{"teamId":"t1","title":"The \\"door\\" sticks","description":null}}';
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'POST /graphql',
      'host: api.linear.app',
      'accept-encoding: identity',
      'accept: */*',
      'authorization: lin_1',
      `content-length: ${Buffer.byteLength(body)}`,
      'content-type: application/json',
      'user-agent: skillett',
      body,
    ],
  ]);
});

it('an account is proved by a query, and one that the service refuses within 200 is not connected', async () => {
  stand.upstream.json('{"errors":[{"message":"No.","extensions":{"code":"AUTHENTICATION_ERROR"}}]}');
  expect(await refuse('lin_2')).toBe(400);
  expect(stand.upstream.received[0]?.body.toString()).toBe('{"query":"{ viewer { id email } }"}');
  expect(stand.upstream.received[0]?.headers['content-type']).toBe('application/json');
});

describe('what the document selects', () => {
  it('comes in the bytes it arrived in, through every door', async () => {
    const issues = '{ "nodes" : [ {"priority":1.50, "id":12345678901234567890} ], "pageInfo":{} }';
    stand.upstream.json(`{"extensions":{"errors":[1]},"data":{"issues":${issues}},"errors":[]}`);
    expect((await call('list_issues', {})).text).toBe(`{"status":200,"data":${issues}}`);
    const graphql = await stand.server.graphql('{ read(integration: "linear", endpoint: "list_issues") { data } }');
    expect(graphql.text).toContain(issues);
    expect((await call('list_issues', {}, { select: 'nodes[0].priority' })).text).toBe('{"status":200,"data":1.5}');
  });

  it('is cut out of a long answer as out of a short one, with the errors behind it', async () => {
    const nodes = JSON.stringify(Array.from({ length: 60_000 }, (_, at) => ({ id: at, title: 'The "door" sticks {' })));
    stand.upstream.json(`{"data":{"issues":{"nodes":${nodes}}},"extensions":{}}`);
    const { text } = await call('list_issues', {});
    expect(text.length).toBeGreaterThan(2_000_000);
    expect(text === `{"status":200,"data":{"nodes":${nodes}}}`).toBe(true);
    stand.upstream.json(`{"data":{"issues":{"nodes":${nodes}}},"errors":[{"extensions":{"code":"FORBIDDEN"}}]}`);
    expect((await call('list_issues', {})).status).toBe(403);
  });

  it('is null where the service has none', async () => {
    stand.upstream.json('{"data":{"issue":null}}');
    expect((await call('get_issue', { id: 'ENG-1' })).text).toBe('{"status":200,"data":null}');
    stand.upstream.json('{"data":null,"errors":null}');
    expect((await call('get_issue', { id: 'ENG-1' })).text).toBe('{"status":200,"data":null}');
  });

  it('is not made up where the answer is not of GraphQL', async () => {
    for (const odd of ['{"hello":1}', '[]', '"moved"', '{"data":[]}']) {
      stand.upstream.json(odd);
      const answer = await call('get_issue', { id: 'ENG-1' });
      expect([answer.status, answer.json.error]).toEqual([502, 'upstream_unexpected']);
      expect(answer.json.message).toContain("not GraphQL's");
    }
  });
});

describe('an answer with errors', () => {
  it('is a failure with the status of its code, and comes whole, with the data beside the errors', async () => {
    const partial = '{"errors":[{"message":"No such team","extensions":{"code":"INPUT_ERROR"}}],"data":{"issues":{"nodes":[]}} }';
    stand.upstream.json(partial);
    const failed = await call('list_issues', {});
    expect(failed.text).toBe(`{"status":400,"error":${partial}}`);
    expect(failed.headers.get('x-skillett-error-source')).toBe('upstream');
    stand.upstream.json('{"errors":[{"message":"?"}],"data":null}');
    expect((await call('get_issue', { id: 'ENG-1' })).status).toBe(422);
  });

  it('is one as well where the recipe finds it in the data', async () => {
    stand.upstream.json('{"data":{"issueCreate":{"success":false,"issue":null}}}');
    expect((await call('create_issue', { team_id: 't1', title: 'T' })).status).toBe(422);
  });

  it('says when to come back where there were too many, and a mutation is not sent twice', async () => {
    stand.upstream.json('{"errors":[{"extensions":{"code":"RATELIMITED"}}]}');
    const written = await call('create_issue', { team_id: 't1', title: 'T' });
    expect([stand.upstream.received.length, written.status, written.headers.get('retry-after')]).toEqual([1, 429, '60']);
  });

  it('ends a connection whose credential is refused', async () => {
    stand.upstream.json('{"errors":[{"extensions":{"code":"AUTHENTICATION_ERROR"}}]}');
    const refused = await call('get_issue', { id: 'ENG-1' });
    expect([refused.status, refused.json.error]).toEqual([401, 'token_expired']);
  });
});

it('the raw form is the service’s own answer', async () => {
  stand.upstream.json('{"data":{"viewer":{"id":"u1","email":"ada@acme.example"}}}');
  await stand.server.request('POST', '/v1/connect', { body: { integration: 'linear', credentials: { token: 'lin_1' } } });
  stand.upstream.json('{"data":{"issue":{"id":"i1"}}}');
  const raw = await call('get_issue', { id: 'ENG-1' }, {}, { accept: 'application/octet-stream' });
  expect(raw.text).toBe('{"data":{"issue":{"id":"i1"}}}');
});
