import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../src/domains/recipes/format/format.ts';
import type { Parameter } from '../../src/domains/recipes/format/parameter.ts';
import { buildParameterSchema } from '../../src/domains/recipes/parameter-schema.ts';
import { listFaults, openApi } from './github-openapi.ts';
import { readRecipe } from './read-recipe.ts';

const { recipe, resources, endpoints, requireEndpoint } = readRecipe('github');

const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }));

function listExampleFaults(endpoint: Endpoint): string[] {
  const validate = ajv.compile(buildParameterSchema(endpoint));
  validate(endpoint.example);
  return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}

describe.each(endpoints)('github.%s', (_, endpoint) => {
  it('agrees with what GitHub documents', () => {
    expect(listFaults(endpoint, recipe.omits)).toEqual([]);
  });
  it('shows an example that its parameters accept', () => {
    expect(listExampleFaults(endpoint)).toEqual([]);
  });
  it('names a repository by one value', () => {
    const expected = endpoint.path.includes('{owner}/{repo}') ? [['repo', '{owner}/{repo}']] : [];
    const found = Object.entries(endpoint.parameters)
      .filter(
        ([name, { in: place, split, as }]) => place === 'path' && (split === '{owner}/{repo}' || ['owner', 'repo'].includes(as ?? name)),
      )
      .map(([name, { split }]) => [name, split]);
    expect(found).toEqual(expected);
  });
  it('says how its list is paged when it has numbered pages', () => {
    const { page, per_page: size } = endpoint.parameters;
    const expected = page && { style: 'page', parameter: 'page', ...(size && { size_parameter: 'per_page' }) };
    expect(endpoint.pagination?.style === 'page' ? endpoint.pagination : undefined).toEqual(expected);
  });
});

describe('the github recipe', () => {
  const categories = ['actions', 'issues', 'pull-requests', 'repositories', 'search', 'users'];

  it('holds at least 70 endpoints in its six categories', () => {
    expect(resources.map((one) => one.resource).sort()).toEqual(categories);
    expect(endpoints.length).toBeGreaterThanOrEqual(70);
  });
  it('gives no two endpoints one name', () => {
    expect(new Set(endpoints.map(([name]) => name)).size).toBe(endpoints.length);
  });
  it.each([
    ['create_issue', 'POST /repos/{owner}/{repo}/issues', ['repo', 'title']],
    ['list_issues_for_repo', 'GET /repos/{owner}/{repo}/issues', ['repo']],
    ['create_pull', 'POST /repos/{owner}/{repo}/pulls', ['repo', 'head', 'base']],
    ['list_pull', 'GET /repos/{owner}/{repo}/pulls', ['repo']],
  ])('keeps %s as existing agents call it', (name, call, required) => {
    const endpoint = requireEndpoint(name);
    expect(`${endpoint.method} ${endpoint.path}`).toBe(call);
    const needed = Object.entries(endpoint.parameters).filter(([, parameter]) => parameter.required);
    expect(needed.map(([parameter]) => parameter).sort()).toEqual([...required].sort());
  });
});

describe('the check itself', () => {
  const query = (more: Partial<Parameter>): Parameter => ({ in: 'query', type: 'string', description: 'Made up.', ...more });
  const deprecated = Object.entries(openApi.paths).find(([, methods]) => methods.get?.deprecated)![0];

  it.each<[kind: string, endpoint: string, change: (endpoint: Endpoint) => void, fault: string]>([
    ['an unknown path', 'get_issue', (e) => (e.path += 's'), 'GET /repos/{owner}/{repo}/issues/{issue_number}s: is not documented'],
    [
      'another template name',
      'get_issue',
      (e) => (e.path = '/repos/{owner}/{repo}/issues/{number}'),
      'GET /repos/{owner}/{repo}/issues/{number}: is not documented',
    ],
    ['an unknown method', 'get_issue', (e) => (e.method = 'PUT'), 'PUT /repos/{owner}/{repo}/issues/{issue_number}: is not documented'],
    ['a deprecated operation', 'get_issue', (e) => (e.path = deprecated), `GET ${deprecated}: is deprecated`],
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
    const endpoint = requireEndpoint(name);
    expect(listFaults(endpoint)).toEqual([]);
    change(endpoint);
    expect(listFaults(endpoint)).toContain(fault);
  });

  it('accepts a required parameter that is sent as a constant or by default', () => {
    const constant = requireEndpoint('create_pull');
    delete constant.parameters.base;
    constant.body = { encoding: 'json', constants: { base: 'main' } };
    expect(listFaults(constant)).toEqual([]);

    const byDefault = requireEndpoint('search_code');
    Object.assign(byDefault.parameters.q!, { required: false, default: 'is:public', send_default: true });
    expect(listFaults(byDefault)).toEqual([]);
  });
  it('accepts an omission made for every endpoint', () => {
    const endpoint = requireEndpoint('list_pull');
    delete endpoint.parameters.base;
    expect(listFaults(endpoint, { base: 'Not wanted.' })).toEqual([]);
  });
  it('accepts one value as the whole body when it has the documented type', () => {
    const endpoint = requireEndpoint('lock_issue');
    endpoint.parameters.lock_reason = { in: 'body', as: '', type: 'object', description: 'Made up.' };
    expect(listFaults(endpoint)).toEqual([]);
    endpoint.parameters.lock_reason.type = 'array';
    expect(listFaults(endpoint)).toEqual(['body : may not be array']);
  });
  it.each<[kind: string, change: (endpoint: Endpoint) => void, fault: string]>([
    ['an example of a wrong type', (e) => (e.example.per_page = '50'), '/per_page must be integer'],
    ['an example with an unknown parameter', (e) => (e.example.titel = 'x'), ' must NOT have additional properties'],
    ['an example without a required parameter', (e) => delete e.example.repo, " must have required property 'repo'"],
  ])('reports %s', (_, change, fault) => {
    const endpoint = requireEndpoint('list_issues_for_repo');
    expect(listExampleFaults(endpoint)).toEqual([]);
    change(endpoint);
    expect(listExampleFaults(endpoint)).toEqual([fault]);
  });
});
