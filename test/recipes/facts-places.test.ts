/** Places that a description has otherwise than requests: forms in queries, objects that take any member, ids, and bodies it forgets. */
import { expect, it } from 'vitest';
import { expectOf } from '../../scripts/recipes/arrived/expect.ts';
import { extractFacts } from '../../scripts/recipes/facts.ts';
import { listFaults } from '../../scripts/recipes/faults.ts';
import type { Endpoint } from '../../src/domains/recipes/format/format.ts';
import type { Parameter } from '../../src/domains/recipes/format/parameter.ts';
import type { OpenApi, RequestBody } from '../../src/domains/recipes/import/openapi.ts';
import { readRecipe } from './read-recipe.ts';

const copyOf = (slug: string, name: string): Endpoint => readRecipe(slug).requireEndpoint(name);
const described = (title: string, paths: OpenApi['paths']): OpenApi => ({ info: { title, version: '1' }, paths });
const endpoint = (path: string) => ({ ...copyOf('hackernews', 'get_item'), path, parameters: {} });

it('a description may put into the query what the service takes as a form, of writes alone and where a page says so', () => {
  const page = 'https://letters.example/forms';
  const text = { in: 'query', name: 'text', required: true, schema: { type: 'string' } };
  const sources = [described('Letters', { '/letters': { post: { parameters: [text] }, get: { parameters: [text] } } })];
  const textIn = (place: 'body' | 'query') => ({ text: { in: place, type: 'string', description: 'A text.' } }) as Endpoint['parameters'];
  const write: Endpoint = { ...endpoint('/letters'), method: 'POST', parameters: textIn('body'), body: { encoding: 'form' } };
  const read: Endpoint = { ...endpoint('/letters'), parameters: textIn('query') };
  const extracted = (head: object) =>
    extractFacts(head, sources, 'https://letters.example', [
      ['write_letter', write],
      ['list_letters', read],
    ]).paths?.['/letters'];
  const form = { schema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] } };
  expect(extracted({ query_as_form: page })).toEqual({
    post: { parameters: [], requestBody: { content: { 'application/x-www-form-urlencoded': form } } },
    get: { parameters: [text] },
  });
  expect(extracted({})).toEqual({ post: { parameters: [text] }, get: { parameters: [text] } });
});

it('the check accepts any member of an object that is documented to take any, with the types that are documented for it', () => {
  const own = { ...copyOf('github', 'create_issue'), path: '/letters', omits: {}, required_any: undefined } as Endpoint;
  const text = (as: string): Parameter => ({ in: 'body', as, type: 'string', description: 'Made up.' });
  const faultsWith = (fields: object, as: string) => {
    const content = { 'application/json': { schema: { type: 'object', properties: { fields } } } } as never;
    return listFaults({ paths: { '/letters': { post: { requestBody: { content } } } } }, { ...own, parameters: { text: text(as) } });
  };
  const undocumented = ['body fields title: is not documented'];
  expect(faultsWith({ type: 'object', additionalProperties: {} }, '/fields/title')).toEqual([]);
  expect(faultsWith({ type: 'object', additionalProperties: true }, '/fields/title/text')).toEqual([]);
  expect(faultsWith({ type: 'object', properties: {} }, '/fields/title')).toEqual(undocumented);
  expect(faultsWith({ type: 'object', additionalProperties: false }, '/fields/title')).toEqual(undocumented);
  const numbers = { type: 'object', additionalProperties: { type: 'integer' } };
  expect(faultsWith(numbers, '/fields/title')).toEqual(['body fields title: may not be string']);
});

it('the check takes a text of digits in a path for the integer that is documented, and an omission for the place that is left out', () => {
  const own = { ...copyOf('github', 'get_issue'), method: 'POST', path: '/letters/{id}', required_any: undefined } as Endpoint;
  const inPath = { in: 'path', name: 'id', required: true, schema: { type: 'integer' } };
  const content = { 'application/json': { schema: { type: 'object', properties: { id: { type: 'string' } } } } } as never;
  const paths = { '/letters/{id}': { post: { parameters: [inPath], requestBody: { content } } } };
  const id: Parameter = { in: 'path', type: 'string', description: 'Its id.', required: true, pattern: '^[0-9]+$' };
  const faultsWith = (parameter: Parameter, omits: Record<string, string>) =>
    listFaults({ paths }, { ...own, parameters: { id: parameter }, omits });
  expect(faultsWith(id, { id: 'The path says it.' })).toEqual([]);
  expect(faultsWith({ ...id, pattern: '^[a-z]+$' }, { id: 'The path says it.' })).toEqual(['path id: may not be string']);
  expect(faultsWith(id, {})).toEqual(['body id: is neither sent nor omitted']);
  expect(faultsWith({ ...id, in: 'body', required: false }, { id: 'It is new.' })).toContain('path id: is required there');
});

it('a body that the description forgets is what the service documents today, where a page says so, and nothing else', () => {
  const openApi = described('Letters', { '/letters': { post: { parameters: [] } } });
  const text: Parameter = { in: 'body', type: 'string', description: 'Its text.' };
  const own = (encoding: 'json' | 'form'): Endpoint => ({
    ...copyOf('hackernews', 'get_item'),
    method: 'POST',
    path: '/letters',
    body: { encoding },
    parameters: { text, street: { ...text, as: '/address/street' } },
  });
  const bodyOf = (one: Endpoint, newer: Record<string, string>) => {
    const facts = { ...extractFacts({}, [openApi], 'https://letters.example', [['make', one]]), newer: { make: newer } };
    const operation = expectOf(facts, 'make', one)?.operation;
    return (operation?.requestBody as RequestBody | undefined)?.content;
  };
  const newer = { text: 'https://letters.example', '/address/street': 'https://letters.example' };
  expect(listFaults(openApi, own('json'), { newer })).toEqual([]);
  expect(listFaults(openApi, own('json'))).toEqual(['body text: is not documented', 'body address street: is not documented']);
  expect(Object.keys(bodyOf(own('json'), newer)?.['application/json']?.schema?.properties ?? {})).toEqual(['text', 'address']);
  expect(bodyOf(own('json'), {})).toBeUndefined();
  expect(bodyOf(own('form'), newer)).toBeUndefined();
});
