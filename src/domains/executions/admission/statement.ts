/** Sends a batch to the statement that fits it: one call alone costs the database half with a statement of its own. */
import type { Gateway } from '../../../core/context.ts';
import type { SkillettError } from '../../../core/errors.ts';
import type { Admission, AdmissionRequest } from './admit.ts';
import { batchStatement, encodeBatch } from './batch.ts';
import { encodeSingle, singleStatement } from './single.ts';
import { type BatchRow, readBatch, readSingle, type SingleRow } from './verdict.ts';

/** Encodes once; what it returns may be run again when the database asks for it. */
export function prepareStatement(
  batch: readonly AdmissionRequest[],
  { database, clock, config }: Pick<Gateway, 'database' | 'clock' | 'config'>,
): () => Promise<(Admission | SkillettError)[]> {
  const settings = JSON.stringify({ offsetMs: clock.offsetMs, plans: config.plans });
  const [only] = batch;
  if (only && batch.length === 1) {
    const { name, text } = singleStatement(only);
    const values = [settings, ...encodeSingle(only)];
    return async () => {
      const [row] = await database.statement<SingleRow>(name, text, values);
      return [readSingle(only, row as SingleRow, config)];
    };
  }
  const { name, text } = batchStatement(batch);
  const values = [settings, ...encodeBatch(batch)];
  return async () => {
    const [row] = await database.statement<BatchRow>(name, text, values);
    return readBatch(batch, row as BatchRow, config);
  };
}
