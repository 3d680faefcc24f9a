import { type FormEvent, useState } from 'react';
import { useMutation, useQuery } from 'urql';
import { useDraft } from '../data/draft.ts';
import { describeError, type Failure } from '../data/failure.ts';
import { graphql, type ResultOf } from '../data/graphql.ts';
import { quoted } from '../data/quoted.ts';
import { Answer } from '../ui/answer.tsx';
import { Button } from '../ui/button.tsx';
import { Code } from '../ui/code.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';
import { Empty } from '../ui/page.tsx';
import { Notice, Problem } from '../ui/problem.tsx';
import { Select } from '../ui/select.tsx';
import { TableFrame } from '../ui/table-frame.tsx';
import { Time } from '../ui/time.tsx';
import { announce } from '../ui/toasts.tsx';

const InvitationsQuery = graphql(`
  query Invitations {
    signInOptions { signUp }
    invitations(first: 100) {
      totalCount
      nodes { id email plan state createdAt expiresAt }
    }
  }
`);

const InviteUser = graphql(`
  mutation InviteUser($email: String!, $plan: PlanName) {
    inviteUser(email: $email, plan: $plan) { url invitation { id email expiresAt } }
  }
`);

const WithdrawInvitation = graphql(`
  mutation WithdrawInvitation($id: ID!) {
    withdrawInvitation(id: $id) { id state }
  }
`);

type Invitation = ResultOf<typeof InvitationsQuery>['invitations']['nodes'][number];
type Made = ResultOf<typeof InviteUser>['inviteUser'];

const tones = { OPEN: 'good', ACCEPTED: undefined, EXPIRED: 'warn', WITHDRAWN: undefined } as const;

export function Invitations() {
  const query = useQuery({ query: InvitationsQuery });
  const [made, setMade] = useState<Made>();
  const refresh = () => query[1]({ requestPolicy: 'network-only' });
  return (
    <Answer query={query} what="the invitations">
      {({ invitations, signInOptions }) => (
        <div className="stack">
          {signInOptions.signUp === 'NOBODY' && (
            <Notice tone="warn">
              <p>
                This installation takes no new accounts. To invite people, set the variable <code>SKILLETT_SIGN_UP</code> to{' '}
                <code>invited</code> and start it again.
              </p>
            </Notice>
          )}
          <Invite
            onMade={(invitation) => {
              setMade(invitation);
              refresh();
            }}
          />
          {invitations.nodes.length === 0 ? (
            <Empty title="Nobody is invited yet">
              An invitation is a link that you hand over. It works for seven days, for one address.
            </Empty>
          ) : (
            <InvitationTable invitations={invitations.nodes} onWithdrawn={refresh} />
          )}
          {made && <MadeDialog made={made} onClose={() => setMade(undefined)} />}
        </div>
      )}
    </Answer>
  );
}

const plans = [
  { value: '', text: 'The default plan' },
  { value: 'FREE', text: 'free' },
  { value: 'PRO', text: 'pro' },
  { value: 'UNLIMITED', text: 'unlimited' },
] as const;

const emptyForm: { email: string; plan: (typeof plans)[number]['value'] } = { email: '', plan: '' };

function Invite({ onMade }: { onMade: (made: Made) => void }) {
  const [form, setForm, clear] = useDraft('invite', emptyForm);
  const [failure, setFailure] = useState<Failure>();
  const [{ fetching }, invite] = useMutation(InviteUser);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (fetching) return;
    setFailure(undefined);
    const { data, error } = await invite({ email: form.email, plan: form.plan || null });
    if (error) return setFailure(describeError(error));
    clear();
    if (data) onMade(data.inviteUser);
  };
  return (
    <form className="card stack" onSubmit={(event) => void submit(event)}>
      <div className="two">
        <TextField
          label="E-mail address of the guest"
          type="email"
          required
          autoComplete="off"
          value={form.email}
          onChange={(email) => setForm({ ...form, email })}
        />
        <Select label="Plan" value={form.plan} choices={plans} onChange={(plan) => setForm({ ...form, plan })} />
      </div>
      {failure && <Problem failure={failure} />}
      <div className="row">
        <Button look="main" type="submit" busy={fetching}>
          Make an invitation
        </Button>
      </div>
    </form>
  );
}

function MadeDialog({ made, onClose }: { made: Made; onClose: () => void }) {
  return (
    <Dialog open firm title={`${quoted(made.invitation.email)} is invited`} onClose={onClose}>
      <p>
        Hand this link over yourself; no mail is sent. It works until <Time at={made.invitation.expiresAt} />, and is shown only now.
      </p>
      <Code text={made.url} what="the invitation’s link" />
      <div className="row end">
        <Button onClick={onClose}>Done</Button>
      </div>
    </Dialog>
  );
}

function InvitationTable({ invitations, onWithdrawn }: { invitations: readonly Invitation[]; onWithdrawn: () => void }) {
  const [, withdraw] = useMutation(WithdrawInvitation);
  const end = async ({ id, email }: Invitation) => {
    const { error } = await withdraw({ id });
    announce(error ? describeError(error).message : `The invitation of ${quoted(email)} is withdrawn`);
    onWithdrawn();
  };
  return (
    <TableFrame caption="Invitations, the latest first">
      <thead>
        <tr>
          <th scope="col">For</th>
          <th scope="col">Plan</th>
          <th scope="col">State</th>
          <th scope="col">Made</th>
          <th scope="col">
            <span className="unseen">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {invitations.map((invitation) => (
          <tr key={invitation.id}>
            <th scope="row" className="break">
              {invitation.email}
            </th>
            <td data-label="Plan">{invitation.plan.toLowerCase()}</td>
            <td>
              <span className="tag" data-tone={tones[invitation.state]}>
                {invitation.state.toLowerCase()}
              </span>
            </td>
            <td className="nowrap" data-label="Made">
              <Time at={invitation.createdAt} />
            </td>
            <td className="actions">
              {invitation.state === 'OPEN' && (
                <Button aria-label={`Withdraw the invitation of ${quoted(invitation.email)}`} onClick={() => void end(invitation)}>
                  Withdraw
                </Button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}
