/** Which keys and connections are no longer good, for the streams that still pass with them. */
import type { Gateway } from '../../core/context.ts';
import { authenticationFault, type SkillettError } from '../../core/errors.ts';
import { listKeyStates } from '../../domains/api-keys/store.ts';
import { listFrozenOf } from '../../domains/connections/store.ts';
import { connectionEnded } from '../../domains/executions/answer/passed/live-streams.ts';
import { listClosedOf } from '../../domains/users/store.ts';

export async function findEnded(
  { db, clock }: Pick<Gateway, 'db' | 'clock'>,
  keyIds: readonly string[],
  connectionIds: readonly string[],
): Promise<ReadonlyMap<string, SkillettError>> {
  const [keys, frozen] = await Promise.all([
    listKeyStates(db, clock, keyIds),
    connectionIds.length === 0 ? new Map<string, boolean>() : listFrozenOf(db, connectionIds),
  ]);
  const closed = new Set(await listClosedOf(db, [...new Set([...keys.values()].map(({ userId }) => userId))]));
  const ended = new Map<string, SkillettError>();
  for (const id of keyIds) {
    const key = keys.get(id);
    if (!key || closed.has(key.userId)) ended.set(id, authenticationFault('unauthorized'));
    else if (key.revokedAt) ended.set(id, authenticationFault('api_key_revoked'));
    else if (key.expired) ended.set(id, authenticationFault('api_key_expired'));
  }
  for (const id of connectionIds) if (frozen.get(id) !== false) ended.set(id, connectionEnded(frozen.get(id) === true));
  return ended;
}
