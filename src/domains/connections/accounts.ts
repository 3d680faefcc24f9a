/** One account of one integration is one connection: decides whether a proven credential makes one or renews one. */
import type { PlanLimits } from '../../core/config/plans.ts';
import type { Gateway } from '../../core/context.ts';
import { type Db, lockInTransaction } from '../../core/database/database.ts';
import { SkillettError } from '../../core/errors.ts';
import { quoted } from '../../core/text/quoted.ts';
import type { CatalogueIntegration } from '../recipes/catalogue.ts';
import type { Variables } from '../recipes/variables.ts';
import type { StoredCredential } from './credential/credential.ts';
import { countConnections, insertConnection, listSiblings, replaceCredential } from './store.ts';
import { accountKey, sitesOf } from './variables/account-variables.ts';

/** Whose it is to be, and the key or session that asked for it. */
export interface Starter {
  userId: string;
  startedBy: string;
}

declare module '../../core/context.ts' {
  interface Gateway {
    /**
     * Whether what took a while to get, such as a connection, may still be stored, asked in the transaction that stores it;
     * returns what the user's plan allows now.
     * Throws unauthorized, api_key_revoked, api_key_expired.
     */
    admitStarter: (trx: Db, starter: Starter) => Promise<PlanLimits>;
  }
}

/** A credential with the account it was proven to belong to. */
export interface ProvenCredential {
  userId: string;
  integration: CatalogueIntegration;
  credential: StoredCredential;
  /** As the provider names the account. */
  provider: { id: string; label: string };
  /** Label the user asked for. */
  label: string | undefined;
  /** Whether an account that is connected already takes that label; a narrow key renames nothing. */
  mayRename: boolean;
  providerScopes: string[] | null;
  expiresInSeconds: number | undefined;
  variables: Variables;
}

/**
 * Stores the credential, under `newId` unless the account is connected already. Connections of one user take turns, so
 * that the plan's number is exact. Throws plan_limit_reached, or conflict when the label belongs to another account.
 */
export async function keepConnection(
  gateway: Gateway,
  trx: Db,
  proven: ProvenCredential,
  newId: string,
  connectionsMax: number | null,
): Promise<{ id: string; account: string; renewed: boolean }> {
  const { clock, vault } = gateway;
  const { userId, integration } = proven;
  await lockInTransaction(trx, `connections/${userId}`);
  const siblings = await listSiblings(trx, userId, integration.slug);
  const providerAccountId = accountKey(integration, proven.provider.id, proven.variables);
  const known = siblings.find((row) => row.providerAccountId === providerAccountId);
  const others = siblings.filter((row) => row !== known);
  if (proven.label !== undefined) requireFreeLabel(integration, others, proven.label, proven.provider.label);
  const id = known?.id ?? newId;
  const label = known && !proven.mayRename ? known.account : proven.label;
  const account = label ?? known?.account ?? freeLabel(others, proven);
  const row = {
    authType: proven.credential.type,
    account,
    credential: vault.seal(JSON.stringify(proven.credential), id),
    providerScopes: proven.providerScopes,
    expiresInSeconds: proven.expiresInSeconds,
    refreshable: proven.credential.type === 'oauth2' && proven.credential.refreshToken !== null,
    variables: proven.variables,
  };
  if (known) await replaceCredential(trx, clock, id, row);
  else {
    await requireRoomForConnection(trx, userId, connectionsMax);
    const isDefault = siblings.length === 0;
    await insertConnection(trx, clock, {
      ...row,
      id,
      userId,
      integration: integration.slug,
      providerAccountId,
      isDefault,
    });
  }
  return { id, account, renewed: known !== undefined };
}

/** Throws plan_limit_reached. Exact only inside a transaction that holds the user's lock. */
export async function requireRoomForConnection(db: Db, userId: string, connectionsMax: number | null): Promise<void> {
  if (connectionsMax === null || (await countConnections(db, userId)) < connectionsMax) return;
  throw new SkillettError('plan_limit_reached', `Plan limit reached: maximum ${connectionsMax} connections.`, { action: '/billing' });
}

function requireFreeLabel(
  integration: CatalogueIntegration,
  others: readonly { account: string }[],
  label: string,
  provider: string,
): void {
  if (!others.some((row) => row.account === label)) return;
  throw new SkillettError(
    'conflict',
    `The name ${quoted(label)} already belongs to another ${integration.recipe.name} account than ${quoted(provider)}. Choose another name, or sign in to ${integration.recipe.name} as the account it belongs to.`,
  );
}

/** Two accounts of a provider may carry one name; their sites, or what the provider never changes, tell them apart. */
function freeLabel(others: readonly { account: string }[], { integration, provider, variables }: ProvenCredential): string {
  const sites = sitesOf(integration, variables);
  const more = [[], ...(sites.length > 0 ? [sites] : []), [provider.id, ...sites]];
  const labels = more.map((parts) => (parts.length === 0 ? provider.label : `${provider.label} (${parts.join(', ')})`));
  return labels.find((label) => !others.some((row) => row.account === label)) ?? (labels.at(-1) as string);
}
