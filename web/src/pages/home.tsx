import { useState } from 'react';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import { graphql, type ResultOf } from '../data/graphql.ts';
import { personFields } from '../data/person.ts';
import { quoted } from '../data/quoted.ts';
import { Answer } from '../ui/answer.tsx';
import { CallsPerDay } from '../ui/bar-chart.tsx';
import { LinkButton } from '../ui/button.tsx';
import { Advice, OutcomeTag } from '../ui/call-outcome.tsx';
import { UsageMeter } from '../ui/meter.tsx';
import { count } from '../ui/number.ts';
import { Empty, Page, Section } from '../ui/page.tsx';
import { Notice } from '../ui/problem.tsx';
import { describeMoment, Time } from '../ui/time.tsx';
import './home.css';

const FailedCall = graphql(`
  fragment FailedCall on Call @_unmask {
    id
    integration
    endpoint
    outcome
    errorCode
    upstreamStatus
    startedAt
  }
`);

/** All that this page shows, in one request. */
const HomeQuery = graphql(
  `
    query Home($since: DateTime!) {
      viewer {
        ...Person
        hasPassword
        plan {
          name
          connections
          apiKeys
          usage {
            day { used limit resetsAt }
          }
        }
        apiKeys { id revokedAt expiresAt kind }
      }
      connections(first: 100) {
        totalCount
        nodes { id integration account status frozenAt service { name } }
      }
      callCounts(by: [DAY, OUTCOME], since: $since) { day outcome calls }
      failures: calls(first: 5, outcomes: [UPSTREAM_FAILED, REFUSED, FAILED, UNKNOWN], since: $since) { nodes { ...FailedCall } }
    }
  `,
  [personFields, FailedCall],
);

type HomeData = ResultOf<typeof HomeQuery>;

const daysShown = 14;
const dayMs = 86_400_000;

function startOfDay(daysAgo: number): Date {
  return new Date(Math.floor(Date.now() / dayMs) * dayMs - daysAgo * dayMs);
}

export function Home() {
  const [since] = useState(() => startOfDay(daysShown - 1).toISOString());
  const query = useQuery({ query: HomeQuery, variables: { since } });
  return (
    <Page title="Home">
      <Answer query={query} what="your overview">
        {(data) => <Overview data={data} />}
      </Answer>
    </Page>
  );
}

function Overview({ data }: { data: HomeData }) {
  const { viewer, connections } = data;
  const liveKeys = viewer.apiKeys.filter(({ revokedAt, expiresAt }) => !revokedAt && !(expiresAt && Date.parse(expiresAt) < Date.now()));
  const countedKeys = liveKeys.filter(({ kind }) => kind === 'MANUAL').length;
  const broken = connections.nodes.filter(({ status, frozenAt }) => status === 'ERROR' || frozenAt);
  const anyCalls = data.callCounts.length > 0;
  return (
    <div className="stack">
      {!viewer.hasPassword && (
        <Notice tone="warn">
          <p>
            You have no password yet, so you could not sign in again. <Link href="/settings">Set one now</Link>
          </p>
        </Notice>
      )}
      {broken.map(({ id, integration, account, frozenAt, service }) => (
        <Notice key={id} tone="warn">
          <p>
            {service?.name ?? integration} {account !== null && `(${quoted(account)})`}{' '}
            {frozenAt ? 'was stopped by an operator.' : 'does not work any more.'}{' '}
            {!frozenAt && <Link href={`/dashboard/integrations/${integration}`}>Reconnect it</Link>}
          </p>
        </Notice>
      ))}
      <div className="usage">
        <div className="card">
          <UsageMeter
            label="Calls today"
            used={viewer.plan.usage.day.used}
            limit={viewer.plan.usage.day.limit}
            note={`Counting starts again ${describeMoment(viewer.plan.usage.day.resetsAt)}`}
          />
        </div>
        <div className="card">
          <UsageMeter label="Connected accounts" used={connections.totalCount} limit={viewer.plan.connections} />
          <p className="fine">
            <Link href="/dashboard/integrations">Integrations</Link>
          </p>
        </div>
        <div className="card">
          <UsageMeter label="API keys in use" used={countedKeys} limit={viewer.plan.apiKeys} />
          <p className="fine">
            <Link href="/dashboard/api-keys">API keys</Link>
          </p>
        </div>
      </div>
      {!anyCalls && <FirstSteps connected={connections.totalCount > 0} hasKey={liveKeys.length > 0} />}
      <Section title="Calls per day">
        <CallsPerDay days={sumDays(data.callCounts)} />
      </Section>
      <Section title="Latest failures" actions={<Link href="/dashboard/calls">All calls</Link>}>
        <Failures calls={data.failures.nodes} anyCalls={anyCalls} />
      </Section>
    </div>
  );
}

function FirstSteps({ connected, hasKey }: { connected: boolean; hasKey: boolean }) {
  return (
    <div className="card stack">
      <h2>Three steps to the first call</h2>
      <ol className="steps">
        <li data-done={connected || undefined}>
          <Link href="/dashboard/integrations">Connect an account</Link> that an agent shall use{connected && ': done'}.
        </li>
        <li data-done={hasKey || undefined}>
          <Link href="/dashboard/api-keys">Make an API key</Link> for the agent, with no more scopes than it needs{hasKey && ': done'}.
        </li>
        <li>
          Open an endpoint of <Link href="/dashboard/integrations">an integration</Link>, run it here, and give the agent the same call.
        </li>
      </ol>
    </div>
  );
}

function sumDays(counts: HomeData['callCounts']) {
  return Array.from({ length: daysShown }, (_, index) => {
    const day = startOfDay(daysShown - 1 - index)
      .toISOString()
      .slice(0, 10);
    const ofDay = counts.filter((entry) => entry.day === day);
    const sum = (entries: typeof counts) => entries.reduce((total, { calls }) => total + calls, 0);
    const fine = ofDay.filter(({ outcome }) => outcome === 'SUCCEEDED' || outcome === 'REPLAYED' || outcome === 'STARTED');
    return { day, good: sum(fine), bad: sum(ofDay) - sum(fine) };
  });
}

function Failures({ calls, anyCalls }: { calls: HomeData['failures']['nodes']; anyCalls: boolean }) {
  if (calls.length === 0) {
    return anyCalls ? (
      <Empty title={`Nothing failed in the last ${count(daysShown, 'day')}`} />
    ) : (
      <Empty title="No calls yet" action={<LinkButton href="/dashboard/integrations">Choose an integration</LinkButton>}>
        Calls that fail appear here with what to do about them.
      </Empty>
    );
  }
  return (
    <ul className="plain-list">
      {calls.map((call) => (
        <li key={call.id} className="card failure">
          <div className="row">
            <code className="break">
              {call.integration}/{call.endpoint}
            </code>
            <OutcomeTag outcome={call.outcome} status={call.upstreamStatus} />
            {call.errorCode && <span className="tag">{call.errorCode.toLowerCase()}</span>}
            <span className="muted">
              <Time at={call.startedAt} />
            </span>
          </div>
          <p>
            <Advice call={call} />
          </p>
        </li>
      ))}
    </ul>
  );
}
