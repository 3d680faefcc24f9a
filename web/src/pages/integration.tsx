import { lazy, Suspense, useEffect, useState } from 'react';
import { useClient, useQuery } from 'urql';
import { Link, useParams, useSearchParams } from 'wouter';
import { AccountFields } from '../data/account.ts';
import { ownPath } from '../data/failure.ts';
import { graphql, type ResultOf } from '../data/graphql.ts';
import { personFields } from '../data/person.ts';
import { Answer } from '../ui/answer.tsx';
import { Button } from '../ui/button.tsx';
import { Connect } from '../ui/connect.tsx';
import { EndpointTags } from '../ui/endpoint-tags.tsx';
import { TextField } from '../ui/field.tsx';
import { firstSentence } from '../ui/first-sentence.ts';
import { Loading } from '../ui/loading.tsx';
import { Logo } from '../ui/logo.tsx';
import { count } from '../ui/number.ts';
import { Empty, Page, Section } from '../ui/page.tsx';
import { Inline } from '../ui/prose.tsx';
import { Select } from '../ui/select.tsx';
import { Tick } from '../ui/tick.tsx';
import './integration.css';

const Accounts = lazy(async () => ({ default: (await import('../ui/accounts.tsx')).Accounts }));
const Endpoint = lazy(async () => ({ default: (await import('./endpoint.tsx')).Endpoint }));

const IntegrationQuery = graphql(
  `
    query Integration($slug: String!) {
      viewer { ...Person }
      integration(slug: $slug) {
        slug name logoUrl description category version authTypes connected documentationUrl
        endpoints(first: 100) {
          totalCount
          pageInfo { hasNextPage endCursor }
          nodes { name method category description readOnly destructive }
        }
      }
      connections(first: 100) { nodes { ...Account } }
    }
  `,
  [personFields, AccountFields],
);

const MoreEndpointsQuery = graphql(`
  query MoreEndpoints($slug: String!, $after: String!) {
    integration(slug: $slug) {
      slug
      endpoints(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { name method category description readOnly destructive }
      }
    }
  }
`);

type Service = ResultOf<typeof IntegrationQuery>['integration'];
type EndpointLine = Service['endpoints']['nodes'][number];

export function Integration() {
  const { slug = '' } = useParams<{ slug: string }>();
  const [search] = useSearchParams();
  const endpoint = search.get('endpoint');
  return endpoint === null ? <IntegrationPage slug={slug} /> : <Endpoint key={`${slug}/${endpoint}`} slug={slug} name={endpoint} />;
}

function IntegrationPage({ slug }: { slug: string }) {
  const query = useQuery({ query: IntegrationQuery, variables: { slug } });
  const [{ data }, again] = query;
  const [search, setSearch] = useSearchParams();
  // A call that lacked a scope links here with what is to be added to which account.
  const [connecting, setConnecting] = useState<{ account?: string; scopes?: string[] } | undefined>(() => readWish(search));
  const close = () => {
    setConnecting(undefined);
    if (readWish(search)) setSearch({}, { replace: true });
  };
  const refresh = () => again({ requestPolicy: 'network-only' });
  const service = data?.integration;
  const connectable = service?.authTypes.some((type) => type !== 'NONE') ?? false;
  return (
    <Page
      title={service?.name ?? slug}
      mark={service && <Logo name={service.name} url={service.logoUrl} />}
      crumb={<Link href="/dashboard/integrations">All integrations</Link>}
      lead={service?.description}
      actions={
        connectable && (
          <Button look={service?.connected ? 'plain' : 'main'} onClick={() => setConnecting({})}>
            {service?.connected ? 'Connect another account' : 'Connect an account'}
          </Button>
        )
      }
    >
      <Answer query={query} what="the integration">
        {({ integration, connections }) => {
          const accounts = connections.nodes.filter((account) => account.integration === slug);
          return (
            <>
              <p className="row fine">
                {ownPath(integration.documentationUrl) === undefined && (
                  <a href={integration.documentationUrl} target="_blank" rel="noreferrer">
                    Documentation of the service
                  </a>
                )}
                <span>Recipe {integration.version}</span>
              </p>
              {connectable && (
                <Section title="Accounts">
                  {accounts.length > 0 ? (
                    <Suspense fallback={<Loading what="the accounts" />}>
                      <Accounts accounts={accounts} withoutService onChanged={refresh} />
                    </Suspense>
                  ) : (
                    <Empty
                      title="No account is connected"
                      action={
                        <Button look="main" onClick={() => setConnecting({})}>
                          Connect an account
                        </Button>
                      }
                    >
                      Until one is, calls of its endpoints are refused.
                    </Empty>
                  )}
                </Section>
              )}
              <Endpoints service={integration} />
            </>
          );
        }}
      </Answer>
      {connecting && <Connect slug={slug} {...connecting} onClose={close} onConnected={refresh} />}
    </Page>
  );
}

function readWish(search: URLSearchParams): { account?: string; scopes: string[] } | undefined {
  const scopes = search.get('scopes')?.split(' ').filter(Boolean);
  const account = search.get('account');
  return scopes?.length ? { scopes, ...(account === null ? {} : { account }) } : undefined;
}

function Endpoints({ service }: { service: Service }) {
  const [search, setSearch] = useState('');
  const [category, setCategory] = useState('');
  const [readsOnly, setReadsOnly] = useState(false);
  const { lines: all, complete } = useAllEndpoints(service);
  const words = search.trim().toLowerCase().split(/\s+/);
  const shown = all.filter(
    (endpoint) =>
      (category === '' || endpoint.category === category) &&
      (!readsOnly || endpoint.readOnly) &&
      words.every((word) => `${endpoint.name} ${endpoint.description}`.toLowerCase().includes(word)),
  );
  const categories = [...new Set(all.map((endpoint) => endpoint.category))];
  return (
    <Section title={count(service.endpoints.totalCount, 'endpoint')}>
      <div className="filters">
        <TextField label="Find an endpoint" type="search" value={search} onChange={setSearch} autoComplete="off" />
        <Select
          label="About"
          value={category}
          choices={[{ value: '', text: 'Everything' }, ...categories.map((name) => ({ value: name, text: name }))]}
          onChange={setCategory}
        />
        <div className="filter-tick">
          <Tick checked={readsOnly} label="Only those that read" onChange={setReadsOnly} />
        </div>
      </div>
      {shown.length === 0 && <Empty title="No endpoint fits">Try fewer or other words.</Empty>}
      <ul className="endpoints">
        {shown.map((endpoint) => (
          <li key={endpoint.name}>
            <Link href={`/dashboard/integrations/${service.slug}?endpoint=${endpoint.name}`}>
              <code>{endpoint.name}</code>
            </Link>
            <EndpointTags endpoint={endpoint} />
            <p>
              <Inline text={firstSentence(endpoint.description)} />
            </p>
          </li>
        ))}
      </ul>
      {!complete && <Loading what="further endpoints" />}
    </Section>
  );
}

/** Every endpoint, so that filters miss none: the first page came with the integration, the others follow. */
function useAllEndpoints({ slug, endpoints }: Service): { lines: EndpointLine[]; complete: boolean } {
  const client = useClient();
  const [further, setFurther] = useState<EndpointLine[]>([]);
  const { hasNextPage, endCursor } = endpoints.pageInfo;
  const [complete, setComplete] = useState(!hasNextPage);
  useEffect(() => {
    let over = false;
    const load = async () => {
      let after = hasNextPage ? endCursor : null;
      const lines: EndpointLine[] = [];
      while (after !== null && !over) {
        const { data } = await client.query(MoreEndpointsQuery, { slug, after }, { requestPolicy: 'cache-first' }).toPromise();
        if (!data) return;
        lines.push(...data.integration.endpoints.nodes);
        const { pageInfo } = data.integration.endpoints;
        after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
      }
      if (over) return;
      setFurther(lines);
      setComplete(true);
    };
    void load();
    return () => {
      over = true;
    };
  }, [client, slug, hasNextPage, endCursor]);
  return { lines: [...endpoints.nodes, ...further], complete };
}
