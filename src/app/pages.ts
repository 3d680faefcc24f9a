/** What people's browsers open beside the two doors of agents, by path. A path that ends in `/` is a prefix. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gateway } from '../core/context.ts';
import { SkillettError } from '../core/errors.ts';
import { authPath } from '../domains/users/auth.ts';
import { answerConsent } from '../sandbox/consent.ts';
import { createDashboard } from './dashboard/dashboard.ts';
import { toSkillettError } from './failures.ts';
import { answerMetrics } from './metrics.ts';
import { handleOAuthCallback } from './oauth-callback.ts';
import { type CallbackPage, renderPage } from './oauth-callback-page.ts';
import { sendError, splitTarget } from './rest/router.ts';
import type { Handler } from './server.ts';
import { answerSignIn } from './sign-in.ts';
import { findWaitingOutcomes, listWaitingGrants, renderOutcomes } from './waiting-grant.ts';

export function createPages(gateway: Gateway): Map<string, Handler> {
  const { sandbox } = gateway;
  const redirectUri = `${gateway.config.publicUrl}/oauth/callback`;
  return new Map<string, Handler>([
    ...createDashboard(gateway),
    ['/metrics', (request, response, requestId, signal) => answerMetrics(gateway, request, response, requestId, signal)],
    ['/oauth/callback', (request, response, requestId) => answerCallback(gateway, request, response, requestId)],
    ['/oauth/waiting', (request, response, requestId) => answerWaiting(gateway, request, response, requestId)],
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
  if (request.method !== 'GET') return refuseMethod(gateway, response);
  const query = new URLSearchParams(splitTarget(request.url as string)[1]);
  const cookie = request.headers.cookie ?? '';
  await sendPage(gateway, response, requestId, () =>
    handleOAuthCallback(gateway, {
      query,
      findSession: async () => gateway.findSession(cookie),
      waiting: listWaitingGrants(cookie),
      requestId,
    }),
  );
}

/** Where a sign-in leads when grants wait in this browser, or waited and were settled by that sign-in. */
async function answerWaiting(gateway: Gateway, request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
  if (request.method !== 'GET') return refuseMethod(gateway, response);
  await sendPage(gateway, response, requestId, async () => {
    const session = await gateway.findSession(request.headers.cookie ?? '');
    if (!session)
      return renderPage(401, 'Sign in first', ['An account can only be connected by the person who started it.'], {
        link: { href: '/sign-in?next=/oauth/waiting', text: 'Sign in' },
      });
    return renderOutcomes(gateway, await findWaitingOutcomes(gateway, request.headers.cookie ?? '', session.userId, requestId));
  });
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

function refuseMethod(gateway: Gateway, response: ServerResponse): void {
  sendError(gateway, response, new SkillettError('method_not_allowed', 'This page takes GET.', { headers: { allow: 'GET' } }));
}
