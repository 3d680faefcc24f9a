/** What becomes of a description that is imported, by the front door: names, sentences, what is left out and what is refused. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addUser } from '../admission/people.ts';
import { eventually } from '../support/upstream.ts';
import { codeOf, OwnStand } from './stand.ts';

let stand: OwnStand;
beforeAll(async () => {
  stand = await OwnStand.open();
});
beforeEach(() => stand.begin());
afterAll(() => stand.close());

describe('a description becomes an integration', () => {
  it('with readable names, quoted sentences without what is hidden in them, and a list of what is left out', async () => {
    const { json } = await stand.acme();
    const { integration, warnings, operationCount, endpointCount } = json.data.it;
    expect(integration).toMatchObject({
      slug: 'acme',
      name: 'Acme API',
      version: '1.0.0',
      imported: true,
      description: 'Imported: "Things."',
    });
    expect([operationCount, endpointCount]).toEqual([4, 3]);
    expect(warnings).toEqual([expect.stringMatching(/^GET \/other#x: is left out: path/)]);
    expect(integration.endpoints.nodes).toEqual([
      {
        name: 'list_notes',
        category: 'notes-lists',
        description: 'Imported: "List notes."',
        readOnly: true,
        parameters: [{ name: 'page_size', description: 'Imported: "How many."' }],
      },
      expect.objectContaining({ name: 'create_note', description: 'Deprecated. Imported, without a description.', readOnly: false }),
      expect.objectContaining({ name: 'delete_notes', category: 'api' }),
    ]);
    expect(JSON.stringify(json)).not.toMatch(/[\u202a-\u202e]|\udb40/);
  });

  it('of which only what is named by tag or operation, under the same names', async () => {
    const names = async (more: object) => {
      const { json } = await stand.acme(more);
      await stand.remove();
      return json.data?.it.integration.endpoints.nodes.map(({ name }: { name: string }) => name) ?? json.errors[0].message;
    };
    expect(await names({ tags: ['Notes & lists'] })).toEqual(['list_notes', 'create_note']);
    expect(await names({ operations: ['DELETE /notes/{id}', 'notes/list'] })).toEqual(['list_notes', 'delete_notes']);
    expect(await names({ tags: ['none'] })).toContain('No operation has the tag "none"');
    expect(await names({ operations: ['none'] })).toContain('no operation "none"');
  });

  it('read from its address, under the rules of what goes out', async () => {
    stand.upstream.json(JSON.stringify(stand.description()));
    expect((await stand.acme({ document: undefined, url: `${stand.upstream.origin}/openapi.json` })).json.data.it.endpointCount).toBe(3);
    for (const url of [
      'http://127.0.0.1:1/x',
      'http://localhost/x',
      'file:///etc/passwd',
      'http://10.0.0.1/',
      'http://u:p@example.org/',
      'http://:p@example.org/',
      // Open for integrations, but no caller chooses it.
      `${stand.internal.origin}/openapi.json`,
      'x',
    ]) {
      const refused = await stand.importing({ slug: 'other', url });
      expect([url, codeOf(refused)]).toEqual([url, expect.stringMatching(/^(bad_request|upstream_unreachable)$/)]);
    }
    expect(stand.internal.received).toEqual([]);
    stand.upstream.json('{}', 404);
    expect(codeOf(await stand.importing({ slug: 'other', url: stand.upstream.origin }))).toBe('bad_request');
    expect(codeOf(await stand.importing({ slug: 'other' }))).toBe('bad_request');
  });

  it.each<[string, string, string]>([
    ['no JSON', '{"openapi": ', 'begins as JSON and is none'],
    ['no description', '{"a":1}', 'does not say what it is'],
    ['broken YAML', 'openapi: 3.0.0\npaths: [', 'line 2'],
    ['another version', '{"openapi":"4.0","paths":{}}', '/openapi'],
    ['paths that are none', '{"openapi":"3.0.0","paths":{"/a":1}}', '/paths/~1a'],
    ['no operation', '{"openapi":"3.0.0","servers":[{"url":"https://a.example"}],"paths":{}}', 'no operation'],
    ['no address', '{"openapi":"3.0.0","servers":[{"url":"/v1"}],"paths":{"/a":{"get":{}}}}', '`baseUrl`'],
    ['another scheme', '{"openapi":"3.0.0","servers":[{"url":"ftp://a.example"}],"paths":{"/a":{"get":{}}}}', '`baseUrl`'],
    ['a password in its address', '{"openapi":"3.0.0","servers":[{"url":"https://:p@a.example"}],"paths":{"/a":{"get":{}}}}', '`baseUrl`'],
    ['a user in its address', '{"openapi":"3.0.0","servers":[{"url":"https://u:p@a.example"}],"paths":{"/a":{"get":{}}}}', '`baseUrl`'],
    ['nothing', '', 'no object'],
  ])('and %s becomes none, with the place of the fault', async (_what, document, message) => {
    const refused = await stand.importing({ slug: 'broken', document });
    expect([codeOf(refused), refused.json.errors[0].message]).toEqual(['bad_request', expect.stringContaining(message)]);
    expect((await stand.server.request('GET', '/v1/skills/broken', stand.bearer())).status).toBe(404);
  });

  it('whatever rings, depths and references to elsewhere it holds', async () => {
    const node = {
      type: 'object',
      properties: { self: { $ref: '#/components/schemas/Node' }, far: { $ref: `${stand.upstream.origin}/secret.json` } },
    };
    const deep = Array.from({ length: 200 }).reduce<object>((inner) => ({ type: 'object', properties: { in: inner } }), { type: 'string' });
    const document = stand.description({
      components: { schemas: { Node: node, Ring: { $ref: '#/components/schemas/Ring' }, Deep: deep, __proto__x: {} } },
      paths: {
        '/a': { post: { requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Node' } } } } } },
        '/b': { post: { requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Deep' } } } } } },
        '/c': { post: { requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Ring' } } } } } },
        '/d': {
          get: {
            parameters: [
              { in: 'header', name: 'Authorization' },
              { in: 'header', name: 'Host' },
              { in: 'cookie', name: 'c' },
            ],
          },
        },
        '/e': { $ref: `${stand.upstream.origin}/e.json` },
      },
    });
    const made = await stand.acme({ document: JSON.stringify(document) });
    expect(made.json.data.it.endpointCount).toBe(4);
    expect(stand.upstream.received).toEqual([]);
    expect((await stand.run('create_a', { self: { self: { x: 1 } } })).status).toBe(200);
    const headers = made.json.data.it.integration.endpoints.nodes[3].parameters;
    expect(headers).toEqual([]);
  });

  it('or is refused with its size where it takes more memory than there is, and nobody else waits', async () => {
    const names = Array.from({ length: 400_000 }, (_, at) => `a${at}: &a${at} {x: [1, 2, 3]}`).join('\n');
    const started = stand.importing({ slug: 'huge', document: `openapi: 3.0.0\npaths: {}\nx:\n${names.replaceAll(/^/gm, '  ')}` });
    expect((await stand.run('none', {}, stand.key, 'hackernews')).status).toBe(404);
    const refused = await started;
    expect(codeOf(refused)).toBe('bad_request');
    expect(refused.json.errors[0].message).toMatch(/MB, and reading it takes more|no operation|\/servers/);
  }, 180_000);
});

describe('a user who imports without end', () => {
  it('is told to come back, and nobody else waits for more than what runs', async () => {
    const hers = await stand.newKey(await addUser(stand.server.gateway.database));
    const codes: (string | undefined)[] = [];
    const all = Array.from({ length: 14 }, async (_, at) => codes.push(codeOf(await stand.acme({ slug: `many_${at}` }))));
    await eventually(() => codes.includes('unavailable'), 'some were refused');
    expect(codeOf(await stand.acme({}, hers))).toBeUndefined();
    const before = codes.filter((code) => code === undefined).length;
    await Promise.all(all);
    const done = codes.filter((code) => code === undefined).length;
    expect(done).toBeGreaterThan(before + 2);
    expect(codes.filter((code) => code === 'unavailable')).toHaveLength(14 - done);
    expect(codeOf(await stand.acme({ slug: 'again' }))).toBeUndefined();
  }, 60_000);
});
