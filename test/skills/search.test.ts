import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CatalogueEndpoint } from '../../src/domains/recipes/catalogue.ts';
import { loadCatalogue } from '../../src/domains/recipes/load.ts';
import { buildSearch, type SkillSearch } from '../../src/domains/skills/search.ts';
import { askAll, recall } from './questions/questions.ts';

let search: SkillSearch;
let everything: CatalogueEndpoint[];
beforeAll(async () => {
  const bundledFolder = path.resolve(import.meta.dirname, '../../recipes');
  const catalogue = await loadCatalogue({ bundledFolder, extraFolder: undefined, integrations: new Map() });
  everything = catalogue.integrations.flatMap(({ endpoints }) => [...endpoints.values()]);
  search = buildSearch(catalogue);
});

const all = () => true;
const findEndpoints = (query: string) => search.findEndpoints(query, all).map((endpoint) => `${endpoint.integration}.${endpoint.name}`);
const findIntegrations = (query: string) => search.findIntegrations(query, all).map((integration) => integration.slug);

describe('the first endpoint for', () => {
  const tickets = /^(github|gitlab|bitbucket|jira|linear)\.create_issues?$/;
  it.each<[query: string, expected: string | RegExp]>([
    ['create issue', tickets],
    ['creat isue', tickets],
    ['CREATE_ISSUE', tickets],
    ['create an issue on github', 'github.create_issue'],
    ['create an issue in jira', 'jira.create_issue'],
    ['jira create issue', 'jira.create_issue'],
    ['pull request merge', /^(github\.merge_pull|bitbucket\.merge_pull_request)$/],
    ['merge pull requests', /^(github\.merge_pull|bitbucket\.merge_pull_request)$/],
    ['send mail', /^(gmail|microsoft_outlook|sendgrid)\.send_email$/],
    ['send an e-mail', /^(gmail|microsoft_outlook|sendgrid)\.send_email$/],
    ['send an e-mail with gmail', 'gmail.send_email'],
    ['delete branch', /^(github\.delete_ref|gitlab\.delete_branch|bitbucket\.delete_branch)$/],
    ['delete branch on github', 'github.delete_ref'],
    ['pul reqest', /^(github\.list_pull|bitbucket\.list_pull_requests)$/],
    ['DM Tom', /^(slack\.open_conversation|discord\.open_direct_message)$/],
    ['read my unread mail', /^(gmail|microsoft_outlook)\.list_(folder_)?messages$/],
    ['search pull requests that wait for my review', 'github.search_issues'],
  ])('"%s" is the one that does it', (query, expected) => {
    expect(findEndpoints(query)[0]).toMatch(expected);
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

describe('for everyday questions', () => {
  it.each([
    { half: 'tuned' as const, first: 0.7, firstFive: 0.93 },
    { half: 'apart' as const, first: 0.6, firstFive: 0.85 },
  ])('of the half that is $half, a right endpoint is first, or one of five, often enough', ({ half, first, firstFive }) => {
    const answered = askAll(search, half);
    expect(answered.length).toBeGreaterThanOrEqual(100);
    expect(recall(answered, 1)).toBeGreaterThanOrEqual(first);
    expect(recall(answered, 5)).toBeGreaterThanOrEqual(firstFive);
  });

  it('says of a wrong answer that it is wrong', () => {
    const answered = [{ question: 'rain?', right: ['open_meteo.get_forecast'], found: ['slack.list_users', 'open_meteo.get_forecast'] }];
    expect(recall(answered, 1)).toBe(0);
    expect(recall(answered, 2)).toBe(1);
  });

  it('names only endpoints that there are', () => {
    const names = new Set(everything.map(({ integration, name }) => `${integration}.${name}`));
    for (const { right } of [...askAll(search, 'tuned'), ...askAll(search, 'apart')])
      for (const name of right) expect(names).toContain(name);
  });
});

it('of every integration that comes with the server a quarter of the endpoints or more have everyday phrases, none of them twice', () => {
  for (const [integration, endpoints] of Map.groupBy(everything, (one) => one.integration)) {
    const said = endpoints.filter(({ say }) => say !== undefined).length;
    expect([integration, said / endpoints.length >= 1 / 4]).toEqual([integration, true]);
  }
  const phrases = everything.flatMap(({ integration, say }) => (say ?? []).map((phrase) => `${integration}: ${phrase}`));
  expect(phrases.filter((phrase, at) => phrases.indexOf(phrase) !== at)).toEqual([]);
});

describe('a search', () => {
  it('takes a word that the catalogue knows as it is written, and likens only others', () => {
    expect(findEndpoints('mute').length).toBeGreaterThan(0);
    for (const { name, spec, say } of search.findEndpoints('mute', all)) expect(`${name} ${spec.description} ${say}`).toMatch(/mute/i);
  });

  it('for several words finds what holds all of them, or words that mean the same, before what holds some of them', () => {
    const found = search.findEndpoints('create issue', all);
    for (const { name, resource, spec, say } of found.slice(0, 5))
      expect(`${name} ${resource} ${spec.description} ${say}`).toMatch(
        /(creat|add|make|new)[\s\S]*(issue|ticket|bug)|(issue|ticket|bug)[\s\S]*(creat|add|make|new)/i,
      );
    expect(findEndpoints('issue xylophone').length).toBeGreaterThan(0);
  });

  it('puts what is at hand before about equals, and not before what fits clearly better or is named', () => {
    const first = (query: string, ...atHand: string[]) => search.findEndpoints(query, all, new Set(atHand))[0]?.integration;
    for (const slug of ['github', 'jira', 'linear']) expect([slug, first('create an issue', slug)]).toEqual([slug, slug]);
    expect(first('who is on call tonight', 'github')).toBe('pagerduty');
    expect(first('create an issue in jira', 'github')).toBe('jira');
    expect(search.findIntegrations('create an issue', all, new Set(['linear']))[0]?.slug).toBe('linear');
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
    expect(findIntegrations('on call').slice(0, 2)).toContain('pagerduty');
    expect(findIntegrations('blame')).not.toEqual([]);
    const withoutEndpoints = search.findIntegrations('blame', (_integration, endpoint) => endpoint === undefined);
    expect(withoutEndpoints).toEqual([]);
  });
});
