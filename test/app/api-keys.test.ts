import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

async function makeKey(
  body: Record<string, unknown>,
  authorization?: string,
): Promise<{ id: string; authorization: string; prefix: string }> {
  const { json, status } = await server.request('POST', '/api-keys', {
    body: { name: 'A key', ...body },
    ...(authorization ? { authorization } : {}),
  });
  expect(status, JSON.stringify(json)).toBe(201);
  return { id: json.api_key.id, authorization: `Bearer ${json.full_key}`, prefix: json.api_key.key_prefix };
}

describe('API keys', () => {
  it('hold at most what their maker holds', async () => {
    const github = await makeKey({ scopes: ['github'] });
    await makeKey({ scopes: ['github:read', 'github.create_issue'] }, github.authorization);
    for (const scopes of [['*'], ['gmail'], ['github', 'gmail'], ['operator']]) {
      const { status, json } = await server.request('POST', '/api-keys', {
        body: { name: 'More', scopes },
        authorization: github.authorization,
      });
      expect(status, scopes.join()).toBe(403);
      expect(json.error).toBe('forbidden');
    }
  });

  it('for reads are told at a write that they may only read, in the sentence of no access and a detail', async () => {
    const { authorization } = await makeKey({ scopes: ['github:read'] });
    const call = (endpoint: string) => server.request('POST', `/v1/${endpoint}`, { body: {}, authorization });
    const sentence = (slug: string) => `API key does not have access to the ${slug} integration.`;
    expect((await call('github/create_issue')).json).toEqual({
      error: 'scope_not_allowed',
      message: sentence('github'),
      details: [
        {
          path: 'endpoint',
          message:
            '`create_issue` may change something, which `github:read` does not allow: it takes the scope `github` or `github.create_issue`.',
        },
      ],
    });
    expect((await call('github/list_issues_for_repo')).json.error).not.toBe('scope_not_allowed');
    const [reads] = [...(server.gateway.catalogue.find('slack')?.endpoints.values() ?? [])].filter(({ readOnly }) => readOnly);
    expect((await call(`slack/${reads?.name}`)).json).toEqual({ error: 'scope_not_allowed', message: sentence('slack') });
  });

  it('for reads can give single endpoints that only read', async () => {
    const reader = await makeKey({ scopes: ['github:read'] });
    const { authorization } = await makeKey({ scopes: ['github.get_issue'] }, reader.authorization);
    expect((await server.request('POST', '/v1/github/get_issue', { body: {}, authorization })).json.error).toBe('bad_request');
    expect((await server.request('POST', '/v1/github/get_pull', { body: {}, authorization })).json.error).toBe('scope_not_allowed');
    const write = await server.request('POST', '/api-keys', {
      body: { name: 'More', scopes: ['github.create_issue'] },
      authorization: reader.authorization,
    });
    expect(write.status).toBe(403);
  });

  it('give their maker’s scopes when none are named', async () => {
    const github = await makeKey({ scopes: ['github'] });
    const { json } = await server.request('POST', '/api-keys', { body: { name: 'Same' }, authorization: github.authorization });
    expect(json.api_key.scopes).toEqual(['github']);
    // null is left out, as it is in GraphQL.
    const { id } = await makeKey({ scopes: null, expires_at: null }, github.authorization);
    const listed = await server.request('GET', '/api-keys', { authorization: github.authorization });
    expect(listed.json.find((key: { id: string }) => key.id === id)).toMatchObject({ scopes: ['github'], expires_at: null });
  });

  it('never carry `operator` as part of `*`', async () => {
    const { status } = await server.request('POST', '/api-keys', { body: { name: 'Root', scopes: ['operator'] } });
    expect(status).toBe(403);
  });

  it('see themselves and the keys made with them, and answer others as unknown, unless they hold `*`', async () => {
    const github = await makeKey({ scopes: ['github'] });
    const child = await makeKey({}, github.authorization);
    const grandchild = await makeKey({}, child.authorization);
    const other = await makeKey({ scopes: ['gmail'] });
    const { json } = await server.request('GET', '/api-keys', { authorization: github.authorization });
    expect(json.map((key: { id: string }) => key.id)).toEqual([github.id, child.id, grandchild.id]);
    const foreign = await server.request('DELETE', `/api-keys/${other.id}`, { authorization: github.authorization });
    const unknown = await server.request('DELETE', '/api-keys/key_00000000000000000000000000000000', {
      authorization: github.authorization,
    });
    expect(foreign.status).toBe(404);
    expect(foreign.text).toBe(unknown.text);
    const nul = await server.graphql('mutation { revokeApiKey(id: "key_\\u0000") { revokedCount } }');
    expect([nul.status, nul.json.errors[0].message]).toEqual([404, 'API key not found.']);
    expect((await server.request('DELETE', `/api-keys/${other.id}`)).status).toBe(204);
  });

  it('end with their maker', async () => {
    const parent = await makeKey({ scopes: ['github'] });
    const child = await makeKey({}, parent.authorization);
    const grandchild = await makeKey({}, child.authorization);
    expect((await server.request('GET', '/api-keys', { authorization: grandchild.authorization })).status).toBe(200);
    expect((await server.request('DELETE', `/api-keys/${parent.id}`)).status).toBe(204);
    for (const { authorization } of [parent, child, grandchild])
      expect((await server.request('GET', '/api-keys', { authorization })).json.error).toBe('api_key_revoked');
  });

  it('expire, by the database’s time, and cannot outlive their maker', async () => {
    const soon = new Date(Date.now() + 60_000).toISOString();
    const key = await makeKey({ expires_at: soon });
    const child = await makeKey({}, key.authorization);
    const { json } = await server.request('GET', '/api-keys', { authorization: key.authorization });
    expect(json.find((one: { id: string }) => one.id === child.id).expires_at).toBe(soon);
    const later = await server.request('POST', '/api-keys', {
      body: { name: 'Later', expires_at: new Date(Date.now() + 120_000).toISOString() },
      authorization: key.authorization,
    });
    expect(later.json.message).toContain('cannot outlive');
    server.gateway.clock.offsetMs = 61_000;
    try {
      expect((await server.request('GET', '/api-keys', { authorization: key.authorization })).json.error).toBe('api_key_expired');
    } finally {
      server.gateway.clock.offsetMs = 0;
    }
  });

  it.each([
    [{ expires_at: '2030-02-30T00:00:00Z' }, 'RFC 3339'],
    [{ scopes: [] }, 'empty'],
    [{ scopes: ['githb'] }, 'Did you mean `github`?'],
    [{ scopes: ['github.create_isue'] }, 'Did you mean `github.create_issue`?'],
    [{ scopes: ['githb.createIssue'] }, 'Did you mean `github.create_issue`?'],
    [{ scopes: ['GitHub'] }, 'Did you mean `github`?'],
    [{ scopes: ['open-meteo'] }, 'Did you mean `open_meteo`?'],
    [{ scopes: ['gmail:write'] }, 'Did you mean `gmail`?'],
    [{ scopes: ['gmial:reed'] }, 'Did you mean `gmail:read`?'],
    [{ scopes: ['weather'] }, 'GET /v1/skills lists them.'],
    [{ expires_at: '2020-01-01T00:00:00Z' }, 'past'],
    [{ expires_at: 'tomorrow' }, 'RFC 3339'],
    [{ expires_at: '9999-12-31T23:59:59-14:00' }, '9999'],
    [{ name: '' }, 'name'],
    [{ name: 'a\u0000b' }, 'control'],
  ])('are refused with %j in a sentence that says %s', async (body, word) => {
    const { status, json } = await server.request('POST', '/api-keys', { body: { name: 'A key', ...body } });
    expect(status).toBe(400);
    expect(json.message).toContain(word);
  });

  it('stay within the plan exactly, also when made at the same moment', async () => {
    const { db } = server.gateway;
    await db
      .updateTable('users')
      .set({
        limits: JSON.stringify({
          apiKeys: (await db.selectFrom('apiKeys').select('id').where('revokedAt', 'is', null).execute()).length + 3,
        }),
      })
      .execute();
    try {
      const answers = await Promise.all(Array.from({ length: 12 }, () => server.request('POST', '/api-keys', { body: { name: 'Race' } })));
      // Expired keys do not count, so up to the two of an earlier test may have made room.
      const made = answers.filter((answer) => answer.status === 201).length;
      expect(made).toBeGreaterThanOrEqual(3);
      expect(made).toBeLessThanOrEqual(5);
      const refused = answers.find((answer) => answer.status === 403);
      expect(refused?.json).toMatchObject({
        error: 'plan_limit_reached',
        message: expect.stringMatching(/^Plan limit reached: maximum \d+ API keys\.$/),
        action_url: expect.stringMatching(/\/billing$/),
      });
    } finally {
      await db.updateTable('users').set({ limits: null }).execute();
    }
  });

  it('are stored as a hash only', async () => {
    const key = await makeKey({});
    const secret = key.authorization.slice('Bearer '.length);
    const dump = JSON.stringify([
      await server.gateway.db.selectFrom('apiKeys').selectAll().execute(),
      await server.gateway.db.selectFrom('auditRows').selectAll().execute(),
    ]);
    expect(dump).toContain(key.prefix);
    expect(dump).not.toContain(secret);
    expect(server.log.join('')).not.toContain(secret);
  });

  it('are limited in how many are made a minute', async () => {
    const statuses = new Set<number>();
    const answers = await Promise.all(Array.from({ length: 70 }, () => server.request('POST', '/api-keys', { body: { name: 'Many' } })));
    for (const answer of answers) statuses.add(answer.status);
    expect(statuses).toEqual(new Set([201, 429]));
    const limited = answers.find((answer) => answer.status === 429);
    expect(limited?.json.error).toBe('rate_limited');
    expect(Number(limited?.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
