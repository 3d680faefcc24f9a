import { useState } from 'react';
import { useMutation, useQuery } from 'urql';
import { describeError } from '../data/failure.ts';
import { graphql, type ResultOf } from '../data/graphql.ts';
import { personFields } from '../data/person.ts';
import { quoted } from '../data/quoted.ts';
import { describeScope } from '../data/scopes.ts';
import { Answer } from '../ui/answer.tsx';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { Empty, Page, Section } from '../ui/page.tsx';
import { TableFrame } from '../ui/table-frame.tsx';
import { Time } from '../ui/time.tsx';
import { announce } from '../ui/toasts.tsx';
import { NewKey } from './new-key.tsx';

const ApiKeysQuery = graphql(
  `
    query ApiKeys {
      viewer {
        ...Person
        scopes
        apiKeys { id name keyPrefix kind scopes createdAt lastUsedAt expiresAt revokedAt }
      }
      integrations(first: 100) {
        nodes { slug name connected }
      }
    }
  `,
  [personFields],
);

const RevokeApiKey = graphql(`
  mutation RevokeApiKey($id: ID!) {
    revokeApiKey(id: $id) { apiKey { id revokedAt } }
  }
`);

type Data = ResultOf<typeof ApiKeysQuery>;
type Key = Data['viewer']['apiKeys'][number];

export function ApiKeys() {
  const query = useQuery({ query: ApiKeysQuery });
  const [creating, setCreating] = useState(false);
  const [{ data }] = query;
  return (
    <Page
      title="API keys"
      lead="An agent holds a key, never a credential of a service. A key is refused from the moment it is revoked."
      actions={
        <Button look="main" disabled={!data} onClick={() => setCreating(true)}>
          Make a key
        </Button>
      }
    >
      <Answer query={query} what="your keys">
        {(shown) => (
          <>
            <Keys data={shown} onCreate={() => setCreating(true)} />
            <NewKey
              open={creating}
              integrations={shown.integrations.nodes}
              operator={shown.viewer.scopes.includes('operator')}
              onClose={() => setCreating(false)}
            />
          </>
        )}
      </Answer>
    </Page>
  );
}

function Keys({ data: { viewer, integrations }, onCreate }: { data: Data; onCreate: () => void }) {
  const [revoking, setRevoking] = useState<Key>();
  const [, revoke] = useMutation(RevokeApiKey);
  const ended = (key: Key) => key.revokedAt !== null || (key.expiresAt !== null && Date.parse(key.expiresAt) < Date.now());
  const live = viewer.apiKeys.filter((key) => !ended(key)).toReversed();
  const over = viewer.apiKeys.filter(ended).toReversed();
  const nameOf = (slug: string) => integrations.nodes.find((integration) => integration.slug === slug)?.name ?? slug;
  return (
    <>
      {live.length === 0 ? (
        <Empty title="No key is in use" action={<Button onClick={onCreate}>Make a key</Button>}>
          An agent needs one to call anything.
        </Empty>
      ) : (
        <KeyTable caption="Keys in use" keys={live} nameOf={nameOf} onRevoke={setRevoking} />
      )}
      {over.length > 0 && (
        <Section title="Revoked and expired">
          <KeyTable caption="Revoked and expired keys" keys={over} nameOf={nameOf} />
        </Section>
      )}
      <Confirm
        open={revoking !== undefined}
        title={`Revoke ${quoted(revoking?.name ?? '')}?`}
        verb="Revoke the key"
        onCancel={() => setRevoking(undefined)}
        onConfirm={async () => {
          const key = revoking as Key;
          const result = await revoke({ id: key.id });
          if (result.error) return describeError(result.error);
          setRevoking(undefined);
          announce(`${quoted(key.name)} is revoked`, 'Every request with it is refused from now on.');
          return undefined;
        }}
      >
        <p>
          The next request with <code>{revoking?.keyPrefix}…</code>, and with any key made with it, is refused. This cannot be undone.
        </p>
      </Confirm>
    </>
  );
}

interface KeyTableProps {
  caption: string;
  keys: readonly Key[];
  nameOf: (slug: string) => string;
  onRevoke?: (key: Key) => void;
}

function KeyTable({ caption, keys, nameOf, onRevoke }: KeyTableProps) {
  return (
    <TableFrame caption={caption}>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">May do</th>
          <th scope="col">Last used</th>
          <th scope="col">Ends</th>
          {onRevoke && (
            <th scope="col">
              <span className="unseen">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <tr key={key.id}>
            <th scope="row">
              <span className="break">{key.name}</span>
              <div className="fine nowrap">
                <code>{key.keyPrefix}…</code>
                {key.kind === 'DEVICE' && ' · signed in on a device'}
                {key.kind === 'OAUTH' && ' · an MCP client that signed in'}
              </div>
            </th>
            <td>
              <ul className="tags">
                {key.scopes.map((scope) => (
                  <li key={scope} className="tag">
                    {scope === '*' ? 'Everything' : describeScope(scope, nameOf)}
                  </li>
                ))}
              </ul>
            </td>
            <td className="nowrap" data-label="Last used">
              {key.lastUsedAt ? <Time at={key.lastUsedAt} /> : 'never'}
            </td>
            <td className="nowrap" data-label="Ends">
              {describeEnd(key)}
            </td>
            {onRevoke && (
              <td className="actions">
                <Button aria-label={`Revoke ${quoted(key.name)}`} onClick={() => onRevoke(key)}>
                  Revoke
                </Button>
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}

function describeEnd({ revokedAt, expiresAt }: Key) {
  if (revokedAt)
    return (
      <>
        revoked <Time at={revokedAt} />
      </>
    );
  return expiresAt ? <Time at={expiresAt} /> : 'when revoked';
}
