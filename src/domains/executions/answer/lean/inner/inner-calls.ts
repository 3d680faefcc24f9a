/** Calls that one call makes by itself, for its rows: each is an execution like any other, with a row in the log and a count. */
import type { Gateway } from '../../../../../core/context.ts';
import { SkillettError } from '../../../../../core/errors.ts';
import { executeEndpoint } from '../../../execute.ts';
import type { Execution, ExecutionRequest } from '../../../execution.ts';
import { Slots } from '../../../slots.ts';
import { printFailure } from '../print-failure.ts';
import type { LeanPlan, LeanTable } from '../table.ts';

/** The most that one call makes by itself. */
export const innerCallsMax = 50;
const atOnceMax = 8;
const failureLengthMax = 160;

export interface InnerCall {
  endpoint: string;
  params: Record<string, unknown>;
}

export type InnerAnswer =
  | { table: LeanTable }
  /** Why there is none: the service's failure, or what Skillett refused, to stand in a cell. */
  | { failure: string }
  /** The call was not admitted, or no longer tried after one that was not. */
  | { refused: SkillettError };

/** The call whose account, key and client they have. */
export interface OuterCall {
  gateway: Gateway;
  request: ExecutionRequest;
  execution: Pick<Execution, 'connectionId'>;
}

/** In the order of `calls`. What a limit refuses ends those that were not begun. */
export async function callInner(outer: OuterCall, calls: readonly InnerCall[], plan: LeanPlan): Promise<InnerAnswer[]> {
  const slots = new Slots(atOnceMax);
  let refused: SkillettError | undefined;
  const callOne = async (call: InnerCall): Promise<InnerAnswer> => {
    if (refused) return { refused };
    try {
      return await answerOf(await executeEndpoint(outer.gateway, innerRequest(outer, call, plan)));
    } catch (error) {
      if (!(error instanceof SkillettError)) throw error;
      if (error.status !== 429 && error.status !== 401 && error.status !== 403) return { failure: `${error.code}: ${error.message}` };
      refused ??= error;
      return { refused };
    }
  };
  return Promise.all(calls.map((call) => slots.run(() => callOne(call))));
}

function innerRequest({ request, execution }: OuterCall, { endpoint, params }: InnerCall, plan: LeanPlan): ExecutionRequest {
  return {
    ...request,
    endpoint,
    params,
    account: execution.connectionId ?? request.account,
    view: { with: [], whole: false, plan },
    select: undefined,
    wanted: undefined,
    next: undefined,
    idempotencyKey: undefined,
    messageKey: undefined,
    fault: undefined,
    readOnly: true,
    raw: false,
    streams: [],
  };
}

async function answerOf({ table, status, error }: Execution): Promise<InnerAnswer> {
  return table ? { table } : { failure: `${status} ${await printFailure(error, failureLengthMax)}` };
}
