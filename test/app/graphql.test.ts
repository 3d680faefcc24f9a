import { auditServer } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ kind: 'embedded' });
});
afterAll(() => server.close());

describe('the GraphQL door', () => {
  it('passes the GraphQL over HTTP audit without an error', async () => {
    const results = await auditServer({
      url: `${server.url}/graphql`,
      fetchFn: (url: string, init?: RequestInit) =>
        fetch(url, { ...init, headers: { ...(init?.headers as Record<string, string>), authorization: `Bearer ${server.key}` } }),
    });
    expect(results.length).toBeGreaterThan(50);
    expect(
      results.filter((result) => result.status === 'error').map((result) => `${result.name}: ${'reason' in result ? result.reason : ''}`),
    ).toEqual([]);
  });

  it('shows the viewer to a key and refuses everybody else with 401', async () => {
    const known = await server.graphql('{ viewer { kind scopes user { isOwner } } }');
    expect(known.json).toEqual({ data: { viewer: { kind: 'API_KEY', scopes: ['*'], user: { isOwner: true } } } });
    const unknown = await server.graphql('{ viewer { kind } }', {}, { authorization: null });
    expect(unknown.status).toBe(401);
    expect(unknown.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(unknown.json.errors[0]).toMatchObject({
      message: 'Missing or invalid authorization.',
      extensions: { code: 'unauthorized', requestId: unknown.headers.get('x-request-id') },
    });
  });

  it('closes cross-origin use and other bodies than JSON', async () => {
    const preflight = await server.request('OPTIONS', '/graphql', {
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    const foreign = await server.graphql('{ __typename }', {}, { headers: { origin: 'https://evil.example' } });
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
    for (const contentType of [
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/plain',
      'application/graphql',
    ]) {
      const refused = await server.request('POST', '/graphql', {
        body: 'query=mutation{revokeApiKey(id:"x"){id}}',
        headers: { 'content-type': contentType },
      });
      expect(refused.status, contentType).toBe(415);
    }
    const batch = await server.request('POST', '/graphql', { body: [{ query: '{ __typename }' }] });
    expect(batch.status).toBe(400);
  });

  it('refuses documents deeper than twelve levels, and introspection is exempt', async () => {
    const document = (levels: number) =>
      `{ integration(slug: "github") { ${'endpoints(first: 1) { nodes { service { '.repeat(levels)} slug ${'} } }'.repeat(levels)} } }`;
    expect((await server.graphql(document(3))).json.errors).toBeUndefined();
    expect((await server.graphql(document(4))).json.errors[0].message).toContain('levels deep');
    const introspection = `{ __schema { types { fields { type ${'{ ofType '.repeat(12)} { name } ${'}'.repeat(12)} } } } }`;
    expect((await server.graphql(introspection)).json.errors).toBeUndefined();
  });

  it('refuses too many aliases, tokens and too much complexity, each with its sentence', async () => {
    const aliases = await server.graphql(`{ ${Array.from({ length: 51 }, (_, at) => `a${at}: __typename`).join(' ')} }`);
    expect(aliases.json.errors[0].message).toContain('51 aliases');
    expect(
      (await server.graphql(`{ ${Array.from({ length: 50 }, (_, at) => `a${at}: __typename`).join(' ')} }`)).json.errors,
    ).toBeUndefined();
    const tokens = await server.graphql(`{ ${'__typename '.repeat(2_000)} }`);
    expect(tokens.json.errors[0]).toMatchObject({
      message: 'The document has more than 2000 tokens. Send several smaller ones.',
      extensions: { code: 'bad_request' },
    });
    expect((await server.graphql(`{ ${'__typename '.repeat(30)} }`)).json.errors).toBeUndefined();
    const complexity = await server.graphql('{ integrations(first: 100) { nodes { endpoints(first: 100) { nodes { name } } } } }');
    expect(complexity.json.errors[0].message).toContain('complexity');
    expect(complexity.json.errors[0].extensions.code).toBe('bad_request');
  });

  it.each(['{', '[]', '[{"query":"{ viewer { kind } }"}]', '"{ viewer { kind } }"', '{}', '{"query":5}'])(
    'says how a request is sent to whoever sends %s',
    async (body) => {
      const answer = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json', accept: 'application/graphql-response+json' },
        body,
      });
      expect(answer.status).toBe(400);
      const { errors } = (await answer.json()) as { errors: { message: string; extensions: { code: string } }[] };
      expect(errors).toMatchObject([
        { message: expect.stringContaining('Send one operation as a JSON object'), extensions: { code: 'bad_request' } },
      ]);
    },
  );

  it('answers faults of a document as bad_request', async () => {
    const { json } = await server.graphql('{ nothing }');
    expect(json.errors[0].extensions.code).toBe('bad_request');
    const argument = await server.graphql('mutation { createApiKey(name: "") { fullKey } }');
    expect(argument.json.errors[0].extensions).toMatchObject({ code: 'bad_request', details: [{ path: 'name' }] });
  });

  it('masks what is not meant for clients, by GraphQL and by REST, and logs it under the request id', async () => {
    const { findSession } = server.gateway;
    server.gateway.findSession = async () => {
      throw new Error('inner detail: postgres://user:secret@10.0.0.1');
    };
    try {
      for (const answer of [
        await server.request('GET', '/api-keys', { authorization: null, headers: { cookie: 'a=b' } }),
        await server.graphql('{ viewer { kind } }', {}, { authorization: null, headers: { cookie: 'a=b' } }),
      ]) {
        expect(answer.status).toBe(500);
        expect(answer.text).not.toContain('inner detail');
        const requestId = answer.headers.get('x-request-id') as string;
        expect(answer.text).toContain(requestId);
        expect(server.log.find((line) => line.includes(requestId) && line.includes('inner detail'))).toBeDefined();
      }
    } finally {
      server.gateway.findSession = findSession;
    }
  });

  it('logs a failed statement without the values it was given', async () => {
    const { findSession, db } = server.gateway;
    server.gateway.findSession = async () => {
      await db
        .insertInto('settings')
        .values({ name: 'planted-value', value: null as never })
        .execute();
      return undefined;
    };
    try {
      const answer = await server.request('GET', '/api-keys', { authorization: null, headers: { cookie: 'a=b' } });
      expect(answer.status).toBe(500);
      const line = server.log.find((one) => one.includes(answer.headers.get('x-request-id') as string)) as string;
      expect(JSON.parse(line).err).toMatchObject({ code: '23502', message: expect.stringContaining('not-null'), column: 'value' });
      expect(server.log.join('')).not.toContain('planted-value');
    } finally {
      server.gateway.findSession = findSession;
    }
  });
});

describe('introspection and playground', () => {
  it('can be turned off', async () => {
    const closed = await startTestServer({ kind: 'embedded', env: { SKILLETT_INTROSPECTION: 'false', SKILLETT_PLAYGROUND: 'false' } });
    try {
      expect((await closed.graphql('{ __schema { queryType { name } } }')).json.errors[0].message).toContain('introspection');
      expect((await server.graphql('{ __schema { queryType { name } } }')).json.data.__schema.queryType.name).toBe('Query');
      expect((await closed.request('GET', '/graphql', { authorization: null, headers: { accept: 'text/html' } })).status).toBe(401);
    } finally {
      await closed.close();
    }
  });
});
