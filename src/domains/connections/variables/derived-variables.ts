/** Variables whose values nobody gives: they are in the credential, or in what the token endpoint answers. */
import type { Gateway } from '../../../core/context.ts';
import { badRequest, SkillettError } from '../../../core/errors.ts';
import type { CatalogueIntegration } from '../../recipes/catalogue.ts';
import { evaluateOn } from '../../recipes/success.ts';
import type { Variables } from '../../recipes/variables.ts';
import type { GivenCredential } from '../credential/credential.ts';
import { hostFaults, valueFault } from './account-variables.ts';

/** What the credential, or the file that it came in (`about`), says of its account, beside what was given. Throws bad_request, which never repeats any of it. */
export function withCredentialVariables(
  integration: CatalogueIntegration,
  credential: GivenCredential,
  given: Variables,
  about?: unknown,
): Variables {
  const { path, text, isSecret } = partOf(credential, about);
  const found: Record<string, string> = {};
  for (const [name, { from }] of Object.entries(integration.recipe.variables ?? {})) {
    const value = from !== 'input' && 'credential' in from ? evaluateOn(text)(from.credential) : undefined;
    // A secret of another form than the expression expects must not become something that is shown.
    if (typeof value === 'string' && !(isSecret && value === text)) found[name] = value;
  }
  const all = { ...given, ...found };
  const [fault] = findFaults(integration, 'credential', all);
  if (fault === undefined) return all;
  throw badRequest(`${integration.recipe.name} cannot be connected like this: \`credentials.${path}\` ${fault}`, [
    { path: `credentials.${path}`, message: fault },
  ]);
}

function partOf(credential: GivenCredential, about: unknown): { path: string; text: unknown; isSecret: boolean } {
  if (credential.type === 'bearer') return { path: 'token', text: credential.token, isSecret: true };
  if (credential.type === 'api_key') return { path: 'api_key', text: credential.apiKey, isSecret: true };
  // Of a file no secret can become a variable: keys have several lines, and variables one.
  if (credential.type === 'jwt_bearer') return { path: 'key_file', text: about, isSecret: true };
  if (credential.type === 'signature_v4') return { path: 'access_key_id', text: credential.accessKeyId, isSecret: false };
  if (credential.type === 'client_credentials') return { path: 'client_id', text: credential.clientId, isSecret: false };
  // A key that is sent as Basic has no user name.
  if (credential.username === '') return { path: 'api_key', text: credential.password, isSecret: true };
  return { path: 'username', text: credential.username, isSecret: false };
}

/** What a token answer says of the account. Throws upstream_unexpected where it is nothing that requests may go to. */
export function withAnswerVariables(integration: CatalogueIntegration, found: Variables, kept: Variables): Variables {
  const all = { ...kept, ...found };
  const [fault] = findFaults(integration, 'token_answer', all);
  if (fault === undefined) return all;
  throw new SkillettError('upstream_unexpected', `The sign-in service of ${integration.slug} answered with a token whose answer ${fault}`);
}

/** Those of the connection after its token was renewed: a value that cannot be taken leaves the one before, since the token is good. */
export function renewVariables(
  gateway: Gateway,
  integration: CatalogueIntegration,
  connection: { id: string; variables: Variables },
  found: Variables,
): Variables {
  try {
    return withAnswerVariables(integration, found, connection.variables);
  } catch (error) {
    gateway.log.warn(
      { err: error, connection: connection.id, integration: integration.slug },
      'a renewed token came with variables that are not taken',
    );
    return connection.variables;
  }
}

/** What is wrong with the values from this source, each without the value. */
function findFaults(integration: CatalogueIntegration, source: 'credential' | 'token_answer', values: Variables): string[] {
  const faults: string[] = [];
  for (const [name, variable] of Object.entries(integration.recipe.variables ?? {})) {
    if (variable.from === 'input' || !(source in variable.from)) continue;
    const value = values[name];
    if (value === undefined && variable.default !== undefined) continue;
    if (value === undefined) faults.push(`holds no \`${name}\`: ${variable.description}`);
    const fault = value === undefined ? undefined : valueFault(variable, value);
    if (fault !== undefined) faults.push(`holds a \`${name}\` that ${fault}`);
  }
  if (faults.length === 0)
    for (const { name, message } of hostFaults(integration, values)) faults.push(`holds a \`${name}\` that ${message}`);
  return faults;
}
