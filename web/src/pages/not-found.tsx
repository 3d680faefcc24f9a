import { useQuery } from 'urql';
import { graphql } from '../data/graphql.ts';
import { personFields } from '../data/person.ts';
import { LinkButton } from '../ui/button.tsx';
import { Empty, Page } from '../ui/page.tsx';

const PersonQuery = graphql(
  `
    query Person {
      viewer { ...Person }
    }
  `,
  [personFields],
);

export function NotFound() {
  // For the frame of the page, which is told nothing by this one.
  useQuery({ query: PersonQuery, requestPolicy: 'cache-first' });
  return (
    <Page title="There is no such page">
      <Empty title="The address leads nowhere" action={<LinkButton href="/dashboard">Go home</LinkButton>}>
        It may have been mistyped, or the page was moved.
      </Empty>
    </Page>
  );
}
