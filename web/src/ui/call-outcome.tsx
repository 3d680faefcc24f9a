import { Link } from 'wouter';
import { isProxied } from '../data/proxied.ts';

export const outcomeTexts = {
  SUCCEEDED: 'Succeeded',
  UPSTREAM_FAILED: 'Service said no',
  REFUSED: 'Refused',
  FAILED: 'Failed',
  REPLAYED: 'Replayed',
  UNKNOWN: 'Outcome unknown',
  STARTED: 'Running',
} as const;

export type Outcome = keyof typeof outcomeTexts;

const tones: Record<Outcome, 'good' | 'bad' | 'warn' | undefined> = {
  SUCCEEDED: 'good',
  UPSTREAM_FAILED: 'bad',
  REFUSED: 'warn',
  FAILED: 'bad',
  REPLAYED: undefined,
  UNKNOWN: 'warn',
  STARTED: undefined,
};

export function OutcomeTag({ outcome, status }: { outcome: Outcome; status?: number | null }) {
  return (
    <span className="tag" data-tone={tones[outcome]}>
      {outcomeTexts[outcome]}
      {typeof status === 'number' && outcome === 'UPSTREAM_FAILED' && ` (${status})`}
    </span>
  );
}

interface FailedCall {
  integration: string;
  endpoint: string;
  outcome: Outcome;
  errorCode: string | null;
  upstreamStatus: number | null;
}

/** What to do about a call that did not go well, by our own code or the service's status. */
export function Advice({ call }: { call: FailedCall }) {
  const integration = `/dashboard/integrations/${call.integration}`;
  const proxied = isProxied(call);
  const endpoint = proxied ? integration : `${integration}?endpoint=${call.endpoint}`;
  switch (call.errorCode) {
    case 'INTEGRATION_NOT_CONNECTED':
      return (
        <>
          No account is connected. <Link href={integration}>Connect {call.integration}</Link>.
        </>
      );
    case 'TOKEN_EXPIRED':
    case 'CREDENTIAL_REJECTED':
      return (
        <>
          The service no longer takes the credential. <Link href={integration}>Reconnect {call.integration}</Link>.
        </>
      );
    case 'CONSENT_REQUIRED':
      return (
        <>
          The consent does not cover this. <Link href={integration}>Connect again</Link> to add what is missing.
        </>
      );
    case 'ACCOUNT_REQUIRED':
      return (
        <>
          Several accounts are connected. Name one with the call, or <Link href={integration}>choose a default</Link>.
        </>
      );
    case 'CONNECTION_FROZEN':
      return <>An operator has stopped this connection. Ask them.</>;
    case 'SCOPE_NOT_ALLOWED':
    case 'FORBIDDEN':
      return (
        <>
          The key may not do this. <Link href="/dashboard/api-keys">Make a key</Link> whose scopes cover it.
        </>
      );
    case 'RATE_LIMITED':
    case 'DAILY_LIMIT_REACHED':
    case 'PLAN_LIMIT_REACHED':
      return (
        <>
          A limit of the plan was reached. <Link href="/billing">See plan and limits</Link>.
        </>
      );
    case 'BAD_REQUEST':
      return proxied ? (
        <>The request was not as the proxy takes it; its answer said what to change.</>
      ) : (
        <>
          The parameters were not as they should be. <Link href={endpoint}>See what the endpoint takes</Link>.
        </>
      );
    case 'NOT_FOUND':
      return (
        <>
          There is no such endpoint. <Link href={integration}>See what there is</Link>.
        </>
      );
    case 'UPSTREAM_TIMEOUT':
    case 'UPSTREAM_UNREACHABLE':
    case 'UNAVAILABLE':
      return <>It did not answer in time. Try again later; a read can be repeated safely.</>;
    case 'CLIENT_GONE':
      return call.outcome === 'UNKNOWN' ? (
        <>Whoever called hung up after it was sent. Look at the service whether it took effect before you repeat it.</>
      ) : (
        <>Whoever called hung up before the answer was there.</>
      );
    case 'OUTCOME_UNKNOWN':
      return <>It was sent and the answer was lost. Look at the service whether it took effect before you repeat it.</>;
  }
  if (call.outcome === 'UNKNOWN') return <>Its end was lost. Look at the service whether it took effect before you repeat it.</>;
  const status = call.upstreamStatus;
  if (status === 401 || status === 403)
    return (
      <>
        The service does not let this account do it. <Link href={endpoint}>See what it needs</Link>, or{' '}
        <Link href={integration}>reconnect</Link>.
      </>
    );
  if (status === 404) return <>The service does not have it, or this account may not see it. Check names and numbers.</>;
  if (status === 429) return <>The service’s own limit was reached. Wait a little before the next call.</>;
  if (status !== null && status >= 500) return <>The service itself is in trouble. Try again later.</>;
  return (
    <>
      <Link href={endpoint}>See the endpoint’s known failures</Link> and what to do about them.
    </>
  );
}
