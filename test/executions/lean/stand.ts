/** A server with an integration whose answers are shown in rows and columns, and its engine for agents without a door in front. */

import { mkdir, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import { createContext } from '../../../src/app/http/context.ts';
import type { Context } from '../../../src/core/context.ts';
import { newId } from '../../../src/core/ids.ts';
import { answerLean, answerMore, type LeanInput } from '../../../src/domains/executions/answer/lean/answer-lean.ts';
import { addKey, addUser } from '../../admission/people.ts';
import { recipeOf } from '../../support/desk-recipes.ts';
import { makeFolder } from '../../support/folder.ts';
import { startTestServer, type TestServer } from '../../support/server.ts';
import { Upstream } from '../../support/upstream.ts';

const parameter = (place: string, more: object = {}) => ({ in: place, type: 'string', description: 'A text.', examples: ['x'], ...more });
const base = { method: 'GET', description: 'Does it.', parameters: {}, answer: 'It.', example: {} };

const endpoints = {
  list_letters: {
    ...base,
    path: '/letters',
    parameters: { cursor: parameter('query'), box: parameter('query') },
    pagination: { style: 'cursor', parameter: 'cursor', next: 'meta.next', items: 'letters' },
    rows: 'letters',
    total: 'total',
    incomplete: 'partial',
    lean: { id: 'id', from: 'author.name', at: 'sent | minute', labels: 'labels[].name', box: 'box' },
    more_columns: { body: 'body' },
    expand: { endpoint: 'get_letter', parameters: { id: 'id' }, columns: { text: 'text', pages: 'pages | count' } },
  },
  get_letter: { ...base, path: '/letters/{id}', parameters: { id: parameter('path', { required: true }) }, example: { id: 'x' } },
  skip_letters: {
    ...base,
    path: '/letters',
    parameters: { skip: parameter('query', { type: 'integer', examples: [1] }) },
    pagination: { style: 'offset', parameter: 'skip', items: 'letters', more: 'further' },
  },
  list_plain: { ...base, path: '/plain' },
  make_letter: {
    ...base,
    method: 'POST',
    path: '/letters',
    parameters: { title: parameter('body'), box: parameter('body') },
    lean: { id: 'id', url: 'html_url' },
  },
};

export interface LeanStand {
  server: TestServer;
  upstream: Upstream;
  /** A new user's key, as it is sent. */
  newKey(scopes?: string[], user?: Parameters<typeof addUser>[1]): Promise<string>;
  keyOf(userId: string, scopes?: string[]): Promise<string>;
  lean(key: string, endpoint: string, input?: Partial<LeanInput>): Promise<{ text: string; failed: boolean }>;
  more(key: string, endpoint: string, more: string, options?: { budget?: number }): Promise<string>;
  contextOf(key: string): Context;
  close(): Promise<void>;
}

export async function startLeanStand(): Promise<LeanStand> {
  const { folder, remove } = await makeFolder();
  for (const [slug, auth] of [
    ['letters', { type: 'none' }],
    ['vault', { type: 'bearer', how: 'Make one.' }],
  ] as const) {
    const verify = { path: '/me', account: { id: 'id', label: 'login' } };
    await mkdir(path.join(folder, slug));
    await writeFile(
      path.join(folder, slug, 'recipe.json'),
      JSON.stringify(recipeOf(slug, { auth: [auth], ...(auth.type === 'none' ? {} : { verify }) })),
    );
    await writeFile(path.join(folder, slug, 'letters.json'), JSON.stringify({ resource: 'letters', description: 'Letters.', endpoints }));
  }
  const upstream = await Upstream.start();
  const server = await startTestServer({
    env: { SKILLETT_RECIPES: folder, SKILLETT_LETTERS_BASE_URL: upstream.origin, SKILLETT_VAULT_BASE_URL: upstream.origin },
  });
  const { gateway } = server;
  const contextOf = (key: string): Context => {
    const request = { headers: { authorization: `Bearer ${key}` }, socket: { remoteAddress: '127.0.0.1' } } as unknown as IncomingMessage;
    return createContext(gateway, request, 'mcp', newId('req'), new AbortController().signal);
  };
  const keyOf = async (userId: string, scopes?: string[]) => (await addKey(gateway.database, userId, scopes ? { scopes } : {})).id;
  return {
    server,
    upstream,
    contextOf,
    keyOf,
    newKey: async (scopes, user) => keyOf(await addUser(gateway.database, user), scopes),
    lean: (key, endpoint, input = {}) =>
      answerLean(contextOf(key), { integration: 'letters', endpoint, readOnly: endpoint !== 'make_letter', ...input }),
    more: async (key, endpoint, more, { budget } = {}) =>
      (await answerMore(contextOf(key), { integration: 'letters', endpoint, more, budget })).text,
    close: async () => {
      await server.close();
      await upstream.close();
      await remove();
    },
  };
}

export function letterOf(at: number, more: object = {}) {
  return {
    ...{ id: `l${at}`, author: { name: 'Eva' }, sent: '2026-11-24T09:12:33Z', labels: [{ name: 'a' }, { name: 'b' }], box: 'B1' },
    ...{ body: `Body ${at}`, url: 'https://x', ...more },
  };
}
