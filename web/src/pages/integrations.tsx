import { useDeferredValue, useEffect, useState } from 'react';
import { useQuery } from 'urql';
import { Link, useSearchParams } from 'wouter';
import { AccountFields } from '../data/account.ts';
import { graphql, type ResultOf } from '../data/graphql.ts';
import { personFields } from '../data/person.ts';
import { Accounts } from '../ui/accounts.tsx';
import { Answer } from '../ui/answer.tsx';
import { Button } from '../ui/button.tsx';
import { Connect } from '../ui/connect.tsx';
import { TextField } from '../ui/field.tsx';
import { Logo } from '../ui/logo.tsx';
import { count } from '../ui/number.ts';
import { Empty, Page, Section } from '../ui/page.tsx';
import { Prose } from '../ui/prose.tsx';
import { Select } from '../ui/select.tsx';
import './integrations.css';

const OverviewQuery = graphql(
  `
    query Integrations {
      viewer { ...Person }
      connections(first: 100) { totalCount nodes { ...Account } }
      integrations(first: 100) { totalCount nodes { slug category } }
    }
  `,
  [personFields, AccountFields],
);

const SearchQuery = graphql(`
  query SearchIntegrations($search: String, $category: String, $connected: Boolean, $after: String) {
    integrations(first: 60, search: $search, category: $category, connected: $connected, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { slug name logoUrl description category connected accounts authTypes endpointCount }
    }
  }
`);

type Card = ResultOf<typeof SearchQuery>['integrations']['nodes'][number];

export function Integrations() {
  const overview = useQuery({ query: OverviewQuery });
  const [{ data }, refresh] = overview;
  const accounts = data?.connections.nodes ?? [];
  return (
    <Page
      title="Integrations"
      lead="Services that agents can use through you. You connect an account; agents get a key, never the credential."
    >
      <Answer query={overview} what="your accounts">
        {({ integrations }) => (
          <>
            {accounts.length > 0 && <Accounts accounts={accounts} onChanged={() => refresh({ requestPolicy: 'network-only' })} />}
            <Catalogue
              categories={[...new Set(integrations.nodes.map(({ category }) => category))].sort()}
              onConnected={() => refresh({ requestPolicy: 'network-only' })}
            />
          </>
        )}
      </Answer>
    </Page>
  );
}

const standings = [
  { value: 'all', text: 'Connected or not' },
  { value: 'yes', text: 'Ready to use' },
  { value: 'no', text: 'Not connected' },
] as const;

function Catalogue({ categories, onConnected }: { categories: string[]; onConnected: () => void }) {
  const [params, setParams] = useSearchParams();
  const [search, setSearch] = useState(params.get('search') ?? '');
  const category = params.get('category') ?? '';
  const standing = (params.get('connected') ?? 'all') as (typeof standings)[number]['value'];
  const [connecting, setConnecting] = useState<string>();
  const [round, setRound] = useState(0);
  const settled = useSettled(search);

  const set = (name: string, value: string) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        if (value === '') next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  useEffect(() => {
    if (settled !== (params.get('search') ?? '')) set('search', settled);
  });

  const filter = {
    search: settled || null,
    category: category || null,
    connected: standing === 'all' ? null : standing === 'yes',
  };
  return (
    <Section title="What can be connected">
      {/* biome-ignore lint/a11y/useSemanticElements: the element search is not yet known to every screen reader */}
      <div className="filters" role="search">
        <TextField
          label="Search"
          type="search"
          placeholder="Such as: send mail, issues, weather"
          value={search}
          onChange={setSearch}
          autoComplete="off"
        />
        <Select
          label="Category"
          value={category}
          choices={[{ value: '', text: 'All categories' }, ...categories.map((name) => ({ value: name, text: nameCategory(name) }))]}
          onChange={(value) => set('category', value)}
        />
        <Select
          label="Standing"
          value={standing}
          choices={standings}
          onChange={(value) => set('connected', value === 'all' ? '' : value)}
        />
      </div>
      <Cards key={`${JSON.stringify(filter)}${round}`} filter={filter} onConnect={setConnecting} />
      {connecting !== undefined && (
        <Connect
          slug={connecting}
          onClose={() => setConnecting(undefined)}
          onConnected={() => {
            onConnected();
            setRound(round + 1);
          }}
        />
      )}
    </Section>
  );
}

/** The text once nothing was typed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text.trim());
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text.trim()), 250);
    return () => clearTimeout(timer);
  }, [text]);
  return useDeferredValue(settled);
}

export function nameCategory(category: string): string {
  // AI and CRM are said letter by letter.
  if (category.length <= 3) return category.toUpperCase();
  return category.replaceAll('-', ' ').replace(/^./, (first) => first.toUpperCase());
}

interface CardsProps {
  filter: { search: string | null; category: string | null; connected: boolean | null };
  after?: string;
  onConnect: (slug: string) => void;
}

function Cards({ filter, after, onConnect }: CardsProps) {
  const query = useQuery({ query: SearchQuery, variables: { ...filter, after: after ?? null } });
  const [more, setMore] = useState(false);
  return (
    <Answer query={query} what="the integrations">
      {({ integrations: { nodes, totalCount, pageInfo } }) => (
        <>
          {after === undefined && (
            <p className="fine" role="status">
              {count(totalCount, 'integration')}
            </p>
          )}
          {nodes.length === 0 ? (
            <Empty title="Nothing fits">Try fewer or other words, or another category.</Empty>
          ) : (
            <ul className="cards plain">
              {nodes.map((card) => (
                <IntegrationCard key={card.slug} card={card} onConnect={onConnect} />
              ))}
            </ul>
          )}
          {pageInfo.hasNextPage &&
            (more ? (
              <Cards filter={filter} after={pageInfo.endCursor as string} onConnect={onConnect} />
            ) : (
              <div className="row">
                <Button onClick={() => setMore(true)}>Show more integrations</Button>
              </div>
            ))}
        </>
      )}
    </Answer>
  );
}

function IntegrationCard({ card, onConnect }: { card: Card; onConnect: (slug: string) => void }) {
  const open = card.authTypes.every((type) => type === 'NONE');
  return (
    <li className="card integration">
      <div>
        <h3 className="with-logo">
          <Logo name={card.name} url={card.logoUrl} />
          <Link href={`/dashboard/integrations/${card.slug}`}>{card.name}</Link>
        </h3>
        <div className="tags">
          <span className="tag">{nameCategory(card.category)}</span>
          <span className="tag">{count(card.endpointCount, 'endpoint')}</span>
          {card.accounts.length > 0 && (
            <span className="tag" data-tone="good">
              {count(card.accounts.length, 'account')}
            </span>
          )}
          {open && (
            <span className="tag" data-tone="good">
              needs no account
            </span>
          )}
        </div>
      </div>
      <Prose text={card.description} />
      {!open && (
        <div className="row">
          <Button
            look={card.connected ? 'plain' : 'main'}
            aria-label={`${card.connected ? 'Connect another account of' : 'Connect'} ${card.name}`}
            onClick={() => onConnect(card.slug)}
          >
            {card.connected ? 'Connect another account' : 'Connect'}
          </Button>
        </div>
      )}
    </li>
  );
}
