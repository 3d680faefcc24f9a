/** Pages that a service links to, read to their end through every door, and nothing else by the same way. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addKey, addUser } from '../admission/people.ts';
import { bearer, callTool, postTo } from '../mcp/stand.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

let server: TestServer;
let github: Upstream;
let userId: string;
let key: string;

beforeAll(async () => {
  github = await Upstream.start();
  server = await startTestServer({ env: { SKILLETT_GITHUB_BASE_URL: github.origin } });
  userId = await addUser(server.gateway.database);
  key = (await addKey(server.gateway.database, userId)).id;
  await connect(key);
});
afterAll(async () => {
  await server.close();
  await github.close();
});

/** Three pages, the later two behind a cursor that only the link knows. */
beforeEach(() => {
  github.reset();
  github.play = (request, response) => {
    const after = new URL(request.target, github.origin).searchParams.get('after');
    const at = after === null ? 1 : Number(after.slice(1));
    const link = `<${github.origin}/repositories/1/issues?after=c${at + 1}&per_page=1&state=open>; rel="next", <${github.origin}/x>; rel="last"`;
    response
      .writeHead(200, { 'content-type': 'application/json', ...(at < 3 ? { link } : { link: `<${github.origin}/first>; rel="first"` }) })
      .end(`[{"number":${at}}]`);
  };
});

const params = { repo: 'octo/hello', state: 'open', per_page: 1 };
const list = (body: object = {}, who = key, headers: Record<string, string> = {}) =>
  server.request('POST', '/v1/github/list_issues_for_repo', { ...bearer(who), headers, body: { params, ...body } });
const firstNext = async () => (await list()).headers.get('x-skillett-next') as string;

async function connect(who: string): Promise<void> {
  github.play = (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(`{"id":"${who}","login":"a"}`);
  const body = { integration: 'github', credentials: { token: 'x' } };
  expect((await server.request('POST', '/v1/connect', { ...bearer(who), body })).json.status).toBe('connected');
}

describe('the next page', () => {
  it('is got over REST by the header and `next`, to the end of the list', async () => {
    const numbers: number[] = [];
    let next: string | null = null;
    do {
      const page = await list(next === null ? {} : { next });
      expect(page.status, page.text).toBe(200);
      expect(Object.keys(page.json)).toEqual(['status', 'data']);
      numbers.push(page.json.data[0].number);
      next = page.headers.get('x-skillett-next');
    } while (next !== null);
    expect(numbers).toEqual([1, 2, 3]);
    expect(github.received.map(({ target }) => target)).toEqual([
      '/repos/octo/hello/issues?state=open&per_page=1',
      '/repos/octo/hello/issues?after=c2&per_page=1&state=open',
      '/repos/octo/hello/issues?after=c3&per_page=1&state=open',
    ]);
  });

  it('is got over GraphQL, where another page is another call, and in the raw form', async () => {
    const query = `query ($params: JSON, $next: String) { first: read(integration: "github", endpoint: "list_issues_for_repo", params: $params) { data next }
      again: read(integration: "github", endpoint: "list_issues_for_repo", params: $params, next: $next) { data next } }`;
    const next = await firstNext();
    const { first, again } = (await server.graphql(query, { params, next }, bearer(key))).json.data;
    expect([first.data, again.data]).toEqual([[{ number: 1 }], [{ number: 2 }]]);
    expect(first.next).toBe(next);
    const last = (await server.graphql(query, { params, next: again.next }, bearer(key))).json.data.again;
    expect(last).toEqual({ data: [{ number: 3 }], next: null });
    const raw = await list({ next }, key, { accept: 'application/octet-stream' });
    expect([raw.text, raw.headers.get('x-skillett-next')]).toEqual(['[{"number":2}]', again.next]);
  });

  it('is got over MCP by `more`, with the tool of the endpoint too', async () => {
    const post = postTo(server);
    const narrow = (await addKey(server.gateway.database, userId, { scopes: ['github.list_issues_for_repo'] })).id;
    const call = { endpoint: 'github.list_issues_for_repo', params };
    const first = await callTool(post, key, 'read', call);
    expect(first.json).toEqual({ status: 200, data: [{ number: 1 }], more: expect.any(String) });
    expect((await callTool(post, key, 'read', { ...call, more: first.json.more })).json.data).toEqual([{ number: 2 }]);
    const own = await callTool(post, narrow, 'github_list_issues_for_repo', { ...params, more: first.json.more });
    expect(own.json.data).toEqual([{ number: 2 }]);
  });

  it('is told again under an idempotency key', async () => {
    const headers = { 'idempotency-key': 'page-1' };
    const next = (await list({}, key, headers)).headers.get('x-skillett-next');
    const again = await list({}, key, headers);
    expect([again.headers.get('idempotent-replayed'), again.headers.get('x-skillett-next')]).toEqual(['true', next]);
    expect((await list({ next }, key, headers)).json.error).toBe('idempotency_mismatch');
  });
});

describe('what is given as `next`', () => {
  it('is refused where it is not that of the call, and nothing is sent', async () => {
    const next = await firstNext();
    const [query, signature] = next.split('.') as [string, string];
    const stranger = await addUser(server.gateway.database);
    const theirs = (await addKey(server.gateway.database, stranger)).id;
    await connect(theirs);
    github.received.length = 0;
    const forged = Buffer.from('after=c2&admin=1').toString('base64url');
    for (const [name, answer] of [
      ['altered', await list({ next: `${forged}.${signature}` })],
      ['without its end', await list({ next: query })],
      ['with something after it', await list({ next: `${next}.x` })],
      ['written otherwise', await list({ next: `${query}==.${signature}` })],
      ['empty', await list({ next: '' })],
      ['nonsense', await list({ next: 'x.y.z' })],
      ['long', await list({ next: 'x'.repeat(10_000) })],
      ['of other parameters', await list({ next, params: { ...params, state: 'all' } })],
      ['of somebody else', await list({ next }, theirs)],
      [
        'of another endpoint',
        await server.request('POST', '/v1/github/list_pull', { ...bearer(key), body: { params: { repo: 'octo/hello' }, next } }),
      ],
    ] as const)
      expect([answer.status, answer.json.error, answer.json.message], name).toEqual([
        400,
        'bad_request',
        expect.stringContaining('Give it back as the answer gave it'),
      ]);
    const none = await server.request('POST', '/v1/github/get_issue', {
      ...bearer(key),
      body: { params: { repo: 'octo/hello', issue_number: 1 }, next },
    });
    expect(none.json).toMatchObject({ error: 'bad_request', message: '`get_issue` gives no `next`, so it takes none. Leave it out.' });
    expect(github.received).toEqual([]);
  });

  it('is nothing where the link leads to another host or path, or where the answer is a failure', async () => {
    for (const link of [
      '</y?a=1>; rel="next"',
      '</?a=1>; rel="next"',
      '</repos/octo/other/issues?a=1>; rel="next"',
      '</repos/octo/hello/issues/1?a=1>; rel="next"',
      '</repositories/1/pulls?a=1>; rel="next"',
      '</repositories//issues?a=1>; rel="next"',
      '</organizations/1/issues?a=1>; rel="next"',
      `<${github.origin.replace('//', '//x.')}/repos/octo/hello/issues?a=1>; rel="next"`,
      '<https://evil.example/x?after=1>; rel="next"',
      '</x>; rel="prev"',
      'nonsense',
      '<http://[>; rel="next"',
      '<>; rel=next',
    ]) {
      github.answer(200, { 'content-type': 'application/json', link }, '[]');
      expect((await list()).headers.get('x-skillett-next'), link).toBeNull();
    }
    github.answer(404, { 'content-type': 'application/json', link: `</repositories/12/issues?a=1>; rel="next"` }, '{}');
    expect((await list()).headers.get('x-skillett-next')).toBeNull();
    for (const link of [
      '<?a=1>;rel=next',
      '</x>; rel="prev", </repos/octo/hello/issues?a=1>; title="a"; rel="last next"',
      `<${github.origin}/repos/octo/hello/issues?a=1>; rel="next"`,
      '</repositories/12/issues?a=1>; rel="next"',
    ]) {
      github.answer(200, { 'content-type': 'application/json', link }, '[]');
      expect((await list()).headers.get('x-skillett-next'), link).not.toBeNull();
    }
  });
});
