/** What a key may do, by ticking: everything, an integration, its reads, single endpoints, or any request to its service. */
import { useState } from 'react';
import { useQuery } from 'urql';
import { describeError } from '../data/failure.ts';
import { graphql } from '../data/graphql.ts';
import { addScope, covers, describeScope, removeScope } from '../data/scopes.ts';
import { Button } from './button.tsx';
import { TextField } from './field.tsx';
import { firstSentence } from './first-sentence.ts';
import { Loading } from './loading.tsx';
import { Problem } from './problem.tsx';
import { Tick } from './tick.tsx';
import './scope-picker.css';

export interface PickableIntegration {
  slug: string;
  name: string;
  connected: boolean;
}

const shownAtFirst = 8;

interface ScopePickerProps {
  integrations: readonly PickableIntegration[];
  scopes: readonly string[];
  /** Whether the person may give out `operator`. */
  operator: boolean;
  /** What was asked for, when that can only be narrowed. */
  within?: readonly string[];
  onChange: (scopes: string[]) => void;
}

export function ScopePicker({ integrations, scopes, operator, within = ['*'], onChange }: ScopePickerProps) {
  const [search, setSearch] = useState('');
  const [all, setAll] = useState(false);
  const everything = scopes.includes('*');
  const words = search.trim().toLowerCase();
  const whole = integrations.filter(({ slug }) => within.some((scope) => covers(scope, slug)));
  const shown = whole.filter(({ slug, name }) => slug.includes(words) || name.toLowerCase().includes(words));
  // Reads and single endpoints that were asked for cannot be narrowed further; neither can what this installation does not know.
  const fixed = within.filter((scope) => scope !== '*' && scope !== 'operator' && !whole.some(({ slug }) => slug === scope));
  const nameOf = (slug: string) => integrations.find((integration) => integration.slug === slug)?.name ?? slug;
  // What an agent can use at once comes first.
  const sorted = shown.toSorted((a, b) => Number(b.connected) - Number(a.connected) || a.name.localeCompare(b.name));
  const isPicked = ({ slug }: PickableIntegration) => scopes.some((scope) => covers(slug, scope));
  // Fifty of them are a long way to what follows, for the keyboard too.
  const atFirst = all || words !== '' ? sorted : sorted.filter((one, at) => one.connected || isPicked(one) || at < shownAtFirst);
  return (
    <fieldset className="scopes">
      <legend className="label">What it may do</legend>
      {within.includes('*') && (
        <Tick
          checked={everything}
          label="Everything"
          hint="Every integration, also later ones, any request to their services, and your keys and connections. Tick single ones below instead where you can."
          onChange={(checked) => onChange(checked ? addScope(scopes, '*') : removeScope(scopes, '*'))}
        />
      )}
      {fixed.map((scope) => (
        <Tick
          key={scope}
          checked={scopes.includes(scope)}
          label={describeScope(scope, nameOf)}
          onChange={(checked) => onChange(checked ? addScope(scopes, scope) : removeScope(scopes, scope))}
        />
      ))}
      {!everything && whole.length > 0 && (
        <>
          {whole.length > 8 && (
            <TextField label="Find an integration" type="search" value={search} onChange={setSearch} autoComplete="off" />
          )}
          <div className="scopes-list">
            {atFirst.map((integration) => (
              <IntegrationScopes
                key={integration.slug}
                integration={integration}
                scopes={scopes}
                // One that was asked for by name stands above.
                anyRequest={within.includes('*')}
                onChange={onChange}
              />
            ))}
            {sorted.length === 0 && <p className="muted">No integration is called that.</p>}
            {atFirst.length < sorted.length && (
              <Button look="quiet" onClick={() => setAll(true)}>
                Show {sorted.length - atFirst.length} more integrations
              </Button>
            )}
          </div>
        </>
      )}
      {operator && (
        <Tick
          checked={scopes.includes('operator')}
          label="Running this installation"
          hint="Plans, users, freezing and keys of the vault. No agent needs it."
          onChange={(checked) => onChange(checked ? addScope(scopes, 'operator') : removeScope(scopes, 'operator'))}
        />
      )}
    </fieldset>
  );
}

interface IntegrationScopesProps {
  integration: PickableIntegration;
  scopes: readonly string[];
  /** Whether the scope of the proxy may be ticked. */
  anyRequest: boolean;
  onChange: (scopes: string[]) => void;
}

function IntegrationScopes({ integration: { slug, name, connected }, scopes, anyRequest, onChange }: IntegrationScopesProps) {
  const inside = scopes.filter((scope) => scope !== slug && covers(slug, scope));
  const [open, setOpen] = useState(inside.some((scope) => scope.includes('.')));
  const whole = scopes.includes(slug);
  const set = (scope: string, checked: boolean) => onChange(checked ? addScope(scopes, scope) : removeScope(scopes, scope));
  return (
    <div className="scopes-one">
      <Tick
        checked={whole}
        partly={!whole && inside.length > 0}
        label={
          <>
            {name} {connected && <span className="tag">connected</span>}
          </>
        }
        onChange={(checked) => onChange(checked ? addScope(scopes, slug) : scopes.filter((scope) => !covers(slug, scope)))}
      />
      {!whole && (
        <div className="scopes-inside">
          <Tick
            checked={scopes.includes(`${slug}:read`)}
            label={`Only read from ${name}`}
            onChange={(checked) => set(`${slug}:read`, checked)}
          />
          <Button look="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? 'Hide' : 'Choose'} single endpoints<span className="unseen"> of {name}</span>
          </Button>
          {open && <EndpointScopes slug={slug} scopes={scopes} set={set} />}
        </div>
      )}
      {anyRequest && (
        <div className="scopes-inside">
          <Tick
            checked={scopes.includes(`${slug}:proxy`)}
            label={`Send any request to ${name}`}
            hint="By the proxy, whether an endpoint covers it or not. It goes round what is marked as only reading, so such a key can do all that the account may."
            onChange={(checked) => set(`${slug}:proxy`, checked)}
          />
        </div>
      )}
    </div>
  );
}

const EndpointNamesQuery = graphql(`
  query EndpointNames($slug: String!, $after: String) {
    integration(slug: $slug) {
      slug
      endpoints(first: 100, after: $after) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes { name readOnly description }
      }
    }
  }
`);

function EndpointScopes({
  slug,
  after,
  scopes,
  set,
}: {
  slug: string;
  after?: string;
  scopes: readonly string[];
  set: (scope: string, checked: boolean) => void;
}) {
  const [{ data, error }, again] = useQuery({
    query: EndpointNamesQuery,
    variables: { slug, after: after ?? null },
    requestPolicy: 'cache-first',
  });
  const [more, setMore] = useState(false);
  if (error && !data) return <Problem failure={describeError(error)} onRetry={() => again({ requestPolicy: 'network-only' })} />;
  if (!data) return <Loading what="the endpoints" />;
  const { nodes, pageInfo } = data.integration.endpoints;
  return (
    <>
      {nodes.map(({ name, readOnly, description }) => (
        <Tick
          key={name}
          checked={scopes.includes(`${slug}.${name}`)}
          label={
            <>
              <code>{name}</code> {readOnly && <span className="tag">reads</span>}
            </>
          }
          hint={firstSentence(description)}
          onChange={(checked) => set(`${slug}.${name}`, checked)}
        />
      ))}
      {pageInfo.hasNextPage &&
        (more ? (
          <EndpointScopes slug={slug} after={pageInfo.endCursor as string} scopes={scopes} set={set} />
        ) : (
          <Button look="quiet" onClick={() => setMore(true)}>
            Show more endpoints
          </Button>
        ))}
    </>
  );
}
