import DataLoader from 'dataloader';
import type { Context } from '../../core/context.ts';
import { findLastUses } from './store.ts';

/** When keys (or sessions) last authenticated a request, by id; undefined for never. One query a request. */
export function loadLastUse(context: Context): DataLoader<string, Date | undefined> {
  return context.once(
    'last use',
    () =>
      new DataLoader(async (holderIds: readonly string[]) => {
        const found = await findLastUses(context.gateway.db, holderIds);
        return holderIds.map((id) => found.get(id));
      }),
  );
}
