/** The JWT with which a private key asks for tokens (RFC 7523, section 3). */
import { createPrivateKey, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { CatalogueIntegration } from '../../recipes/catalogue.ts';
import type { JwtBearer } from '../../recipes/format/credentials/grants.ts';
import { fillJson, isFilled, type Variables } from '../../recipes/variables.ts';

/** How far a clock may be ahead of that of the service. */
const skewSeconds = 60;

/** The algorithm is the recipe's alone: neither the key nor anything that the person gave says another. `audience`: where the recipe says none. */
export async function signAssertion(
  { recipe }: CatalogueIntegration,
  auth: JwtBearer,
  given: { privateKey: string; variables: Variables; audience: string | undefined; nowMs: number },
): Promise<string> {
  const { privateKey, variables, audience, nowMs } = given;
  const fill = (constants: Readonly<Record<string, unknown>> | undefined) =>
    Object.fromEntries(
      Object.entries(constants ?? {})
        .filter(([, value]) => isFilled(recipe, value, variables))
        .map(([name, value]) => [name, fillJson(value, variables)]),
    );
  const now = Math.floor(nowMs / 1000);
  return new SignJWT({
    ...(audience !== undefined && { aud: audience }),
    ...fill(auth.claims),
    iat: now - skewSeconds,
    exp: now + auth.lifetime_seconds,
    jti: randomUUID(),
  })
    .setProtectedHeader({ ...fill(auth.header), typ: 'JWT', alg: auth.algorithm })
    .sign(createPrivateKey(privateKey));
}
