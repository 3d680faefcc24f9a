/** A document with typed fields, compiled and run by test/graph/tada.test.ts beside what gql.tada makes of the composed schema. */
import { initGraphQLTada, type ResultOf, type VariablesOf } from 'gql.tada';
import { print } from 'graphql';
import type { introspection } from './graph-env.d.ts';

const graphql = initGraphQLTada<{ introspection: introspection; scalars: { Int64: number; JSON: unknown } }>();

const document = graphql(`
  query Issue($number: Int64!, $state: Github_ListPull_State) {
    viewer { kind }
    github(account: "work") {
      get_issue(repo: "a/b", issue_number: $number) { title labels { name } }
      list_pull(repo: "a/b", state: $state) { number title }
    }
  }
`);
const write = graphql('mutation { github_create_issue(repo: "a/b", title: "x") { number html_url } }');

async function ask(url: string, key: string, variables: VariablesOf<typeof document>): Promise<ResultOf<typeof document>> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: print(document), variables }),
  });
  return (await response.json()).data;
}

export async function useGraph(url: string, key: string) {
  const { viewer, github } = await ask(url, key, { number: 1 });
  const title: string | null | undefined = github?.get_issue?.title;
  const labels: (string | null | undefined)[] | undefined = github?.get_issue?.labels?.map((label) => label?.name);
  const pulls: (number | null | undefined)[] | undefined = github?.list_pull?.map((pull) => pull?.number);
  return { kind: viewer.kind satisfies 'API_KEY' | 'SESSION', title, labels, pulls };
}

export function whatDoesNotCompile(url: string, key: string, { github }: ResultOf<typeof document>, made: ResultOf<typeof write>) {
  // @ts-expect-error Every field may be null.
  github.get_issue;
  // @ts-expect-error It was not selected.
  github?.get_issue?.body;
  // @ts-expect-error A title is a text.
  const title: number | null | undefined = github?.get_issue?.title;
  // @ts-expect-error A number is needed.
  ask(url, key, {});
  // @ts-expect-error A number is no text.
  ask(url, key, { number: '1' });
  // @ts-expect-error There is no such state.
  ask(url, key, { number: 1, state: 'opened' });
  // @ts-expect-error An address is a text.
  const address: number | null | undefined = made.github_create_issue?.html_url;
  return [title, address];
}
