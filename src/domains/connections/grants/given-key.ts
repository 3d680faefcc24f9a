/** A private key as a person gives it: PEM, or the JSON file of the service that holds it. */
import { SkillettError } from '../../../core/errors.ts';
import type { CatalogueIntegration } from '../../recipes/catalogue.ts';
import type { JwtBearer } from '../../recipes/format/credentials/grants.ts';
import { evaluateOn } from '../../recipes/success.ts';
import { readPrivateKey } from './private-key.ts';

/** Its name in `credentials`. */
export function keyNameOf(auth: JwtBearer): 'key_file' | 'private_key' {
  return auth.key_file ? 'key_file' : 'private_key';
}

/** `about`: the file, for variables that come from it. Throws credential_rejected, which repeats nothing of what was given. */
export function readGivenKey(
  integration: CatalogueIntegration,
  auth: JwtBearer,
  values: Readonly<Record<string, string>>,
): { privateKey: string; about: unknown } {
  const name = keyNameOf(auth);
  const text = values[name] as string;
  const about = auth.key_file ? parseObject(text) : undefined;
  if (auth.key_file && about === undefined) throw rejected(integration, auth, 'is no JSON file: give all of it, from { to }');
  const pem = auth.key_file ? evaluateOn(about)(auth.key_file.private_key) : text;
  if (typeof pem !== 'string')
    throw rejected(integration, auth, `holds no private key at \`${auth.key_file?.private_key}\`: it is another file`);
  const read = readPrivateKey(pem, auth.algorithm);
  if ('fault' in read) throw rejected(integration, auth, auth.key_file ? `holds a private key that ${read.fault}` : read.fault);
  return { privateKey: read.pem, about };
}

function rejected({ recipe }: CatalogueIntegration, auth: JwtBearer, message: string): SkillettError {
  const path = `credentials.${keyNameOf(auth)}`;
  return new SkillettError('credential_rejected', `${recipe.name} cannot be connected with this: \`${path}\` ${message}. ${auth.how}`, {
    action: auth.create_url ?? recipe.documentation_url,
    details: [{ path, message }],
  });
}

function parseObject(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
