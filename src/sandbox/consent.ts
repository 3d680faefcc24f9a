/** The sandbox's consent page (RFC 6749, section 4.1.1). It stands under PUBLIC_URL because a browser must reach it, and takes no cookie. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sandboxScopes } from './authorization-server.ts';
import type { Sandbox } from './server.ts';

const codeMs = 60_000;

interface AuthorizeRequest {
  redirectUri: string;
  state: string;
  challenge: string;
  scopes: string[];
}

/** Answers GET with the page, and POST with the redirect back. `redirectUri` is the one address it ever sends people to. */
export async function answerConsent(
  request: IncomingMessage,
  response: ServerResponse,
  sandbox: Sandbox,
  redirectUri: string,
): Promise<void> {
  const asked = readRequest(new URL(request.url as string, 'http://sandbox').searchParams, sandbox, redirectUri);
  if (typeof asked === 'string')
    return sendPage(
      response,
      400,
      `<h1>This link does not work</h1><p>${escapeHtml(asked)} Go back to where you came from and start again.</p>`,
    );
  if (request.method === 'GET') return sendPage(response, 200, consentForm(asked), new URL(redirectUri).origin);
  if (request.method !== 'POST') {
    response.writeHead(405, { allow: 'GET, POST' }).end();
    return;
  }
  const form = await readForm(request);
  const target = new URL(redirectUri);
  target.searchParams.set('state', asked.state);
  const account = (form.get('account') ?? '').trim();
  if (form.get('answer') !== 'allow') target.searchParams.set('error', 'access_denied');
  else if (!/^[\w.@ -]{1,40}$/.test(account))
    return sendPage(
      response,
      400,
      `<p role="alert">Use 1 to 40 letters, digits, spaces or . _ @ - for the name.</p>${consentForm(asked)}`,
      target.origin,
    );
  else {
    target.searchParams.set(
      'code',
      sandbox.tokens.issue({
        kind: 'code',
        account,
        scopes: asked.scopes,
        expiresAtMs: Date.now() + codeMs,
        challenge: asked.challenge,
        redirectUri: asked.redirectUri,
      }),
    );
  }
  response.writeHead(303, { location: target.href, 'cache-control': 'no-store' }).end();
}

function readRequest(query: URLSearchParams, sandbox: Sandbox, redirectUri: string): AuthorizeRequest | string {
  if (query.get('client_id') !== sandbox.client.id) return 'It names an application that the sandbox does not know.';
  if (query.get('redirect_uri') !== redirectUri) return 'It would send you to an address that the sandbox does not know.';
  if (query.get('response_type') !== 'code' || query.get('code_challenge_method') !== 'S256' || !query.get('code_challenge'))
    return 'It asks in a way that the sandbox does not answer.';
  const scopes = (query.get('scope') ?? '').split(' ').filter((scope) => scope in sandboxScopes);
  return { redirectUri, state: query.get('state') ?? '', challenge: query.get('code_challenge') as string, scopes };
}

function consentForm(asked: AuthorizeRequest): string {
  const scopes = asked.scopes.map((scope) => `<li>${escapeHtml(sandboxScopes[scope as keyof typeof sandboxScopes])}</li>`).join('');
  return `<h1>Skillett asks for access to your sandbox notes</h1>
<p>It would be able to:</p><ul>${scopes || '<li>See the name of your account</li>'}</ul>
<form method="post"><label for="account">Account to connect</label>
<input id="account" name="account" value="demo" maxlength="40" autocomplete="username" required>
<p class="note">The sandbox has no passwords: any name is an account of its own.</p>
<button name="answer" value="allow">Allow</button> <button name="answer" value="deny" class="quiet" formnovalidate>Deny</button></form>`;
}

const style = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif;--line:light-dark(#c9ccd6,#474c5c);--main:light-dark(#3b3f8f,#b3b7ff)}
body{margin:0;min-height:100dvh;display:grid;place-items:center;background:light-dark(#f3f4f8,#14151b);color:light-dark(#1d1f2b,#e9eaf2)}
main{width:min(28rem,100vw - 2rem);box-sizing:border-box;padding:1.5rem;border:1px solid var(--line);border-radius:.6rem;background:light-dark(#fff,#1d1f28)}
h1{font-size:1.4rem;line-height:1.25;margin:0 0 .75rem}p,ul{margin:.5rem 0}ul{padding-left:1.2em}label{display:block;font-weight:600;margin-top:1rem}
input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;margin:.25rem 0;border:1px solid var(--line);border-radius:.4rem;background:transparent;color:inherit}
.note{font-size:.875rem}button{font:inherit;margin-top:.5rem;padding:.5rem 1.2rem;border-radius:.4rem;border:1px solid var(--main);background:var(--main);color:light-dark(#fff,#14151b);cursor:pointer}
button.quiet{background:transparent;border-color:var(--line);color:inherit}:focus-visible{outline:2px solid var(--main);outline-offset:2px}[role=alert]{font-weight:600}`;

function sendPage(response: ServerResponse, status: number, body: string, formTarget?: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; form-action 'self'${formTarget ? ` ${formTarget}` : ''}; frame-ancestors 'none'; base-uri 'none'`,
  });
  response.end(
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Sandbox</title><style>${style}</style></head><body><main>${body}</main></body></html>`,
  );
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8');
    if (text.length > 10_000) break;
  }
  return new URLSearchParams(text);
}
