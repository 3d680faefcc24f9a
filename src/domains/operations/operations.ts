/** Running the installation: stopping connections in bulk, finding out what a key has reached, rotating data keys. All of it needs `operator`. */
import DataLoader from 'dataloader';
import type { Context, Gateway } from '../../core/context.ts';
import { badRequest } from '../../core/errors.ts';
import { isOperator, type Principal, requireOperator } from '../../core/principal.ts';
import { recordAudit } from '../audit/audit.ts';
import { listConnectionsTouched, listTouched, type Touched } from '../audit/touched-store.ts';
import { endPendingConsent, removeConnection } from '../connections/change-connection.ts';
import { type Consent, type ConsentFilter, countPendingConsents, listPendingConsents } from '../connections/consent/consent-store.ts';
import { countStaleCredentials, resealCredentials } from '../connections/credential/reseal.ts';
import type { Revoked } from '../connections/credential/revocation.ts';
import { type ConnectionView, viewConnection, viewConsent } from '../connections/list-connections.ts';
import {
  type Connection,
  type ConnectionFilter,
  countConnectionsWhere,
  listConnectionsById,
  listConnectionsWhere,
  setFrozen,
} from '../connections/store.ts';
import { countStaleKeptAnswers, resealKeptAnswers } from '../executions/reseal.ts';

/** What to act on; what is given must all hold, and something must be given. */
export interface BulkTarget {
  integration?: string | undefined;
  userId?: string | undefined;
  /** Connections that this key started or has used. */
  keyId?: string | undefined;
}

export interface BulkOutcome {
  userId: string;
  /** As it was before; a pending consent too. */
  connection: ConnectionView;
  /** `cancelled` for a consent. */
  outcome: 'frozen' | 'thawed' | 'unchanged' | 'disconnected' | 'cancelled';
  /** For `disconnected` and `cancelled`: what the service said. */
  revoked: Revoked | null;
}

export interface BulkReport {
  outcomes: BulkOutcome[];
  /** Connections and consents of the target that this call did not get to: repeat it. */
  remaining: number;
}

const freezeMax = 1_000;
const revokeMax = 100;
const revokeAtOnce = 8;
const resealBatch = 100;

async function filterOf(gateway: Gateway, target: BulkTarget): Promise<ConnectionFilter> {
  const { integration, userId, keyId } = target;
  if (integration === undefined && userId === undefined && keyId === undefined)
    throw badRequest('Name an integration, a user or a key: nothing is done to every connection at once.');
  const reachedBy = keyId === undefined ? undefined : { ids: await listConnectionsTouched(gateway.db, keyId), startedBy: keyId };
  return { integration, userId, reachedBy };
}

/** Stops connections, or lets them go again. Calls with a frozen one are refused from the next on, on every process. */
export async function freezeConnections(
  gateway: Gateway,
  principal: Principal,
  target: BulkTarget,
  frozen: boolean,
  requestId: string,
): Promise<BulkReport> {
  requireOperator(principal);
  const { db, clock } = gateway;
  const filter = await filterOf(gateway, target);
  // Those to change come first, so that a repeated call goes on with the rest of them.
  const open = await listConnectionsWhere(db, { ...filter, frozen: !frozen }, freezeMax);
  const found = [...open, ...(await listConnectionsWhere(db, { ...filter, frozen }, freezeMax - open.length))];
  const changed = await db.transaction().execute(async (trx) => {
    const ids = new Set(
      await setFrozen(
        trx,
        clock,
        found.map(({ id }) => id),
        frozen,
      ),
    );
    for (const { id, userId, integration, account } of found.filter((connection) => ids.has(connection.id))) {
      await recordAudit(trx, {
        userId,
        actor: principal.holderId,
        action: frozen ? 'connection.frozen' : 'connection.thawed',
        target: id,
        details: { integration, account },
        requestId,
      });
    }
    return ids;
  });
  const word = frozen ? 'frozen' : 'thawed';
  return {
    outcomes: found.map((connection) => outcomeOf(connection, changed.has(connection.id) ? word : 'unchanged')),
    remaining: await countConnectionsWhere(db, { ...filter, frozen: !frozen }),
  };
}

function outcomeOf(connection: Connection, outcome: BulkOutcome['outcome'], revoked: Revoked | null = null): BulkOutcome {
  return { userId: connection.userId, connection: viewConnection(connection), outcome, revoked };
}

/**
 * Ends pending consents, and deletes connections with their credentials; grants and credentials end at their services. At most
 * a hundred of each a call.
 */
export async function revokeConnections(
  gateway: Gateway,
  principal: Principal,
  target: BulkTarget,
  requestId: string,
): Promise<BulkReport> {
  requireOperator(principal);
  const filter = await filterOf(gateway, target);
  const { db, clock } = gateway;
  const pending: ConsentFilter = { integration: target.integration, userId: target.userId, startedBy: target.keyId };
  // First, so that one that is just being completed is either ended here or a connection that is found below.
  const consents = await listPendingConsents(db, clock, pending, revokeMax);
  const ended = await inBatches(consents, (consent) => cancelOne(gateway, principal, consent, requestId));
  const found = await listConnectionsWhere(db, filter, revokeMax);
  const removed = await inBatches(found, (connection) => revokeOne(gateway, principal, connection, requestId));
  const [connectionsLeft, consentsLeft] = await Promise.all([countConnectionsWhere(db, filter), countPendingConsents(db, pending)]);
  return { outcomes: [...removed, ...ended], remaining: connectionsLeft + consentsLeft };
}

async function inBatches<Item>(items: readonly Item[], run: (item: Item) => Promise<BulkOutcome>): Promise<BulkOutcome[]> {
  const outcomes: BulkOutcome[] = [];
  for (let at = 0; at < items.length; at += revokeAtOnce)
    outcomes.push(...(await Promise.all(items.slice(at, at + revokeAtOnce).map((item) => run(item)))));
  return outcomes;
}

async function revokeOne(gateway: Gateway, principal: Principal, connection: Connection, requestId: string): Promise<BulkOutcome> {
  try {
    const revoked = await removeConnection(gateway, connection, { userId: connection.userId, actor: principal.holderId, requestId });
    return outcomeOf(connection, 'disconnected', revoked);
  } catch (error) {
    // One that fails must not keep the others alive; it is reported, and still there for the next try.
    gateway.log.error({ err: error, requestId, connection: connection.id }, 'a connection could not be revoked');
    return outcomeOf(connection, 'unchanged');
  }
}

async function cancelOne(gateway: Gateway, principal: Principal, consent: Consent, requestId: string): Promise<BulkOutcome> {
  const { id, userId } = consent;
  const outcome = { userId, connection: viewConsent(consent) };
  try {
    await endPendingConsent(gateway, consent, { userId, actor: principal.holderId, requestId });
    return { ...outcome, outcome: 'cancelled', revoked: 'unsupported' };
  } catch (error) {
    gateway.log.error({ err: error, requestId, consent: id }, 'a pending consent could not be cancelled');
    return { ...outcome, outcome: 'unchanged', revoked: null };
  }
}

/** What a key has reached since a moment: one entry a connection and endpoint, at most a thousand, the latest first. */
export function listReachOfKey(gateway: Gateway, principal: Principal, keyId: string, since: Date): Promise<Touched[]> {
  requireOperator(principal);
  return listTouched(gateway.db, keyId, since, 1_000);
}

export interface DataKeyState {
  /** Version of the data key that seals now. */
  version: number;
  /** Sealed values that are still under an older one; they stay readable. */
  remaining: number;
}

export async function readDataKeyState(gateway: Gateway, principal: Principal): Promise<DataKeyState> {
  requireOperator(principal);
  return countStale(gateway);
}

async function countStale(gateway: Gateway): Promise<DataKeyState> {
  await gateway.vault.reload();
  const [credentials, answers, secrets] = await Promise.all([
    countStaleCredentials(gateway),
    countStaleKeptAnswers(gateway),
    gateway.vault.countStaleSecrets(),
  ]);
  return { version: gateway.vault.currentVersion, remaining: credentials + answers + secrets };
}

/** Makes a new data key and starts bringing everything sealed under it, while the server runs. */
export async function rotateDataKeys(gateway: Gateway, principal: Principal, requestId: string): Promise<DataKeyState> {
  requireOperator(principal);
  const { db, vault } = gateway;
  await vault.reload();
  await db.transaction().execute(async (trx) => {
    const version = await vault.addDataKey(trx);
    await recordAudit(trx, {
      userId: principal.userId,
      actor: principal.holderId,
      action: 'data_key.rotated',
      target: null,
      details: { version },
      requestId,
    });
  });
  const state = await countStale(gateway);
  void resealEverything(gateway).catch((error: unknown) => {
    gateway.log.error({ err: error }, 'values could not all be sealed anew; the background job goes on with them');
  });
  return state;
}

/**
 * Background job: brings what older data keys sealed under the current one. It goes on where an earlier run or another
 * process stopped, and picks up what processes sealed before they knew of the new key. Returns how many it resealed.
 */
export async function resealEverything(gateway: Gateway): Promise<number> {
  const { vault, log } = gateway;
  await vault.reload();
  const report = (name: string, error: unknown) => {
    log.error({ err: error, secret: name }, 'a secret does not open and stays under the older data key');
  };
  let total = 0;
  for (;;) {
    const credentials = await resealCredentials(gateway, resealBatch);
    const answers = await resealKeptAnswers(gateway, resealBatch);
    const resealed = credentials + answers + (await vault.resealSecrets(resealBatch, report));
    if (resealed === 0) return total;
    total += resealed;
  }
}

/** Anybody's connections by their ids for an operator, one query a request; undefined for those that are gone, and for everybody else who asks. */
export function loadAnyConnections(context: Context): DataLoader<string, ConnectionView | undefined> {
  return context.once(
    'connections of anybody',
    () =>
      new DataLoader(async (ids: readonly string[]) => {
        const rows = isOperator(await context.principal()) ? await listConnectionsById(context.gateway.db, ids) : [];
        const byId = new Map(rows.map((row) => [row.id, viewConnection(row)]));
        return ids.map((id) => byId.get(id));
      }),
  );
}
