/** GraphiQL under a line that says who asks, and why there are no documents when there are none. */

import { useGraphiQL } from '@graphiql/react';
import { GraphiQL } from 'graphiql';
import { useCallback, useEffect, useState } from 'react';
import { at } from '../../src/data/base.ts';
import { quoted } from '../../src/data/quoted.ts';
import { readTheme } from '../../src/data/theme.ts';
import mark from '../../src/ui/mark.svg';
import { type Answer, askGraphql, type Operation } from './ask.ts';
import { examples } from './examples.ts';

/** JSON with comments, which is what the editor of headers reads. */
const headersHint = `{
  // Signed in, you need no header.
  // As an API key: drop the slashes.
  // "Authorization": "Bearer sk_"
}
`;

/** Without GraphiQL's history, which would keep the key of every request in the browser's storage. */
const plugins: [] = [];

export function Playground() {
  const [schemaFault, setSchemaFault] = useState<string>();
  const [ready, setReady] = useState(false);
  const fetcher = useCallback(async (operation: Operation, options?: { headers?: Record<string, string> }) => {
    const answer = await askGraphql(operation, options?.headers);
    if (operation.operationName === 'IntrospectionQuery') setSchemaFault(describeSchemaFault(answer));
    return answer as Awaited<ReturnType<Parameters<typeof GraphiQL>[0]['fetcher']>>;
  }, []);
  const theme = readTheme();
  return (
    <>
      <header className="bar">
        <a href={at('/dashboard')} className="bar-brand">
          <img src={mark} alt="" width="22" height="22" />
          Skillett
        </a>
        <h1>GraphQL playground</h1>
        <WhoAsks />
        {!ready && <p role="status">The editor is being loaded …</p>}
        {schemaFault !== undefined && <p role="status">{schemaFault}</p>}
      </header>
      <main className="pane" inert={!ready}>
        <GraphiQL
          fetcher={fetcher}
          defaultTabs={examples}
          defaultHeaders={headersHint}
          defaultEditorToolsVisibility="headers"
          shouldPersistHeaders={false}
          showPersistHeadersSettings={false}
          inputValueDeprecation
          plugins={plugins}
          {...(theme === 'system' ? {} : { forcedTheme: theme })}
        >
          <GraphiQL.Logo>
            <WhenReady tell={setReady} />
          </GraphiQL.Logo>
        </GraphiQL>
      </main>
    </>
  );
}

/**
 * Tells when all four editors are there: before that, GraphiQL ignores a press of Run, or sends it without the headers. Only what stands
 * inside GraphiQL can know, so this stands in the place of its logo and shows nothing.
 */
function WhenReady({ tell }: { tell: (ready: boolean) => void }) {
  const ready = useGraphiQL((state) => Boolean(state.queryEditor && state.variableEditor && state.headerEditor && state.responseEditor));
  useEffect(() => tell(ready), [ready, tell]);
  return null;
}

/** Whether the browser is signed in, since what needs no header then needs one otherwise. */
function WhoAsks() {
  const [name, setName] = useState<string | null>();
  useEffect(() => {
    askGraphql({ query: '{ viewer { user { displayName email } } }' }).then(
      ({ data }) => {
        const { user } = (data?.viewer ?? {}) as { user?: { displayName: string | null; email: string } };
        setName(user ? (user.displayName ?? user.email) : null);
      },
      () => setName(null),
    );
  }, []);
  if (name === undefined) return null;
  return name === null ? (
    <p>
      Nobody is signed in: put an API key into Headers below, or <a href={at('/sign-in?next=/graphql')}>sign in</a>.
    </p>
  ) : (
    <p>Requests without a key run as {quoted(name)}.</p>
  );
}

function describeSchemaFault({ data, errors }: Answer): string | undefined {
  if (data?.__schema) return undefined;
  const [first] = errors ?? [];
  if (first?.extensions?.code?.startsWith('api_key') || first?.extensions?.code === 'unauthorized')
    return 'Documents and completion need an API key or a session: add one, then press the round arrows (re-fetch the schema).';
  return `There are no documents and no completion, because the schema cannot be read: ${first?.message ?? 'the answer holds none.'}`;
}
