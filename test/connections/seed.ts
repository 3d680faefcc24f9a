/** An OAuth connection as a consent would have left it, without the consent. */
import { sql } from 'kysely';
import type { Gateway } from '../../src/core/context.ts';
import { newId } from '../../src/core/ids.ts';
import { insertConnection, replaceCredential } from '../../src/domains/connections/store.ts';

export interface OAuthSeed {
  userId: string;
  integration: string;
  accessToken?: string;
  refreshToken?: string | null;
  /** Lifetime as the provider said; absent: it did not. */
  expiresInSeconds?: number;
  /** Time left of it; default: all. */
  leftSeconds?: number;
  providerScopes?: string[] | null;
  /** Days since anything happened to it. */
  idleDays?: number;
  /** Id of a connection whose credential this replaces. */
  over?: string;
}

/** Returns the connection's id. */
export async function seedOAuthConnection(gateway: Gateway, seed: OAuthSeed): Promise<string> {
  const id = seed.over ?? newId('conn');
  const refreshToken = seed.refreshToken === undefined ? 'rt-1' : seed.refreshToken;
  const credential = {
    type: 'oauth2',
    accessToken: seed.accessToken ?? 'at-1',
    refreshToken,
    expiresInSeconds: seed.expiresInSeconds ?? null,
  };
  const row = {
    authType: 'oauth2',
    account: `account-${id}`,
    credential: gateway.vault.seal(JSON.stringify(credential), id),
    providerScopes: seed.providerScopes ?? null,
    expiresInSeconds: seed.leftSeconds ?? seed.expiresInSeconds,
    refreshable: refreshToken !== null,
    variables: {},
  };
  if (seed.over !== undefined) await replaceCredential(gateway.db, gateway.clock, id, row);
  else
    await insertConnection(gateway.db, gateway.clock, {
      ...row,
      id,
      userId: seed.userId,
      integration: seed.integration,
      providerAccountId: id,
      isDefault: false,
    });
  if (seed.idleDays !== undefined)
    await gateway.db
      .updateTable('connections')
      .set({ updatedAt: sql`now() - ${seed.idleDays} * interval '1 day'` })
      .where('id', '=', id)
      .execute();
  return id;
}
