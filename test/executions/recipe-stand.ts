/** A whole server with one integration of the test, whose service is an upstream on loopback, asked through every door. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Called, callTool, postTo } from '../mcp/stand.ts';
import { recipeOf } from '../support/desk-recipes.ts';
import { makeFolder } from '../support/folder.ts';
import { startTestServer, type TestAnswer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

export interface RecipeStand {
  server: TestServer;
  upstream: Upstream;
  rest(endpoint: string, body?: object, headers?: Record<string, string>): Promise<TestAnswer>;
  /** `fields` of an execution. */
  graphql(endpoint: string, args?: Record<string, unknown>, fields?: string): Promise<TestAnswer['json']>;
  mcp(endpoint: string, args?: object): Promise<Called>;
  close(): Promise<void>;
}

const defaults = { method: 'GET', path: '/things', description: 'Does it.', parameters: {}, answer: 'It.', example: {} };

/** Of the slug `desk`; what every endpoint needs is filled in. */
export async function startRecipeStand(
  endpoints: Record<string, object>,
  { recipe = {}, ...options }: Parameters<typeof startTestServer>[0] & { recipe?: object } = {},
): Promise<RecipeStand> {
  const { folder, remove } = await makeFolder();
  await mkdir(path.join(folder, 'desk'));
  await writeFile(path.join(folder, 'desk', 'recipe.json'), JSON.stringify(recipeOf('desk', recipe)));
  const filled = Object.entries(endpoints).map(([name, endpoint]) => [name, { ...defaults, ...endpoint }]);
  const resource = { resource: 'things', description: 'Things.', endpoints: Object.fromEntries(filled) };
  await writeFile(path.join(folder, 'desk', 'things.json'), JSON.stringify(resource));
  const upstream = await Upstream.start();
  const env = { SKILLETT_RECIPES: folder, SKILLETT_DESK_BASE_URL: upstream.origin, ...options.env };
  const server = await startTestServer({ ...options, env });
  const post = postTo(server);
  return {
    server,
    upstream,
    rest: (endpoint, body = {}, headers = {}) => server.request('POST', `/v1/desk/${endpoint}`, { body, headers }),
    graphql: async (endpoint, args = {}, fields = 'status data error next') => {
      const query = `query ($e: String!, $params: JSON, $next: String, $select: String) { read(integration: "desk", endpoint: $e, params: $params, next: $next, select: $select) { ${fields} } }`;
      const { json } = await server.graphql(query, { e: endpoint, ...args });
      return json.data?.read ?? json;
    },
    mcp: (endpoint, args = {}) => callTool(post, server.key, 'read', { endpoint: `desk.${endpoint}`, ...args }),
    close: async () => {
      await server.close();
      await upstream.close();
      await remove();
    },
  };
}
