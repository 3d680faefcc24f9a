/** What GitHub answers, with every field of the examples of its description and the texts of one constructed project. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// biome-ignore lint/suspicious/noExplicitAny: rows of a service, as its examples have them
export type Row = Record<string, any>;

const require = createRequire(import.meta.url);
const { components } = JSON.parse(readFileSync(require.resolve('@octokit/openapi/generated/api.github.com.json'), 'utf8')) as {
  components: { examples: Record<string, { value: Row }> };
};

function example(name: string): Row {
  const found = components.examples[name];
  if (!found) throw new Error(`GitHub's description has no example ${name} any more`);
  return structuredClone(found.value);
}

export const people = ['eva-lopez', 'tom-baker', 'mira-chen', 'jonas-weber', 'ada-okafor'];

const subjects = [
  'Keep the cursor where it was after a reload',
  'Refuse labels without a colour',
  'Show times in the zone of the reader',
  'Retry uploads that were cut off',
  'Send one mail in place of seven',
  'Speed up the list of members',
  'Crash when the export has no rows',
  'Explain what a frozen account is',
  'Drop the old import page',
  'Count seats by team',
];

const text = (subject: string) =>
  `## What happens\n${subject}: since the last release this shows for about one in twenty people, most of them on slow lines.\n\n## Steps\n1. Open the project.\n2. Change something and wait for a minute.\n3. Reload.\n\nExpected: nothing is lost. Seen: it is, without a word in the log. Reported by three customers, see the linked threads.`;

function issueLike(row: Row, repo: string, number: number): Row {
  const subject = subjects[number % subjects.length] as string;
  const api = `https://api.github.com/repos/${repo}`;
  const user = { ...row.user, login: people[number % people.length] };
  return {
    ...row,
    url: `${api}/issues/${number}`,
    repository_url: api,
    html_url: `https://github.com/${repo}/issues/${number}`,
    id: 2_900_000_000 + number,
    number,
    title: `${subject} (${number})`,
    body: text(subject),
    user,
    state: 'open',
    comments: number % 7,
    updated_at: `2026-11-${String(10 + (number % 18)).padStart(2, '0')}T09:12:00Z`,
  };
}

const found = example('issue-search-result-item-paginated');
const listed = (example('issue-items') as unknown as Row[])[0] as Row;

export const reviews: Row[] = Array.from({ length: 10 }, (_, at) => {
  const number = 410 + at;
  const row = issueLike(found.items[0], 'acme/portal', number);
  const html = `https://github.com/acme/portal/pull/${number}`;
  const url = `https://api.github.com/repos/acme/portal/pulls/${number}`;
  return { ...row, html_url: html, pull_request: { url, html_url: html, diff_url: `${html}.diff`, patch_url: `${html}.patch` } };
});

export const aboutExport: Row[] = [536, 547, 556].map((number) => issueLike(found.items[0], 'acme/portal', number));

export const openIssues: Row[] = Array.from({ length: 30 }, (_, at) => {
  const row = issueLike(listed, 'acme/portal', 600 + at);
  const assignee = { ...listed.user, login: people[(at * 3) % people.length] };
  const { pull_request: _none, ...issue } = row;
  return { ...issue, assignee, assignees: [assignee] };
});

const run = example('workflow-run-paginated').workflow_runs[0] as Row;
const job = example('job-paginated').jobs[0] as Row;
const failingSteps = ['Run the tests', 'Build the image', 'Check the types', 'Push to the registry', 'Migrate the database'];

export const failedRuns: Row[] = failingSteps.map((_, at) => ({
  ...run,
  id: 9_100 + at,
  name: 'Release',
  display_title: subjects[at],
  status: 'completed',
  conclusion: 'failure',
}));

/** One of three jobs failed, at one step. */
export function jobsOf(runId: number): Row[] {
  return ['lint', 'test', 'deploy'].map((name, at) => {
    const failed = at === 1;
    const steps: Row[] = (job.steps as Row[]).map((step) => ({ ...step, status: 'completed', conclusion: 'success' }));
    if (failed) steps.splice(3, 1, { ...steps[3], name: failingStepOf(runId), conclusion: 'failure' });
    return { ...job, id: runId * 10 + at, run_id: runId, name, status: 'completed', conclusion: failed ? 'failure' : 'success', steps };
  });
}

export const failingStepOf = (runId: number) => failingSteps[runId - 9_100] as string;

export const releaseNotes =
  "## 4.2\n- The export keeps its columns (#536)\n- Members load four times as fast (#547)\n- Times are shown in the reader's zone (#556)\n\nThanks to everybody who reported.";

const release: Row = { ...example('release'), tag_name: 'v4.2.0', name: '4.2', body: releaseNotes };
const comment = example('issue-comment');

/** Undefined for what no task asks. */
export function answerGithub(method: string, path: string, query: URLSearchParams, body: Row): unknown {
  if (path === '/user') return { id: 1, login: 'eva-lopez' };
  if (path === '/search/issues') {
    const items = query.get('q')?.includes('is:pr') ? reviews : aboutExport;
    return { ...found, total_count: items.length, items };
  }
  if (path.endsWith('/releases/latest')) return release;
  if (path.endsWith('/actions/runs')) return { total_count: failedRuns.length, workflow_runs: failedRuns };
  const jobs = /\/actions\/runs\/(\d+)\/jobs$/.exec(path);
  if (jobs) return { total_count: 3, jobs: jobsOf(Number(jobs[1])) };
  if (path.endsWith('/comments') && method === 'POST')
    return { ...comment, html_url: `https://github.com/acme/portal/issues/536#issuecomment-${comment.id}`, body: body.body };
  if (path.endsWith('/issues') && method === 'POST')
    return { ...issueLike(example('issue'), 'acme/portal', 702), title: body.title, body: body.body };
  return path.endsWith('/issues') ? openIssues : undefined;
}
