/** The connected accounts: how each stands, and what can be done about it. */
import { Menu } from '@base-ui/react/menu';
import { lazy, Suspense, useState } from 'react';
import { useMutation } from 'urql';
import { Link } from 'wouter';
import type { Account } from '../data/account.ts';
import { describeError } from '../data/failure.ts';
import { graphql } from '../data/graphql.ts';
import { quoted } from '../data/quoted.ts';
import { Button } from './button.tsx';
import { Connect } from './connect.tsx';
import { DownIcon } from './icons.tsx';
import { Loading } from './loading.tsx';
import { Logo } from './logo.tsx';
import { TableFrame } from './table-frame.tsx';
import { Time } from './time.tsx';
import { announce } from './toasts.tsx';

const SetDefault = graphql(`
  mutation SetDefaultConnection($id: ID!) {
    setDefaultConnection(id: $id) { connection { id isDefault } previous { id isDefault } }
  }
`);

interface AccountsProps {
  accounts: readonly Account[];
  /** Where only one integration's accounts are shown. */
  withoutService?: boolean;
  onChanged: () => void;
}

const RenameDialog = lazy(async () => ({ default: (await import('./account-dialogs.tsx')).RenameDialog }));
const DisconnectDialog = lazy(async () => ({ default: (await import('./account-dialogs.tsx')).DisconnectDialog }));

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
        <Connect slug={work.account.integration} account={work.account.account ?? undefined} onClose={end} onConnected={onChanged} />
      )}
      <Suspense fallback={<Loading what="the dialog" />}>
        {work?.kind === 'rename' && <RenameDialog account={work.account} onClose={end} />}
        {work?.kind === 'disconnect' && <DisconnectDialog account={work.account} onClose={end} onChanged={onChanged} />}
      </Suspense>
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
  const name = account.account === null ? 'the account' : quoted(account.account);
  const makeDefault = async () => {
    const { error } = await setDefault({ id: account.id });
    announce(error ? describeError(error).message : `${name} is used when a call names no account`);
    onChanged();
  };
  return (
    <tr>
      {!withoutService && (
        <th scope="row">
          <span className="with-logo">
            <Logo name={account.service?.name ?? account.integration} url={account.service?.logoUrl ?? null} />
            <Link href={`/dashboard/integrations/${account.integration}`}>{account.service?.name ?? account.integration}</Link>
          </span>
        </th>
      )}
      <td className="break" data-label="Account">
        {account.account ?? 'unnamed'} {account.isDefault && !alone && <span className="tag">default</span>}
        {account.variables.map((variable) => (
          <span key={variable.name} className="hint" title={variable.description}>
            {' '}
            {variable.name.replaceAll('_', ' ')} <span className="mono">{variable.value}</span>
          </span>
        ))}
      </td>
      <td>
        <Health account={account} />
      </td>
      <td className="nowrap" data-label="Connected">
        <Time at={account.createdAt} />
      </td>
      <td className="actions">
        <span className="row">
          {account.status === 'ERROR' && (
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
  if (status === 'CONNECTED')
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
