import { routes } from './routes.ts';

const accessNames = { key: 'API key', key_or_session: 'API key or session', session: 'session', open: 'open' } as const;

/** The REST routes as a Markdown table, from the rows themselves. */
export function printRouteTable(): string {
  const rows = routes.map((route) => `| \`${route.method} ${route.path}\` | ${accessNames[route.access]} | ${route.summary} |`);
  return ['| Route | Who | What |', '|---|---|---|', ...rows].join('\n');
}

/** Puts text between `<!-- name -->` and `<!-- /name -->`. */
export function replaceSection(document: string, name: string, text: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const start = document.indexOf(open);
  const end = document.indexOf(close);
  if (start === -1 || end === -1) throw new Error(`The document has no section ${open} … ${close}.`);
  return `${document.slice(0, start + open.length)}\n${text}\n${document.slice(end)}`;
}
