/** What a client is told when something fails, the same through every door. */
import { GraphQLError } from 'graphql';
import type { Gateway } from '../../core/context.ts';
import { UnknownMasterKey, type Vault } from '../../core/crypto.ts';
import { databaseUnavailable, isDatabaseAway } from '../../core/database/database.ts';
import { badRequest, isAuthenticationFault, SkillettError } from '../../core/errors.ts';

/** What a request without a readable document gets beside Yoga's word for it, which names no remedy. */
const bodyRemedy = 'Send one operation as a JSON object: {"query": "…", "variables": {…}}; several fields fit into one operation.';

/**
 * The failure behind whatever was thrown: a SkillettError as it is, a lost database as `unavailable`, a fault of the
 * GraphQL request as `bad_request`; anything else is a bug, logged under the request id and masked.
 */
export function toSkillettError(gateway: Gateway, thrown: unknown, requestId: string): SkillettError {
  const error =
    thrown instanceof GraphQLError && !(thrown instanceof SkillettError) && thrown.originalError ? thrown.originalError : thrown;
  if (error instanceof UnknownMasterKey) {
    tellOfMasterKey(gateway, error);
    return error;
  }
  if (error instanceof SkillettError) {
    if (error.status >= 500 && isWorthALine(gateway, error))
      gateway.log.warn({ requestId, code: error.code, err: error.originalError ?? undefined }, error.message);
    return error;
  }
  if (isDatabaseAway(error)) {
    gateway.log.warn({ requestId, err: error }, 'the database cannot be used');
    return databaseUnavailable(error) as SkillettError;
  }
  if (error instanceof GraphQLError)
    return badRequest(error.locations ? error.message : `${error.message.replace(/\.?$/, '.')} ${bodyRemedy}`);
  gateway.log.error({ requestId, err: error }, 'unexpected failure');
  return new SkillettError(
    'internal',
    `Something went wrong inside Skillett; the request was not completed. Quote ${requestId} when you report it.`,
  );
}

const refusedAtMs = new WeakMap<Gateway, Map<string, number>>();
/** Sentences differ by what is crowded, so there are few. */
const sentencesMax = 1_000;

/** What refuses one caller's thousands of calls alike is told once in ten seconds: a flood must not fill the disk. */
function isWorthALine(gateway: Gateway, { code, message, originalError }: SkillettError): boolean {
  if (code !== 'unavailable' || originalError) return true;
  let told = refusedAtMs.get(gateway);
  if (!told || told.size > sentencesMax) {
    told = new Map();
    refusedAtMs.set(gateway, told);
  }
  const nowMs = performance.now();
  if (nowMs - (told.get(message) ?? Number.NEGATIVE_INFINITY) < 10_000) return false;
  told.set(message, nowMs);
  return true;
}

const toldAtMs = new WeakMap<Vault, number>();

/** Every call meets it until the process gets the key, and one line per minute says enough. */
export function tellOfMasterKey({ clock, log, vault }: Gateway, error: UnknownMasterKey): void {
  const nowMs = clock.nowMs();
  if (nowMs - (toldAtMs.get(vault) ?? Number.NEGATIVE_INFINITY) < 60_000) return;
  toldAtMs.set(vault, nowMs);
  log.error(error.remedy);
}

/** Whether it refuses whoever asks, and so the whole request: never one field's failure or one tool's. */
export function isCallerRefusal(error: SkillettError): boolean {
  return isAuthenticationFault(error.code);
}

/** `/dashboard/…` as a link that opens. */
export function actionUrl(gateway: Gateway, error: SkillettError): string | undefined {
  return error.action?.startsWith('/') ? gateway.config.publicUrl + error.action : error.action;
}

/** The failure as REST shows it (docs/api.md, "Answers"). */
export function toErrorBody(gateway: Gateway, error: SkillettError): Record<string, unknown> {
  const link = actionUrl(gateway, error);
  return {
    error: error.code,
    message: error.message,
    ...(link === undefined ? {} : { action_url: link }),
    ...(error.details ? { details: error.details } : {}),
  };
}
