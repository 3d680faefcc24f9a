import { type FormEvent, useState } from 'react';
import { useQuery } from 'urql';
import { Link, useSearchParams } from 'wouter';
import type { Failure } from '../data/failure.ts';
import { graphql } from '../data/graphql.ts';
import { safeNext, signUp } from '../data/sign-in.ts';
import { Button } from '../ui/button.tsx';
import { Entrance } from '../ui/entrance.tsx';
import { TextField } from '../ui/field.tsx';
import { Problem } from '../ui/problem.tsx';

const OptionsQuery = graphql(`
  query SignUpOptions {
    signInOptions { signUp }
  }
`);

const whoMay = {
  NOBODY: 'This installation takes no new accounts. Ask the person who runs it.',
  INVITED: 'Accounts are made from the link of an invitation. Ask the person who runs this installation for one.',
  ANYONE: 'With an account you connect services, and give agents keys to them.',
} as const;

export function SignUp() {
  const [search] = useSearchParams();
  const invitation = search.get('invitation');
  const [name, setName] = useState('');
  const [email, setEmail] = useState(search.get('email') ?? '');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const [{ data }] = useQuery({ query: OptionsQuery });
  const signUpBy = data?.signInOptions.signUp;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setFailure(undefined);
    const answer = await signUp({ name, email, password, ...(invitation === null ? {} : { invitation }) });
    if (answer.ok) return location.assign(safeNext(search.get('next')));
    setBusy(false);
    setFailure(answer.failure);
  };

  return (
    <Entrance title="Make your account">
      <p className="muted">
        {invitation !== null && signUpBy !== 'NOBODY'
          ? 'You are invited. The account can only have the address that the invitation was made for.'
          : signUpBy && whoMay[signUpBy]}
      </p>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <TextField label="Name" name="name" autoComplete="name" required maxLength={100} value={name} onChange={setName} />
        <TextField label="E-mail address" type="email" name="email" autoComplete="username" required value={email} onChange={setEmail} />
        <TextField
          label="Password"
          type="password"
          name="password"
          autoComplete="new-password"
          required
          minLength={10}
          maxLength={128}
          hint="10 to 128 characters. A few words that only you would put together are good."
          value={password}
          onChange={setPassword}
        />
        {failure && <Problem failure={failure} />}
        <Button look="main" type="submit" busy={busy}>
          Make the account
        </Button>
      </form>
      <p className="fine">
        You have an account? <Link href="/sign-in">Sign in</Link>.
      </p>
    </Entrance>
  );
}
