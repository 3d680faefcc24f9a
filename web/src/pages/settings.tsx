import { type FormEvent, useCallback, useEffect, useState } from 'react';
import { useMutation, useQuery } from 'urql';
import { at } from '../data/base.ts';
import { describeError, type Failure } from '../data/failure.ts';
import { graphql, type ResultOf } from '../data/graphql.ts';
import { personFields } from '../data/person.ts';
import { endOtherSessions, endSession, endSessions, findSessions, type Session } from '../data/sessions.ts';
import { setTheme, type Theme, useTheme } from '../data/theme.ts';
import { Answer } from '../ui/answer.tsx';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';
import { Loading } from '../ui/loading.tsx';
import { Page, Section } from '../ui/page.tsx';
import { Notice, Problem } from '../ui/problem.tsx';
import { Select } from '../ui/select.tsx';
import { TableFrame } from '../ui/table-frame.tsx';
import { Time } from '../ui/time.tsx';
import { announce } from '../ui/toasts.tsx';
import './settings.css';

const SettingsQuery = graphql(
  `
    query Settings {
      viewer { ...Person hasPassword signInMethods }
    }
  `,
  [personFields],
);

const UpdateProfile = graphql(`
  mutation UpdateProfile($displayName: String!, $email: String!) {
    updateProfile(displayName: $displayName, email: $email) { id displayName email }
  }
`);

const SetPassword = graphql(`
  mutation SetPassword($newPassword: String!) {
    setPassword(newPassword: $newPassword) { id }
  }
`);

const ChangePassword = graphql(`
  mutation ChangePassword($currentPassword: String!, $newPassword: String!) {
    changePassword(currentPassword: $currentPassword, newPassword: $newPassword) { id }
  }
`);

type Viewer = ResultOf<typeof SettingsQuery>['viewer'];

export function Settings() {
  const query = useQuery({ query: SettingsQuery });
  const [sessionsRound, setSessionsRound] = useState(0);
  const passwordSet = () => {
    query[1]({ requestPolicy: 'network-only' });
    // A new password ends the other sessions.
    setSessionsRound((round) => round + 1);
  };
  return (
    <Page title="Settings">
      <Answer query={query} what="your settings">
        {({ viewer }) => (
          <>
            <Section title="Profile">
              <Profile viewer={viewer} />
            </Section>
            <Section title="Password">
              <Password viewer={viewer} onSet={passwordSet} />
            </Section>
            <Section title="Appearance">
              <Appearance />
            </Section>
            <Section title="Where you are signed in">
              <Sessions key={sessionsRound} />
            </Section>
          </>
        )}
      </Answer>
    </Page>
  );
}

function Profile({ viewer: { user } }: { viewer: Viewer }) {
  const [displayName, setDisplayName] = useState(user.displayName);
  const [email, setEmail] = useState(user.email);
  const [failure, setFailure] = useState<Failure>();
  const [{ fetching }, update] = useMutation(UpdateProfile);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (fetching) return;
    setFailure(undefined);
    const { error } = await update({ displayName, email });
    if (error) return setFailure(describeError(error));
    announce('Your profile is saved');
  };
  return (
    <form className="card stack narrow" onSubmit={(event) => void submit(event)}>
      <TextField label="Name" required maxLength={100} autoComplete="name" value={displayName} onChange={setDisplayName} />
      <TextField
        label="E-mail address"
        type="email"
        required
        autoComplete="email"
        hint={
          user.email.endsWith('.invalid')
            ? 'This is a placeholder. Set your own: you sign in with it.'
            : 'You sign in with it. No mail is sent to it.'
        }
        value={email}
        onChange={setEmail}
      />
      {failure && <Problem failure={failure} />}
      <div className="row">
        <Button look="main" type="submit" busy={fetching}>
          Save the profile
        </Button>
      </div>
    </form>
  );
}

function Password({ viewer, onSet }: { viewer: Viewer; onSet: () => void }) {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [failure, setFailure] = useState<Failure>();
  const [setting, set] = useMutation(SetPassword);
  const [changing, change] = useMutation(ChangePassword);
  const busy = setting.fetching || changing.fetching;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setFailure(undefined);
    const { error } = viewer.hasPassword ? await change({ currentPassword: current, newPassword: next }) : await set({ newPassword: next });
    if (error) return setFailure(describeError(error));
    setCurrent('');
    setNext('');
    announce(viewer.hasPassword ? 'Your password is changed' : 'Your password is set', 'Your other sessions are signed out.');
    onSet();
  };
  return (
    <form className="card stack narrow" onSubmit={(event) => void submit(event)}>
      {!viewer.hasPassword && (
        <Notice tone="warn">
          <p>You have no password yet. Set one, so that you can sign in again.</p>
        </Notice>
      )}
      {/* Password keepers want to know whose password it is. */}
      <input type="text" autoComplete="username" value={viewer.user.email} readOnly hidden />
      {viewer.hasPassword && (
        <TextField
          label="Current password"
          type="password"
          required
          autoComplete="current-password"
          value={current}
          onChange={setCurrent}
        />
      )}
      <TextField
        label="New password"
        type="password"
        required
        minLength={10}
        maxLength={128}
        autoComplete="new-password"
        hint={`10 to 128 characters. You sign in with ${viewer.user.email} and this password. Every other session of yours is signed out.`}
        value={next}
        onChange={setNext}
      />
      {failure && <Problem failure={failure} />}
      <div className="row">
        <Button look="main" type="submit" busy={busy}>
          {viewer.hasPassword ? 'Change the password' : 'Set the password'}
        </Button>
      </div>
    </form>
  );
}

const themes = [
  { value: 'system', text: 'As the system' },
  { value: 'light', text: 'Light' },
  { value: 'dark', text: 'Dark' },
] as const satisfies { value: Theme; text: string }[];

function Appearance() {
  const theme = useTheme();
  return (
    <div className="card narrow">
      <Select label="Colours" value={theme} choices={themes} onChange={setTheme} />
    </div>
  );
}

function Sessions() {
  const [sessions, setSessions] = useState<Session[]>();
  const [failure, setFailure] = useState<Failure>();
  const [asking, setAsking] = useState(false);

  const load = useCallback(async () => {
    const answer = await findSessions();
    setFailure(answer.ok ? undefined : answer.failure);
    if (answer.ok) setSessions(answer.data);
  }, []);
  useEffect(() => void load(), [load]);

  const end = async (session: Session) => {
    const answer = await endSession(session);
    if (!answer.ok) return setFailure(answer.failure);
    announce('That session is signed out');
    await load();
  };
  const endOthers = async () => {
    const answer = await endOtherSessions();
    if (!answer.ok) return setFailure(answer.failure);
    announce('Your other sessions are signed out');
    await load();
  };

  return (
    <div className="stack">
      {failure && <Problem failure={failure} onRetry={() => void load()} />}
      {!sessions && !failure && <Loading what="your sessions" />}
      {sessions && (
        <TableFrame caption="Your sessions">
          <thead>
            <tr>
              <th scope="col">Browser</th>
              <th scope="col">Address</th>
              <th scope="col">Signed in</th>
              <th scope="col">
                <span className="unseen">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {sessions.map((session) => (
              <tr key={session.id}>
                <th scope="row">
                  {describeBrowser(session.userAgent)} {session.current && <span className="tag">this one</span>}
                </th>
                <td data-label="Address">{session.ipAddress ?? ''}</td>
                <td className="nowrap" data-label="Signed in">
                  <Time at={session.createdAt} />
                </td>
                <td className="actions">
                  {!session.current && (
                    <Button aria-label={`Sign out ${describeBrowser(session.userAgent)}`} onClick={() => void end(session)}>
                      Sign out
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </TableFrame>
      )}
      <div className="row">
        {sessions && sessions.length > 1 && <Button onClick={() => void endOthers()}>Sign out the others</Button>}
        <Button onClick={() => setAsking(true)}>Sign out everywhere</Button>
      </div>
      <Confirm
        open={asking}
        title="Sign out everywhere?"
        verb="Sign out everywhere"
        onCancel={() => setAsking(false)}
        onConfirm={async () => {
          const answer = await endSessions();
          if (!answer.ok) return answer.failure;
          sessionStorage.clear();
          location.assign(at('/sign-in'));
          return undefined;
        }}
      >
        <p>Every session of yours ends, this one too. API keys keep working: revoke those that should not.</p>
      </Confirm>
    </div>
  );
}

/** The few words of a User-Agent that a person recognises. */
function describeBrowser(userAgent: string | null): string {
  if (!userAgent) return 'Unknown browser';
  const browser = ['Edg', 'OPR', 'Firefox', 'Chrome', 'Safari'].find((name) => userAgent.includes(`${name}/`));
  const system = ['Windows', 'Android', 'iPhone', 'iPad', 'Mac OS', 'Linux'].find((name) => userAgent.includes(name));
  const names: Record<string, string> = { Edg: 'Edge', OPR: 'Opera' };
  return `${browser ? (names[browser] ?? browser) : 'A browser'}${system ? ` on ${system}` : ''}`;
}
