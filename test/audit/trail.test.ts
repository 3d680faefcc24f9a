import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Browser, browserEnv } from '../people/browser.ts';
import { addUser, signedInOwner } from '../people/person.ts';
import { baseUrls, writeRecipes } from '../support/desk-recipes.ts';
import { makeFolder } from '../support/folder.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

const tables = [
  'users',
  'sign_in_methods',
  'sessions',
  'verifications',
  'invitations',
  'api_keys',
  'device_codes',
  'connections',
  'consents',
  'settings',
  'data_keys',
  'audit_rows',
];

let folder: Awaited<ReturnType<typeof makeFolder>>;
let upstream: Upstream;
let server: TestServer;
let owner: Browser;

beforeAll(async () => {
  folder = await makeFolder();
  await writeRecipes(folder.folder);
  upstream = await Upstream.start();
  const env = { ...browserEnv, SKILLETT_SIGN_UP: 'invited', SKILLETT_RECIPES: folder.folder, ...baseUrls(upstream.origin) };
  server = await startTestServer({ env });
  owner = await signedInOwner(server);
  await sql`create function refuse_audit() returns trigger language plpgsql as $$ begin raise exception 'no audit row'; end $$`.execute(
    server.gateway.db,
  );
});
afterAll(async () => {
  await server.close();
  await upstream.close();
  await folder.remove();
});
/** Of the test: so that nothing is there already. */
let turn = 0;
beforeEach(() => {
  turn += 1;
  upstream.json(JSON.stringify({ id: `id-${turn}`, login: `account-${turn}` }));
});

/** Everything that a change may touch, as one text. */
async function stateOf(): Promise<string> {
  const parts = tables.map((table) => sql`select coalesce(json_agg(t order by t::text), '[]')::text as rows from ${sql.table(table)} t`);
  const read = await Promise.all(parts.map((part) => part.execute(server.gateway.db)));
  return JSON.stringify(read.map(({ rows }) => rows));
}

async function change(query: string) {
  const { json } = await owner.graphql(`mutation { change: ${query} }`);
  if (json.errors) throw new Error(JSON.stringify(json.errors));
  return json.data.change;
}

const newKey = async (): Promise<string> => (await change('createApiKey(name: "k") { apiKey { id } }')).apiKey.id;
const newAccount = async (): Promise<string> =>
  (await change('startConnection(integration: "safe", credentials: { token: "t" }) { connectionId }')).connectionId;
/** Looked up by the session, so that it may decide. */
async function newCode(): Promise<string> {
  const { userCode } = await change('requestDeviceCode { userCode }');
  await owner.graphql(`{ deviceRequest(userCode: "${userCode}") { ageSeconds } }`);
  return userCode;
}
const newInvitation = async (): Promise<string> =>
  (await change(`inviteUser(email: "guest-${turn}@example.org") { invitation { id } }`)).invitation.id;

/** The action that is written down, and the field that does it, once there is what it changes. */
const changes: [action: string, prepare: () => Promise<string>][] = [
  ['api_key.created', async () => 'createApiKey(name: "k") { fullKey }'],
  ['api_key.revoked', async () => `revokeApiKey(id: "${await newKey()}") { revokedCount }`],
  ['connection.created', async () => 'startConnection(integration: "safe", credentials: { token: "t" }) { connectionId }'],
  ['connection.renamed', async () => `renameConnection(id: "${await newAccount()}", account: "other-${turn}") { id }`],
  ['connection.made_default', async () => `setDefaultConnection(id: "${await newAccount()}") { connection { id } }`],
  ['connection.frozen', async () => 'freezeConnections(target: { integration: "safe" }) { remaining }'],
  ['connection.thawed', async () => 'thawConnections(target: { integration: "safe" }) { remaining }'],
  ['connection.deleted', async () => `disconnect(id: "${await newAccount()}") { revoked }`],
  ['oauth_client.set', async () => 'setOAuthClient(integration: "github", clientId: "c", clientSecret: "s") { integration }'],
  ['consent.started', async () => 'startConnection(integration: "github") { oauthUrl }'],
  ['oauth_client.removed', async () => 'removeOAuthClient(integration: "github") { integration }'],
  ['device_code.authorized', async () => `authorizeDevice(userCode: "${await newCode()}") { status }`],
  ['device_code.denied', async () => `authorizeDevice(userCode: "${await newCode()}", deny: true) { status }`],
  ['user.plan_changed', async () => `setPlan(userId: "${await addUser(server)}", plan: PRO) { id }`],
  ['user.limits_changed', async () => `setLimits(userId: "${await addUser(server)}", perDay: { max: 5 }) { id }`],
  ['user.closed', async () => `closeUser(userId: "${await addUser(server)}") { user { id } }`],
  ['user.sign_in_link_created', async () => `createSignInLink(userId: "${await addUser(server)}") { expiresAt }`],
  ['user.profile_changed', async () => `updateProfile(displayName: "Ada ${turn}") { id }`],
  ['invitation.created', async () => `inviteUser(email: "guest-${turn}@example.org") { invitation { id } }`],
  ['invitation.withdrawn', async () => `withdrawInvitation(id: "${await newInvitation()}") { id }`],
  ['data_key.rotated', async () => 'rotateDataKeys { version }'],
];

it.each(changes)('%s is written down with the change: without its row there is no change', async (action, prepare) => {
  const { db } = server.gateway;
  const query = await prepare();
  const before = await stateOf();
  await sql`create trigger refuse_audit before insert on audit_rows for each row execute function refuse_audit()`.execute(db);
  try {
    const { json } = await owner.graphql(`mutation { ${query} }`);
    expect(json.errors?.[0].extensions.code, JSON.stringify(json)).toBe('internal');
  } finally {
    await sql`drop trigger refuse_audit on audit_rows`.execute(db);
  }
  expect(await stateOf()).toBe(before);
  await change(query);
  const last = await db
    .selectFrom('auditRows')
    .select(['action', 'requestId'])
    .where('action', '=', action)
    .orderBy('id', 'desc')
    .limit(1)
    .execute();
  expect(last).toEqual([{ action, requestId: expect.stringMatching(/^req_/) }]);
  expect(await stateOf()).not.toBe(before);
});
