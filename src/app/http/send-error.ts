import type { ServerResponse } from 'node:http';
import type { Gateway } from '../../core/context.ts';
import type { SkillettError } from '../../core/errors.ts';
import { toErrorBody } from './failures.ts';

/** The answer to what was refused or has failed, in the form of REST. */
export function sendError(gateway: Gateway, response: ServerResponse, error: SkillettError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.statusCode = error.status;
  for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
  response.setHeader('x-skillett-error-source', 'skillett');
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('cache-control', 'no-store');
  response.end(JSON.stringify(toErrorBody(gateway, error)));
}
