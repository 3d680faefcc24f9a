/** The error codes as an enum; what they are called and which status each has is `errors.ts`'. */

import type { ErrorCode } from '../errors.ts';
import { builder } from './builder.ts';
import { enumValues } from './enums.ts';

/** What a row of the call log can hold: `client_gone` is no answer, since there is nobody left to answer. */
export type RecordedCode = ErrorCode | 'client_gone';

export const errorCodes: Record<RecordedCode, string> = {
  bad_request: 'Something about the request is wrong; the message says what, and how to mend it.',
  credential_rejected: 'The service refused the credential.',
  unauthorized: 'No key or session came with the request.',
  api_key_invalid: 'There is no such API key.',
  api_key_revoked: 'The API key has been revoked.',
  api_key_expired: 'The API key has expired.',
  token_expired: 'The account’s token has expired and could not be renewed. Connect the account again.',
  forbidden: 'The key or session may not do this.',
  integration_not_connected: 'No account of the integration is connected.',
  scope_not_allowed: 'The integration is outside the scopes of the API key.',
  plan_limit_reached: 'The plan has no room for another connection or API key.',
  consent_required: 'The account’s consent does not cover what the endpoint needs. Connect it again to add that.',
  connection_frozen: 'An operator has stopped the connection.',
  not_found: 'There is nothing of that name or id, or it belongs to somebody else.',
  method_not_allowed: 'The address does not take this HTTP method.',
  conflict: 'It cannot be done as things stand; the message says why.',
  account_required: 'Several accounts are connected and none is the default. Name one as `account`.',
  idempotency_in_progress: 'The first call with this idempotency key is still running.',
  outcome_unknown: 'The call was sent and its answer was lost. Look at the service whether it took effect.',
  payload_too_large: 'The body is larger than what is taken.',
  unsupported_media_type: 'The body’s media type is not one that is taken.',
  idempotency_mismatch: 'The idempotency key was used with other arguments.',
  daily_limit_reached: 'The plan’s executions of this UTC day are used up.',
  rate_limited: 'Too many requests in a short time. Wait as long as `Retry-After` says.',
  internal: 'Something went wrong inside Skillett. Quote the request’s id when you report it.',
  upstream_failed: 'The service answered a typed field of GraphQL with a failure; `extensions` hold its `status` and its `error`.',
  upstream_unreachable: 'The service could not be reached.',
  upstream_unexpected: 'The service answered what cannot be passed on.',
  unavailable: 'Skillett cannot answer at the moment. Try again as `Retry-After` says.',
  upstream_timeout: 'The service took too long.',
  client_gone: 'The caller hung up before the answer was there. Calls of the log have it, answers never.',
};

export const ErrorCodeEnum = builder.enumType('ErrorCode', {
  description: 'Why something failed or was refused. Errors carry the same word in lower case as `extensions.code`, and REST as `error`.',
  values: enumValues(errorCodes),
});
