/** Stone, the language of routes and types that some services publish: what a description in it means, and that a broken one says where. */
import { expect, it } from 'vitest';
import { readStone } from '../../scripts/recipes/sources/stone/read-stone.ts';
import { listDrafts } from '../../src/domains/recipes/import/draft-endpoint.ts';
import { listAlternatives } from '../../src/domains/recipes/import/openapi.ts';

const letters = `namespace letters
    "Letters."
import people

alias Title = String(min_length=1, max_length=40, pattern="[^\\"]+")

union Kind
    plain
        "A # plain one."
    copy_of String
    signed Signature
    other

struct Signature
    by people.Name
struct Entry
    union*
        letter Letter
        folder Folder
    id String

struct Folder extends Entry
    size UInt64
struct Letter extends Entry
    title Title
    note String?
    example default
        id = "a"

struct WriteArg
    title Title
    kind Kind = plain
        "Its
        kind."
    tags List(String(min_length=2), max_items=3)?
    counts Map(String, Int32)?
    sent people.Moment?
    secret String?
        @people.InternalOnly

route write (WriteArg, Letter, Void)
    "Write a letter."
    attrs
        scope = "letters.write"
route write:2 (WriteArg,
    Letter, Void)
route old (Void, Entry, Void) deprecated by write
route file/put (WriteArg, Letter, Void)
    attrs
        host = "content"
        style = "upload"
route file/get (WriteArg, Letter, Void)
    attrs
        style = "download"
`;
const people = `namespace people
alias Name = String
alias Moment = Timestamp("%Y-%m-%dT%H:%M:%SZ")
annotation InternalOnly = Omitted("internal")
`;
const read = () => readStone([letters, people], 'Letter-Arg');
const draftOf = (place: string) => listDrafts(read()).find((one) => one.place === place)?.draft.endpoint;

it('a route is a POST below its namespace, with its version, its scope and its argument as the body', () => {
  const openApi = read();
  expect(Object.keys(openApi.paths)).toEqual([
    '/letters/write',
    '/letters/write_v2',
    '/letters/old',
    '/letters/file/put',
    '/letters/file/get',
  ]);
  expect(openApi.paths['/letters/old']?.post?.deprecated).toBe(true);
  const write = draftOf('POST /letters/write');
  expect(write?.provider_scopes).toEqual(['letters.write']);
  expect(write?.parameters).toMatchObject({
    title: { in: 'body', type: 'string', required: true, minLength: 1, maxLength: 40 },
    tags: { type: 'array', maxItems: 3, items: { type: 'string', minLength: 2 } },
    counts: { type: 'object' },
    sent: { type: 'string', format: 'date-time' },
  });
  expect(Object.keys(write?.parameters ?? {})).toEqual(['title', 'kind', 'tags', 'counts', 'sent']);
});

it('a choice is sent as the text of its tag or as an object, and always answered as an object', () => {
  const openApi = read();
  const sent = listAlternatives(openApi, { $ref: '#/components/schemas/Kind_sent' });
  expect(sent.map(({ type, enum: values, required }) => values ?? [type, ...(required ?? [])])).toEqual([
    ['plain', 'other'],
    ['object', '.tag', 'copy_of'],
    ['object', '.tag', 'by'],
  ]);
  const entries = listAlternatives(openApi, openApi.paths['/letters/old']?.post?.responses?.[200] as never);
  expect(entries).toHaveLength(1);
  const any = listAlternatives(openApi, { $ref: '#/components/schemas/Entry_any' });
  expect(any.map(({ properties, required }) => [Object.keys(properties ?? {}), required])).toEqual([
    [
      ['.tag', 'id', 'title', 'note'],
      ['.tag', 'id', 'title'],
    ],
    [
      ['.tag', 'id', 'size'],
      ['.tag', 'id', 'size'],
    ],
  ]);
});

it('where a file is the body, the argument stands in the header that the facts name', () => {
  const put = draftOf('POST /letters/file/put');
  expect(put?.body).toEqual({ encoding: 'raw', content: 'body' });
  expect(put?.parameters.letter_arg).toMatchObject({ in: 'header', as: 'Letter-Arg', type: 'object', required_properties: ['title'] });
  expect(draftOf('POST /letters/file/get')?.body).toBeUndefined();
});

it('what is no Stone is refused with its line', () => {
  expect(() => readStone(['namespace a\nstruct B\n    c String(\n'])).toThrow(/^line 4: .*stands where/);
  expect(() => readStone(['struct B\n'])).toThrow('line 1: "struct" stands where namespace should');
  expect(() => readStone(['namespace a\nroute b (Void; Void)\n'])).toThrow('line 2: ";" is no sign of Stone');
});
