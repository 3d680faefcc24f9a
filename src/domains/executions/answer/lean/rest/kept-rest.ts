/** What the budget cut of an answer, kept for ten minutes for the key that asked. Key, scope and connection are asked again at each use. */
import { randomBytes } from 'node:crypto';
import type { Context, Gateway } from '../../../../../core/context.ts';
import { SkillettError } from '../../../../../core/errors.ts';
import { mayCall } from '../../../../../core/principal.ts';
import { listFrozenOf } from '../../../../connections/store.ts';
import { connectionEnded } from '../../passed/live-streams.ts';
import { type LeanTable, tableLengthMax } from '../table.ts';
import { deleteExpiredRests, deleteRest, findRest, insertRest } from './rest-store.ts';

/** Of one user, the oldest out first. */
const userBytesMax = 64 * 1024 * 1024;

/** Whose answer it is. */
export interface RestOf {
  integration: string;
  endpoint: string;
  connectionId: string | undefined;
  handle: string;
}

export interface Rest {
  /** With the rows that were shown last. */
  table: LeanTable;
  /** How many rows came before those. */
  skipped: number;
  shown: number;
  status: number;
  nextPage: string | null;
  write: boolean;
}

const handleForm = /^c_[A-Za-z0-9_-]{12}$/;

/** Whether `more` continues a kept answer; anything else is the next page of a service. */
export function isHandle(more: string): boolean {
  return more.startsWith('c_');
}

export function newHandle(): string {
  return `c_${randomBytes(9).toString('base64url')}`;
}

/** False where it is too long to be kept, or its key has ended. */
export async function keepRest(context: Context, of: RestOf, rest: Rest): Promise<boolean> {
  const { gateway } = context;
  const left = {
    ...rest,
    table: { ...rest.table, rows: rest.table.rows.slice(rest.shown), keys: [] },
    skipped: rest.skipped + rest.shown,
    shown: 0,
  };
  const text = JSON.stringify(left);
  if (Buffer.byteLength(text) > tableLengthMax) return false;
  const { userId, holderId } = await context.principal();
  const { handle: id, integration, endpoint, connectionId } = of;
  const answer = gateway.vault.seal(text, id);
  const bytes = answer.length;
  return insertRest(
    gateway.db,
    gateway.clock,
    { id, userId, holderId, integration, endpoint, connectionId: connectionId ?? null, answer, bytes },
    userBytesMax,
  );
}

/** Throws the 401s and 429 of `principal`, 403 `scope_not_allowed`, and not_found for a handle that is lost, or was never this key's. */
export async function openRest(
  context: Context,
  asked: { integration: string; endpoint: string; more: string; write: boolean },
): Promise<Rest & RestOf> {
  const { gateway } = context;
  const principal = await context.principal();
  const found = handleForm.test(asked.more) ? await findRest(gateway.db, gateway.clock, asked.more, principal.holderId) : undefined;
  if (!found || found.integration !== asked.integration || found.endpoint !== asked.endpoint) throw lost(asked);
  const { id: handle, integration, endpoint, connectionId } = found;
  const opened = JSON.parse(await gateway.vault.open(found.answer, handle)) as Rest;
  if (!mayCall(principal.scopes, integration, endpoint, !opened.write)) {
    await deleteRest(gateway.db, handle);
    throw new SkillettError('scope_not_allowed', `API key does not have access to the ${integration} integration.`);
  }
  const frozen = connectionId === null ? undefined : (await listFrozenOf(gateway.db, [connectionId])).get(connectionId);
  if (frozen) throw connectionEnded(true);
  return { ...opened, integration, endpoint, connectionId: connectionId ?? undefined, handle };
}

const atOnce = 1_000;

/** Background job: what is older than ten minutes. */
export async function dropOldRests({ db, clock }: Pick<Gateway, 'db' | 'clock'>): Promise<void> {
  while ((await deleteExpiredRests(db, clock, atOnce)) === atOnce);
}

function lost({ integration, endpoint, write }: { integration: string; endpoint: string; write: boolean }): SkillettError {
  const name = `\`${integration}.${endpoint}\``;
  return new SkillettError(
    'not_found',
    write
      ? `This rest of an answer is no longer kept: that lasts ten minutes, for the key that asked. ${name} was done and is not repeated: look at what it did with an endpoint that reads.`
      : `This rest of an answer is no longer kept: that lasts ten minutes, for the key that asked. Call ${name} again with the same \`params\`, without \`more\`, and with a larger \`budget\` or fewer rows.`,
  );
}
