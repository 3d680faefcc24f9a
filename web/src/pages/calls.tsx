import { useState } from 'react';
import { useQuery } from 'urql';
import { Link, useSearchParams } from 'wouter';
import { graphql, type ResultOf, type VariablesOf } from '../data/graphql.ts';
import { personFields } from '../data/person.ts';
import { isProxied } from '../data/proxied.ts';
import { quoted } from '../data/quoted.ts';
import { Answer } from '../ui/answer.tsx';
import { Button, LinkButton } from '../ui/button.tsx';
import { Advice, type Outcome, OutcomeTag, outcomeTexts } from '../ui/call-outcome.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { count, formatNumber } from '../ui/number.ts';
import { Empty, Page } from '../ui/page.tsx';
import { Select } from '../ui/select.tsx';
import { TableFrame } from '../ui/table-frame.tsx';
import { Time } from '../ui/time.tsx';

const FiltersQuery = graphql(
  `
    query CallFilters {
      viewer { ...Person apiKeys { id name keyPrefix } }
      integrations(first: 100) { nodes { slug name } }
    }
  `,
  [personFields],
);

const CallsQuery = graphql(`
  query Calls($integration: String, $key: ID, $outcomes: [CallOutcome!], $door: CallDoor, $since: DateTime, $after: String) {
    calls(first: 50, integration: $integration, key: $key, outcomes: $outcomes, door: $door, since: $since, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes {
        id integration endpoint path door keyId account outcome errorCode upstreamStatus responseBytes upstreamMs totalMs
        parameterNames idempotencyKey requestId startedAt completedAt
      }
    }
  }
`);

/** Counting a long log takes longer than a page of it, which is shown meanwhile. */
const CountQuery = graphql(`
  query CallCount($integration: String, $key: ID, $outcomes: [CallOutcome!], $door: CallDoor, $since: DateTime) {
    calls(first: 1, integration: $integration, key: $key, outcomes: $outcomes, door: $door, since: $since) { totalCount }
  }
`);

type Filter = VariablesOf<typeof CountQuery>;
type Call = ResultOf<typeof CallsQuery>['calls']['nodes'][number];
type KeyNames = ReadonlyMap<string, string>;

const doors = { REST: 'REST', GRAPHQL: 'GraphQL and dashboard', MCP: 'MCP' } as const;
const spans = [
  { value: '', text: 'Any time' },
  { value: '1', text: 'Last hour' },
  { value: '24', text: 'Last day' },
  { value: '168', text: 'Last week' },
  { value: '720', text: 'Last 30 days' },
];

export function Calls() {
  const filters = useQuery({ query: FiltersQuery });
  const [params, setParams] = useSearchParams();
  const set = (name: string, value: string) =>
    setParams((before) => {
      const next = new URLSearchParams(before);
      if (value === '') next.delete(name);
      else next.set(name, value);
      return next;
    });
  return (
    <Page
      title="Calls"
      lead="Every call that agents and you made, refused ones too. Of parameters it holds the names alone, of answers nothing."
    >
      <Answer query={filters} what="the filters">
        {({ viewer, integrations }) => (
          <div className="stack">
            <Filters params={params} set={set} keys={viewer.apiKeys} integrations={integrations.nodes} />
            <Log
              key={params.toString()}
              params={params}
              keyNames={new Map(viewer.apiKeys.map(({ id, name }) => [id, name]))}
              onClear={() => setParams({})}
            />
          </div>
        )}
      </Answer>
    </Page>
  );
}

interface FiltersProps {
  params: URLSearchParams;
  set: (name: string, value: string) => void;
  keys: readonly { id: string; name: string; keyPrefix: string }[];
  integrations: readonly { slug: string; name: string }[];
}

function Filters({ params, set, keys, integrations }: FiltersProps) {
  const select = (label: string, name: string, all: string, choices: { value: string; text: string }[]) => (
    <Select
      label={label}
      value={params.get(name) ?? ''}
      choices={[{ value: '', text: all }, ...choices]}
      onChange={(value) => set(name, value)}
    />
  );
  const texts = (of: Record<string, string>) => Object.entries(of).map(([value, text]) => ({ value: value.toLowerCase(), text }));
  return (
    <div className="filters even">
      {select(
        'Integration',
        'integration',
        'All',
        integrations.map(({ slug, name }) => ({ value: slug, text: name })),
      )}
      {select('Outcome', 'outcome', 'All', texts(outcomeTexts))}
      {select(
        'API key',
        'key',
        'All',
        keys.map(({ id, name, keyPrefix }) => ({ value: id, text: `${name} (${keyPrefix}…)` })),
      )}
      {select('Came by', 'door', 'All ways', texts(doors))}
      <Select label="When" value={params.get('hours') ?? ''} choices={spans} onChange={(value) => set('hours', value)} />
    </div>
  );
}

/** Addresses have the words in lower case. */
function oneOf<Choices extends object>(choices: Choices, word: string | null): keyof Choices | null {
  const value = word?.toUpperCase();
  return value !== undefined && Object.hasOwn(choices, value) ? (value as keyof Choices) : null;
}

interface LogProps {
  params: URLSearchParams;
  keyNames: KeyNames;
  after?: string;
  since?: string | null;
  onClear: () => void;
}

/** One page of the log, and below it the next when it is asked for. */
function Log({ params, keyNames, after, since, onClear }: LogProps) {
  const [from] = useState(() => {
    const hours = Number(params.get('hours'));
    return since ?? (hours > 0 ? new Date(Date.now() - hours * 3_600_000).toISOString() : null);
  });
  const outcome = oneOf(outcomeTexts, params.get('outcome'));
  const filter: Filter = {
    integration: params.get('integration'),
    key: params.get('key'),
    outcomes: outcome && [outcome],
    door: oneOf(doors, params.get('door')),
    since: from,
  };
  const query = useQuery({ query: CallsQuery, variables: { ...filter, after: after ?? null } });
  const [more, setMore] = useState(false);
  const [shown, setShown] = useState<Call>();
  return (
    <>
      {after === undefined && <Count filter={filter} onRefresh={() => query[1]({ requestPolicy: 'network-only' })} />}
      <Answer query={query} what="the calls">
        {({ calls: { nodes, pageInfo } }) => (
          <>
            {nodes.length === 0 ? (
              <NoCalls filtered={params.size > 0} onClear={onClear} />
            ) : (
              <CallTable calls={nodes} keyNames={keyNames} onShow={setShown} />
            )}
            {pageInfo.hasNextPage &&
              (more ? (
                <Log params={params} keyNames={keyNames} after={pageInfo.endCursor as string} since={from} onClear={onClear} />
              ) : (
                <div className="row">
                  <Button onClick={() => setMore(true)}>Show older calls</Button>
                </div>
              ))}
            {shown && <CallDialog call={shown} keyNames={keyNames} onClose={() => setShown(undefined)} />}
          </>
        )}
      </Answer>
    </>
  );
}

function Count({ filter, onRefresh }: { filter: Filter; onRefresh: () => void }) {
  const [{ data, error }, again] = useQuery({ query: CountQuery, variables: filter });
  const known = data ? count(data.calls.totalCount, 'call') : 'Counting the calls…';
  return (
    <div className="row">
      <p className="fine" role="status">
        {error ? 'The calls could not be counted.' : known}
      </p>
      <Button
        look="quiet"
        onClick={() => {
          again({ requestPolicy: 'network-only' });
          onRefresh();
        }}
      >
        Refresh
      </Button>
    </div>
  );
}

function NoCalls({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  return filtered ? (
    <Empty title="No call fits these filters" action={<Button onClick={onClear}>Show all calls</Button>} />
  ) : (
    <Empty title="No calls yet" action={<LinkButton href="/dashboard/integrations">Choose an integration</LinkButton>}>
      Run an endpoint here, or give an agent a key; each call appears in this log.
    </Empty>
  );
}

function describeKey(keyId: string | null, keyNames: KeyNames): string {
  return keyId === null ? 'Dashboard' : (keyNames.get(keyId) ?? keyId);
}

function CallTable({ calls, keyNames, onShow }: { calls: readonly Call[]; keyNames: KeyNames; onShow: (call: Call) => void }) {
  return (
    <TableFrame caption="Calls, the latest first">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Call</th>
          <th scope="col">Outcome</th>
          <th scope="col">By</th>
          <th scope="col" className="number">
            Took
          </th>
          <th scope="col">
            <span className="unseen">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {calls.map((call) => (
          <tr key={call.id}>
            <td className="nowrap">
              <Time at={call.startedAt} />
            </td>
            <th scope="row">
              <code className="break">
                {call.integration}/{call.endpoint}
              </code>
              {call.path && <code className="break">{call.path}</code>}
              {call.account && <div className="fine">{call.account}</div>}
            </th>
            <td>
              <OutcomeTag outcome={call.outcome} status={call.upstreamStatus} />
              {call.errorCode && <div className="fine">{call.errorCode.toLowerCase()}</div>}
            </td>
            <td data-label="By">{describeKey(call.keyId, keyNames)}</td>
            <td className="number nowrap" data-label="Took">
              {call.totalMs === null ? '' : `${formatNumber(call.totalMs)} ms`}
            </td>
            <td className="actions">
              <Button aria-label={`Details of ${quoted(`${call.integration}/${call.endpoint}`)}`} onClick={() => onShow(call)}>
                Details
              </Button>
            </td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}

const fine: readonly Outcome[] = ['SUCCEEDED', 'REPLAYED', 'STARTED'];

function CallDialog({ call, keyNames, onClose }: { call: Call; keyNames: KeyNames; onClose: () => void }) {
  const moment = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });
  const facts: [string, string | null][] = [
    ['Call', call.id],
    ['Request', call.requestId],
    ['Started', moment.format(Date.parse(call.startedAt))],
    ['Made by', describeKey(call.keyId, keyNames)],
    ['Came by', call.door && doors[call.door]],
    ['Path', call.path],
    ['Account', call.account],
    ['Parameters given', call.parameterNames.join(', ') || 'none'],
    ['Service’s status', call.upstreamStatus === null ? null : String(call.upstreamStatus)],
    ['Length of the answer', call.responseBytes === null ? null : `${formatNumber(call.responseBytes)} bytes`],
    ['Took at the service', call.upstreamMs === null ? null : `${formatNumber(call.upstreamMs)} ms`],
    ['Took in all', call.totalMs === null ? null : `${formatNumber(call.totalMs)} ms`],
    ['Idempotency key', call.idempotencyKey],
  ];
  return (
    <Dialog open title={`${call.integration}/${call.endpoint}`} onClose={onClose}>
      <div className="row">
        <OutcomeTag outcome={call.outcome} status={call.upstreamStatus} />
        {call.errorCode && <code>{call.errorCode.toLowerCase()}</code>}
      </div>
      {!fine.includes(call.outcome) && (
        <p>
          <Advice call={call} />
        </p>
      )}
      <dl className="facts">
        {facts.map(
          ([name, value]) =>
            value !== null && (
              <div key={name}>
                <dt>{name}</dt>
                <dd className="break">{value}</dd>
              </div>
            ),
        )}
      </dl>
      {!isProxied(call) && (
        <p>
          <Link href={`/dashboard/integrations/${call.integration}?endpoint=${call.endpoint}`}>Open the endpoint</Link>
        </p>
      )}
    </Dialog>
  );
}
