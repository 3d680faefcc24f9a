/** From what a person gives to what is kept: with its first access token, where it is one with which tokens are asked for. */
import type { Gateway } from '../../../core/context.ts';
import type { CatalogueIntegration } from '../../recipes/catalogue.ts';
import type { Auth } from '../../recipes/format/auth.ts';
import type { Variables } from '../../recipes/variables.ts';
import { type GivenCredential, isGrant, type StoredCredential } from '../credential/credential.ts';
import { withAnswerVariables } from '../variables/derived-variables.ts';
import { nameAccount, obtainToken } from './ask-token.ts';

interface IssuedCredential {
  credential: StoredCredential;
  variables: Variables;
  /** Undefined where only the service can say. */
  account: { id: string; label: string } | undefined;
  expiresInSeconds: number | undefined;
}

/** Throws credential_rejected where the service gives no token for it, upstream_unreachable, upstream_unexpected. */
export async function issueCredential(
  gateway: Gateway,
  userId: string,
  { integration, auth, variables }: { integration: CatalogueIntegration; auth: Auth; variables: Variables },
  given: GivenCredential,
): Promise<IssuedCredential> {
  if (!isGrant(given)) return { credential: given, variables, account: undefined, expiresInSeconds: undefined };
  if ((auth.type !== 'client_credentials' && auth.type !== 'jwt_bearer') || auth.type !== given.type)
    throw new Error(`A credential of the form ${given.type} is none for ${auth.type}.`);
  const grant = await obtainToken(gateway, userId, { integration, auth, variables }, given);
  const known = withAnswerVariables(integration, grant.found, variables);
  return {
    credential: { ...given, accessToken: grant.accessToken, expiresInSeconds: grant.expiresInSeconds ?? null },
    variables: known,
    account: nameAccount({ integration, auth, variables: known }, given) ?? grant.account,
    expiresInSeconds: grant.expiresInSeconds,
  };
}
