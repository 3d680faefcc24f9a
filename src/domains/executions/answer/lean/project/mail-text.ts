/** The text of a mail and of markup, for people and models to read. */
import type { Json } from './transform.ts';

/** MIME parts deeper than this are nobody's mail. */
const depthMax = 20;

/** Of a tree of MIME parts (`{mimeType, body: {data}, parts}`, data in base64url): the first plain text, or else the first HTML as text. */
export function mailText(value: Json): string | undefined {
  const plain = findPart(value, 'text/plain', 0);
  if (plain !== undefined) return tidy(plain);
  const html = findPart(value, 'text/html', 0);
  return html === undefined ? undefined : htmlText(html);
}

function findPart(part: Json | undefined, type: string, depth: number): string | undefined {
  if (typeof part !== 'object' || part === null || Array.isArray(part) || depth > depthMax) return undefined;
  const { mimeType, body, parts, filename } = part;
  if (typeof mimeType === 'string' && mimeType.toLowerCase().startsWith(type) && !filename) {
    const data = typeof body === 'object' && body !== null && !Array.isArray(body) ? body.data : undefined;
    if (typeof data === 'string') return Buffer.from(data, 'base64url').toString('utf8');
  }
  for (const inner of Array.isArray(parts) ? parts : []) {
    const found = findPart(inner, type, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

const entities: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  hellip: '…',
  ndash: '–',
  mdash: '—',
};

/** HTML without its tags; a new line where a block begins. Each step passes over the text once, whatever stands in it. */
export function htmlText(html: string): string {
  const text = html
    .replaceAll(/<(style|script|head|title)\b[^<]*(?:<(?!\/\1\b)[^<]*)*<\/\1\s*>/gi, ' ')
    .replaceAll(/<!--[^-]*(?:-(?!->)[^-]*)*-->/g, ' ')
    .replaceAll(/<(?:br|\/?(?:p|div|tr|li|h[1-6]|ul|ol|table|blockquote))(?:\s[^<>]*)?\/?>/gi, '\n')
    .replaceAll(/<\/?[a-zA-Z][^<>]*>/g, '')
    .replaceAll(/&(#x[0-9a-fA-F]{1,6}|#\d{1,7}|[a-z]{2,8});/g, (whole, name: string) => entityOf(name) ?? whole);
  return tidy(text);
}

function entityOf(name: string): string | undefined {
  if (!name.startsWith('#')) return Object.hasOwn(entities, name) ? entities[name] : undefined;
  const code = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : undefined;
}

/** One kind of line end, no spaces at the end of lines, at most one empty line in a row. */
function tidy(text: string): string {
  const lines = text
    .replaceAll(/\r\n?/g, '\n')
    .split('\n')
    .map((line) => line.trimEnd());
  return lines
    .filter((line, at) => line !== '' || lines[at - 1] !== '')
    .join('\n')
    .trim();
}
