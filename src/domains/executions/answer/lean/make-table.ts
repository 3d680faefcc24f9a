/** Makes the table of an answer: here of a short one, else beside the loop. */

import { RawJson } from '../../../../core/json/raw-json.ts';
import { OutboundError } from '../../../../core/outbound/outbound.ts';
import { Crowded } from '../../../../core/turns/turn.ts';
import { Expressions } from '../expressions.ts';
import { type Reader, tellCrowded } from '../whole-answers.ts';
import { projectAnswer } from './project/project.ts';
import type { LeanPlan, LeanTable } from './table.ts';

const projectedHereBytesMax = 64 * 1024;

/** Apart from those of `select` and of recipes' expressions, so that nobody waits for these. */
const expressions = new Expressions({ timeoutMs: 20_000, patienceMs: 20_000, threads: 2 });

/** `json`: one JSON text. The table, and as JSON. Throws unavailable and upstream_unexpected. */
export async function makeTable(
  json: Buffer,
  plan: LeanPlan,
  reader: Reader,
  integration: string,
): Promise<{ table: LeanTable; json: RawJson }> {
  try {
    if (json.length <= projectedHereBytesMax) {
      const table = projectAnswer(json.toString('utf8'), plan);
      return { table, json: RawJson.fromValue(table) };
    }
    const made = await expressions.evaluate(json, { plan }, reader);
    return { table: JSON.parse(made.toString('utf8')) as LeanTable, json: RawJson.fromBytes(made) };
  } catch (error) {
    if (error instanceof Crowded) throw tellCrowded(reader, integration, 'read as its recipe says', error);
    throw OutboundError.malformed(integration, `gave an answer that could not be read as its recipe says: ${(error as Error).message}`);
  }
}
