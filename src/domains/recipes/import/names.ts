/** Names of ours for what descriptions name in their way: always the same for the same description. */
import { createHash } from 'node:crypto';

const nameLengthMax = 40;

/** `pullRequestId`, `pull-request.id` and `pulls/list` in words. */
function wordsOf(text: string): string[] {
  return text
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

/** A parameter's name as agents give it; the provider's own where that can be one. `__proto__` cannot: records that are read leave it out. */
export function nameParameter(theirs: string): string {
  if (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(theirs) && theirs !== '__proto__') return theirs;
  const name = wordsOf(theirs).join('_');
  return /^[a-z]/.test(name) ? name : `value_${name || hashOf(theirs)}`;
}

/** What other files of a recipe are called. */
const otherFiles = ['recipe', 'answers', 'guides'];

/** The folder of an endpoint's document, from the first tag of its operation. */
export function nameResource(tag: string | undefined): string {
  const name = wordsOf(tag ?? '')
    .join('-')
    .slice(0, 40)
    .replace(/-+$/, '');
  return /^[a-z]/.test(name) && !otherFiles.includes(name) ? name : name === '' ? 'api' : `api-${name}`;
}

const verbsOfMethods = { GET: 'get', POST: 'create', PUT: 'replace', PATCH: 'update', DELETE: 'delete' } as const;

const verbs = new Set(
  'add archive batch cancel check close copy create delete disable download enable export find get import insert join leave list lock mark merge modify move open patch publish query read remove rename replace reset resolve restore retry revoke run search send set star start stop sync trash undelete unlock unstar untrash update upload watch'.split(
    ' ',
  ),
);

/** Whether a name says by itself what is done. */
export function holdsVerb(name: string): boolean {
  const words = wordsOf(name);
  return words.length > 1 && (verbs.has(words[0] as string) || verbs.has(words.at(-1) as string));
}

export interface OperationPlace {
  method: keyof typeof verbsOfMethods;
  path: string;
  operationId?: string | undefined;
}

/** A verb and what it is about: from the operation's id where a verb is in it, else from method and path. */
export function nameEndpoint({ method, path, operationId = '' }: OperationPlace): string {
  const words = wordsOf(operationId);
  const at = [0, words.length - 1].find((place) => verbs.has(words[place] ?? ''));
  if (words.length > 1 && at !== undefined) {
    const others = words.filter((_, place) => place !== at);
    // Ids of groups, as in `gmail.users.messages.list`: what is listed stands last.
    return shorten([words[at] as string, ...(at === 0 ? others : others.slice(-2))].join('_'), operationId);
  }
  const segments = path.split('/').filter((segment) => segment !== '');
  const nouns = segments.filter((segment) => !segment.startsWith('{')).flatMap(wordsOf);
  const isList = method === 'GET' && segments.at(-1)?.startsWith('{') === false;
  return shorten([isList ? 'list' : verbsOfMethods[method], ...nouns.slice(-3)].join('_'), `${method} ${path}`);
}

function shorten(name: string, whole: string): string {
  return name.length <= nameLengthMax ? name : tellApart(name, whole);
}

/** The name with a suffix of what it is a name of. */
export function tellApart(name: string, whole: string): string {
  return `${name.slice(0, nameLengthMax - 7).replace(/_+$/, '')}_${hashOf(whole)}`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 6);
}
