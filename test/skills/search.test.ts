import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadCatalogue } from '../../src/domains/recipes/load.ts';
import { buildSearch, type SkillSearch } from '../../src/domains/skills/search.ts';

let search: SkillSearch;
beforeAll(async () => {
  const bundledFolder = path.resolve(import.meta.dirname, '../../recipes');
  search = buildSearch(await loadCatalogue({ bundledFolder, extraFolder: undefined, integrations: new Map() }));
});

const all = () => true;
const findEndpoints = (query: string) => search.findEndpoints(query, all).map((endpoint) => `${endpoint.integration}.${endpoint.name}`);
const findIntegrations = (query: string) => search.findIntegrations(query, all).map((integration) => integration.slug);

describe('the first endpoint for', () => {
  it.each([
    ['create issue', 'github.create_issue'],
    ['creat isue', 'github.create_issue'],
    ['CREATE_ISSUE', 'github.create_issue'],
    ['create an issue on github', 'github.create_issue'],
    ['pull request merge', 'github.merge_pull'],
    ['merge pull requests', 'github.merge_pull'],
    ['send mail', 'gmail.send_email'],
    ['send an e-mail', 'gmail.send_email'],
    ['delete branch', 'github.delete_ref'],
    ['delet brnch', 'github.delete_ref'],
    ['pul reqest', 'github.list_pull'],
  ])('"%s" is the one that does it', (query, expected) => {
    expect(findEndpoints(query)[0]).toBe(expected);
  });

  it('"isue", a typing error, is about issues', () => {
    expect(
      search
        .findEndpoints('isue', all)
        .slice(0, 5)
        .map((endpoint) => endpoint.name),
    ).toEqual(Array(5).fill(expect.stringMatching(/issue/)));
  });
});

describe('a search', () => {
  it('for several words finds what holds all of them before it settles for any of them', () => {
    const found = search.findEndpoints('create issue', all);
    for (const { name, resource, spec } of found)
      expect(`${name} ${resource} ${spec.description}`).toMatch(/creat[\s\S]*issue|issue[\s\S]*creat/i);
    expect(findEndpoints('issue xylophone').length).toBeGreaterThan(0);
  });

  it('finds nothing for what nothing is about', () => {
    expect(findEndpoints('xylophone')).toEqual([]);
    expect(findIntegrations('xylophone')).toEqual([]);
    expect(findEndpoints('...')).toEqual([]);
  });

  it('keeps to what is let through, and then settles for less there', () => {
    const onlyPulls = search.findEndpoints('create issue', (endpoint) => endpoint.resource === 'pull-requests');
    expect(onlyPulls.length).toBeGreaterThan(0);
    expect(new Set(onlyPulls.map((endpoint) => endpoint.resource))).toEqual(new Set(['pull-requests']));
  });

  it('finds an integration by its name, in spite of a typing error', () => {
    expect(findIntegrations('github')[0]).toBe('github');
    expect(findIntegrations('gihtub')[0]).toBe('github');
    expect(findIntegrations('gmail')[0]).toBe('gmail');
  });

  it('finds an integration by one of its endpoints, if that is let through', () => {
    expect(findIntegrations('milestone')).toEqual(['github']);
    const withoutEndpoints = search.findIntegrations('milestone', (_integration, endpoint) => endpoint === undefined);
    expect(withoutEndpoints).toEqual([]);
  });
});
