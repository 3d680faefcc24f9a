import { useState } from 'react';
import { useQuery } from 'urql';
import { Link, useSearchParams } from 'wouter';
import type { Failure } from '../data/failure.ts';
import { graphql } from '../data/graphql.ts';
import { safeNext, signInWith } from '../data/sign-in.ts';
import { Button } from '../ui/button.tsx';
import { Entrance } from '../ui/entrance.tsx';
import { PasswordForm } from '../ui/password-form.tsx';
import { Notice, Problem } from '../ui/problem.tsx';

/** Codes with which a sign-in link or a sign-in provider sends people back here. */
const linkErrors: Record<string, string> = {
  link_invalid: 'This sign-in link was used already, has expired, or is not of this installation. Ask for a new one.',
  account_closed: 'This account is closed. Ask the person who runs this installation.',
  sign_up_refused: 'There is no account with this address here. Ask the person who runs this installation to invite you.',
  signup_disabled: 'There is no account with this address here. Ask the person who runs this installation to invite you.',
  account_not_linked: 'An account with this address exists, but it does not belong to that provider. Sign in with your password.',
  access_denied: 'The sign-in was declined at the provider.',
  state_mismatch: 'The sign-in took too long or was started in another window. Try again.',
  rate_limited: 'There were too many tries from here. Wait a minute and try again.',
};

const OptionsQuery = graphql(`
  query SignInOptions {
    signInOptions { signUp providers ownerHasSignedIn }
  }
`);

const providerNames: Record<string, string> = { google: 'Google', github: 'GitHub' };

export function SignIn() {
  const [search] = useSearchParams();
  const next = safeNext(search.get('next'));
  const error = search.get('error');
  const [failure, setFailure] = useState<Failure>();

  const [{ data }] = useQuery({ query: OptionsQuery });
  const options = data?.signInOptions;

  const goTo = async (provider: string) => {
    setFailure(await signInWith(provider, next));
  };

  return (
    <Entrance title="Sign in">
      {error !== null && (
        <Problem
          failure={{ message: linkErrors[error.toLowerCase()] ?? 'The sign-in did not work. Try again, or ask for a new sign-in link.' }}
        />
      )}
      {search.has('next') && error === null && (
        <Notice>
          <p>Sign in, and the page you asked for comes next.</p>
        </Notice>
      )}
      <PasswordForm onSignedIn={() => location.assign(next)} />
      {failure && <Problem failure={failure} />}
      {options && options.providers.length > 0 && (
        <div className="stack">
          {options.providers.map((provider) => (
            <Button key={provider} onClick={() => void goTo(provider)}>
              Sign in with {providerNames[provider] ?? provider}
            </Button>
          ))}
        </div>
      )}
      {options && !options.ownerHasSignedIn && (
        <Notice>
          <p>
            Do you run this installation? Your first sign-in is by the link that the server printed when it started. Another one: run{' '}
            <code>npm run sign-in-link</code> where it is installed.
          </p>
        </Notice>
      )}
      {options?.ownerHasSignedIn && (
        <p className="fine">
          No password, or forgotten? The person who runs this installation can give you a sign-in link. If that is you, run{' '}
          <code className="nowrap">npm run sign-in-link</code> where it is installed.
          {options.signUp === 'ANYONE' && (
            <>
              {' '}
              New here? <Link href="/sign-up">Make an account</Link>.
            </>
          )}
        </p>
      )}
    </Entrance>
  );
}
