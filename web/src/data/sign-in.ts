/** Sign-in and sessions: plain requests to the routes below `/api/auth/`. */
import { at, within } from './base.ts';
import { type Failure, serverAway } from './failure.ts';

/**
 * `next` comes from the address and may be anybody's: only a path of this installation is followed, given without that of the installation itself. `/.//a` is one until its dot is
 * taken out, and then names another host.
 */
export function safeNext(next: string | null): string {
  if (next === null || !next.startsWith('/')) return at('/dashboard');
  const parsed = URL.parse(next, location.origin);
  if (parsed?.origin !== location.origin || parsed.pathname.startsWith('//')) return at('/dashboard');
  return at(`${parsed.pathname}${parsed.search}${parsed.hash}`);
}

let leaving = false;
// A page that the browser brings back as it was may have to leave again.
addEventListener('pageshow', () => {
  leaving = false;
});

/** Leads to the sign-in page, which leads back here. */
export function goToSignIn(): void {
  const here = within(location.pathname) ?? '/dashboard';
  if (leaving || here === '/sign-in' || here === '/sign-up') return;
  leaving = true;
  location.assign(at(`/sign-in?next=${encodeURIComponent(here + location.search)}`));
}

export type AuthAnswer<Data> = { ok: true; data: Data } | { ok: false; failure: Failure };

export function signIn(email: string, password: string): Promise<AuthAnswer<{ user: { email: string } }>> {
  return post('/sign-in/email', { email, password });
}

export function describeSignInFailure(failure: Failure): Failure {
  return failure.code === 'INVALID_EMAIL_OR_PASSWORD'
    ? { message: 'No account has this address with this password. Check both; passwords tell capital letters apart.' }
    : failure;
}

/** `invitation` is the token of an invitation's link. */
export function signUp(account: { name: string; email: string; password: string; invitation?: string }): Promise<AuthAnswer<unknown>> {
  return post('/sign-up/email', account);
}

/** Leads to the provider's page, and from there back to `next`. */
export async function signInWith(provider: string, next: string): Promise<Failure | undefined> {
  const answer = await post<{ url?: string }>('/sign-in/social', { provider, callbackURL: next, errorCallbackURL: at('/sign-in') });
  if (!answer.ok) return answer.failure;
  if (answer.data.url === undefined) return { message: 'The provider gave no page to go to.' };
  location.assign(answer.data.url);
  return undefined;
}

export function signOut(): Promise<AuthAnswer<unknown>> {
  return post('/sign-out', {});
}

export async function post<Data = unknown>(route: string, body: object): Promise<AuthAnswer<Data>> {
  return request<Data>(route, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

export async function request<Data>(route: string, init: RequestInit = {}): Promise<AuthAnswer<Data>> {
  let answer: Response;
  let json: { message?: string; code?: string; error?: string } | null;
  try {
    answer = await fetch(at(`/api/auth${route}`), { credentials: 'same-origin', ...init });
    json = await answer.json();
  } catch {
    return { ok: false, failure: serverAway };
  }
  if (answer.ok) return { ok: true, data: json as Data };
  const message = json?.message ?? 'The server refused without saying why.';
  return { ok: false, failure: { message, code: json?.code ?? json?.error } };
}
