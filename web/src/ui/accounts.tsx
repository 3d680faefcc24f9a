/** The connected accounts: how each stands, and what can be done about it. */
import { Menu } from '@base-ui/react/menu';
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { Link } from 'wouter';
import { describeError, type Failure } from '../data/failure.ts';
import { type FragmentOf, graphql } from '../data/graphql.ts';
import { Button } from './button.tsx';
import { ConnectDialog } from './connect-dialog.tsx';
import { Confirm, Dialog } from './dialog.tsx';
import { TextField } from './field.tsx';
import { DownIcon } from './icons.tsx';
import { Problem } from './problem.tsx';
import { TableFrame } from './table-frame.tsx';
import { Time } from './time.tsx';
import { announce } from './toasts.tsx';

export const AccountFields = graphql(`
  fragment Account on Connection @_unmask {
    id
    integration
    account
    isDefault
    status
    reconnectReason
    authType
    accessExpiresAt
    frozenAt
    createdAt
    service { slug name }
  }
`);

export type Account = FragmentOf<typeof AccountFields>;

const SetDefault = graphql(`
  mutation SetDefaultConnection($id: ID!) {
    setDefaultConnection(id: $id) { id isDefault }
  }
`);

const Rename = graphql(`
  mutation RenameConnection($id: ID!, $account: String!) {
    renameConnection(id: $id, account: $account) { id account }
  }
`);

const Disconnect = graphql(`
  mutation Disconnect($id: ID!) {
    disconnect(id: $id) { revoked }
  }
`);

interface AccountsProps {
  accounts: readonly Account[];
  /** Where only one integration's accounts are shown. */
  withoutService?: boolean;
  onChanged: () => void;
}

type Work = { kind: 'reconnect' | 'rename' | 'disconnect'; account: Account };

export function Accounts({ accounts, withoutService = false, onChanged }: AccountsProps) {
  const [work, setWork] = useState<Work>();
  const end = () => setWork(undefined);
  return (
    <>
      <TableFrame caption="Connected accounts">
        <thead>
          <tr>
            {!withoutService && <th scope="col">Integration</th>}
            <th scope="col">Account</th>
            <th scope="col">Health</th>
            <th scope="col">Connected</th>
            <th scope="col">
              <span className="unseen">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {accounts.map((account) => (
            <AccountRow
              key={account.id}
              account={account}
              withoutService={withoutService}
              alone={accounts.filter(({ integration }) => integration === account.integration).length === 1}
              onWork={setWork}
              onChanged={onChanged}
            />
          ))}
        </tbody>
      </TableFrame>
      {work?.kind === 'reconnect' && (
        <ConnectDialog slug={work.account.integration} account={work.account.account ?? undefined} onClose={end} onConnected={onChanged} />
      )}
      {work?.kind === 'rename' && <RenameDialog account={work.account} onClose={end} />}
      <DisconnectDialog account={work?.kind === 'disconnect' ? work.account : undefined} onClose={end} onChanged={onChanged} />
    </>
  );
}

interface AccountRowProps {
  account: Account;
  withoutService: boolean;
  alone: boolean;
  onWork: (work: Work) => void;
  onChanged: () => void;
}

function AccountRow({ account, withoutService, alone, onWork, onChanged }: AccountRowProps) {
  const [, setDefault] = useMutation(SetDefault);
  const name = account.account ?? 'unnamed';
  const makeDefault = async () => {
    const { error } = await setDefault({ id: account.id });
    announce(error ? describeError(error).message : `${name} is used when a call names no account`);
    onChanged();
  };
  return (
    <tr>
      {!withoutService && (
        <th scope="row">
          <Link href={`/dashboard/integrations/${account.integration}`}>{account.service?.name ?? account.integration}</Link>
        </th>
      )}
      <td className="break" data-label="Account">
        {name} {account.isDefault && !alone && <span className="tag">default</span>}
      </td>
      <td>
        <Health account={account} />
      </td>
      <td className="nowrap" data-label="Connected">
        <Time at={account.createdAt} />
      </td>
      <td className="actions">
        <span className="row">
          {account.status === 'error' && (
            <Button look="main" aria-label={`Reconnect ${name}`} onClick={() => onWork({ kind: 'reconnect', account })}>
              Reconnect
            </Button>
          )}
          <Menu.Root>
            <Menu.Trigger className="button" aria-label={`Manage ${name}`}>
              Manage <DownIcon />
            </Menu.Trigger>
            <Menu.Portal>
              <Menu.Positioner className="positioner" sideOffset={4} align="end">
                <Menu.Popup className="popup">
                  <Menu.Item className="menu-item" onClick={() => onWork({ kind: 'reconnect', account })}>
                    Reconnect
                  </Menu.Item>
                  {!alone && !account.isDefault && (
                    <Menu.Item className="menu-item" onClick={() => void makeDefault()}>
                      Make it the default
                    </Menu.Item>
                  )}
                  <Menu.Item className="menu-item" onClick={() => onWork({ kind: 'rename', account })}>
                    Rename
                  </Menu.Item>
                  <Menu.Item className="menu-item" onClick={() => onWork({ kind: 'disconnect', account })}>
                    Disconnect
                  </Menu.Item>
                </Menu.Popup>
              </Menu.Positioner>
            </Menu.Portal>
          </Menu.Root>
        </span>
      </td>
    </tr>
  );
}

const reasons: Record<string, string> = {
  invalid_grant: 'The service ended the access, or somebody took it back there.',
  refresh_interrupted: 'Renewing the access was interrupted.',
  expired: 'The access ran out.',
};

function Health({ account: { status, frozenAt, reconnectReason } }: { account: Account }) {
  if (frozenAt)
    return (
      <>
        <span className="tag" data-tone="warn">
          Stopped
        </span>
        <div className="fine">
          By an operator, <Time at={frozenAt} />
        </div>
      </>
    );
  if (status === 'connected')
    return (
      <span className="tag" data-tone="good">
        Working
      </span>
    );
  return (
    <>
      <span className="tag" data-tone="bad">
        Reconnect needed
      </span>
      <div className="fine">{reasons[reconnectReason ?? ''] ?? 'The service no longer takes the credential.'}</div>
    </>
  );
}

function RenameDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const [name, setName] = useState(account.account ?? '');
  const [failure, setFailure] = useState<Failure>();
  const [{ fetching }, rename] = useMutation(Rename);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (fetching) return;
    const { error } = await rename({ id: account.id, account: name });
    if (error) return setFailure(describeError(error));
    announce(`The account is called ${name.trim()} now`);
    onClose();
  };
  return (
    <Dialog open title={`Rename ${account.account ?? 'the account'}`} lead="Calls name the account by this." onClose={onClose}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <TextField label="New name" required maxLength={100} autoComplete="off" value={name} onChange={setName} />
        {failure && <Problem failure={failure} />}
        <div className="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="main" type="submit" busy={fetching}>
            Rename
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

const revocations: Record<string, string> = {
  true: 'Its credential is deleted here, and the service has ended it too.',
  false: 'Its credential is deleted here, but the service did not confirm that it has ended. End it on the service’s own page as well.',
  unsupported: 'Its credential is deleted here. The service cannot be asked to end it: do that on its own page if you want it gone there.',
};

interface DisconnectDialogProps {
  account: Account | undefined;
  onClose: () => void;
  onChanged: () => void;
}

function DisconnectDialog({ account, onClose, onChanged }: DisconnectDialogProps) {
  const [, disconnect] = useMutation(Disconnect);
  const name = account?.account ?? 'the account';
  return (
    <Confirm
      open={account !== undefined}
      title={`Disconnect ${name}?`}
      verb="Disconnect"
      onCancel={onClose}
      onConfirm={async () => {
        const { data, error } = await disconnect({ id: (account as Account).id });
        if (error) return describeError(error);
        onClose();
        announce(`${name} is disconnected`, revocations[data?.disconnect.revoked ?? ''] ?? revocations.unsupported);
        onChanged();
        return undefined;
      }}
    >
      <p>
        Its credential is deleted at once, and agents can no longer use this account of {account?.service?.name ?? account?.integration}. To
        have it again, connect it again.
      </p>
    </Confirm>
  );
}
