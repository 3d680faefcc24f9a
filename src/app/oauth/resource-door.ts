/** MCP under `/mcp/oauth`: its own kind of keys, and refusals that say where one is to be had (RFC 9728, section 5.1). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../../core/config/config.ts';
import { SkillettError } from '../../core/errors.ts';
import { hashOAuthKey } from '../../domains/api-keys/api-keys.ts';
import { asksFor } from '../http/accept.ts';
import { unauthorized } from '../http/authenticate.ts';
import type { McpDoor } from '../mcp/door.ts';
import { renderPage } from '../pages/oauth-callback-page.ts';
import { resourceOf, wellKnown } from './addresses.ts';

export function resourceDoor(config: Config): McpDoor {
  const pointer = `resource_metadata="${wellKnown(config, 'oauth-protected-resource')}"`;
  return {
    hashKey: hashOAuthKey,
    refuse: (error) => {
      const { 'www-authenticate': challenge } = error.headers;
      if (error.status !== 401 || challenge === undefined) return error;
      const headers = { ...error.headers, 'www-authenticate': `${challenge}, ${pointer}` };
      return new SkillettError(error.code, error.message, { action: error.action, details: error.details, headers });
    },
    answer: (request, response) => answerStranger(config, request, response),
  };
}

/** Who opens it in a browser is told what it is for; a client that begins with GET is told to sign in, as with POST. */
function answerStranger(config: Config, { method, headers }: IncomingMessage, response: ServerResponse): boolean {
  if (method === 'POST' || headers.authorization !== undefined) return false;
  if (method !== 'GET' || !asksFor(headers.accept, 'text/html', 'text/event-stream')) throw unauthorized();
  const page = renderPage(
    200,
    'An address for MCP clients',
    [
      `Paste ${resourceOf(config)} into your client as the address of a remote MCP server, without a key. It leads you back here to sign in and to say what it may do.`,
      'Clients from before June 2025 look for the sign-in at the root of the server and cannot come in here. Give those an API key for /mcp instead.',
    ],
    { link: { href: `${config.publicUrl}/dashboard/api-keys`, text: 'Your API keys' } },
  );
  response.writeHead(page.status, page.headers).end(page.html);
  return true;
}
