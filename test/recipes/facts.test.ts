/** Every recipe against the facts of its provider's description, and the check itself against faults made on purpose. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { expectOf } from '../../scripts/recipes/arrived/expect.ts';
import { checkRecipe, listExampleFaults } from '../../scripts/recipes/check.ts';
import { extractFrom } from '../../scripts/recipes/extract.ts';
import { extractFacts, type Facts, hashSentence, printFacts } from '../../scripts/recipes/facts.ts';
import { type Leave, listFaults } from '../../scripts/recipes/faults.ts';
import { factsFileOf, listRecipesWithFacts, readFacts, readSources } from '../../scripts/recipes/folders.ts';
import type { Endpoint } from '../../src/domains/recipes/format/format.ts';
import type { Parameter } from '../../src/domains/recipes/format/parameter.ts';
import type { OpenApi, Operation, RequestBody } from '../../src/domains/recipes/import/openapi.ts';
import { readRecipe } from './read-recipe.ts';

const slugs = listRecipesWithFacts();
const factsOf = (slug: string) => readFacts(slug) as Facts;

describe.each(slugs)('the recipe %s', (slug) => {
  const reports = checkRecipe(readRecipe(slug), factsOf(slug));

  it.each(reports.map(({ name, faults }) => [name, faults] as const))('agrees with what is documented in %s', (_, faults) => {
    expect(faults).toEqual([]);
  });
  it('is compared with a description, or says why not', () => {
    const { source, unproved, absent = {} } = factsOf(slug);
    expect([source, unproved].filter((one) => one !== undefined)).toHaveLength(1);
    const compared = reports.filter(({ proof }) => proof === 'proved').map(({ name }) => name);
    const expected = source ? reports.map(({ name }) => name).filter((name) => !Object.hasOwn(absent, name)) : [];
    expect(compared).toEqual(expected);
    expect(compared.length > 0).toBe(source !== undefined);
  });
  it('has the facts that its description gives today', ({ skip }) => {
    const facts = factsOf(slug);
    if (!readSources(facts)) return skip('the description is no part of the repository, and not on this machine');
    expect(readFileSync(factsFileOf(slug), 'utf8')).toBe(printFacts(extractFrom(facts, readRecipe(slug)) as Facts));
  });
});

describe('the descriptions of a recipe', () => {
  const described = (title: string, paths: OpenApi['paths']): OpenApi => ({ info: { title, version: '1' }, paths });
  const read = (summary: string): Operation => ({ summary, parameters: [] });
  const endpoint = (path: string) => ({ ...copyOf('hackernews', 'get_item'), path, parameters: {} });

  it('may be several, of which the first that has an operation is taken', () => {
    const sources = [
      described('Letters', { '/letters': { get: read('Lists every letter of one person.') } }),
      described('Stamps', {
        '/letters': { get: read('Lists them in another way here.') },
        '/stamps': { get: read('Lists every stamp of one person.') },
      }),
    ];
    const facts = extractFacts({}, sources, 'https://letters.example', [
      ['list_letters', endpoint('/letters')],
      ['list_stamps', endpoint('/stamps')],
      ['list_others', endpoint('/others')],
    ]);
    expect([facts.title, Object.keys(facts.paths ?? {})]).toEqual(['Letters, Stamps', ['/letters', '/stamps']]);
    expect(facts.sentences?.split(' ')).toEqual(
      ['lists every letter of one person', 'lists every stamp of one person'].map(hashSentence).sort(),
    );
  });
  it('may begin their paths otherwise: of several beginnings the longest counts, and what is written out is no parameter', () => {
    const inPath = (...names: string[]) => names.map((name) => ({ in: 'path', name, required: true, schema: { type: 'string' } }));
    const source = described('Letters', {
      '/people/{person-id}/letters/{letter-id}': { get: { parameters: inPath('person-id', 'letter-id') } },
      '/people/{person-id}/box.v1/stamps': { get: { parameters: inPath('person-id') } },
      '/peoples/{person-id}': { get: { parameters: inPath('person-id') } },
    });
    const prefixes = { '/people/{person-id}': '/me', '/people/{person-id}/box.v1': '/box' };
    const factsWith = (head: object) =>
      extractFacts(head, [source], 'https://letters.example', [
        ['get_letter', endpoint('/me/letters/{letter_id}')],
        ['list_stamps', endpoint('/box/stamps')],
        ['get_other', endpoint('/peoples/{person_id}')],
        ['list_unknown', endpoint('/mes/{person_id}')],
      ]);
    expect(factsWith({ prefixes }).paths).toEqual({
      '/me/letters/{letter_id}': { get: { parameters: inPath('letter_id') } },
      '/box/stamps': { get: { parameters: [] } },
      '/peoples/{person_id}': { get: { parameters: inPath('person_id') } },
    });
    expect(Object.keys(factsWith({}).paths ?? {})).toEqual(['/peoples/{person_id}']);
  });

  it('may call a parameter required that the service does not need, where a page says so', () => {
    const sources = [
      described('Letters', {
        '/letters': {
          get: { parameters: ['mask', 'query'].map((name) => ({ in: 'query', name, required: true, schema: { type: 'string' } })) },
        },
      }),
    ];
    const required = (head: Parameters<typeof extractFacts>[0]) =>
      listFaults(
        extractFacts(head, sources, 'https://letters.example', [['list_letters', endpoint('/letters')]]) as Facts & Pick<OpenApi, 'paths'>,
        endpoint('/letters'),
        {
          omits: { mask: 'The former form.', query: 'Not wanted.' },
        },
      );
    expect(required({})).toEqual(['query mask: is required there', 'query query: is required there']);
    expect(required({ optional: { mask: 'https://letters.example/docs' } })).toEqual(['query query: is required there']);
  });

  it('are all needed, and a package that is not installed is none', () => {
    const there = { package: '@octokit/openapi', file: 'generated/api.github.com.json' };
    expect(readSources({ source: [there] })).toHaveLength(1);
    expect(readSources({ source: [there, { package: 'not-installed-anywhere', file: 'letters.json' }] })).toBeUndefined();
    expect(readSources({ source: [there, { ...there, file: 'generated/no-such-file.json' }] })).toBeUndefined();
  });
});

const copyOf = (slug: string, name: string): Endpoint => readRecipe(slug).requireEndpoint(name);

function faultsOf(slug: string, endpoint: Endpoint, more: Leave = {}): string[] {
  return listFaults({ paths: factsOf(slug).paths ?? {} }, endpoint, { omits: readRecipe(slug).integration.omits, ...more });
}

const query = (more: Partial<Parameter>): Parameter => ({ in: 'query', type: 'string', description: 'Made up.', ...more });

describe('the check itself', () => {
  it.each<[kind: string, endpoint: string, change: (endpoint: Endpoint) => void, fault: string]>([
    ['an unknown path', 'get_issue', (e) => (e.path += 's'), 'GET /repos/{owner}/{repo}/issues/{issue_number}s: is not documented'],
    [
      'another template name',
      'get_issue',
      (e) => (e.path = '/repos/{owner}/{repo}/issues/{number}'),
      'GET /repos/{owner}/{repo}/issues/{number}: is not documented',
    ],
    ['an unknown method', 'get_issue', (e) => (e.method = 'PUT'), 'PUT /repos/{owner}/{repo}/issues/{issue_number}: is not documented'],
    ['an unfilled path name', 'get_issue', (e) => delete e.parameters.repo, 'path owner: is neither sent nor omitted'],
    ['an unknown parameter', 'get_issue', (e) => (e.parameters.verbose = query({})), 'query verbose: is not documented'],
    ['a wrong place', 'create_issue', (e) => (e.parameters.title!.in = 'query'), 'query title: is not documented'],
    ['a wrong name behind `as`', 'create_issue', (e) => (e.parameters.title!.as = 'titel'), 'body titel: is not documented'],
    ['a wrong pointer', 'create_issue', (e) => (e.parameters.body!.as = '/body/text'), 'body body text: is not documented'],
    [
      'an unknown constant',
      'create_issue',
      (e) => (e.body = { encoding: 'json', constants: { loud: true } }),
      'body loud: is not documented',
    ],
    ['an unknown fixed query value', 'get_issue', (e) => (e.query = { loud: '1' }), 'query loud: is not documented'],
    ['a wrong type', 'get_issue', (e) => (e.parameters.issue_number!.type = 'string'), 'path issue_number: may not be string'],
    ['null where it is refused', 'create_issue', (e) => (e.parameters.body!.type = ['string', 'null']), 'body body: may not be null'],
    ['a wrong type of items', 'create_issue', (e) => (e.parameters.labels!.items!.type = 'integer'), 'body labels[]: may not be integer'],
    ['items of any type', 'create_issue', (e) => delete e.parameters.labels!.items, 'body labels: does not describe its items'],
    ['an unknown value', 'list_pull', (e) => e.parameters.state!.enum!.push('merged'), 'query state: merged is not a documented value'],
    ['values left open', 'list_pull', (e) => delete e.parameters.state!.enum, 'query state: does not name the documented values'],
    ['another default', 'list_pull', (e) => (e.parameters.state!.default = 'all'), 'query state: the documented default is open'],
    ['a looser limit', 'add_labels', (e) => (e.parameters.labels!.minItems = 0), 'body labels: the documented minItems is 1'],
    ['no limit', 'add_labels', (e) => delete e.parameters.labels!.minItems, 'body labels: the documented minItems is 1'],
    [
      'an unknown property',
      'create_review',
      (e) => (e.parameters.comments!.items!.properties!.row = { type: 'integer' }),
      'body comments[].row: is not documented',
    ],
    [
      'a property of a wrong type',
      'create_review',
      (e) => (e.parameters.comments!.items!.properties!.line!.type = 'string'),
      'body comments[].line: may not be string',
    ],
    [
      'an optional property that is required',
      'create_review',
      (e) => (e.parameters.comments!.items!.required = ['path']),
      'body comments[].body: is required there',
    ],
    ['a forgotten parameter', 'list_pull', (e) => delete e.parameters.base, 'query base: is neither sent nor omitted'],
    ['a forgotten property', 'update_pull', (e) => delete e.parameters.state, 'body state: is neither sent nor omitted'],
    ['an optional parameter that is required', 'search_code', (e) => delete e.parameters.q!.required, 'query q: is required there'],
    ['an optional property of the body', 'create_pull', (e) => delete e.parameters.head!.required, 'body head: is required there'],
    [
      'a required parameter that is omitted',
      'search_code',
      (e) => {
        delete e.parameters.q;
        e.omits = { ...e.omits, q: 'Not wanted.' };
      },
      'query q: is required there',
    ],
    ['an omission of nothing', 'get_issue', (e) => (e.omits = { loud: 'Not wanted.' }), 'omits loud: is not documented'],
    ['an omission of what is sent', 'list_pull', (e) => (e.omits = { base: 'Not wanted.' }), 'omits base: is sent'],
  ])('reports %s', (_, name, change, fault) => {
    const endpoint = copyOf('github', name);
    expect(faultsOf('github', endpoint)).toEqual([]);
    change(endpoint);
    expect(faultsOf('github', endpoint)).toContain(fault);
  });

  it('accepts a required parameter that is sent as a constant or by default', () => {
    const constant = copyOf('github', 'create_pull');
    delete constant.parameters.base;
    constant.body = { encoding: 'json', constants: { base: 'main' } };
    expect(faultsOf('github', constant)).toEqual([]);

    const byDefault = copyOf('github', 'search_code');
    Object.assign(byDefault.parameters.q!, { required: false, default: 'is:public', send_default: true });
    expect(faultsOf('github', byDefault)).toEqual([]);
  });
  it('accepts an omission made for every endpoint', () => {
    const endpoint = copyOf('github', 'list_pull');
    delete endpoint.parameters.base;
    expect(faultsOf('github', endpoint, { omits: { base: 'Not wanted.' } })).toEqual([]);
  });
  it('accepts one value as the whole body when it has the documented type', () => {
    const endpoint = copyOf('github', 'lock_issue');
    endpoint.parameters.lock_reason = { in: 'body', as: '', type: 'object', description: 'Made up.' };
    expect(faultsOf('github', endpoint)).toEqual([]);
    endpoint.parameters.lock_reason.type = 'array';
    expect(faultsOf('github', endpoint)).toEqual(['body : may not be array']);
  });
  it.each<[kind: string, endpoint: string, change: (endpoint: Endpoint) => void, fault: string]>([
    ['an unknown path', 'get_message', (e) => (e.path += 's'), 'GET /users/me/messages/{id}s: is not documented'],
    ['an unknown method', 'get_message', (e) => (e.method = 'PUT'), 'PUT /users/me/messages/{id}: is not documented'],
    ['another template name', 'get_label', (e) => (e.path = '/users/me/labels/{label}'), 'GET /users/me/labels/{label}: is not documented'],
    ['an unfilled path name', 'get_message', (e) => delete e.parameters.id, 'path id: is neither sent nor omitted'],
    ['an unknown parameter', 'list_messages', (e) => (e.parameters.sort = query({})), 'query sort: is not documented'],
    ['a wrong place', 'send_draft', (e) => (e.parameters.id!.in = 'query'), 'query id: is not documented'],
    ['a wrong type', 'list_messages', (e) => (e.parameters.maxResults!.type = 'string'), 'query maxResults: may not be string'],
    ['another default', 'list_messages', (e) => (e.parameters.maxResults!.default = 50), 'query maxResults: the documented default is 100'],
    ['one value where a list is', 'list_messages', (e) => (e.parameters.labelIds!.type = 'string'), 'query labelIds: may not be string'],
    ['an unknown value', 'get_thread', (e) => e.parameters.format!.enum!.push('raw'), 'query format: raw is not a documented value'],
    [
      'a wrong property inside',
      'create_label',
      (e) => (e.parameters.color!.properties!.border = { type: 'string' }),
      'body color.border: is not documented',
    ],
    [
      'a required parameter that may be missing',
      'list_history',
      (e) => delete e.parameters.startHistoryId!.required,
      'query startHistoryId: is required there',
    ],
    ['a required property that may be missing', 'create_label', (e) => delete e.parameters.name!.required, 'body name: is required there'],
    ['a forgotten parameter', 'list_messages', (e) => delete e.parameters.q, 'query q: is neither sent nor omitted'],
    ['a forgotten property', 'update_vacation', (e) => delete e.parameters.endTime, 'body endTime: is neither sent nor omitted'],
    ['a mail at a wrong place', 'create_draft', (e) => (e.body!.mail_at = '/message/mail'), 'body message mail: is not documented'],
    [
      'a mail that is missing',
      'create_draft',
      (e) => (e.body!.mail_at = '/message/payload'),
      'body message raw: is neither sent nor omitted',
    ],
    ['a mail outside its message', 'create_draft', (e) => (e.body!.mail_at = '/raw'), 'body raw: is not documented'],
    [
      'a forgotten property beside the mail',
      'create_draft',
      (e) => delete e.parameters.threadId,
      'body message threadId: is neither sent nor omitted',
    ],
    ['an omission of nothing', 'get_message', (e) => (e.omits = { loud: 'Not wanted.' }), 'omits loud: is not documented'],
    ['an omission of what is sent', 'create_draft', (e) => (e.omits!['/message/raw'] = 'Not wanted.'), 'omits /message/raw: is sent'],
  ])('reports %s of a discovery document', (_, name, change, fault) => {
    const endpoint = copyOf('gmail', name);
    expect(faultsOf('gmail', endpoint)).toEqual([]);
    change(endpoint);
    expect(faultsOf('gmail', endpoint)).toContain(fault);
  });

  it.each<[kind: string, change: (endpoint: Endpoint) => void, fault: string]>([
    [
      'a wrong name in an entry of a list',
      (e) => (e.parameters.cc!.as = '/personalizations/0/copies'),
      'body personalizations 0 copies: is not documented',
    ],
    [
      'a wrong type there',
      (e) => (e.parameters.cc!.items!.properties!.email!.type = 'integer'),
      'body personalizations 0 cc[].email: may not be integer',
    ],
    ['what the list itself must hold', (e) => delete e.parameters.to!.required, 'body personalizations: is required there'],
    [
      'what an entry may hold',
      (e) => delete e.omits!['/personalizations/0/send_at'],
      'body personalizations 0 send_at: is neither sent nor omitted',
    ],
    [
      'an entry of what is no list',
      (e) => (e.parameters.unsubscribe_group!.as = '/asm/0/group_id'),
      'body asm 0 group_id: is not documented',
    ],
  ])('reports %s that is filled part by part', (_, change, fault) => {
    const endpoint = copyOf('sendgrid', 'send_email');
    const omits = { 'on-behalf-of': 'Not wanted.' };
    expect(faultsOf('sendgrid', endpoint, { omits })).toEqual([]);
    change(endpoint);
    expect(faultsOf('sendgrid', endpoint, { omits })).toContain(fault);
  });

  it('reports a deprecated operation', () => {
    const endpoint = copyOf('github', 'get_issue');
    const paths = structuredClone(factsOf('github').paths ?? {});
    paths[endpoint.path]!.get!.deprecated = true;
    expect(listFaults({ paths }, endpoint)).toEqual(['GET /repos/{owner}/{repo}/issues/{issue_number}: is deprecated']);
  });
  it('reports names alone where types of a description are not to be relied on, and takes those that are newer', () => {
    const endpoint = copyOf('slack', 'add_reaction');
    endpoint.parameters.name!.type = 'integer';
    expect(faultsOf('slack', endpoint)).toContain('body name: may not be integer');
    expect(faultsOf('slack', endpoint, { trust: 'names' })).toEqual([]);
    endpoint.parameters.loud = { in: 'body', type: 'boolean', description: 'Made up.' };
    expect(faultsOf('slack', endpoint, { trust: 'names' })).toEqual(['body loud: is not documented']);
    expect(faultsOf('slack', endpoint, { trust: 'names', newer: { loud: 'https://example.org' } })).toEqual([]);
    delete endpoint.parameters.timestamp;
    expect(faultsOf('slack', endpoint, { trust: 'names', newer: { loud: 'https://example.org' } })).toEqual([
      'body timestamp: is neither sent nor omitted',
    ]);
  });
  it('asks for no header in its own place that the recipe sends with every request', () => {
    const endpoint = copyOf('slack', 'list_channels');
    const documented = (name: string) => ({ in: 'header', name, required: true, schema: { type: 'string' } });
    const operation = { parameters: ['X-Tenant', 'X-Other'].map(documented) };
    const paths = { [endpoint.path]: { get: operation } };
    const alone = { ...endpoint, parameters: {}, omits: {} };
    const forgotten = (name: string) => [`header ${name}: is neither sent nor omitted`];
    expect(listFaults({ paths }, alone)).toEqual([...forgotten('X-Tenant'), ...forgotten('X-Other')]);
    expect(listFaults({ paths }, alone, { headers: { 'x-tenant': '{tenant}' } })).toEqual(forgotten('X-Other'));
  });
  it('takes values and constants that are newer, and expects them to arrive', () => {
    const properties = { title: { type: 'string', enum: ['old'] } };
    const requestBody = { content: { 'application/json': { schema: { type: 'object', properties } } } };
    const parameters = [{ in: 'query', name: 'sort', schema: { type: 'string', enum: ['id'] } }];
    const openApi: OpenApi = { info: { title: '', version: '' }, paths: { '/letters': { post: { parameters, requestBody } } } };
    const endpoint: Endpoint = {
      ...copyOf('slack', 'send_message'),
      path: '/letters',
      omits: {},
      body: { encoding: 'json', constants: { kind: 'letter' } },
      parameters: {
        sort: query({ enum: ['id', 'date'] }),
        title: { in: 'body', type: 'string', enum: ['old', 'new'], description: 'Made up.' },
      },
    };
    const newer = { sort: 'https://example.org', title: 'https://example.org', kind: 'https://example.org' };
    expect(listFaults(openApi, endpoint)).toEqual([
      'body kind: is not documented',
      'query sort: date is not a documented value',
      'body title: new is not a documented value',
    ]);
    expect(listFaults(openApi, endpoint, { newer })).toEqual([]);
    const facts = { ...extractFacts({}, [openApi], 'https://letters.example', [['make', endpoint]]), newer: { make: newer } };
    const expected = expectOf(facts, 'make', endpoint)?.operation as Operation;
    expect(expected.parameters).toEqual([{ in: 'query', name: 'sort', schema: {} }]);
    expect((expected.requestBody as RequestBody).content['application/json']?.schema?.properties).toEqual({ title: {}, kind: {} });
  });
  it.each<[kind: string, change: (endpoint: Endpoint) => void, fault: string]>([
    ['an example of a wrong type', (e) => (e.example.per_page = '50'), 'example /per_page must be integer'],
    ['an example with an unknown parameter', (e) => (e.example.titel = 'x'), 'example  must NOT have additional properties'],
    ['an example without a required parameter', (e) => delete e.example.repo, "example  must have required property 'repo'"],
  ])('reports %s', (_, change, fault) => {
    const endpoint = copyOf('github', 'list_issues_for_repo');
    expect(listExampleFaults(endpoint)).toEqual([]);
    change(endpoint);
    expect(listExampleFaults(endpoint)).toEqual([fault]);
  });
  it('reports a borrowed sentence, a name without a verb, one that is too long, and an absence that is none', () => {
    const { integration } = readRecipe('github');
    const facts = { ...factsOf('github'), absent: { get_issue: 'Made up.' } };
    const endpoint = copyOf('github', 'get_issue');
    const reportsOf = (name: string, description: string) =>
      checkRecipe({ integration, endpoints: [[name, { ...endpoint, description }]] }, facts)[0]?.faults;
    const theirs = 'The name of the repository without the `.git` extension.';
    expect(reportsOf('read_issue', 'Reads one issue with its labels and people.')).toEqual([]);
    expect(reportsOf('read_issue', `Reads it. ${theirs}`)).toEqual([
      "description: is the provider's sentence: the name of the repository without the git extension",
    ]);
    expect(reportsOf('issue_reading', 'Reads it.')).toEqual([]);
    expect(reportsOf('thing', 'Reads it.')).toEqual(['has a name that does not begin with a verb: thing']);
    expect(reportsOf(`get_${'x'.repeat(37)}`, 'Reads it.')).toEqual(['has a name of 41 characters; 40 are the most']);
    expect(reportsOf('get_issue', 'Reads it.')).toEqual(['is said to be absent from the description, and stands there']);
  });
});
