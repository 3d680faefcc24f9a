/** What a person sees when a client asks to be let in: who asks, where the answer goes, what it may do, for how long. */
import { quoted } from '../../../core/text/quoted.ts';
import type { OAuthClient } from '../../../domains/oauth-clients/oauth-clients.ts';
import { describeRedirectUri } from '../../../domains/oauth-clients/redirect-uri.ts';
import { type Html, html, joinHtml } from '../html.ts';
import { type CallbackPage, renderPage } from '../oauth-callback-page.ts';
import { type Choices, lifetimes } from './choices.ts';

export interface Offer {
  client: OAuthClient;
  redirectUri: string;
  /** Who is signed in. */
  email: string;
  /** Integrations, or the scopes that the client asked for. */
  offered: readonly { scope: string; name: string; connected: boolean }[];
  mayHaveEverything: boolean;
  /** Ties the answer to this session and to what is shown. */
  proof: string;
}

/**
 * Clients open the page in a window of their own and wait for it to come back or close, which `same-origin` would hide from them. Nothing
 * can be read out of it; that it can be opened under somebody's pointer is what `proof.ts` and `.late` are for.
 */
export const pageOfPopup = { 'cross-origin-opener-policy': 'unsafe-none' };

export function renderOffer(
  offer: Offer,
  choices: Choices,
  problem?: { status: number; message: string; link?: string | undefined },
): CallbackPage {
  const { client, redirectUri, email, proof } = offer;
  const body = joinHtml([
    ...(problem ? [describeProblem(problem)] : []),
    describeClient(client, redirectUri),
    html`<p class="note">Agree only if you have just added this address to that client yourself. Anybody can claim any name.</p>`,
    html`<form method="post" autocomplete="off"><input type="hidden" name="proof" value="${proof}">
${renderReach(offer, choices)}
<fieldset><legend>How</legend>
${tick('checkbox', 'reads', 'only', choices.readsOnly, 'Only read: nothing is written, sent or deleted')}
<div class="field"><label for="days">For how long</label><select id="days" name="days">${joinHtml(lifetimes.map((days) => option(days, choices.days)))}</select>
<span class="hint">Then it has to ask again. You can end it at any time with your API keys.</span></div></fieldset>
<div class="row"><button class="main late" name="answer" value="agree">Let it in</button><button name="answer" value="decline">Decline</button></div></form>`,
    html`<p class="fine">You are signed in as ${email}. It gets a key of its own for this address alone, never the credentials of your accounts. It may ask to connect further accounts; you confirm each.</p>`,
  ]);
  return renderPage(
    problem?.status ?? 200,
    'Let this client in?',
    [`${quoted(client.name)} asks to call services for you through Skillett.`],
    {
      body,
      hasForms: true,
      headers: pageOfPopup,
    },
  );
}

function describeProblem({ message, link }: { message: string; link?: string | undefined }): Html {
  const more = link === undefined ? html`` : html` <a href="${link}">Open the page for it</a>.`;
  return html`<p class="problem" role="alert">${message}${more}</p>`;
}

function describeClient(client: OAuthClient, redirectUri: string): Html {
  const { place, kind } = describeRedirectUri(redirectUri);
  const goesTo =
    kind === 'web'
      ? html`<strong class="host">${place}</strong>`
      : kind === 'loopback'
        ? html`<strong class="host">This computer</strong> a program that runs on it`
        : html`<strong class="host">${place}:</strong> the application that opens such addresses`;
  const facts = [
    html`<dt>It calls itself</dt><dd>${quoted(client.name)}</dd>`,
    client.host === undefined
      ? html`<dt>Who that is</dt><dd>Nobody has checked: it registered itself here.${client.uri === undefined ? '' : ` It names ${quoted(client.uri)} as its page.`}</dd>`
      : html`<dt>It is described at</dt><dd><strong class="host">${client.host}</strong> <code>${client.id}</code></dd>`,
    html`<dt>Your answer goes to</dt><dd>${goesTo} <code>${redirectUri}</code></dd>`,
  ];
  return html`<dl class="facts">${joinHtml(facts.map((fact) => html`<div>${fact}</div>`))}</dl>`;
}

function renderReach({ offered, mayHaveEverything }: Offer, { everything, picked }: Choices): Html {
  const one = ({ scope, name }: Offer['offered'][number]) => tick('checkbox', 'scope', scope, picked.includes(scope), name, scope);
  const near = offered.filter(({ connected }) => connected);
  const others = offered.filter(({ connected }) => !connected);
  const reach = mayHaveEverything
    ? [
        tick('radio', 'reach', 'everything', everything, 'Everything, also what you connect later'),
        tick('radio', 'reach', 'some', !everything, 'Only what is ticked here:'),
      ]
    : [];
  return html`<fieldset><legend>What it may use</legend>
${joinHtml(reach)}
${joinHtml(near.map(one))}
${others.length === 0 ? html`` : html`<details${near.length === 0 ? html` open` : html``}><summary>${mayHaveEverything ? 'Integrations that you have not connected' : 'Of integrations that you have not connected'}</summary><div class="stack">${joinHtml(others.map(one))}</div></details>`}</fieldset>`;
}

function tick(type: 'radio' | 'checkbox', name: string, value: string, checked: boolean, label: string, code?: string): Html {
  const mark = checked ? html` checked` : html``;
  const more = code === undefined || code === label ? html`` : html` <code>${code}</code>`;
  return html`<label class="tick"><input type="${type}" name="${name}" value="${value}"${mark}> <span>${label}${more}</span></label>`;
}

function option(days: number, chosen: number): Html {
  return html`<option value="${String(days)}"${days === chosen ? html` selected` : html``}>${days === 1 ? 'One day' : days === 365 ? 'A year' : `${days} days`}</option>`;
}

/** Not by a redirect: browsers hold the way on from a form to the page's form-action, and clients have many addresses. */
export function renderGoingBack(client: OAuthClient, redirectUri: string, url: string, agreed: boolean): CallbackPage {
  const { place, kind } = describeRedirectUri(redirectUri);
  const to = kind === 'application' ? 'the application' : place;
  return renderPage(
    200,
    agreed ? 'It may come in' : 'Declined',
    [
      agreed
        ? `${quoted(client.name)} gets its key now. You find it with your API keys, where you can end it.`
        : `${quoted(client.name)} gets nothing.`,
      'If nothing happens, use the link. Then you can close this window.',
    ],
    { link: { href: url, text: `Go back to ${to}` }, goTo: url, headers: pageOfPopup },
  );
}

/** Nobody is sent on by a page that shows no more than a fault: that would make this server's name an address for anybody's links. */
export function renderFault(message: string, back?: { href: string; place: string }): CallbackPage {
  return renderPage(
    400,
    'This client cannot come in',
    [message, 'Nothing was granted. Whoever made the client has to mend this; what it needs stands in the documentation under MCP.'],
    { ...(back ? { link: { href: back.href, text: `Tell ${back.place}` } } : {}), headers: pageOfPopup },
  );
}
