/** Running the installation: for the owner's session, which has the scope `operator`. */
import { useQuery } from 'urql';
import { useSearchParams } from 'wouter';
import { graphql } from '../data/graphql.ts';
import { personFields } from '../data/person.ts';
import { Answer } from '../ui/answer.tsx';
import { LinkButton } from '../ui/button.tsx';
import { Empty, Page } from '../ui/page.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { DataKeys } from './operator-data-keys.tsx';
import { Invitations } from './operator-invitations.tsx';
import { OAuthClients } from './operator-oauth-clients.tsx';
import { Users } from './operator-users.tsx';

const OperatorQuery = graphql(
  `
    query Operator {
      viewer { ...Person scopes }
    }
  `,
  [personFields],
);

const tabs = ['users', 'invitations', 'oauth', 'keys'] as const;
type Tab = (typeof tabs)[number];

export function Operator() {
  const query = useQuery({ query: OperatorQuery, requestPolicy: 'cache-first' });
  const [params, setParams] = useSearchParams();
  const asked = params.get('tab');
  const tab: Tab = params.has('oauth') ? 'oauth' : (tabs.find((name) => name === asked) ?? 'users');
  return (
    <Page title="Operator" lead="People and settings of the whole installation.">
      <Answer query={query} what="your rights">
        {({ viewer }) =>
          viewer.scopes.includes('operator') ? (
            <Tabs
              label="Operator"
              value={tab}
              onChange={(next) => setParams({ tab: next })}
              tabs={[
                { value: 'users', text: 'Users', content: <Users /> },
                { value: 'invitations', text: 'Invitations', content: <Invitations /> },
                { value: 'oauth', text: 'OAuth clients', content: <OAuthClients open={params.get('oauth')} /> },
                { value: 'keys', text: 'Data keys', content: <DataKeys /> },
              ]}
            />
          ) : (
            <Empty title="This page is for whoever runs the installation" action={<LinkButton href="/dashboard">Go home</LinkButton>} />
          )
        }
      </Answer>
    </Page>
  );
}
