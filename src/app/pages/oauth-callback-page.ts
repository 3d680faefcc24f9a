/** Pages that a person's browser shows without script: nothing is loaded, every value is escaped, no other site frames them. */
import { createHash } from 'node:crypto';
import type { Gateway } from '../../core/context.ts';
import { escapeHtml, type Html, html, joinHtml } from './html.ts';
import { pageStyle } from './page-style.ts';

export interface CallbackPage {
  status: number;
  headers: Record<string, string>;
  html: string;
}

interface PageExtra {
  link?: { href: string; text: string };
  headers?: Record<string, string>;
  /** What a service said, in its words, which are shown as a quotation and never as ours. */
  quote?: { from: string; words: string };
  /** Below the paragraphs. */
  body?: Html;
  /** The page posts forms to where it came from. */
  hasForms?: boolean;
  /** Where the browser goes on to by itself. */
  goTo?: string;
}

const styleHash = createHash('sha256').update(pageStyle).digest('base64');

function pageHeaders(hasForms: boolean): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action ${hasForms ? "'self'" : "'none'"}; frame-ancestors 'none'`,
    'cache-control': 'no-store',
    // An address may hold a code and a state. With `no-referrer`, browsers name no origin when they post a form.
    'referrer-policy': hasForms ? 'same-origin' : 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cross-origin-opener-policy': 'same-origin',
  };
}

/** Where a consent goes on, whatever came of it. */
export function integrationsLink({ config }: Pick<Gateway, 'config'>, text: string): { link: { href: string; text: string } } {
  return { link: { href: `${config.publicUrl}/dashboard/integrations`, text } };
}

export function renderPage(status: number, title: string, paragraphs: readonly string[], extra: PageExtra = {}): CallbackPage {
  const { link, quote, body, goTo } = extra;
  const content = joinHtml([
    ...paragraphs.map((paragraph) => html`<p>${paragraph}</p>`),
    ...(quote
      ? [html`<figure><figcaption>In the words of ${quote.from}:</figcaption><blockquote>${quote.words}</blockquote></figure>`]
      : []),
    ...(body ? [body] : []),
    ...(link ? [html`<p><a href="${link.href}">${link.text}</a></p>`] : []),
  ]);
  const text = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${goTo === undefined ? '' : `<meta http-equiv="refresh" content="0;url=${escapeHtml(goTo)}">`}
<title>${escapeHtml(title)} · Skillett</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
<p class="brand">${mark} Skillett</p>
<div class="card">
<h1>${escapeHtml(title)}</h1>
${content.text}
</div>
</main>
</body>
</html>
`;
  return { status, headers: { ...pageHeaders(extra.hasForms === true), ...extra.headers }, html: text };
}

/** Sends the browser on; there is nothing to show. */
export function redirectPage(location: string, headers: Record<string, string> = {}): CallbackPage {
  return { status: 302, headers: { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', ...headers }, html: '' };
}

/** As the dashboard shows it. */
const mark =
  '<svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true"><rect width="32" height="32" rx="8" fill="#12594b"/><circle cx="13.5" cy="18.5" r="7" fill="none" stroke="#f4efe4" stroke-width="2.5"/><path d="M18.6 13.4 26 6" stroke="#f4efe4" stroke-width="3" stroke-linecap="round"/><circle cx="13.5" cy="18.5" r="2.6" fill="#f2b84b"/></svg>';
