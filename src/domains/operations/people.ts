/** What whoever runs the installation does about its users. All of it needs `operator`, and leaves a row in the audit trail. */
import DataLoader from 'dataloader';
import { limitNames, type PlanLimits, type PlanName } from '../../core/config/plans.ts';
import type { Context, Gateway } from '../../core/context.ts';
import { type Db, lockInTransaction } from '../../core/database/database.ts';
import { notFound, SkillettError } from '../../core/errors.ts';
import { decodeCursor, decodeTimeCursor, type Page, type PageRequest, pageOfRows, type TimePosition } from '../../core/paging.ts';
import { isOperator, type Principal, requireOperator } from '../../core/principal.ts';
import { revokeKeysOf } from '../api-keys/store.ts';
import { recordAudit } from '../audit/audit.ts';
import { type AuditRow, countAuditRows, listAuditRows, type TrailFilter } from '../audit/trail-store.ts';
import { deleteImportsOf } from '../own-integrations/imports/import-store.ts';
import { deletePrivateOf } from '../own-integrations/store.ts';
import { countInvitations, type Invitation, listInvitations } from '../users/invitation-store.ts';
import { inviteUser, withdrawInvitation } from '../users/registration.ts';
import { deleteSessions } from '../users/sign-in/session-store.ts';
import { endSignInLinks, makeSignInLink, type SignInLink } from '../users/sign-in/sign-in-links.ts';
import {
  countUsersMatching,
  findUser,
  listUsers,
  listUsersById,
  lockUser,
  markClosed,
  type User,
  type UserChange,
  updateUser,
} from '../users/store.ts';
import { type BulkReport, revokeConnections } from './operations.ts';

const byCreation = ({ createdAt, id }: { createdAt: Date; id: string }): TimePosition => [createdAt, id];

/** The latest first, closed ones too. */
export async function listPeople(
  { db }: Pick<Gateway, 'db'>,
  principal: Principal,
  search: string | undefined,
  request: PageRequest,
): Promise<Page<User>> {
  requireOperator(principal);
  const [rows, total] = await Promise.all([
    listUsers(db, search, decodeTimeCursor(request.after), request.first + 1),
    countUsersMatching(db, search),
  ]);
  return pageOfRows(rows, request.first, total, byCreation);
}

export async function requirePerson({ db }: Pick<Gateway, 'db'>, principal: Principal, id: string): Promise<User> {
  requireOperator(principal);
  const user = await findUser(db, id);
  if (!user) throw notFound('User');
  return user;
}

/** Users by their ids for an operator, one query a request; undefined for those that are gone, and for everybody else who asks. */
export function loadPeople(context: Context): DataLoader<string, User | undefined> {
  return context.once(
    'people',
    () =>
      new DataLoader(async (ids: readonly string[]) => {
        const principal = await context.principal();
        const users = isOperator(principal) ? await listUsersById(context.gateway.db, ids) : [];
        const byId = new Map(users.map((user) => [user.id, user]));
        return ids.map((id) => byId.get(id));
      }),
  );
}

/** A user who is there and not closed; the row cannot change until the transaction ends. */
async function lockOpenUser(trx: Db, id: string): Promise<User> {
  const user = await lockUser(trx, id);
  if (!user) throw notFound('User');
  if (user.closedAt) throw new SkillettError('conflict', 'This user is closed.');
  return user;
}

interface Change {
  change: UserChange;
  action: string;
  details: Record<string, unknown>;
}

/** Changes a user and writes it down; `decide` sees the user as they are and may find that nothing is to be changed. */
async function changeUser(
  { db, clock }: Pick<Gateway, 'db' | 'clock'>,
  principal: Principal,
  id: string,
  requestId: string,
  decide: (user: User) => Change | undefined,
): Promise<User> {
  return db.transaction().execute(async (trx) => {
    const before = await lockOpenUser(trx, id);
    const decided = decide(before);
    if (!decided) return before;
    const after = await updateUser(trx, clock, id, decided.change);
    const { action, details } = decided;
    await recordAudit(trx, { userId: id, actor: principal.holderId, action, target: id, details, requestId });
    return after;
  });
}

/** From the user's next call on, on every process. Limits that were changed for the user alone stay. */
export async function setPlan(gateway: Gateway, principal: Principal, id: string, plan: PlanName, requestId: string): Promise<User> {
  requireOperator(principal);
  return changeUser(gateway, principal, id, requestId, (user) =>
    user.plan === plan ? undefined : { change: { plan }, action: 'user.plan_changed', details: { from: user.plan, to: plan } },
  );
}

/** A number, `none` for no limit, null for the plan's own; what is left out stays as it is. */
export type LimitChanges = { [name in keyof PlanLimits]?: number | 'none' | null | undefined };

/** From the user's next call on, on every process. */
export async function setLimits(
  gateway: Gateway,
  principal: Principal,
  id: string,
  changes: LimitChanges,
  requestId: string,
): Promise<User> {
  requireOperator(principal);
  return changeUser(gateway, principal, id, requestId, (user) => {
    const from = user.limits ?? {};
    const to: Record<string, number | null> = {};
    for (const name of limitNames) {
      const wanted = changes[name];
      if (typeof wanted === 'number') to[name] = wanted;
      else if (wanted === 'none') to[name] = null;
      else if (wanted === undefined && from[name] !== undefined) to[name] = from[name];
    }
    if (limitNames.every((name) => from[name] === to[name])) return undefined;
    const limits = Object.keys(to).length === 0 ? null : to;
    return { change: { limits }, action: 'user.limits_changed', details: { from, to } };
  });
}

export interface ClosedUser {
  user: User;
  /** What became of the connections, as `revokeConnections` reports it. */
  connections: BulkReport;
}

/**
 * Closes an account: its keys and sessions end at once on every process, nobody can sign in to it, and its connections are
 * deleted and revoked at their services, at most a hundred a call; closing again goes on with those. The user, the calls
 * and the audit trail stay. The owner cannot be closed.
 */
export async function closeUser(gateway: Gateway, principal: Principal, id: string, requestId: string): Promise<ClosedUser> {
  requireOperator(principal);
  const { db, clock } = gateway;
  await db.transaction().execute(async (trx) => {
    // Before the row's own lock, as whoever makes a key takes them.
    await lockInTransaction(trx, `api-keys/${id}`);
    const user = await lockUser(trx, id);
    if (!user) throw notFound('User');
    if (user.isOwner) throw new SkillettError('conflict', 'The owner runs the installation and cannot be closed.');
    if (user.closedAt) return;
    await markClosed(trx, clock, id);
    const keys = await revokeKeysOf(trx, clock, id);
    const sessionsEnded = await deleteSessions(trx, id);
    await endSignInLinks(trx, id);
    const integrations = await deletePrivateOf(trx, id);
    await deleteImportsOf(trx, id);
    await recordAudit(trx, {
      userId: id,
      actor: principal.holderId,
      action: 'user.closed',
      target: id,
      details: { email: user.email, keys, sessionsEnded, integrations },
      requestId,
    });
  });
  const connections = await revokeConnections(gateway, principal, { userId: id }, requestId);
  return { user: (await findUser(db, id)) as User, connections };
}

/**
 * For any user: how one without a password gets in, and how a lost password is replaced without mail. By a session alone, since
 * whoever holds a key with the scope `operator` would get all that the user may do with connected accounts, for longer than the key
 * lasts itself. Throws forbidden then.
 */
export async function createSignInLink(gateway: Gateway, principal: Principal, userId: string, requestId: string): Promise<SignInLink> {
  await requirePerson(gateway, principal, userId);
  if (principal.keyId !== undefined)
    throw new SkillettError(
      'forbidden',
      'A key makes no link that signs anybody in. Sign in to the dashboard for it, or run `npm run sign-in-link` where the server runs.',
    );
  return makeSignInLink(gateway, userId, { actor: principal.holderId, requestId });
}

export async function invitePerson(
  gateway: Gateway,
  principal: Principal,
  guest: { email: string; plan: PlanName },
  requestId: string,
): Promise<{ invitation: Invitation; url: string }> {
  requireOperator(principal);
  return inviteUser(gateway, guest, { actor: principal.holderId, requestId });
}

export async function withdrawPersonInvitation(gateway: Gateway, principal: Principal, id: string, requestId: string): Promise<Invitation> {
  requireOperator(principal);
  return withdrawInvitation(gateway, id, { actor: principal.holderId, requestId });
}

/** The latest first. */
export async function listAllInvitations(
  { db, clock }: Pick<Gateway, 'db' | 'clock'>,
  principal: Principal,
  request: PageRequest,
): Promise<Page<Invitation>> {
  requireOperator(principal);
  const [rows, total] = await Promise.all([
    listInvitations(db, clock, decodeTimeCursor(request.after), request.first + 1),
    countInvitations(db),
  ]);
  return pageOfRows(rows, request.first, total, byCreation);
}

/** Who did what, the latest first. */
export async function listTrail(
  { db }: Pick<Gateway, 'db'>,
  principal: Principal,
  filter: TrailFilter,
  request: PageRequest,
): Promise<Page<AuditRow>> {
  requireOperator(principal);
  const after = request.after === undefined ? undefined : String(decodeCursor(request.after, 1)[0]);
  const [rows, total] = await Promise.all([listAuditRows(db, filter, after, request.first + 1), countAuditRows(db, filter)]);
  return pageOfRows(rows, request.first, total, ({ id }) => [id]);
}
