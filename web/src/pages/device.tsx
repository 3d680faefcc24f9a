/** A device asks to be signed in: what asks, from where, since when, for what; and the person decides. */
import { type FormEvent, useState } from 'react';
import { useClient, useMutation, useQuery } from 'urql';
import { useSearchParams } from 'wouter';
import { describeError, type Failure } from '../data/failure.ts';
import { graphql, type ResultOf } from '../data/graphql.ts';
import { personFields } from '../data/person.ts';
import { quoted } from '../data/quoted.ts';
import { covers } from '../data/scopes.ts';
import { Answer } from '../ui/answer.tsx';
import { Button, LinkButton } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { Empty, Page } from '../ui/page.tsx';
import { Notice, Problem } from '../ui/problem.tsx';
import { ScopePicker } from '../ui/scope-picker.tsx';
import { describeMoment } from '../ui/time.tsx';
import './device.css';

const PageQuery = graphql(
  `
    query DevicePage {
      viewer { ...Person scopes }
      integrations(first: 100) { nodes { slug name connected } }
    }
  `,
  [personFields],
);

const RequestQuery = graphql(`
  query DeviceRequest($userCode: String!) {
    deviceRequest(userCode: $userCode) { userCode clientName clientAddress createdAt ageSeconds expiresAt scopes }
  }
`);

const AuthorizeDevice = graphql(`
  mutation AuthorizeDevice($userCode: String!, $scopes: [String!], $deny: Boolean) {
    authorizeDevice(userCode: $userCode, scopes: $scopes, deny: $deny) { status }
  }
`);

type PageData = ResultOf<typeof PageQuery>;
type DeviceRequest = ResultOf<typeof RequestQuery>['deviceRequest'];

export function Device() {
  const query = useQuery({ query: PageQuery, requestPolicy: 'cache-first' });
  const [request, setRequest] = useState<DeviceRequest>();
  const [decided, setDecided] = useState<'AUTHORIZED' | 'DENIED'>();
  return (
    <Page title="Sign in a device" lead="A program, here or on another machine, shows a code and wants to act for you.">
      <div className="device stack">
        {decided ? (
          <Decided decision={decided} />
        ) : request ? (
          <Answer query={query} what="your integrations">
            {(data) => <Decide data={data} request={request} onDecided={setDecided} onBack={() => setRequest(undefined)} />}
          </Answer>
        ) : (
          <EnterCode onFound={setRequest} />
        )}
      </div>
    </Page>
  );
}

function Decided({ decision }: { decision: 'AUTHORIZED' | 'DENIED' }) {
  return decision === 'AUTHORIZED' ? (
    <Empty title="The device is signed in" action={<LinkButton href="/dashboard/api-keys">See your API keys</LinkButton>}>
      It goes on by itself within a few seconds, and you can close this window. If it takes a key, that is listed with your API keys, where
      you can revoke it.
    </Empty>
  ) : (
    <Empty title="Denied" action={<LinkButton href="/dashboard">Go home</LinkButton>}>
      The device gets nothing. If you did not ask for a code, somebody else tried; there is nothing further to do.
    </Empty>
  );
}

function EnterCode({ onFound }: { onFound: (request: DeviceRequest) => void }) {
  const [params] = useSearchParams();
  const client = useClient();
  const [code, setCode] = useState(params.get('user_code') ?? '');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setFailure(undefined);
    const { data, error } = await client.query(RequestQuery, { userCode: code }, { requestPolicy: 'network-only' }).toPromise();
    setBusy(false);
    if (data) onFound(data.deviceRequest);
    else if (error) setFailure(describeError(error));
  };
  return (
    <form className="card stack" onSubmit={(event) => void submit(event)}>
      <TextField
        label="Code"
        className="mono user-code"
        hint="As the device shows it, such as BCDF-GHJK."
        autoComplete="off"
        autoCapitalize="characters"
        spellCheck={false}
        required
        maxLength={20}
        value={code}
        onChange={setCode}
      />
      <p className="muted">Enter a code only if you have just asked a device of yours for it. Nobody from here will ever send you one.</p>
      {failure && <Problem failure={failure} />}
      <div className="row end">
        <Button look="main" type="submit" busy={busy}>
          Continue
        </Button>
      </div>
    </form>
  );
}

interface DecideProps {
  data: PageData;
  request: DeviceRequest;
  onDecided: (decision: 'AUTHORIZED' | 'DENIED') => void;
  onBack: () => void;
}

function Decide({ data, request, onDecided, onBack }: DecideProps) {
  const [scopes, setScopes] = useState<string[]>([...request.scopes]);
  const [failure, setFailure] = useState<Failure>();
  const [work, setWork] = useState<'approve' | 'deny'>();
  const [, authorize] = useMutation(AuthorizeDevice);
  const held = data.viewer.scopes;
  const beyond = request.scopes.filter((scope) => !held.some((mine) => covers(mine, scope)));

  const decide = async (deny: boolean) => {
    setWork(deny ? 'deny' : 'approve');
    setFailure(undefined);
    const { data: answer, error } = await authorize({ userCode: request.userCode, ...(deny ? { deny } : { scopes }) });
    setWork(undefined);
    if (error) return setFailure(describeError(error));
    if (answer) onDecided(answer.authorizeDevice.status);
  };

  return (
    <div className="card stack">
      <p className="user-code shown-code">
        <span className="unseen">Code </span>
        {request.userCode}
      </p>
      <dl className="facts">
        <div>
          <dt>It calls itself</dt>
          <dd className="break">{request.clientName}</dd>
        </div>
        <div>
          <dt>It asked from</dt>
          <dd className="break">{request.clientAddress ?? 'an unknown address'}</dd>
        </div>
        <div>
          <dt>It asked</dt>
          <dd>{describeMoment(request.createdAt)}</dd>
        </div>
        <div>
          <dt>The code lasts</dt>
          <dd>until {new Intl.DateTimeFormat('en', { timeStyle: 'short' }).format(Date.parse(request.expiresAt))}</dd>
        </div>
      </dl>
      <Notice tone="warn">
        <p>
          <strong>Do not approve a code that you did not ask for.</strong> Whoever shows or sends you one would act in your name. Compare
          the code above with the one on your own device; anyone can claim any name.
        </p>
      </Notice>
      {beyond.length > 0 && (
        <Notice>
          <p>It asks for more than you may give: {beyond.map((scope) => quoted(scope)).join(', ')}. Untick that to go on.</p>
        </Notice>
      )}
      <ScopePicker
        integrations={data.integrations.nodes}
        scopes={scopes}
        operator={request.scopes.includes('operator')}
        within={request.scopes}
        onChange={setScopes}
      />
      {failure && <Problem failure={failure} />}
      <div className="row end">
        <Button look="quiet" onClick={onBack}>
          Another code
        </Button>
        <Button busy={work === 'deny'} onClick={() => void decide(true)}>
          Deny
        </Button>
        <Button look="main" busy={work === 'approve'} disabled={scopes.length === 0} onClick={() => void decide(false)}>
          Approve
        </Button>
      </div>
    </div>
  );
}
