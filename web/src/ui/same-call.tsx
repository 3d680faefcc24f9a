/** A call as text for elsewhere: with curl, over MCP, in GraphQL. The gateway writes it, as in its documents. */
import { useEffect, useState } from 'react';
import { useQuery } from 'urql';
import { describeError } from '../data/failure.ts';
import { graphql } from '../data/graphql.ts';
import type { PlannedCall } from '../data/planned-call.ts';
import { Code } from './code.tsx';
import { Loading } from './loading.tsx';
import { Problem } from './problem.tsx';
import { Tabs } from './tabs.tsx';

const SameCallQuery = graphql(`
  query SameCall($integration: String!, $endpoint: String!, $params: JSON!, $account: String, $select: String) {
    endpoint(integration: $integration, name: $endpoint) {
      example(params: $params, account: $account, select: $select) { curl mcp graphql }
    }
  }
`);

/** One request for a word that is typed, and not one for each letter. */
const typingMs = 300;

export function SameCall({ call }: { call: PlannedCall }) {
  const [asked, setAsked] = useState(call);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(call), typingMs);
    return () => clearTimeout(timer);
  }, [call]);
  const { integration, endpoint, params, account, select } = asked;
  const [{ data, error, fetching }] = useQuery({
    query: SameCallQuery,
    variables: { integration, endpoint, params, account: account ?? null, select: select ?? null },
  });
  const texts = data?.endpoint.example;
  return (
    <div aria-busy={fetching || asked !== call}>
      <h2>The same call elsewhere</h2>
      {error && <Problem failure={describeError(error)} />}
      {!error && !texts && <Loading what="the call as text" />}
      {!error && texts && (
        <Tabs
          label="The same call elsewhere"
          tabs={[
            { value: 'curl', text: 'curl', content: <Code text={texts.curl} what="the call with curl" /> },
            { value: 'mcp', text: 'MCP', content: <Code text={texts.mcp} what="the call over MCP" /> },
            { value: 'graphql', text: 'GraphQL', content: <Code text={texts.graphql} what="the call in GraphQL" /> },
          ]}
        />
      )}
    </div>
  );
}
