/** Over a page whose session has ended: signing in here leaves everything on the page as it is. */
import { type FormEvent, useEffect, useState } from 'react';
import type { Failure } from '../data/failure.ts';
import { knownPerson } from '../data/person.ts';
import { resumeSession } from '../data/session-end.ts';
import { describeSignInFailure, request, signIn } from '../data/sign-in.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { TextField } from './field.tsx';
import { Problem } from './problem.tsx';

/** What is on the page belongs to one person: anybody else begins anew. */
function goOnAs(email: string): void {
  if (email === knownPerson()?.email) return resumeSession();
  sessionStorage.clear();
  location.assign('/dashboard');
}

export function SignedOut() {
  const [email, setEmail] = useState(knownPerson()?.email ?? '');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();

  useEffect(() => {
    // Signed in elsewhere, whoever comes back to this tab goes on without more ado.
    const look = async () => {
      const answer = await request<{ user: { email: string } } | null>('/get-session');
      if (answer.ok && answer.data) goOnAs(answer.data.user.email);
    };
    const onFocus = () => void look();
    addEventListener('focus', onFocus);
    return () => removeEventListener('focus', onFocus);
  }, []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setFailure(undefined);
    const answer = await signIn(email, password);
    setBusy(false);
    if (answer.ok) goOnAs(answer.data.user.email);
    else setFailure(describeSignInFailure(answer.failure));
  };

  return (
    <Dialog
      open
      firm
      over
      title="You are signed out"
      lead="Sign in to go on. What you typed stays on the page behind this."
      onClose={() => {}}
    >
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
        <p className="fine">
          By a link or a provider?{' '}
          <a href="/sign-in" target="_blank" rel="noreferrer">
            Sign in in another tab
          </a>{' '}
          and come back to this one.
        </p>
        <div className="row end">
          <Button look="main" type="submit" busy={busy}>
            Sign in
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
