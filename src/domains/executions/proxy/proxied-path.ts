/** The path of a proxied request: whatever a service may be asked for below its base address, and nothing that leads out of it. */
import type { CatalogueIntegration } from '../../recipes/catalogue.ts';
import { pathCredentialOf } from '../../recipes/path-credential.ts';
import { fillAddress, isVariable, namesIn, type Variables } from '../../recipes/variables.ts';

const pathLengthMax = 2_048;

/** RFC 3986, section 3.3, without what some servers read as the user of another host, and with names in braces. */
const pathCharacters = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:/]|%[0-9A-Fa-f]{2}|\{[a-z][a-z0-9_]*\})*$/;

/** What is wrong with a path, to follow `path`; undefined for a sound one. */
export function pathFault(path: unknown, integration: CatalogueIntegration): string | undefined {
  if (typeof path !== 'string' || !path.startsWith('/'))
    return 'must be a text that begins with `/`, such as /user/repos: what follows the base address of the service';
  if (path.length > pathLengthMax) return `must have at most ${pathLengthMax} characters`;
  if (path.includes('?')) return 'must not hold `?`: give what follows it in `query`';
  if (path.includes('#')) return 'must not hold `#`, which never reaches a service';
  if (path.includes('@')) return 'must not hold `@`: write %40';
  if (path.includes('\\')) return 'must not hold a backslash';
  if (!pathCharacters.test(path))
    return 'must be percent-encoded (RFC 3986, section 3.3): write a space as %20, and other letters as UTF-8';
  return placeFault(path) ?? nameFault(path, integration);
}

/** For the row of the call: what is no path could be anything, a pasted secret too. */
export function proxiedPath(call: unknown, integration: CatalogueIntegration): string | undefined {
  const { path } = call as { path?: unknown };
  return pathFault(path, integration) === undefined ? (path as string) : undefined;
}

/** As servers may read it that decode more than once, or cut a segment at a semicolon. */
function placeFault(path: string): string | undefined {
  if (path.includes('//')) return 'must not hold `//`';
  if (!isUtf8(path)) return 'must be percent-encoded UTF-8';
  for (let read = path, before = ''; read !== before; ) {
    if (read.split('/').some((segment) => isElsewhere(segment))) return 'must not hold `.` or `..` as a segment, which mean another place';
    before = read;
    read = before.replaceAll(/%[0-7][0-9a-f]/gi, (sign) => String.fromCharCode(Number.parseInt(sign.slice(1), 16)));
    if (countSlashes(read) !== countSlashes(before)) return 'must not hold an encoded slash or backslash';
    if (controls.test(read)) return 'must not hold encoded control characters';
  }
  return undefined;
}

function isUtf8(path: string): boolean {
  try {
    return decodeURIComponent(path) !== '';
  } catch {
    return false;
  }
}

function isElsewhere(segment: string): boolean {
  const [place] = segment.split(';', 1);
  return place === '.' || place === '..';
}

const countSlashes = (text: string) => text.split(/[/\\]/).length;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be in an address
const controls = /[\u0000-\u001f\u007f]/;

/** Names in braces are those of the account's variables, and that of a credential where the recipe's own paths have it. */
function nameFault(path: string, integration: CatalogueIntegration): string | undefined {
  const { recipe } = integration;
  const credential = pathCredentialOf(recipe);
  const names = namesIn(path);
  const unknown = names.find((name) => name !== credential && !isVariable(recipe, name));
  if (unknown !== undefined) return `must not hold \`{${unknown}}\`: ${integration.slug} fills no such name in`;
  if (credential === undefined) return undefined;
  const starts = credentialStarts(integration, credential);
  const held = names.filter((name) => name === credential).length;
  // Elsewhere it could be what the service answers with, or hands on.
  const holds = (start: string) => path.split('/')[start.split('/').length - 1] === start.slice(start.lastIndexOf('/') + 1);
  if (held === 1 && starts.some((start) => matchesStart(path, start) && holds(start))) return undefined;
  return `must begin with ${starts.map((start) => `\`${start}\``).join(' or ')}, braces included: the credential of the account is put there, and nowhere else`;
}

/** How paths of the recipe begin, up to the segment that holds the credential. */
function credentialStarts({ recipe, endpoints }: CatalogueIntegration, credential: string): string[] {
  const paths = [recipe.verify?.path ?? '', ...[...endpoints.values()].map(({ spec }) => spec.path)];
  const starts = paths.flatMap((path) => {
    const segments = path.split('/');
    const at = segments.findIndex((segment) => segment.includes(`{${credential}}`));
    return at === -1 ? [] : [segments.slice(0, at + 1).join('/')];
  });
  return [...new Set(starts)];
}

/** Whether a path begins with these segments, or has no others; a segment that is a name in braces stands for any. */
export function matchesStart(path: string, start: string, { whole = false } = {}): boolean {
  const segments = path.split('/');
  const wanted = start.split('/');
  if (whole && segments.length !== wanted.length) return false;
  return wanted.every((segment, at) => segment === segments[at] || (/^\{[a-z_]+\}$/.test(segment) && segments[at] !== undefined));
}

/** The address below the base; undefined where it would be another place, as with a variable that is no segment. */
export function addressBelow(base: string, path: string, variables: Variables): string | undefined {
  const address = fillAddress(base + path, variables);
  const root = URL.parse(fillAddress(base, variables));
  // A name that stays is the credential's; a text of its kind shows where it would be.
  const url = URL.parse(address.replaceAll(/[{}]/g, '_'));
  if (!root || !url || url.origin !== root.origin || url.username !== '' || url.search !== root.search || url.hash !== '') return undefined;
  const expected = root.pathname.replace(/\/$/, '') + fillAddress(path, variables).replaceAll(/[{}]/g, '_');
  return url.pathname === expected ? address : undefined;
}
