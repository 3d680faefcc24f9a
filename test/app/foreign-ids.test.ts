/** Somebody else's id answers exactly as an unknown one, on every field that takes an id and on every route that has one in its path. */
import { type GraphQLArgument, type GraphQLField, getNamedType, isEnumType, isLeafType, isObjectType, isRequiredArgument } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schema } from '../../src/app/graphql/schema.ts';
import { routes } from '../../src/app/rest/routes.ts';
import { findOwner, type User } from '../../src/domains/users/store.ts';
import { browserEnv } from '../people/browser.ts';
import { addUser, makeKey, signedIn, signedInOwner } from '../people/person.ts';
import { startTestServer, type TestAnswer, type TestServer } from '../support/server.ts';

type Field = GraphQLField<unknown, unknown>;

/** Every root field with each of its arguments that is an id. */
const takers = (['query', 'mutation'] as const).flatMap((kind) => {
  const root = kind === 'query' ? schema.getQueryType() : schema.getMutationType();
  return Object.values(root?.getFields() ?? {}).flatMap((field) =>
    field.args
      .filter(({ type }) => getNamedType(type).name === 'ID')
      .map((arg): [string, typeof kind, Field, GraphQLArgument] => [`${field.name}(${arg.name})`, kind, field, arg]),
  );
});

function literalFor(arg: GraphQLArgument): string {
  const type = getNamedType(arg.type);
  const text = type.name === 'DateTime' ? '2026-01-31T12:00:00Z' : 'x';
  const value = isEnumType(type) ? (type.getValues()[0]?.name as string) : `"${text}"`;
  return String(arg.type).startsWith('[') ? `[${value}]` : value;
}

function selectionOf(field: Field): string {
  const type = getNamedType(field.type);
  if (isLeafType(type)) return '';
  const lists = isObjectType(type) && type.getFields().totalCount !== undefined;
  return lists ? '{ totalCount nodes { id } }' : '{ __typename }';
}

function documentFor(kind: 'query' | 'mutation', field: Field, arg: GraphQLArgument): string {
  const others = field.args
    .filter((other) => other !== arg && isRequiredArgument(other))
    .map((other) => `${other.name}: ${literalFor(other)}`);
  const wrapped = String(arg.type).startsWith('[') ? '[$id]' : '$id';
  return `${kind} ($id: ID!) { ${field.name}(${[`${arg.name}: ${wrapped}`, ...others].join(', ')}) ${selectionOf(field)} }`;
}

let server: TestServer;
/** Of the owner; somebody else's to the stranger. */
const foreign: Record<string, string> = {};
let stranger: string;
let second: string;

beforeAll(async () => {
  server = await startTestServer({ kind: 'embedded', env: { ...browserEnv, SKILLETT_SIGN_UP: 'invited' } });
  const owner = await signedInOwner(server);
  expect((await server.request('POST', '/v1/sandbox/list_notes', { body: {} })).status).toBe(200);
  const invited = await owner.graphql('mutation { inviteUser(email: "ada@example.org") { invitation { id } } }');
  const made = await server.request('POST', '/api-keys', { body: { name: 'Of the owner' } });
  second = `Bearer ${made.json.full_key}`;
  const { data } = (await server.graphql('{ connections { nodes { id } } calls { nodes { id } } }')).json;
  foreign.user = ((await findOwner(server.gateway.db)) as User).id;
  foreign.key = made.json.api_key.id;
  foreign.connection = data.connections.nodes[0].id;
  foreign.call = data.calls.nodes[0].id;
  foreign.invitation = invited.json.data.inviteUser.invitation.id;
  stranger = await makeKey(await signedIn(server, await addUser(server)));
});
afterAll(() => server.close());

/** Everything of an answer but what differs between any two. */
function comparable(answer: TestAnswer, id: string): unknown[] {
  const headers = [...answer.headers].filter(([name]) => !['date', 'x-request-id', 'content-length'].includes(name));
  return [answer.status, headers, answer.text.replaceAll(/req_[0-9a-f]{32}/g, 'req').replaceAll(id, 'id')];
}

const unknownLike = (id: string) => id.replace(/[0-9a-f]{32}$/, '0123456789abcdef'.repeat(2));

describe('somebody else’s id answers as an unknown one', () => {
  it.each(takers)('by GraphQL: %s', async (_name, kind, field, arg) => {
    const document = documentFor(kind, field, arg);
    for (const id of Object.values(foreign)) {
      const ask = (asked: string) => server.graphql(document, { id: asked }, { authorization: stranger });
      const unknown = unknownLike(id);
      const answer = await ask(id);
      expect(comparable(answer, id)).toEqual(comparable(await ask(unknown), unknown));
      // A document that is refused would tell nothing.
      expect(answer.text).not.toContain('"bad_request"');
    }
  });

  it.each(routes.filter(({ path }) => /:(id|connectionId)$/.test(path)))('by REST: $method $path', async ({ method, path }) => {
    for (const id of Object.values(foreign)) {
      const ask = (asked: string) => server.request(method, path.replace(/:\w+$/, asked), { authorization: stranger });
      const [known, unknown] = [await ask(id), await ask(unknownLike(id))];
      expect(known.status).toBe(404);
      expect(comparable(known, id)).toEqual(comparable(unknown, unknownLike(id)));
    }
  });

  it('and nothing has happened to what is theirs, which answers them', async () => {
    expect((await server.request('GET', '/v1/skills', { authorization: second })).status).toBe(200);
    const { key, connection } = foreign as { key: string; connection: string };
    expect((await server.request('GET', `/v1/connect/${connection}`)).json).toEqual({ status: 'connected', integration: 'sandbox' });
    const own = await server.graphql('query ($id: ID!) { connection(id: $id) { account } calls(connection: $id) { totalCount } }', {
      id: connection,
    });
    expect(own.json).toEqual({ data: { connection: { account: 'first' }, calls: { totalCount: 1 } } });
    expect((await server.request('DELETE', `/v1/connect/${connection}`)).status).toBe(204);
    const revoke = 'mutation ($id: ID!) { revokeApiKey(id: $id) { revokedCount apiKey { id } } }';
    expect((await server.graphql(revoke, { id: key })).json.data.revokeApiKey).toEqual({ revokedCount: 1, apiKey: { id: key } });
  });
});
