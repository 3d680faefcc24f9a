import { type FormEvent, type ReactNode, useState } from 'react';
import type { Failure } from '../data/failure.ts';
import { describeSignInFailure, signIn } from '../data/sign-in.ts';
import { Button } from './button.tsx';
import { TextField } from './field.tsx';
import { Problem } from './problem.tsx';

interface PasswordFormProps {
  /** Filled in from the start. */
  address?: string | undefined;
  /** In a dialog the button stands at the end of its row. */
  inDialog?: boolean;
  /** Above the button. */
  children?: ReactNode;
  /** With the address of who is signed in now; the form stays busy until what comes next is there. */
  onSignedIn: (address: string) => void;
}

export function PasswordForm({ address = '', inDialog = false, children, onSignedIn }: PasswordFormProps) {
  const [email, setEmail] = useState(address);
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setFailure(undefined);
    const answer = await signIn(email, password);
    if (answer.ok) return onSignedIn(answer.data.user.email);
    setBusy(false);
    setFailure(describeSignInFailure(answer.failure));
  };

  const button = (
    <Button look="main" type="submit" busy={busy}>
      Sign in
    </Button>
  );
  return (
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
      {children}
      {inDialog ? <div className="row end">{button}</div> : button}
    </form>
  );
}
