/** What an account's menu opens; loaded when it does. */
import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import type { Account } from '../data/account.ts';
import { describeError, type Failure } from '../data/failure.ts';
import { graphql } from '../data/graphql.ts';
import { quoted } from '../data/quoted.ts';
import { Button } from './button.tsx';
import { Confirm, Dialog } from './dialog.tsx';
import { TextField } from './field.tsx';
import { Problem } from './problem.tsx';
import { announce } from './toasts.tsx';

const Rename = graphql(`
  mutation RenameConnection($id: ID!, $account: String!) {
    renameConnection(id: $id, account: $account) { id account }
  }
`);

const Disconnect = graphql(`
  mutation Disconnect($id: ID!) {
    disconnect(id: $id) { revoked connection { id } }
  }
`);

export function RenameDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const [name, setName] = useState(account.account ?? '');
  const [failure, setFailure] = useState<Failure>();
  const [{ fetching }, rename] = useMutation(Rename);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (fetching) return;
    const { error } = await rename({ id: account.id, account: name });
    if (error) return setFailure(describeError(error));
    announce(`The account is called ${quoted(name.trim())} now`);
    onClose();
  };
  return (
    <Dialog
      open
      title={`Rename ${account.account === null ? 'the account' : quoted(account.account)}`}
      lead="Calls name the account by this."
      onClose={onClose}
    >
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

const revocations = {
  TRUE: 'Its credential is deleted here, and the service has ended it too.',
  FALSE: 'Its credential is deleted here, but the service did not confirm that it has ended. End it on the service’s own page as well.',
  UNSUPPORTED: 'Its credential is deleted here. The service cannot be asked to end it: do that on its own page if you want it gone there.',
};

interface DisconnectDialogProps {
  account: Account;
  onClose: () => void;
  onChanged: () => void;
}

export function DisconnectDialog({ account, onClose, onChanged }: DisconnectDialogProps) {
  const [, disconnect] = useMutation(Disconnect);
  const name = account.account === null ? 'the account' : quoted(account.account);
  return (
    <Confirm
      open
      title={`Disconnect ${name}?`}
      verb="Disconnect"
      onCancel={onClose}
      onConfirm={async () => {
        const { data, error } = await disconnect({ id: account.id });
        if (error) return describeError(error);
        onClose();
        announce(`${name} is disconnected`, revocations[data?.disconnect.revoked ?? 'UNSUPPORTED']);
        onChanged();
        return undefined;
      }}
    >
      <p>
        Its credential is deleted at once, and agents can no longer use this account of {account.service?.name ?? account.integration}. To
        have it again, connect it again.
      </p>
    </Confirm>
  );
}
