import { type FormEvent, useState } from 'react';
import { useMutation, useQuery } from 'urql';
import { describeError, type Failure } from '../data/failure.ts';
import { graphql, type ResultOf } from '../data/graphql.ts';
import { Answer } from '../ui/answer.tsx';
import { Button } from '../ui/button.tsx';
import { Code } from '../ui/code.tsx';
import { Confirm, Dialog } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';
import { Empty } from '../ui/page.tsx';
import { Problem } from '../ui/problem.tsx';
import { Inline } from '../ui/prose.tsx';
import { TableFrame } from '../ui/table-frame.tsx';
import { announce } from '../ui/toasts.tsx';

const ClientsQuery = graphql(`
  query OAuthClients {
    integrations(first: 100) {
      nodes { slug name connectMethods { type ready how url redirectUri overriddenBy } }
    }
  }
`);

const SetOAuthClient = graphql(`
  mutation SetOAuthClient($integration: String!, $clientId: String!, $clientSecret: String, $extraScopes: [String!]) {
    setOAuthClient(integration: $integration, clientId: $clientId, clientSecret: $clientSecret, extraScopes: $extraScopes) { id overriddenBy }
  }
`);

const RemoveOAuthClient = graphql(`
  mutation RemoveOAuthClient($integration: String!) {
    removeOAuthClient(integration: $integration) { id }
  }
`);

type Method = ResultOf<typeof ClientsQuery>['integrations']['nodes'][number]['connectMethods'][number];
interface Service {
  slug: string;
  name: string;
  consent: Method;
}

export function OAuthClients({ open }: { open: string | null }) {
  const query = useQuery({ query: ClientsQuery });
  const [setting, setSetting] = useState(open ?? undefined);
  const [removing, setRemoving] = useState<Service>();
  const refresh = () => query[1]({ requestPolicy: 'network-only' });
  return (
    <Answer query={query} what="the integrations">
      {({ integrations }) => {
        const services = integrations.nodes.flatMap(({ slug, name, connectMethods }) => {
          const consent = connectMethods.find(({ type }) => type === 'OAUTH2');
          return consent ? [{ slug, name, consent }] : [];
        });
        const shown = services.find(({ slug }) => slug === setting);
        return (
          <div className="stack">
            <p className="muted">
              To be connected by consent, a service must know this installation: register it there, and give what it shows here. The secret
              is kept sealed and never shown again. A client set by environment variables goes before one set here.
            </p>
            {services.length === 0 ? (
              <Empty title="No integration is connected by consent" />
            ) : (
              <ClientTable services={services} onSet={(service) => setSetting(service.slug)} onRemove={setRemoving} />
            )}
            {shown && <ClientDialog service={shown} onClose={() => setSetting(undefined)} onSaved={refresh} />}
            <RemoveDialog service={removing} onClose={() => setRemoving(undefined)} onRemoved={refresh} />
          </div>
        );
      }}
    </Answer>
  );
}

interface ClientTableProps {
  services: readonly Service[];
  onSet: (service: Service) => void;
  onRemove: (service: Service) => void;
}

function ClientTable({ services, onSet, onRemove }: ClientTableProps) {
  return (
    <TableFrame caption="OAuth clients">
      <thead>
        <tr>
          <th scope="col">Integration</th>
          <th scope="col">Client</th>
          <th scope="col">
            <span className="unseen">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {services.map((service) => (
          <tr key={service.slug}>
            <th scope="row">{service.name}</th>
            <td data-label="Client">
              <span className="tag" data-tone={service.consent.ready ? 'good' : undefined}>
                {service.consent.ready ? 'set' : 'not set'}
              </span>
              <Overrides names={service.consent.overriddenBy} />
            </td>
            <td className="actions">
              <span className="row">
                {service.consent.ready && (
                  <Button look="quiet" aria-label={`Remove the client of ${service.name}`} onClick={() => onRemove(service)}>
                    Remove
                  </Button>
                )}
                <Button
                  aria-label={`${service.consent.ready ? 'Replace' : 'Set'} the client of ${service.name}`}
                  onClick={() => onSet(service)}
                >
                  {service.consent.ready ? 'Replace' : 'Set'}
                </Button>
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}

function Overrides({ names }: { names: readonly string[] }) {
  if (names.length === 0) return null;
  return <p className="muted">The server's settings go first: {names.join(', ')}</p>;
}

function ClientDialog({ service, onClose, onSaved }: { service: Service; onClose: () => void; onSaved: () => void }) {
  const [clientId, setClientId] = useState('');
  const [clientSecret, setClientSecret] = useState('');
  const [scopes, setScopes] = useState('');
  const [failure, setFailure] = useState<Failure>();
  const [{ fetching }, save] = useMutation(SetOAuthClient);
  const { how, url, redirectUri, overriddenBy } = service.consent;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (fetching) return;
    setFailure(undefined);
    const extraScopes = scopes.split(/\s+/).filter((scope) => scope !== '');
    const { data, error } = await save({
      integration: service.slug,
      clientId: clientId.trim(),
      clientSecret: clientSecret.trim() || null,
      extraScopes: extraScopes.length > 0 ? extraScopes : null,
    });
    if (error) return setFailure(describeError(error));
    const overrides = data?.setOAuthClient.overriddenBy ?? [];
    if (overrides.length > 0)
      announce(`The client of ${service.name} is stored`, `The server's settings go before it: ${overrides.join(', ')}.`);
    else announce(`The client of ${service.name} is set`, 'Accounts can be connected by consent now.');
    onSaved();
    onClose();
  };
  return (
    <Dialog open wide title={`OAuth client of ${service.name}`} onClose={onClose}>
      {how && (
        <p>
          <Inline text={how} />{' '}
          {url && (
            <a href={url} target="_blank" rel="noreferrer">
              Register at {service.name}
            </a>
          )}
        </p>
      )}
      {redirectUri && (
        <div>
          <p className="label">Redirect address to register</p>
          <Code text={redirectUri} what="the redirect address" />
        </div>
      )}
      <Overrides names={overriddenBy} />
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <TextField
          label="Client id"
          className="mono"
          required
          autoComplete="off"
          spellCheck={false}
          value={clientId}
          onChange={setClientId}
        />
        <TextField
          label="Client secret"
          className="mono"
          type="password"
          autoComplete="off"
          value={clientSecret}
          onChange={setClientSecret}
        />
        <TextField
          label="Further scopes (optional)"
          className="mono"
          hint="Asked for with every consent beside what endpoints need, separated by spaces."
          autoComplete="off"
          spellCheck={false}
          value={scopes}
          onChange={setScopes}
        />
        {failure && <Problem failure={failure} />}
        <div className="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="main" type="submit" busy={fetching}>
            Set the client
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function RemoveDialog({ service, onClose, onRemoved }: { service: Service | undefined; onClose: () => void; onRemoved: () => void }) {
  const [, remove] = useMutation(RemoveOAuthClient);
  return (
    <Confirm
      open={service !== undefined}
      title={`Remove the client of ${service?.name ?? ''}?`}
      verb="Remove the client"
      onCancel={onClose}
      onConfirm={async () => {
        const { slug, name } = service as Service;
        const { error } = await remove({ integration: slug });
        if (error) return describeError(error);
        announce(`The stored client of ${name} is removed`, 'One that the environment sets stays.');
        onRemoved();
        onClose();
        return undefined;
      }}
    >
      <p>
        Nobody can connect an account by consent then, and those that are connected cannot be renewed when their access runs out, unless the
        environment sets a client too.
      </p>
      <Overrides names={service?.consent.overriddenBy ?? []} />
    </Confirm>
  );
}
