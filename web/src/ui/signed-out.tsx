/** Over a page whose session has ended: signing in here leaves everything on the page as it is. */

import { useEffect } from 'react';
import { at } from '../data/base.ts';
import { knownPerson } from '../data/person.ts';
import { resumeSession } from '../data/session-end.ts';
import { request } from '../data/sign-in.ts';
import { Dialog } from './dialog.tsx';
import { PasswordForm } from './password-form.tsx';

/** What is on the page belongs to one person: anybody else begins anew. */
function goOnAs(email: string): void {
  if (email === knownPerson()?.email) return resumeSession();
  sessionStorage.clear();
  location.assign(at('/dashboard'));
}

export function SignedOut() {
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

  return (
    <Dialog
      open
      firm
      over
      title="You are signed out"
      lead="Sign in to go on. What you typed stays on the page behind this."
      onClose={() => {}}
    >
      <PasswordForm address={knownPerson()?.email} inDialog onSignedIn={goOnAs}>
        <p className="fine">
          By a link or a provider?{' '}
          <a href={at('/sign-in')} target="_blank" rel="noreferrer">
            Sign in in another tab
          </a>{' '}
          and come back to this one.
        </p>
      </PasswordForm>
    </Dialog>
  );
}
