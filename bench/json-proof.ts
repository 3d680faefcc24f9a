/** What it costs to prove that an answer is JSON (docs/decisions/0012), beside parsing it, on rows as GitHub lists issues. */
import { isUtf8 } from 'node:buffer';
import { isJson } from '../src/core/json/json-scan.ts';

const rounds = 21;

/** About `bytes` of rows with long texts, nested objects, numbers and nulls. */
export function listIssues(bytes: number): Buffer {
  const person = (login: string, id: number) => ({
    login,
    id,
    node_id: 'MDQ6VXNlcjE=',
    avatar_url: `https://github.com/images/error/${login}_happy.gif`,
    url: `https://api.github.com/users/${login}`,
    type: 'User',
    site_admin: false,
  });
  const issue = (number: number) => ({
    id: 1_000_000_000 + number,
    number,
    url: `https://api.github.com/repos/octocat/Hello-World/issues/${number}`,
    title: `Found a bug in part ${number}`,
    state: 'open',
    locked: false,
    body: `I'm having a problem with this.\n\n\`\`\`\nerror "${number}"\n\`\`\`\n${'It happens each time that I try. '.repeat(12)}`,
    user: person('octocat', number),
    labels: [{ id: 208045946, name: 'bug', color: 'f29513', default: true, description: null }],
    assignee: null,
    comments: number % 7,
    created_at: '2011-04-22T13:33:48Z',
    closed_at: null,
    score: 0.5 + number,
  });
  const rows: object[] = [];
  for (let length = 0; length < bytes; length += JSON.stringify(rows.at(-1)).length) rows.push(issue(rows.length + 1));
  return Buffer.from(JSON.stringify(rows));
}

/** Prints medians, and the least and the most of the rounds, in which the ways take turns. */
export function benchJsonProof(): void {
  console.log(`Proving JSON, ${rounds} rounds   bytes   is UTF-8   proven   parsed`);
  for (const bytes of [1_000, 100_000, 1_000_000]) {
    const body = listIssues(bytes);
    const ways = [() => isUtf8(body), () => isUtf8(body) && isJson(body), () => JSON.parse(body.toString('utf8')) !== undefined];
    const times = Math.ceil(2_000_000 / body.length);
    const measured = ways.map(() => [] as number[]);
    for (let round = 0; round < rounds; round += 1)
      for (const [at, way] of ways.entries()) {
        const startedMs = performance.now();
        for (let time = 0; time < times; time += 1) if (!way()) throw new Error('This is JSON.');
        measured[at]?.push(((performance.now() - startedMs) * 1000) / times);
      }
    const printed = measured.map((slices) => {
      const sorted = slices.toSorted((a, b) => a - b);
      const [least, median, most] = [0, sorted.length >> 1, sorted.length - 1].map((at) => (sorted[at] as number).toFixed(1));
      return `${median} µs (${least}…${most})`;
    });
    console.log(`  ${String(body.length).padStart(30)}   ${printed.join('   ')}`);
  }
  console.log('');
}
