import { Menu } from '@base-ui/react/menu';
import { type FormEvent, useEffect, useState } from 'react';
import { useMutation, useQuery } from 'urql';
import { describeError, type Failure } from '../data/failure.ts';
import { graphql, type ResultOf } from '../data/graphql.ts';
import { quoted } from '../data/quoted.ts';
import { Answer } from '../ui/answer.tsx';
import { Button } from '../ui/button.tsx';
import { Code } from '../ui/code.tsx';
import { Confirm, Dialog } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';
import { DownIcon } from '../ui/icons.tsx';
import { count, formatNumber } from '../ui/number.ts';
import { Empty } from '../ui/page.tsx';
import { Notice, Problem } from '../ui/problem.tsx';
import { Select } from '../ui/select.tsx';
import { TableFrame } from '../ui/table-frame.tsx';
import { Time } from '../ui/time.tsx';
import { announce } from '../ui/toasts.tsx';

const UsersQuery = graphql(`
  query Users($search: String, $after: String) {
    users(first: 50, search: $search, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes {
        id displayName email isOwner createdAt closedAt signedInAt changedLimits
        plan { name perMinute perDay connections apiKeys }
      }
    }
  }
`);

const SetPlan = graphql(`
  mutation SetPlan($userId: ID!, $plan: PlanName!) {
    setPlan(userId: $userId, plan: $plan) { id }
  }
`);

const SetLimits = graphql(`
  mutation SetLimits($userId: ID!, $perMinute: LimitInput, $perDay: LimitInput, $connections: LimitInput, $apiKeys: LimitInput) {
    setLimits(userId: $userId, perMinute: $perMinute, perDay: $perDay, connections: $connections, apiKeys: $apiKeys) { id }
  }
`);

const CloseUser = graphql(`
  mutation CloseUser($userId: ID!) {
    closeUser(userId: $userId) { user { id closedAt } connections { remaining } }
  }
`);

const CreateSignInLink = graphql(`
  mutation CreateSignInLink($userId: ID!) {
    createSignInLink(userId: $userId) { url expiresAt }
  }
`);

type User = ResultOf<typeof UsersQuery>['users']['nodes'][number];
type Work = { kind: 'limits' | 'close' | 'link'; user: User };

export function Users() {
  const [search, setSearch] = useState('');
  const [settled, setSettled] = useState('');
  const [after, setAfter] = useState<string[]>([]);
  const [work, setWork] = useState<Work>();
  useEffect(() => {
    const timer = setTimeout(() => {
      setSettled(search.trim());
      setAfter([]);
    }, 250);
    return () => clearTimeout(timer);
  }, [search]);
  const query = useQuery({ query: UsersQuery, variables: { search: settled || null, after: after.at(-1) ?? null } });
  const refresh = () => query[1]({ requestPolicy: 'network-only' });
  const end = () => setWork(undefined);
  return (
    <div className="stack">
      <TextField
        label="Find a user"
        type="search"
        placeholder="Name, address or id"
        autoComplete="off"
        value={search}
        onChange={setSearch}
      />
      <Answer query={query} what="the users">
        {({ users: { nodes, totalCount, pageInfo } }) => (
          <>
            <p className="fine" role="status">
              {count(totalCount, 'user')}
            </p>
            {nodes.length === 0 ? (
              <Empty title="Nobody fits">Try another name or address.</Empty>
            ) : (
              <UserTable users={nodes} onWork={setWork} />
            )}
            <div className="row">
              {after.length > 0 && <Button onClick={() => setAfter(after.slice(0, -1))}>Newer users</Button>}
              {pageInfo.hasNextPage && <Button onClick={() => setAfter([...after, pageInfo.endCursor as string])}>Older users</Button>}
            </div>
          </>
        )}
      </Answer>
      {work?.kind === 'limits' && <LimitsDialog user={work.user} onClose={end} onSaved={refresh} />}
      {work?.kind === 'link' && <LinkDialog user={work.user} onClose={end} />}
      <CloseDialog user={work?.kind === 'close' ? work.user : undefined} onClose={end} onClosed={refresh} />
    </div>
  );
}

function UserTable({ users, onWork }: { users: readonly User[]; onWork: (work: Work) => void }) {
  return (
    <TableFrame caption="Users">
      <thead>
        <tr>
          <th scope="col">User</th>
          <th scope="col">Plan and limits</th>
          <th scope="col">Last sign-in</th>
          <th scope="col">
            <span className="unseen">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {users.map((user) => (
          <tr key={user.id}>
            <th scope="row">
              <span className="break">{user.displayName}</span> {user.isOwner && <span className="tag">owner</span>}
              {user.closedAt && (
                <span className="tag" data-tone="bad">
                  closed
                </span>
              )}
              <div className="fine break">{user.email}</div>
            </th>
            <td>
              {user.plan.name.toLowerCase()}
              {user.changedLimits.length > 0 && <span className="tag">changed</span>}
              <div className="fine">
                {printLimit(user.plan.perDay)} per day, {printLimit(user.plan.perMinute)} per minute, {printLimit(user.plan.connections)}{' '}
                accounts, {printLimit(user.plan.apiKeys)} keys
              </div>
            </td>
            <td className="nowrap" data-label="Last sign-in">
              {user.signedInAt ? <Time at={user.signedInAt} /> : 'never'}
            </td>
            <td className="actions">{!user.closedAt && <UserMenu user={user} onWork={onWork} />}</td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}

function UserMenu({ user, onWork }: { user: User; onWork: (work: Work) => void }) {
  return (
    <Menu.Root>
      <Menu.Trigger className="button" aria-label={`Manage ${quoted(user.displayName)}`}>
        Manage <DownIcon />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner className="positioner" sideOffset={4} align="end">
          <Menu.Popup className="popup">
            <Menu.Item className="menu-item" onClick={() => onWork({ kind: 'limits', user })}>
              Plan and limits
            </Menu.Item>
            <Menu.Item className="menu-item" onClick={() => onWork({ kind: 'link', user })}>
              Make a sign-in link
            </Menu.Item>
            {!user.isOwner && (
              <Menu.Item className="menu-item" onClick={() => onWork({ kind: 'close', user })}>
                Close the account
              </Menu.Item>
            )}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

function printLimit(limit: number | null): string {
  return limit === null ? 'unlimited' : formatNumber(limit);
}

const limitTexts = {
  perMinute: 'Calls per minute and key',
  perDay: 'Calls a day',
  connections: 'Connected accounts',
  apiKeys: 'API keys',
} as const;

type LimitName = keyof typeof limitTexts;
const limitEnums = { perMinute: 'PER_MINUTE', perDay: 'PER_DAY', connections: 'CONNECTIONS', apiKeys: 'API_KEYS' } as const;
const limitNames = Object.keys(limitTexts) as LimitName[];
const planNames = ['FREE', 'PRO', 'UNLIMITED'] as const;

/** `plan`: as the plan says; a number; or none at all. */
interface LimitEntry {
  kind: 'plan' | 'number' | 'none';
  max: string;
}

const limitKinds = [
  { value: 'plan', text: 'As the plan says' },
  { value: 'number', text: 'This many' },
  { value: 'none', text: 'No limit' },
] as const;

function entryOfLimit(user: User, name: LimitName): LimitEntry {
  if (!user.changedLimits.includes(limitEnums[name])) return { kind: 'plan', max: '' };
  const max = user.plan[name];
  return max === null ? { kind: 'none', max: '' } : { kind: 'number', max: String(max) };
}

function LimitsDialog({ user, onClose, onSaved }: { user: User; onClose: () => void; onSaved: () => void }) {
  const [plan, setPlan] = useState(user.plan.name);
  const [entries, setEntries] = useState(
    () => Object.fromEntries(limitNames.map((name) => [name, entryOfLimit(user, name)])) as Record<LimitName, LimitEntry>,
  );
  const [failure, setFailure] = useState<Failure>();
  const [planResult, savePlan] = useMutation(SetPlan);
  const [limitsResult, saveLimits] = useMutation(SetLimits);
  const busy = planResult.fetching || limitsResult.fetching;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setFailure(undefined);
    const wrong = limitNames.find((name) => entries[name].kind === 'number' && !/^\d+$/.test(entries[name].max.trim()));
    if (wrong) return setFailure({ message: `${limitTexts[wrong]}: give a whole number, 0 or more.` });
    if (plan !== user.plan.name) {
      const { error } = await savePlan({ userId: user.id, plan });
      if (error) return setFailure(describeError(error));
    }
    const { error } = await saveLimits({ userId: user.id, ...limitInputs(entries) });
    if (error) return setFailure(describeError(error));
    announce(`Plan and limits of ${quoted(user.displayName)} are saved`);
    onSaved();
    onClose();
  };

  return (
    <Dialog open title={`Plan and limits of ${quoted(user.displayName)}`} lead="They hold from the next call on." onClose={onClose}>
      <form className="stack" noValidate onSubmit={(event) => void submit(event)}>
        <Select
          label="Plan"
          value={plan}
          choices={planNames.map((name) => ({ value: name, text: name.toLowerCase() }))}
          onChange={setPlan}
        />
        {limitNames.map((name) => (
          <div key={name} className="two">
            <Select
              label={limitTexts[name]}
              value={entries[name].kind}
              choices={limitKinds}
              onChange={(kind) => setEntries({ ...entries, [name]: { ...entries[name], kind } })}
            />
            {entries[name].kind === 'number' && (
              <TextField
                label={`How many: ${limitTexts[name].toLowerCase()}`}
                inputMode="numeric"
                autoComplete="off"
                value={entries[name].max}
                onChange={(max) => setEntries({ ...entries, [name]: { ...entries[name], max } })}
              />
            )}
          </div>
        ))}
        {failure && <Problem failure={failure} />}
        <div className="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="main" type="submit" busy={busy}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Null takes the plan's limit again. */
function limitInputs(entries: Record<LimitName, LimitEntry>): Record<LimitName, { max: number } | { none: true } | null> {
  const inputs = limitNames.map((name) => {
    const { kind, max } = entries[name];
    return [name, kind === 'number' ? { max: Number(max) } : kind === 'none' ? { none: true } : null];
  });
  return Object.fromEntries(inputs);
}

function LinkDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const [{ fetching, data, error }, create] = useMutation(CreateSignInLink);
  const link = data?.createSignInLink;
  return (
    <Dialog open firm={link !== undefined} title={`Sign-in link for ${quoted(user.displayName)}`} onClose={onClose}>
      {link ? (
        <>
          <Notice tone="warn">
            <p>
              Whoever opens this link is signed in as {quoted(user.displayName)}. It works once, until <Time at={link.expiresAt} />, and is
              shown only now.
            </p>
          </Notice>
          <Code text={link.url} what="the sign-in link" />
          <div className="row end">
            <Button onClick={onClose}>Done</Button>
          </div>
        </>
      ) : (
        <>
          <p>
            For somebody without a password or who forgot it. A link made earlier for {quoted(user.displayName)} ends. Hand it over
            yourself; no mail is sent.
          </p>
          {error && <Problem failure={describeError(error)} />}
          <div className="row end">
            <Button onClick={onClose}>Cancel</Button>
            <Button look="main" busy={fetching} onClick={() => void create({ userId: user.id })}>
              Make the link
            </Button>
          </div>
        </>
      )}
    </Dialog>
  );
}

function CloseDialog({ user, onClose, onClosed }: { user: User | undefined; onClose: () => void; onClosed: () => void }) {
  const [, close] = useMutation(CloseUser);
  return (
    <Confirm
      open={user !== undefined}
      title={`Close the account of ${quoted(user?.displayName ?? '')}?`}
      verb="Close the account"
      onCancel={onClose}
      onConfirm={async () => {
        const { id, displayName } = user as User;
        // A hundred connections per call: repeated until none is left.
        for (;;) {
          const { data, error } = await close({ userId: id });
          if (error) return describeError(error);
          if (!data || data.closeUser.connections.remaining === 0) break;
        }
        announce(`The account of ${quoted(displayName)} is closed`, 'Sessions and keys are refused; connections are deleted.');
        onClosed();
        onClose();
        return undefined;
      }}
    >
      <p>Sessions and API keys are refused from now on, and every connection is deleted and ended at its service. The call log stays.</p>
    </Confirm>
  );
}
