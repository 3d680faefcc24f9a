/** What a user does to a connection they have: make it the default, rename it, disconnect it. */
import type { Gateway } from '../../core/context.ts';
import { lockInTransaction } from '../../core/database/database.ts';
import { notFound, SkillettError } from '../../core/errors.ts';
import { coversScope, type Principal } from '../../core/principal.ts';
import { quoted } from '../../core/text/quoted.ts';
import { recordAudit } from '../audit/audit.ts';
import { type Consent, deleteFruitlessConsent, endConsent } from './consent/consent-store.ts';
import { dropHeld } from './consent/keep-grant.ts';
import type { StoredCredential } from './credential/credential.ts';
import { type Revoked, revokeAtProvider } from './credential/revocation.ts';
import { type ConnectionView, findConnectionView, viewConnection } from './list-connections.ts';
import { findProvider } from './oauth2/oauth2.ts';
import { type Connection, deleteConnection, findConnection, listSiblings, renameAccount, setDefault } from './store.ts';

async function requireView(gateway: Gateway, principal: Principal, id: string): Promise<ConnectionView> {
  const view = await findConnectionView(gateway, principal, id);
  if (!view) throw notFound('Connection');
  return view;
}

async function requireConnection(gateway: Gateway, principal: Principal, id: string): Promise<Connection> {
  const { connection } = await requireView(gateway, principal, id);
  if (connection) requireWholeIntegration(principal, connection);
  else throw new SkillettError('conflict', 'Nothing is connected under this id yet: the consent has not been given.');
  return connection;
}

/** A key for reads or single endpoints uses the user's connections; what becomes of them is not for it to say. */
function requireWholeIntegration(principal: Principal, { integration }: { integration: string }): void {
  if (coversScope(principal.scopes, integration)) return;
  throw new SkillettError(
    'forbidden',
    `This key may use the ${integration} connections but not change them: that needs a key with the scope \`${integration}\` or \`*\`.`,
  );
}

export interface DefaultChange {
  connection: ConnectionView;
  /** The default before, where that was another. */
  previous: ConnectionView | undefined;
}

/** Makes this the account that calls use when they name none. Throws not_found, forbidden, conflict. */
export async function setDefaultConnection(gateway: Gateway, principal: Principal, id: string, requestId: string): Promise<DefaultChange> {
  const { id: connectionId, integration, account } = await requireConnection(gateway, principal, id);
  return gateway.db.transaction().execute(async (trx) => {
    await lockInTransaction(trx, `connections/${principal.userId}`);
    const siblings = await listSiblings(trx, principal.userId, integration);
    const before = siblings.find((row) => row.isDefault && row.id !== connectionId);
    await setDefault(trx, principal.userId, integration, connectionId);
    await recordAudit(trx, {
      userId: principal.userId,
      actor: principal.holderId,
      action: 'connection.made_default',
      target: connectionId,
      details: { integration, account },
      requestId,
    });
    const changed = await findConnection(trx, principal.userId, connectionId);
    if (!changed) throw notFound('Connection');
    const previous = before && (await findConnection(trx, principal.userId, before.id));
    return { connection: viewConnection(changed), previous: previous && viewConnection(previous) };
  });
}

/** Throws not_found, forbidden, conflict when another account of the integration has the name. */
export async function renameConnection(
  gateway: Gateway,
  principal: Principal,
  id: string,
  account: string,
  requestId: string,
): Promise<ConnectionView> {
  const connection = await requireConnection(gateway, principal, id);
  return gateway.db.transaction().execute(async (trx) => {
    await lockInTransaction(trx, `connections/${principal.userId}`);
    const siblings = await listSiblings(trx, principal.userId, connection.integration);
    if (siblings.some((row) => row.account === account && row.id !== connection.id))
      throw new SkillettError(
        'conflict',
        `Another ${connection.integration} account is already called ${quoted(account)}. Choose another name.`,
      );
    await renameAccount(trx, gateway.clock, connection.id, account);
    await recordAudit(trx, {
      userId: principal.userId,
      actor: principal.holderId,
      action: 'connection.renamed',
      target: connection.id,
      details: { integration: connection.integration, from: connection.account, to: account },
      requestId,
    });
    const changed = await findConnection(trx, principal.userId, connection.id);
    if (!changed) throw notFound('Connection');
    return viewConnection(changed);
  });
}

/**
 * Deletes the credential at once, then ends it at the provider. A consent that made no connection is cancelled and forgotten.
 * Throws not_found, forbidden.
 */
export async function disconnect(gateway: Gateway, principal: Principal, id: string, requestId: string): Promise<{ revoked: Revoked }> {
  const view = await requireView(gateway, principal, id);
  const audit = { userId: principal.userId, actor: principal.holderId, requestId };
  // What a key asked for, it may take back.
  if (view.connection || view.startedBy !== principal.holderId) requireWholeIntegration(principal, view);
  if (view.connection) return { revoked: await removeConnection(gateway, view.connection, audit) };
  await cancelConsent(gateway, view, audit);
  return { revoked: 'unsupported' };
}

interface AuditOrigin {
  userId: string;
  actor: string;
  requestId: string | null;
}

/** Deletes a connection and revokes its credential. Throws not_found when it is gone already. */
export async function removeConnection(gateway: Gateway, connection: Connection, audit: AuditOrigin): Promise<Revoked> {
  const { id, userId, integration, account } = connection;
  const details = { integration, account };
  const deleted = await gateway.db.transaction().execute(async (trx) => {
    await lockInTransaction(trx, `connections/${userId}`);
    const row = await deleteConnection(trx, id);
    if (!row) throw notFound('Connection');
    const left = await listSiblings(trx, userId, integration);
    // With one account left there is no choice to make; with more, the user says which is the default now.
    if (left.length === 1) await setDefault(trx, userId, integration, left[0]?.id);
    await recordAudit(trx, { ...audit, action: 'connection.deleted', target: id, details });
    return row;
  });
  const known = gateway.catalogue.find(integration);
  const revoked = await revokeAtProvider(
    gateway,
    userId,
    known && findProvider(gateway, known, deleted.variables),
    await openOrForget(gateway, id, deleted.credential),
  );
  await recordAudit(gateway.db, { ...audit, action: 'connection.revoked', target: id, details: { ...details, revoked } });
  return revoked;
}

/** A credential that does not open any more must not keep its connection from being removed. */
async function openOrForget(gateway: Gateway, id: string, sealed: string): Promise<StoredCredential | undefined> {
  try {
    return JSON.parse(await gateway.vault.open(sealed, id)) as StoredCredential;
  } catch (error) {
    gateway.log.error({ err: error, connection: id }, 'a deleted credential could not be opened to be revoked');
    return undefined;
  }
}

async function cancelConsent(gateway: Gateway, view: ConnectionView, audit: AuditOrigin): Promise<void> {
  const consent = await gateway.db.transaction().execute(async (trx) => {
    const deleted = await deleteFruitlessConsent(trx, gateway.clock, view.id);
    if (!deleted) throw notFound('Connection');
    await recordAudit(trx, { ...audit, action: 'consent.cancelled', target: view.id, details: { integration: view.integration } });
    return deleted;
  });
  await dropHeld(gateway, consent);
}

/** For an operator: ends a pending consent as failed, so that whoever asks for it learns of its end. Throws not_found when it has ended already. */
export async function endPendingConsent(gateway: Gateway, consent: Consent, audit: AuditOrigin): Promise<void> {
  const { id, integration } = consent;
  await gateway.db.transaction().execute(async (trx) => {
    if (!(await endConsent(trx, id, { status: 'error', reason: 'failed' }))) throw notFound('Connection');
    await recordAudit(trx, { ...audit, action: 'consent.cancelled', target: id, details: { integration } });
  });
  await dropHeld(gateway, consent);
}
