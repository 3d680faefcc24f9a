/** How GitHub's endpoints are written, beyond what every recipe holds. */
import { describe, expect, it } from 'vitest';
import { readRecipe } from './read-recipe.ts';

const { resources, endpoints, requireEndpoint } = readRecipe('github');

describe.each(endpoints)('github.%s', (_, endpoint) => {
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
  const categories = ['actions', 'issues', 'projects', 'pull-requests', 'repositories', 'search', 'security', 'users'];

  it('holds at least 70 endpoints in its eight categories', () => {
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
