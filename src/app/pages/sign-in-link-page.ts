/**
 * What a sign-in link opens. It changes nothing and looks nothing up, since chats and mail servers fetch every address that
 * is sent through them; only the button takes the link. It does not say whose link it is.
 */
import type { Gateway } from '../../core/context.ts';
import { authPath } from '../../domains/users/sign-in/auth.ts';
import { isLinkToken, linkPath } from '../../domains/users/sign-in/sign-in-links.ts';
import { html } from './html.ts';
import { type CallbackPage, redirectPage, renderPage } from './oauth-callback-page.ts';

export function renderLinkPage({ config }: Pick<Gateway, 'config'>, query: URLSearchParams): CallbackPage {
  const tokens = query.getAll('token');
  const [token] = tokens;
  if (tokens.length !== 1 || token === undefined || !isLinkToken(token))
    return redirectPage(`${config.publicUrl}/sign-in?error=link_invalid`);
  const action = config.publicUrl + authPath + linkPath;
  const body = html`<form method="post" action="${action}"><input type="hidden" name="token" value="${token}"><button>Sign in</button></form>`;
  const intro = 'This link signs one person in, once. Press the button only if you asked for it or were told to expect it.';
  return renderPage(200, 'Sign in to Skillett', [intro], { body, hasForms: true });
}
