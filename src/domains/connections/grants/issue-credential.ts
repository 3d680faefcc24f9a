/** From what a person gives to what is kept: with its first access token, where it is one with which tokens are asked for. */
import type { Gateway } from '../../../core/context.ts';
import type { CatalogueIntegration } from '../../recipes/catalogue.ts';
import type { Auth } from '../../recipes/format/auth.ts';
import { fillText, type Variables, variablesOf } from '../../recipes/variables.ts';
import { type GivenCredential, isGrant, type StoredCredential } from '../credential/credential.ts';
import { withAnswerVariables } from '../variables/derived-variables.ts';
import { obtainToken } from './ask-token.ts';

interface IssuedCredential {
  credential: StoredCredential;
  variables: Variables;
  /** As the token answer names it. */
  account: { id: string; label: string } | undefined;
  /** Whether the service has taken it already. */
  isProven: boolean;
  expiresInSeconds: number | undefined;
}

interface Given {
  integration: CatalogueIntegration;
  auth: Auth;
  variables: Variables;
}

/** Throws credential_rejected where the service gives no token for it, upstream_unreachable, upstream_unexpected. */
export async function issueCredential(
  gateway: Gateway,
  userId: string,
  { integration, auth, variables }: Given,
  given: GivenCredential,
): Promise<IssuedCredential> {
  if (!isGrant(given))
    return {
      credential: given,
      variables,
      account: undefined,
      isProven: false,
      expiresInSeconds: undefined,
    };
  if ((auth.type !== 'client_credentials' && auth.type !== 'jwt_bearer') || auth.type !== given.type)
    throw new Error(`A credential of the form ${given.type} is none for ${auth.type}.`);
  const grant = await obtainToken(gateway, userId, { integration, auth, variables }, given);
  const known = withAnswerVariables(integration, grant.found, variables);
  return {
    credential: { ...given, accessToken: grant.accessToken, expiresInSeconds: grant.expiresInSeconds ?? null },
    variables: known,
    account: grant.account,
    isProven: true,
    expiresInSeconds: grant.expiresInSeconds,
  };
}

/** The account as a text of the recipe names it; undefined where there is none. */
export function nameAccount({ integration: { recipe }, auth, variables }: Given, given: GivenCredential) {
  if (!('account' in auth) || auth.account === undefined) return undefined;
  const ids = {
    ...('clientId' in given && { client_id: given.clientId }),
    ...('accessKeyId' in given && { access_key_id: given.accessKeyId }),
  };
  const name = fillText(auth.account, { ...variablesOf(recipe, variables), ...ids });
  return { id: name, label: name };
}
