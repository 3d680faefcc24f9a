/** The document of docs/api.md on the bundled recipe of GitHub. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type GithubStand, startGithubStand } from './github-stand.ts';

let stand: GithubStand;
beforeAll(async () => {
  stand = await startGithubStand();
});
afterAll(() => stand.close());
beforeEach(() => {
  stand.upstream.received.length = 0;
});

const fields = (account: string) =>
  `github(account: "${account}") { get_issue(repo: "a/b", issue_number: 1) { title labels { name } } list_pull(repo: "a/b") { number title } }`;

it('one document asks for our own plan, an issue with its labels, and pull requests, with the account that is named', async () => {
  const { json } = await stand.server.graphql(`{ viewer { plan { name } } ${fields('work')} }`);
  expect(json).toEqual({
    data: {
      viewer: { plan: { name: 'UNLIMITED' } },
      github: {
        get_issue: { title: 'Found a bug', labels: [{ name: 'bug' }] },
        list_pull: [{ number: 1347, title: 'Amazing new feature' }],
      },
    },
    extensions: { skillett: { calls: 2, shared: 0, quota: { github: { remaining: 4998 } }, warnings: [] } },
  });
  expect(stand.upstream.received.map(({ target, headers }) => `${target} ${headers.authorization}`).sort()).toEqual([
    '/repos/a/b/issues/1 Bearer ghp_work',
    '/repos/a/b/pulls Bearer ghp_work',
  ]);
});

it('two accounts in one document are asked each with its own credential', async () => {
  const { json } = await stand.server.graphql(`{ home: ${fields('home')} work: ${fields('work')} }`);
  expect(json.errors).toBeUndefined();
  expect(json.data.home).toEqual(json.data.work);
  expect(stand.upstream.received.map(({ headers }) => headers.authorization).sort()).toEqual([
    'Bearer ghp_home',
    'Bearer ghp_home',
    'Bearer ghp_work',
    'Bearer ghp_work',
  ]);
});

it('an account that is not there is refused at each field, and nothing is sent', async () => {
  const { json } = await stand.server.graphql(`{ viewer { plan { name } } ${fields('wrok')} }`);
  expect(json.data).toEqual({ viewer: { plan: { name: 'UNLIMITED' } }, github: { get_issue: null, list_pull: null } });
  expect(json.errors.map(({ path, extensions }: { path: string[]; extensions: { code: string } }) => [path, extensions.code])).toEqual([
    [['github', 'get_issue'], 'account_required'],
    [['github', 'list_pull'], 'account_required'],
  ]);
  expect(stand.upstream.received).toEqual([]);
});

it('a repository that GitHub does not show is null with what GitHub said, beside what it shows', async () => {
  const { json } = await stand.server.graphql(
    '{ github(account: "work") { there: get_issue(repo: "a/b", issue_number: 1) { title } gone: get_issue(repo: "a/c", issue_number: 1) { title } } }',
  );
  expect(json.data.github).toEqual({ there: { title: 'Found a bug' }, gone: null });
  expect(json.errors).toMatchObject([
    { path: ['github', 'gone'], extensions: { code: 'upstream_failed', status: 404, error: { message: 'Not Found' } } },
  ]);
});
