/** Connects an account: by consent at the service, watched until it is over, or by a credential that is proven at once. */
import { type FormEvent, useEffect, useState } from 'react';
import { useClient, useMutation, useQuery } from 'urql';
import { Link } from 'wouter';
import { describeError, type Failure } from '../data/failure.ts';
import { graphql, type ResultOf } from '../data/graphql.ts';
import { usePerson } from '../data/person.ts';
import { quoted } from '../data/quoted.ts';
import { Answer } from './answer.tsx';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { TextField } from './field.tsx';
import { OutsideIcon } from './icons.tsx';
import { Notice, Problem } from './problem.tsx';
import { Inline } from './prose.tsx';
import { Tabs } from './tabs.tsx';
import { announce } from './toasts.tsx';

const MethodsQuery = graphql(`
  query ConnectMethods($slug: String!) {
    integration(slug: $slug) {
      slug
      name
      connectMethods { type ready how url redirectUri fields { name label description secret required multiline } }
    }
  }
`);

const StartConnection = graphql(`
  mutation StartConnection($integration: String!, $account: String, $scopes: [String!], $credentials: JSON) {
    startConnection(integration: $integration, account: $account, scopes: $scopes, credentials: $credentials) { connectionId status oauthUrl }
  }
`);

const ConsentQuery = graphql(`
  query Consent($id: ID!) {
    connection(id: $id) { id status reason account }
  }
`);

type Service = ResultOf<typeof MethodsQuery>['integration'];
type Method = Service['connectMethods'][number];

interface ConnectDialogProps {
  slug: string;
  /** The account to connect again; left out for a further one. */
  account?: string | undefined;
  /** What to ask the service for besides what the account has, as a refusal named it; left out: what all endpoints need. */
  scopes?: string[] | undefined;
  onClose: () => void;
  /** After an account was connected: what shows accounts must ask again. */
  onConnected: () => void;
}

export function ConnectDialog({ slug, account, scopes, onClose, onConnected }: ConnectDialogProps) {
  const query = useQuery({ query: MethodsQuery, variables: { slug } });
  const name = query[0].data?.integration.name ?? quoted(slug);
  const done = (connected: string | null) => {
    announce(`${name} is connected`, connected ? `The account ${quoted(connected)} can be used from now on.` : undefined);
    onConnected();
    onClose();
  };
  return (
    <Dialog open title={account === undefined ? `Connect ${name}` : `Reconnect ${quoted(account)} of ${name}`} onClose={onClose}>
      <Answer query={query} what="the ways to connect">
        {({ integration }) => <Methods service={integration} account={account} scopes={scopes} onDone={done} />}
      </Answer>
    </Dialog>
  );
}

interface MethodProps {
  service: Service;
  method: Method;
  account: string | undefined;
  scopes: string[] | undefined;
  onDone: (account: string | null) => void;
}

const methodTexts = {
  OAUTH2: 'Consent',
  BEARER: 'Token',
  API_KEY: 'API key',
  BASIC: 'User name and password',
  CLIENT_CREDENTIALS: 'OAuth client',
  JWT_BEARER: 'Private key',
  SIGNATURE_V4: 'Signing key',
  NONE: 'Nothing',
} as const;

function Methods({ service, account, scopes, onDone }: Omit<MethodProps, 'method'>) {
  const methods = service.connectMethods.filter(({ type }) => type !== 'NONE');
  // What works comes before what would work if an operator set it up.
  const sorted = methods.toSorted((a, b) => Number(b.ready) - Number(a.ready));
  const show = (method: Method) =>
    method.type === 'OAUTH2' ? (
      <ByConsent service={service} method={method} account={account} scopes={scopes} onDone={onDone} />
    ) : (
      <ByCredential service={service} method={method} account={account} onDone={onDone} />
    );
  const [first, ...others] = sorted;
  if (!first) return <Notice>This integration needs no connection: its endpoints can be called as they are.</Notice>;
  if (others.length === 0) return show(first);
  return (
    <Tabs
      label="Ways to connect"
      tabs={sorted.map((method) => ({ value: method.type, text: methodTexts[method.type], content: show(method) }))}
    />
  );
}

function ByConsent({ service, method, account, scopes, onDone }: MethodProps) {
  const [label, setLabel] = useState('');
  const [values, setValues] = useState<Record<string, string>>({});
  const [waiting, setWaiting] = useState<{ id: string; oauthUrl: string }>();
  const [failure, setFailure] = useState<Failure>();
  const [{ fetching }, start] = useMutation(StartConnection);

  if (!method.ready) return <NoClient service={service} method={method} />;
  if (waiting)
    return (
      <Waiting
        name={service.name}
        {...waiting}
        onDone={onDone}
        onFailed={(message) => {
          setWaiting(undefined);
          setFailure({ message });
        }}
      />
    );

  const begin = async (event: FormEvent) => {
    event.preventDefault();
    if (fetching) return;
    setFailure(undefined);
    // Opened now, while the press of the button still counts; the address follows.
    const page = window.open('about:blank', '_blank');
    const result = await start({
      integration: service.slug,
      account: account ?? (label.trim() || null),
      scopes: scopes ?? null,
      credentials: entered(method, values),
    });
    const { oauthUrl, connectionId } = result.data?.startConnection ?? {};
    if (result.error || !oauthUrl || !connectionId) {
      page?.close();
      return setFailure(result.error ? describeError(result.error) : { message: 'The server gave no address to consent at.' });
    }
    if (page) {
      page.opener = null;
      page.location.replace(oauthUrl);
    }
    setWaiting({ id: connectionId, oauthUrl });
  };

  return (
    <form className="stack" onSubmit={(event) => void begin(event)}>
      <p>{service.name} asks in a new tab whether you agree. Skillett keeps what it gives, sealed; no agent ever sees it.</p>
      {scopes && (
        <p>
          It is asked to allow, besides what it allows now: <strong>{scopes.map((scope) => quoted(scope)).join(', ')}</strong>
        </p>
      )}
      <Fields method={method} isRenewed={account !== undefined} values={values} failure={failure} onChange={setValues} />
      {account === undefined && (
        <TextField
          label="Name of the account (optional)"
          hint={`Left empty, it is called as ${service.name} calls it. Calls name accounts by it.`}
          maxLength={100}
          autoComplete="off"
          value={label}
          onChange={setLabel}
        />
      )}
      {failure && <Problem failure={failure} />}
      <div className="row end">
        <Button look="main" type="submit" busy={fetching}>
          Continue to {service.name} <OutsideIcon />
        </Button>
      </div>
    </form>
  );
}

const consentFaults = {
  DENIED: 'It was declined, so nothing was connected.',
  EXPIRED: 'Nobody agreed in time, so the link has expired.',
  FAILED: 'The service refused, so nothing was connected. The tab that was opened says why.',
};

const pollMs = 2_000;

function Waiting({
  id,
  name,
  oauthUrl,
  onDone,
  onFailed,
}: {
  id: string;
  name: string;
  oauthUrl: string;
  onDone: (account: string | null) => void;
  onFailed: (message: string) => void;
}) {
  const client = useClient();
  useEffect(() => {
    let over = false;
    const timer = setInterval(async () => {
      const { data } = await client.query(ConsentQuery, { id }, { requestPolicy: 'network-only' }).toPromise();
      // A lost answer is asked for again with the next tick.
      if (over || !data || data.connection.status === 'PENDING') return;
      over = true;
      clearInterval(timer);
      const { status, account, reason } = data.connection;
      if (status === 'CONNECTED') onDone(account);
      else onFailed(consentFaults[reason ?? 'FAILED']);
    }, pollMs);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [client, id, onDone, onFailed]);
  return (
    <div className="stack">
      <p className="row" role="status">
        <span className="spinner" aria-hidden="true" /> Waiting for your consent at {name} …
      </p>
      <p>
        Did no tab open?{' '}
        <a href={oauthUrl} target="_blank" rel="noreferrer">
          Open the page of {name}
        </a>
        . This window notices when you are done.
      </p>
    </div>
  );
}

function NoClient({ service, method }: { service: Service; method: Method }) {
  const person = usePerson();
  return (
    <div className="stack">
      <p>A consent needs an OAuth client of this installation at {service.name}, and none is set yet.</p>
      {person?.isOwner ? (
        <>
          <p>{method.how && <Inline text={method.how} />}</p>
          <p>
            <Link href={`/dashboard/operator?oauth=${service.slug}`}>Set the client of {service.name}</Link>
          </p>
        </>
      ) : (
        <p>Ask the person who runs this installation to set it.</p>
      )}
    </div>
  );
}

function ByCredential({ service, method, account, onDone }: Omit<MethodProps, 'scopes'>) {
  const [values, setValues] = useState<Record<string, string>>({});
  const [label, setLabel] = useState('');
  const [failure, setFailure] = useState<Failure>();
  const [{ fetching }, start] = useMutation(StartConnection);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (fetching) return;
    setFailure(undefined);
    const result = await start({
      integration: service.slug,
      account: account ?? (label.trim() || null),
      credentials: entered(method, values),
    });
    if (result.error) return setFailure(describeError(result.error));
    onDone(account ?? (label.trim() || null));
  };

  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      {method.how && (
        <p>
          <Inline text={method.how} />{' '}
          {method.url && (
            <a href={method.url} target="_blank" rel="noreferrer">
              Open the page for it
            </a>
          )}
        </p>
      )}
      <Fields method={method} isRenewed={false} values={values} failure={failure} onChange={setValues} />
      {account === undefined && (
        <TextField
          label="Name of the account (optional)"
          hint={`Left empty, it is called as ${service.name} calls it.`}
          maxLength={100}
          autoComplete="off"
          value={label}
          onChange={setLabel}
        />
      )}
      {failure && <Problem failure={failure} />}
      <div className="row end">
        <Button look="main" type="submit" busy={fetching}>
          {fetching ? `Checking at ${service.name} …` : 'Connect'}
        </Button>
      </div>
    </form>
  );
}

/** What was entered of a method's fields, null for none; what may be left out is not sent empty. */
function entered({ fields }: Method, values: Record<string, string>): Record<string, string> | null {
  const given = fields.filter(({ name, required, secret }) => secret || required || values[name]?.trim());
  return given.length === 0 ? null : Object.fromEntries(given.map(({ name }) => [name, values[name] ?? '']));
}

interface FieldsProps {
  method: Method;
  /** The account is connected again, and keeps what is left empty. */
  isRenewed: boolean;
  values: Record<string, string>;
  failure: Failure | undefined;
  onChange: (values: Record<string, string>) => void;
}

function Fields({ method, isRenewed, values, failure, onChange }: FieldsProps) {
  const faultOf = (name: string) => failure?.details?.find(({ path }) => path === `credentials.${name}`)?.message;
  return method.fields.map(({ name, label, description, secret, required, multiline }) => (
    <TextField
      key={name}
      label={required ? label : `${label} (optional)`}
      hint={[description, ...(isRenewed ? ['Left empty, it stays as it is.'] : [])].filter(Boolean).join(' ') || undefined}
      {...(multiline ? { lines: 6 } : { type: secret ? 'password' : 'text' })}
      autoComplete="off"
      className="mono"
      spellCheck={false}
      value={values[name] ?? ''}
      error={faultOf(name)}
      onChange={(value) => onChange({ ...values, [name]: value })}
    />
  ));
}
