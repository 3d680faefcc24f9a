import { useQuery } from 'urql';
import { Link } from 'wouter';
import { graphql, type ResultOf } from '../data/graphql.ts';
import type { JsonSchema } from '../data/json-schema.ts';
import { personFields } from '../data/person.ts';
import { quoted } from '../data/quoted.ts';
import { Answer } from '../ui/answer.tsx';
import { EndpointTags } from '../ui/endpoint-tags.tsx';
import { Page } from '../ui/page.tsx';
import { Inline, Prose } from '../ui/prose.tsx';
import { TableFrame } from '../ui/table-frame.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { RunEndpoint } from './run-endpoint.tsx';

const EndpointQuery = graphql(
  `
    query Endpoint($slug: String!, $name: String!) {
      viewer { ...Person }
      endpoint(integration: $slug, name: $name) {
        name method category description readOnly destructive idempotent providerScopes schema answer
        example { params }
        parameters { name type required description default enum }
        errors { error fix }
        service { slug name connected accounts authTypes }
      }
    }
  `,
  [personFields],
);

type EndpointData = ResultOf<typeof EndpointQuery>['endpoint'];

export function Endpoint({ slug, name }: { slug: string; name: string }) {
  const query = useQuery({ query: EndpointQuery, variables: { slug, name } });
  const endpoint = query[0].data?.endpoint;
  return (
    <Page
      title={name}
      crumb={<Link href={`/dashboard/integrations/${slug}`}>All endpoints of {endpoint?.service.name ?? quoted(slug)}</Link>}
      lead={endpoint && <Inline text={endpoint.description} />}
      actions={endpoint && <EndpointTags endpoint={endpoint} />}
    >
      <Answer query={query} what="the endpoint">
        {(data) => (
          <Tabs
            label="Endpoint"
            tabs={[
              { value: 'run', text: 'Run', content: <RunEndpoint endpoint={forRun(data.endpoint)} /> },
              { value: 'documentation', text: 'Documentation', content: <Documentation endpoint={data.endpoint} /> },
            ]}
          />
        )}
      </Answer>
    </Page>
  );
}

function forRun({ service, name, readOnly, destructive, schema, example }: EndpointData) {
  return {
    integration: service.slug,
    serviceName: service.name,
    name,
    readOnly,
    destructive,
    schema: schema as JsonSchema,
    example: example.params as Record<string, unknown>,
    accounts: service.accounts,
    connected: service.connected,
  };
}

function Documentation({ endpoint }: { endpoint: EndpointData }) {
  return (
    <div className="stack">
      {/* One paragraph stands at the head of the page already. */}
      {endpoint.description.includes('\n\n') && <Prose text={endpoint.description} />}
      <h2>Parameters</h2>
      {endpoint.parameters.length === 0 ? (
        <p className="muted">None.</p>
      ) : (
        <TableFrame caption="Parameters">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Type</th>
              <th scope="col">Meaning</th>
            </tr>
          </thead>
          <tbody>
            {endpoint.parameters.map((parameter) => (
              <tr key={parameter.name}>
                <th scope="row">
                  <code>{parameter.name}</code>
                  <div className="fine">{parameter.required ? 'required' : 'optional'}</div>
                </th>
                <td data-label="Type">{parameter.type}</td>
                <td>
                  <Inline text={parameter.description} />
                  {parameter.enum && <div className="fine">One of {parameter.enum.map((value) => JSON.stringify(value)).join(', ')}</div>}
                  {parameter.default !== null && <div className="fine">Left out: {JSON.stringify(parameter.default)}</div>}
                </td>
              </tr>
            ))}
          </tbody>
        </TableFrame>
      )}
      <h2>Answer</h2>
      <Prose text={endpoint.answer} />
      {endpoint.providerScopes.length > 0 && (
        <>
          <h2>What the consent must cover</h2>
          <ul className="tags">
            {endpoint.providerScopes.map((scope) => (
              <li key={scope} className="tag">
                {scope}
              </li>
            ))}
          </ul>
        </>
      )}
      <h2>Failures and what to do</h2>
      <TableFrame caption="Failures and what to do">
        <thead>
          <tr>
            <th scope="col">Failure</th>
            <th scope="col">What to do</th>
          </tr>
        </thead>
        <tbody>
          {endpoint.errors.map(({ error, fix }) => (
            <tr key={error}>
              <th scope="row">
                <Inline text={error} />
              </th>
              <td>
                <Inline text={fix} />
              </td>
            </tr>
          ))}
        </tbody>
      </TableFrame>
      {!endpoint.readOnly && !endpoint.idempotent && (
        <p className="muted">Calling it twice does it twice. The header Idempotency-Key guards an agent against that.</p>
      )}
    </div>
  );
}
