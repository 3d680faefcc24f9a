/** What `select` asks for that no shape of the answer knows: a warning, since a shape is what a description promises and never all there is. */
import { escapeHidden } from '../../../core/text/hidden-characters.ts';
import type { CatalogueEndpoint, CatalogueIntegration } from '../catalogue.ts';
import { typeOfPath, type UnknownName } from './type-of-path.ts';

const namesMax = 8;
const toldMax = 3;

/** Undefined where everything is known, or nothing is of the answer. The expression is one that parses. */
export function findSelectWarning({ answers }: CatalogueIntegration, { name }: CatalogueEndpoint, select: string): string | undefined {
  const type = Object.hasOwn(answers.returns, name) ? answers.returns[name] : undefined;
  if (type === undefined) return undefined;
  const { unknown } = typeOfPath(answers, type, select);
  if (unknown.length === 0) return undefined;
  return `\`select\` asks for what the answer may not have, which is null then. ${unknown.slice(0, toldMax).map(say).join(' ')}`;
}

function say({ name, in: place, near, known }: UnknownName): string {
  const what = place.endsWith('[]') ? 'a list' : name === '[]' || known.length === 0 ? 'no list or object' : 'an object';
  const front = `${printName(name)} is not known of ${what} (${place})`;
  if (near.length > 0) return `${front}; did you mean ${near.map((one) => printName(one)).join(' or ')}?`;
  if (known.length === 0) return `${front}.`;
  const listed = known.slice(0, namesMax).map((one) => printName(one));
  return `${front}, which has ${listed.join(', ')}${known.length > namesMax ? ' …' : '.'}`;
}

/** Names are the service's, so they stand as JSON strings, in which nothing hides. */
function printName(name: string): string {
  return escapeHidden(JSON.stringify(name));
}
