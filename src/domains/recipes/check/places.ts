/** No two values of an endpoint go to the same place, and none to the credential's. */

import { signatureNames } from '../format/credentials/signatures.ts';
import type { Endpoint, Integration } from '../format/format.ts';
import type { Parameter } from '../format/parameter.ts';
import type { FaultPath, Report } from './texts.ts';

/** How the body is written; undefined where there is none. */
export function encodingOf(endpoint: Endpoint) {
  return endpoint.method === 'GET' ? undefined : (endpoint.body?.encoding ?? 'json');
}

export function validatePlaces(endpoint: Endpoint, recipe: Integration | undefined, report: Report): void {
  const jsonBody = ['json', 'related'].includes(encodingOf(endpoint) ?? '') || endpoint.body?.mail_at !== undefined;
  const holders = new Map<string, string>();
  for (const place of recipe ? listCredentialPlaces(recipe) : []) holders.set(place, 'the credential');
  const take = (space: string, name: string, holder: string, path: FaultPath): void => {
    const pointer = space === 'body' && jsonBody;
    if (pointer && !/^(\/([^~/]|~[01])*)*$/.test(toPointer(name)))
      report(path, `${name} is no JSON Pointer (RFC 6901): write ~ as ~0 and / as ~1`);
    if (!pointer && name === '') report(path, 'must name where the value goes; only a JSON body can be one value');
    const place = placeOf(space, pointer ? toPointer(name) : name);
    const other = holders.get(place) ?? (pointer ? findOverlap(holders, place) : undefined);
    if (other === undefined) holders.set(place, holder);
    else report(path, `goes to the same place as ${other}`);
  };
  for (const name of Object.keys(endpoint.query ?? {})) take('query', name, `the constant ${name}`, ['query', name]);
  for (const name of Object.keys(endpoint.body?.constants ?? {})) take('body', name, `the constant ${name}`, ['body', 'constants', name]);
  if (endpoint.body?.mail_at !== undefined) take('body', endpoint.body.mail_at, 'the mail', ['body', 'mail_at']);
  for (const [name, parameter] of Object.entries(endpoint.parameters))
    if (parameter.in !== 'path')
      take(parameter.in, writtenAt(name, parameter), name, ['parameters', name, ...(parameter.as === undefined ? [] : ['as'])]);
}

/** Members that join an object leave room beside them, but nobody else may fill the object whole. */
function writtenAt(name: string, { as, merge }: Parameter): string {
  return merge && as !== undefined ? `${toPointer(as)}/${name}` : (as ?? name);
}

function placeOf(space: string, name: string): string {
  return `${space} ${space === 'header' ? name.toLowerCase() : name}`;
}

/** A plain name is a property of the body; the empty string is the whole body. */
function toPointer(name: string): string {
  return name === '' || name.startsWith('/') ? name : `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** Who holds a place in the JSON body above or below this one: one of the two would overwrite the other. */
function findOverlap(holders: ReadonlyMap<string, string>, place: string): string | undefined {
  for (const [other, holder] of holders)
    if (other.startsWith('body ') && (other.startsWith(`${place}/`) || place.startsWith(`${other}/`))) return holder;
  return undefined;
}

export function listCredentialPlaces(recipe: Integration): string[] {
  return recipe.auth.flatMap((auth) => {
    if (auth.type === 'signature_v4') return signatureNames.headers.map((name) => placeOf('header', name));
    if (auth.type === 'none') return [];
    if ('bearer_prefix' in auth) return auth.token_header === undefined ? [] : [placeOf('header', auth.token_header)];
    const fields = Object.values(auth.fields ?? {}).map((field) =>
      field.header === undefined ? placeOf('query', field.query ?? '') : placeOf('header', field.header),
    );
    if (auth.type === 'bearer') fields.push(placeOf('header', auth.header));
    if (auth.type === 'api_key' && auth.in !== 'path') fields.push(placeOf(auth.in, auth.name));
    return fields;
  });
}
