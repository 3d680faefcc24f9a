/** What a person sees of a consent on our own pages: who asks for what, where to enter a credential, and what came of it. */
import type { Gateway } from '../../core/context.ts';
import type { SkillettError } from '../../core/errors.ts';
import { quoted } from '../../core/text/quoted.ts';
import type { ConnectMethod, CredentialField } from '../../domains/connections/connect-methods.ts';
import type { Consent } from '../../domains/connections/consent/consent-store.ts';
import type { CompletedConsent } from '../../domains/connections/consent/consents.ts';
import type { CatalogueIntegration } from '../../domains/recipes/catalogue.ts';
import { actionUrl } from '../http/failures.ts';
import { type Html, html, joinHtml } from './html.ts';
import { type CallbackPage, renderPage } from './oauth-callback-page.ts';

/** A consent that waits for a person on our page. */
export interface Ask {
  consent: Consent;
  integration: CatalogueIntegration;
  /** The key that asked; undefined where the person started it in the dashboard. */
  key: { name: string; keyPrefix: string; scopes: readonly string[] } | undefined;
  /** Who is signed in. */
  email: string;
  /** What is connected already. */
  accounts: readonly { account: string; isDefault: boolean; statusReason: string | null }[];
  /** Where the service takes credentials here; empty where it is asked for a consent. */
  forms: readonly ConnectMethod[];
  /** What the service must know before it is asked for a consent; empty where all of it is known. */
  inputs: readonly CredentialField[];
}

/** What a person entered that the service, or the plan, did not take. */
export interface Attempt {
  failure: SkillettError;
  values: Readonly<Record<string, string>>;
}

export function renderAsk(gateway: Gateway, ask: Ask, attempt?: Attempt): CallbackPage {
  const { name } = ask.integration.recipe;
  const { needsConfirmation } = ask.consent;
  const asks = ask.key && needsConfirmation;
  const body = joinHtml([
    ...(ask.key ? [describeAsker(ask, ask.key)] : []),
    ...(needsConfirmation ? [html`<p class="note">${describeEffect(ask)}</p>`] : []),
    ...describeMoves(ask),
    ...(attempt ? [describeProblem(gateway, attempt.failure)] : []),
    ...(ask.forms.length > 0 ? ask.forms.map((form) => renderForm(form, name, attempt, ask.forms.length > 1)) : [agreeForm(ask, attempt)]),
    ...(ask.forms.length > 0 && needsConfirmation ? [declineForm] : []),
    html`<p class="fine">You are signed in as ${ask.email}.</p>`,
  ]);
  const intro = asks
    ? `An API key asks to connect ${name} for you. Agree only if you wanted this: keys of yours can use the account from then on.`
    : ask.inputs.length > 0
      ? `${name} asks on its own page whether you agree. Tell us first where that is.`
      : `Skillett keeps what you enter sealed, after ${name} has accepted it. No agent ever sees it.`;
  return renderPage(attempt?.failure.status ?? 200, asks ? `Connect ${name}?` : `Connect ${name}`, [intro], { body, hasForms: true });
}

function describeAsker({ consent, integration }: Ask, key: NonNullable<Ask['key']>): Html {
  const { slug, recipe } = integration;
  const may = key.scopes.filter((scope) => scope === '*' || scope.split(/[:.]/, 1)[0] === slug);
  const known = recipe.auth.find((auth) => auth.type === 'oauth2')?.scopes ?? {};
  const scopes = consent.requestedScopes.map((scope) => html`<li><code>${scope}</code> ${known[scope]?.description ?? ''}</li>`);
  const facts = [
    html`<dt>Asked for by</dt><dd>the API key ${quoted(key.name)}, <code>${key.keyPrefix}…</code></dd>`,
    html`<dt>What that key may use of ${recipe.name}</dt><dd>${joinHtml(may.map(describeScope))}</dd>`,
    ...(scopes.length > 0 ? [html`<dt>What ${recipe.name} is asked to allow</dt><dd><ul>${joinHtml(scopes)}</ul></dd>`] : []),
    ...(consent.account === null ? [] : [html`<dt>Name of the account here</dt><dd>${quoted(consent.account)}, if it is a new one</dd>`]),
  ];
  return html`<dl class="facts">${joinHtml(facts.map((fact) => html`<div>${fact}</div>`))}</dl>`;
}

function describeScope(scope: string): Html {
  return scope.endsWith(':proxy')
    ? html`<code>${scope}</code> (any request, also past what is marked as only reading)`
    : html`<code>${scope}</code>`;
}

function describeEffect({ accounts, integration }: Ask): string {
  const { name } = integration.recipe;
  if (accounts.length === 0) return `No ${name} account is connected yet, so the one you choose is what calls use when they name none.`;
  const names = accounts.map(({ account, isDefault }) => `${quoted(account)}${isDefault ? ' (the default)' : ''}`).join(', ');
  return `Connected already: ${names}. If you choose one of these again, its credential is replaced for everything that uses it. Another account is added beside them, and the default stays as it is.`;
}

/** Whoever gives a credential again must see where it goes now. Reasons of other kinds are codes, of one word. */
function describeMoves({ accounts, integration }: Ask): Html[] {
  if (!integration.imported) return [];
  const moves = new Set(accounts.flatMap(({ statusReason }) => (statusReason?.includes(' ') ? [statusReason] : [])));
  return [...moves].map((reason) => html`<p class="problem" role="alert">${reason}</p>`);
}

function describeProblem(gateway: Gateway, failure: SkillettError): Html {
  const link = actionUrl(gateway, failure);
  const more = link === undefined ? html`` : html` <a href="${link}" rel="noreferrer">Open the page for it</a>.`;
  return html`<p class="problem" role="alert">${setCode(failure.message)}${more}</p>`;
}

function agreeForm({ inputs, integration }: Ask, attempt: Attempt | undefined): Html {
  return html`<form method="post" autocomplete="off">${joinHtml(inputs.map((field) => renderField('oauth2', field, attempt)))}
<div class="row"><button class="main" name="answer" value="agree">Continue to ${integration.recipe.name}</button><button name="answer" value="decline">Decline</button></div></form>`;
}

const declineForm = html`<form method="post"><div class="row"><button name="answer" value="decline">Decline</button></div></form>`;

const formTitles: Partial<Record<ConnectMethod['type'], string>> = {
  bearer: 'With a token',
  api_key: 'With an API key',
  basic: 'With a user name and password',
  client_credentials: 'With an OAuth client',
  jwt_bearer: 'With a private key',
  signature_v4: 'With a key that signs',
};

/** Names of inputs, apart from those of buttons. */
export const credentialPrefix = 'credential.';

function renderForm(form: ConnectMethod, name: string, attempt: Attempt | undefined, isOneOfSeveral: boolean): Html {
  const link = form.url === null ? html`` : html` <a href="${form.url}" rel="noreferrer">Open the page for it</a>.`;
  // The refusal of a credential says how to get a right one.
  const isToldAlready = attempt?.failure.code === 'credential_rejected' && !isOneOfSeveral;
  return html`<form method="post" autocomplete="off">
${isOneOfSeveral ? html`<h2>${formTitles[form.type] ?? form.type}</h2>` : html``}
${form.how === null || isToldAlready ? html`` : html`<p>${setCode(form.how)}${link}</p>`}
${joinHtml(form.fields.map((field) => renderField(form.type, field, attempt)))}
<div class="row"><button class="main" name="answer" value="connect">Connect ${name}</button></div></form>`;
}

function renderField(type: string, field: CredentialField, attempt: Attempt | undefined): Html {
  const id = `${type}-${field.name}`;
  const value = field.secret ? '' : (attempt?.values[field.name] ?? '');
  const fault = attempt?.failure.details?.find(({ path }) => path === `credentials.${field.name}`)?.message;
  const name = html`id="${id}" name="${credentialPrefix + field.name}"`;
  const rest = html`autocomplete="off" spellcheck="false" autocapitalize="none"${fault === undefined ? html`` : html` aria-invalid="true"`}`;
  const input = field.multiline
    ? html`<textarea ${name} rows="6" ${rest}>${value}</textarea>`
    : html`<input ${name} type="${field.secret ? 'password' : 'text'}" value="${value}" ${rest}>`;
  return html`<div class="field"><label for="${id}">${field.label}</label>
${input}
${field.description === null ? html`` : html`<span class="hint">${field.description}</span>`}
${fault === undefined ? html`` : html`<span class="fault">${fault}</span>`}</div>`;
}

/** Texts of recipes set code in backticks. */
function setCode(text: string): Html {
  return joinPlain(text.split('`').map((piece, at) => (at % 2 === 1 ? html`<code>${piece}</code>` : html`${piece}`)));
}

function joinPlain(parts: readonly Html[]): Html {
  return parts.reduce((all, part) => html`${all}${part}`, html``);
}

/** Names are the service's: each is quoted, and beside what it stands for. */
export function renderChoice({ consent, integration, email }: Ask): CallbackPage {
  const { name } = integration.recipe;
  const choices = (consent.choices ?? []).map(
    ({ label, values }, at) =>
      html`<button name="choice" value="${String(at)}"><strong>${quoted(label)}</strong> <span class="hint">${Object.values(values).join(', ')}</span></button>`,
  );
  const body = joinHtml([
    html`<form method="post"><input type="hidden" name="answer" value="choose">${joinHtml(choices)}</form>`,
    declineForm,
    html`<p class="fine">You are signed in as ${email}.</p>`,
  ]);
  const intro = `You may use several at ${name}. The one you choose becomes an account here; to use another one too, connect ${name} once more.`;
  return renderPage(200, `Which one at ${name}?`, [intro], { body, hasForms: true });
}

export function renderConnected(
  gateway: Gateway,
  consent: Consent,
  done: CompletedConsent,
  headers: Record<string, string> = {},
): CallbackPage {
  const name = gateway.catalogue.find(consent.integration)?.recipe.name ?? consent.integration;
  const account = quoted(done.account);
  return renderPage(
    200,
    `${name} is connected`,
    [
      done.renewed
        ? `The account ${account} was connected before, and has a new credential now.`
        : `The account ${account} can be used from now on.`,
      'Was it the wrong account, or not you? Disconnect it on its page in the dashboard. Otherwise you can close this window.',
    ],
    {
      link: {
        href: `${gateway.config.publicUrl}/dashboard/integrations/${consent.integration}`,
        text: `See or disconnect it in the dashboard`,
      },
      headers,
    },
  );
}
