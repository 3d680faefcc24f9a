/** What people's browsers open beside the two doors of agents, by path. A path that ends in `/` is a prefix. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gateway } from '../../core/context.ts';
import { SkillettError } from '../../core/errors.ts';
import { logosPath } from '../../domains/skills/logos.ts';
import { authPath } from '../../domains/users/sign-in/auth.ts';
import { answerConsent } from '../../sandbox/consent.ts';
import { createDashboard } from '../dashboard/dashboard.ts';
import { sendLogo } from '../dashboard/logos.ts';
import { splitTarget } from '../http/arrival/request-target.ts';
import { toSkillettError } from '../http/failures.ts';
import { answerMetrics } from '../http/metrics.ts';
import { sendError } from '../http/send-error.ts';
import type { Handler } from '../http/server.ts';
import { authorizePath } from '../oauth/addresses.ts';
import { answerAuthorize } from './authorize/authorize.ts';
import { connectPath, openConnectLink } from './connect-link.ts';
import { handleOAuthCallback } from './oauth-callback.ts';
import { type CallbackPage, renderPage } from './oauth-callback-page.ts';
import { answerSignIn } from './sign-in.ts';

export function createPages(gateway: Gateway): Map<string, Handler> {
  const { sandbox } = gateway;
  const redirectUri = `${gateway.config.publicUrl}/oauth/callback`;
  return new Map<string, Handler>([
    ...createDashboard(gateway),
    [logosPath, (request, response) => sendLogo(gateway, request, response)],
    ['/metrics', (request, response, requestId, signal) => answerMetrics(gateway, request, response, requestId, signal)],
    ['/oauth/callback', (request, response, requestId) => answerCallback(gateway, request, response, requestId)],
    [authorizePath, (request, response, requestId) => answerByPage(gateway, request, response, requestId, answerAuthorize)],
    [connectPath, (request, response, requestId) => answerByPage(gateway, request, response, requestId, openConnectLink)],
    [`${authPath}/`, (request, response, requestId, signal) => answerSignIn(gateway, request, response, requestId, signal)],
    ...(sandbox
      ? ([['/sandbox/authorize', (request, response) => answerConsent(request, response, sandbox, redirectUri)]] satisfies [
          string,
          Handler,
        ][])
      : []),
  ]);
}

async function answerCallback(gateway: Gateway, request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
  if (request.method !== 'GET') return refuseMethod(gateway, response, ['GET']);
  const query = new URLSearchParams(splitTarget(request.url as string)[1]);
  const cookie = request.headers.cookie ?? '';
  const findSession = async () => gateway.findSession(cookie);
  await sendPage(gateway, response, requestId, () => handleOAuthCallback(gateway, { query, cookie, findSession, requestId }));
}

/** A page that is read, and posts its form to itself. */
async function answerByPage(
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  make: typeof openConnectLink,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'POST') return refuseMethod(gateway, response, ['GET', 'POST']);
  await sendPage(gateway, response, requestId, () => make(gateway, request, response, requestId));
}

async function sendPage(gateway: Gateway, response: ServerResponse, requestId: string, make: () => Promise<CallbackPage>): Promise<void> {
  let page: CallbackPage;
  try {
    page = await make();
  } catch (thrown) {
    const failure = toSkillettError(gateway, thrown, requestId);
    page = renderPage(failure.status, 'This did not work', [failure.message]);
  }
  response.writeHead(page.status, page.headers);
  response.end(page.html);
}

function refuseMethod(gateway: Gateway, response: ServerResponse, methods: readonly string[]): void {
  const headers = { allow: methods.join(', ') };
  sendError(gateway, response, new SkillettError('method_not_allowed', `This page takes ${methods.join(' and ')}.`, { headers }));
}
