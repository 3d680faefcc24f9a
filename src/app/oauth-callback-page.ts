/** The page a person sees at the end of a consent: no script, nothing loaded, every value escaped. */
import { createHash } from 'node:crypto';
import type { Gateway } from '../core/context.ts';

export interface CallbackPage {
  status: number;
  headers: Record<string, string>;
  html: string;
}

const style = `
:root { color-scheme: light dark; }
body { font: 1.0625rem/1.5 system-ui, sans-serif; margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; color: CanvasText; }
main { max-width: 32rem; padding: 2rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
a { color: LinkText; }
`;

const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'cache-control': 'no-store',
  // The address holds the code and the state.
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Where a consent goes on, whatever came of it. */
export function integrationsLink({ config }: Pick<Gateway, 'config'>, text: string): { link: { href: string; text: string } } {
  return { link: { href: `${config.publicUrl}/dashboard/integrations`, text } };
}

export function renderPage(
  status: number,
  title: string,
  paragraphs: readonly string[],
  extra: { link?: { href: string; text: string }; headers?: Record<string, string> } = {},
): CallbackPage {
  const link = extra.link ? `<p><a href="${escapeHtml(extra.link.href)}">${escapeHtml(extra.link.text)}</a></p>` : '';
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Skillett</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${paragraphs.map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`).join('\n')}
${link}
</main>
</body>
</html>
`;
  return { status, headers: { ...pageHeaders, ...extra.headers }, html };
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] as string);
}
