import { type FormEvent, useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import type { Failure } from '../data/failure.ts';
import { safeNext, signIn } from '../data/sign-in.ts';
import { Button } from '../ui/button.tsx';
import { Entrance } from '../ui/entrance.tsx';
import { TextField } from '../ui/field.tsx';
import { Notice, Problem } from '../ui/problem.tsx';

/** Codes with which a sign-in link or a sign-in provider sends people back here. */
const linkErrors: Record<string, string> = {
  INVALID_TOKEN: 'This sign-in link was used already, or it is not one of this installation. Ask for a new one.',
  EXPIRED_TOKEN: 'This sign-in link has expired. Ask for a new one.',
  ATTEMPTS_EXCEEDED: 'This sign-in link was used already. Ask for a new one.',
  new_user_signup_disabled: 'There is no account with this address here. Ask the person who runs this installation to invite you.',
  signup_disabled: 'There is no account with this address here. Ask the person who runs this installation to invite you.',
  account_not_linked: 'An account with this address exists, but it is not linked to that provider. Sign in with your password.',
  access_denied: 'The sign-in was declined at the provider.',
  state_mismatch: 'The sign-in took too long or was started in another window. Try again.',
};

export function SignIn() {
  const [search] = useSearchParams();
  const next = safeNext(search.get('next'));
  const error = search.get('error');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setFailure(undefined);
    const answer = await signIn(email, password);
    // The page stays busy while the next one is loaded.
    if (answer.ok) return location.assign(next);
    setBusy(false);
    setFailure(
      answer.failure.code === 'INVALID_EMAIL_OR_PASSWORD'
        ? { message: 'No account has this address with this password. Check both; passwords tell capital letters apart.' }
        : answer.failure,
    );
  };

  return (
    <Entrance title="Sign in">
      {error !== null && (
        <Problem failure={{ message: linkErrors[error] ?? 'The sign-in did not work. Try again, or ask for a new sign-in link.' }} />
      )}
      {search.has('next') && error === null && (
        <Notice>
          <p>Sign in to go on. What you typed before is kept in this tab.</p>
        </Notice>
      )}
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <TextField label="E-mail address" type="email" name="email" autoComplete="username" required value={email} onChange={setEmail} />
        <TextField
          label="Password"
          type="password"
          name="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={setPassword}
        />
        {failure && <Problem failure={failure} />}
        <Button look="main" type="submit" busy={busy}>
          Sign in
        </Button>
      </form>
      <p className="fine">
        The owner’s first sign-in is by the link that the server prints. Invited? <Link href="/sign-up">Make your account</Link>.
      </p>
    </Entrance>
  );
}
