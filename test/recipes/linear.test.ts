/** Linear speaks GraphQL alone: callers see neither its documents nor its envelope. Its refresh tokens work once. */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
} from 'graphql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';
import { readRecipe } from './read-recipe.ts';

let stand: HardStand;

const createIssue = [
  'mutation ($team_id: String!, $title: String!, $description: String, $assignee_id: String, $state_id: String, $priority: Int,',
  '$label_ids: [String!], $project_id: String, $milestone_id: String, $cycle_id: String, $parent_id: String, $due_date: TimelessDate,',
  '$estimate: Int) { issueCreate(input: {teamId: $team_id, title: $title, description: $description, assigneeId: $assignee_id,',
  'stateId: $state_id, priority: $priority, labelIds: $label_ids, projectId: $project_id, projectMilestoneId: $milestone_id,',
  'cycleId: $cycle_id, parentId: $parent_id, dueDate: $due_date, estimate: $estimate}) { success issue { ...IssueKey } } }',
  'fragment IssueKey on Issue { id identifier title url state { id name type } assignee { id displayName } }',
].join(' ');

beforeAll(async () => {
  stand = await startHardStand('linear', ['linear.app', 'api.linear.app']);
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
  const body = `{"query":"${createIssue}","variables":{"team_id":"t1","title":"The \\"door\\" sticks","description":null}}`;
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

it('what an agent leaves out of its own list is what is not done yet', async () => {
  stand.upstream.json('{"data":{"viewer":{"assignedIssues":{"nodes":[{"identifier":"ENG-1"}],"pageInfo":{"hasNextPage":false}}}}}');
  expect((await call('list_my_issues', {})).json.data.nodes).toEqual([{ identifier: 'ENG-1' }]);
  const { variables } = JSON.parse(String(stand.upstream.received[0]?.body));
  expect(variables).toEqual({ state_types: ['triage', 'backlog', 'unstarted', 'started'] });
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

describe('a consent', () => {
  /** Refresh tokens that were used, and what the next renewal is refused with. */
  let used: string[];
  let refusal: string | undefined;

  beforeEach(async () => {
    used = [];
    refusal = undefined;
    for (const { connection_id: id } of await list()) await stand.server.request('DELETE', `/v1/connect/${id}`);
    stand.server.gateway.clock.offsetMs = 0;
    stand.upstream.play = (request, response) => {
      const json = (status: number, body: object) =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      if (request.target === '/oauth/revoke') return json(200, { success: true });
      if (request.target !== '/oauth/token') return json(200, { data: { viewer: { id: 'u1', email: 'ada@acme.example' } } });
      const refresh = new URLSearchParams(request.body.toString()).get('refresh_token');
      if (refusal) return json(400, { error: refusal });
      if (refresh) used.push(refresh);
      const at = used.length + 1;
      return json(200, {
        access_token: `at-${at}`,
        refresh_token: `rt-${at}`,
        token_type: 'Bearer',
        expires_in: 86_399,
        scope: 'read write',
      });
    };
    stand.upstream.received.length = 0;
  });

  const list = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
  async function consent() {
    const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'linear', scopes: ['write'] } });
    const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
    expect((await comeBack({ code: 'c-1' })).status).toBe(200);
    return { url, id: started.json.connection_id as string };
  }
  const tokensAsked = () =>
    stand.upstream.received.filter(({ target }) => target === '/oauth/token').map(({ body }) => new URLSearchParams(body.toString()));

  it('asks for scopes between commas, and its token goes out as Bearer, which a personal key does not', async () => {
    const { url, id } = await consent();
    expect(url.pathname).toBe('/oauth/authorize');
    expect(url.searchParams.get('scope')).toBe('read,write');
    expect(await list()).toMatchObject([{ account: 'ada@acme.example', auth_type: 'oauth2' }]);
    await call('get_me', {});
    expect(stand.upstream.received.at(-1)?.headers.authorization).toBe('Bearer at-1');
    expect((await stand.server.request('DELETE', `/v1/connect/${id}`)).headers.get('x-skillett-revoked')).toBe('true');
    const revoked = stand.upstream.received.at(-1);
    expect([revoked?.target, new URLSearchParams(revoked?.body.toString()).get('token')]).toEqual(['/oauth/revoke', 'rt-1']);
  });

  it('is renewed a day later with the token that came last, each once, whatever the number of calls', async () => {
    await consent();
    for (const day of [1, 2]) {
      stand.server.gateway.clock.offsetMs = day * 86_400_000;
      await Promise.all([call('get_me', {}), call('get_me', {})]);
      expect(stand.upstream.received.at(-1)?.headers.authorization).toBe(`Bearer at-${day + 1}`);
    }
    expect(used).toEqual(['rt-1', 'rt-2']);
    expect(tokensAsked().map((asked) => asked.get('grant_type'))).toEqual(['authorization_code', 'refresh_token', 'refresh_token']);
  });

  it('that Linear took back ends the connection, and a passing failure does not', async () => {
    await consent();
    stand.server.gateway.clock.offsetMs = 86_400_000;
    refusal = 'temporarily_unavailable';
    expect((await call('get_me', {})).json.error).not.toBe('token_expired');
    refusal = undefined;
    expect((await call('get_me', {})).status).toBe(200);
    stand.server.gateway.clock.offsetMs = 2 * 86_400_000;
    refusal = 'invalid_grant';
    const ended = await call('get_me', {});
    expect([ended.status, ended.json.error]).toEqual([401, 'token_expired']);
  });
});

/** As https://linear.app/developers/rate-limiting counts: a tenth for a property, one for an object, lists by how many they may hold. */
function costOf(document: DocumentNode, set: SelectionSetNode, pageMax: number): number {
  return set.selections.reduce((sum, one) => {
    if (one.kind !== 'Field') {
      const named = document.definitions.find(
        (other) => other.kind === 'FragmentDefinition' && 'name' in one && other.name.value === one.name.value,
      );
      const inside = one.kind === 'InlineFragment' ? one : (named as FragmentDefinitionNode);
      return sum + costOf(document, inside.selectionSet, pageMax);
    }
    if (!one.selectionSet) return sum + 0.1;
    const nodes = one.selectionSet.selections.find((inner) => inner.kind === 'Field' && inner.name.value === 'nodes') as
      | FieldNode
      | undefined;
    if (!nodes?.selectionSet) return sum + 1 + costOf(document, one.selectionSet, pageMax);
    const first = one.arguments?.find(({ name }) => name.value === 'first')?.value;
    const count = first === undefined ? 50 : first.kind === 'IntValue' ? Number(first.value) : pageMax;
    return sum + count * (1 + costOf(document, nodes.selectionSet, pageMax));
  }, 0);
}

it('no call costs more than Linear allows for one, with the largest page either', () => {
  const costs = readRecipe('linear').endpoints.map(([name, { graphql, parameters }]) => {
    const document = parse(graphql?.document ?? '');
    const [operation] = document.definitions as [OperationDefinitionNode];
    return [name, costOf(document, operation.selectionSet, parameters.limit?.maximum ?? 0)] as const;
  });
  expect(Math.max(...costs.map(([, cost]) => cost))).toBeGreaterThan(1_000);
  expect(costs.filter(([, cost]) => cost > 10_000)).toEqual([]);
});
