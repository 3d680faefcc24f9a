/** Descriptions of every kind, read into one form. */
import { expect, it } from 'vitest';
import { basePathOf, listAlternatives, listParameters, resolve, type Schema } from '../../src/domains/recipes/import/openapi.ts';
import { DescriptionFault, readDescription } from '../../src/domains/recipes/import/read-description.ts';

const swagger = {
  swagger: '2.0',
  info: { title: 'Notes', version: '1' },
  host: 'notes.example',
  basePath: '/api',
  parameters: { since: { in: 'query', name: 'since', type: 'string', format: 'date' } },
  definitions: { Note: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } } },
  paths: {
    '/notes/{id}': {
      parameters: [
        { in: 'path', name: 'id', required: true, type: 'integer' },
        { in: 'query', name: 'deep', type: 'boolean' },
      ],
      get: {
        operationId: 'getNote',
        parameters: [
          { $ref: '#/parameters/since' },
          { in: 'query', name: 'tags', type: 'array', items: { type: 'string' }, collectionFormat: 'multi' },
          { in: 'query', name: 'deep', type: 'string' },
        ],
      },
      put: { parameters: [{ in: 'body', name: 'note', required: true, schema: { $ref: '#/definitions/Note' } }] },
      post: {
        consumes: ['multipart/form-data'],
        parameters: [
          { in: 'formData', name: 'file', type: 'file', required: true },
          { in: 'formData', name: 'title', type: 'string', maxLength: 80 },
        ],
      },
    },
  },
};

it('reads Swagger 2.0 as OpenAPI 3 has it: parameters of the path, bodies, forms, files and lists', () => {
  const read = readDescription(JSON.stringify(swagger));
  expect(read.servers).toEqual([{ url: 'https://notes.example/api' }]);
  const item = read.paths['/notes/{id}']!;
  const placed = listParameters(read, item, item.get!).map(({ in: place, name, schema, style }) => [place, name, schema?.type, style]);
  expect(placed).toEqual([
    ['query', 'since', 'string', undefined],
    ['query', 'tags', 'array', 'form'],
    ['query', 'deep', 'string', undefined],
    ['path', 'id', 'integer', undefined],
  ]);
  expect(item.put?.requestBody).toEqual({ required: true, content: { 'application/json': { schema: { $ref: '#/definitions/Note' } } } });
  expect(resolve<Schema>(read, { $ref: '#/definitions/Note' })?.required).toEqual(['text']);
  expect(item.post?.requestBody).toEqual({
    content: {
      'multipart/form-data': {
        schema: {
          type: 'object',
          properties: { file: { type: 'string', format: 'binary' }, title: { type: 'string', maxLength: 80 } },
          required: ['file'],
        },
      },
    },
  });
});

it('reads YAML', () => {
  const read = readDescription(
    'openapi: 3.1.0\ninfo: {title: Notes, version: "1"}\npaths:\n  /notes:\n    get: {operationId: listNotes}\n',
  );
  expect(read.paths['/notes']?.get?.operationId).toBe('listNotes');
});

it.each([
  ['openapi: 3.1.0\npaths:\n  /notes: [1\n', /^The text is no YAML: line 4, column 1: /],
  ['{"openapi": "3.1.0", "paths": {}', /^The text begins as JSON and is none: .*position 32/],
  ['{"openapi": "4.0.0", "paths": {}}', /^\/openapi: "4\.0\.0" cannot be read; 3\.0 and 3\.1 can\.$/],
  ['{"openapi": 3, "paths": {}}', /^\/openapi: 3 cannot be read/],
  ['{"swagger": "1.2", "paths": {}}', /^\/swagger: "1\.2" cannot be read; "2\.0" can\.$/],
  ['{"openapi": "3.0.3"}', /^\/paths: is missing, or no object\.$/],
  ['{"openapi": "3.0.3", "paths": []}', /^\/paths: is missing, or no object\.$/],
  ['{"openapi": "3.0.3", "paths": {"/a/b": null}}', /^\/paths\/~1a~1b: is no object\.$/],
  ['{"swagger": "2.0", "paths": {"/a": {"get": []}}}', /^\/paths\/~1a\/get: is no object\.$/],
  ['{"name": "notes"}', /^The text does not say what it is\. Give an OpenAPI/],
  ['[]', /^The text is no object\. Give an OpenAPI/],
  ['just words', /^The text is no object\. Give an OpenAPI/],
])('says what is wrong with %j', (text, message) => {
  expect(() => readDescription(text)).toThrow(DescriptionFault);
  expect(() => readDescription(text)).toThrow(message);
});

it('follows references inside the document alone, and no ring of them', () => {
  const document = { a: { $ref: '#/b' }, b: { $ref: '#/a' }, 'c/d': { e: { type: 'string' } }, far: { $ref: 'https://example.org/x' } };
  expect(resolve<Schema>(document, { $ref: '#/c~1d/e' })).toEqual({ type: 'string' });
  expect(resolve(document, { $ref: '#/a' })).toBeUndefined();
  expect(resolve(document, { $ref: '#/constructor' })).toBeUndefined();
  expect(resolve(document, { $ref: '#/%' })).toBeUndefined();
  expect(resolve(document, document.far)).toBeUndefined();
});

it('spreads choices, joins what all must meet, and counts null as a choice of its own', () => {
  const document = {
    base: { type: 'object', required: ['a'], properties: { a: { type: 'string' } } },
    self: { allOf: [{ $ref: '#/self' }] },
  };
  expect(listAlternatives(document, { allOf: [{ $ref: '#/base' }, { required: ['b'], properties: { b: { type: 'integer' } } }] })).toEqual([
    { type: 'object', required: ['a', 'b'], properties: { a: { type: 'string' }, b: { type: 'integer' } } },
  ]);
  expect(listAlternatives(document, { oneOf: [{ type: 'string' }, { type: ['integer', 'null'], minimum: 1 }] })).toEqual([
    { type: 'string' },
    { type: 'integer', minimum: 1 },
    { type: 'null' },
  ]);
  expect(listAlternatives(document, { type: 'string', nullable: true, enum: ['x'] })).toEqual([
    { type: 'string', enum: ['x'] },
    { type: 'null' },
  ]);
  expect(listAlternatives(document, { const: 3 })).toEqual([{ enum: [3] }]);
  expect(listAlternatives(document, { $ref: '#/self' }).length).toBeLessThanOrEqual(1);
});

it.each([
  ['https://notes.example/api/v1/', '/api/v1'],
  ['https://{site}.notes.example', ''],
  ['/api', '/api'],
])('knows what paths have in front of them below %s', (address, path) => {
  expect(basePathOf(address)).toBe(path);
});
