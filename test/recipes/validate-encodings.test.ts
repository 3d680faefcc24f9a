/** How values are written, where the recipe says so: what cannot be written is refused when the recipe is read. */
import { describe, expect, it } from 'vitest';
import { faultsAfter, type Sound } from './sound-recipe.ts';

const object = { type: 'object' };
const inForm = (s: Sound) => {
  s.create.body = { encoding: 'form' };
  delete s.create.parameters.thread;
};
const asRaw = (s: Sound) => {
  s.create.body = { encoding: 'raw', content: 'text' };
  for (const name of ['thread', 'stamps']) delete s.create.parameters[name];
  delete s.create.example.stamps;
};
const severalFiles = ({ upload_file: { parameters, example } }: Sound) => {
  parameters.file.type = 'array';
  example.file = [example.file];
};
const asRelated = (s: Sound) => {
  s.upload_file.body = { encoding: 'related', content: 'file' };
};
const all =
  (...changes: ((s: Sound) => unknown)[]) =>
  (s: Sound) => {
    for (const change of changes) change(s);
  };
const createFault = (rest: string) => `letters/letters.json: endpoints.create_letter.${rest}`;
const listFault = (rest: string) => `letters/letters.json: endpoints.list_letters.${rest}`;

describe('a recipe may say', () => {
  it.each<[string, (s: Sound) => unknown]>([
    ['an object in the query by its parts', (s) => Object.assign(s.list.parameters.cursor, { ...object, object_style: 'brackets' })],
    ['an object in the query as JSON', (s) => Object.assign(s.list.parameters.cursor, { ...object, object_style: 'json' })],
    [
      'a list of objects in a form by numbers and parts',
      all(inForm, (s) => Object.assign(s.create.parameters.stamps, { array_style: 'indexed', object_style: 'brackets' })),
    ],
    ['a list of objects in a form as JSON', all(inForm, (s) => Object.assign(s.create.parameters.stamps, { object_style: 'json' }))],
    ['a text as the whole body', asRaw],
    [
      'base64 as the whole body',
      all(asRaw, (s) =>
        Object.assign(s.create, {
          parameters: { text: { ...s.create.parameters.text, format: 'byte', examples: ['aGk='] } },
          example: { text: 'aGk=' },
        }),
      ),
    ],
    ['a file as the whole body', (s) => (s.upload_file.body = { encoding: 'raw', content: 'file' })],
    [
      'a JSON part and a file',
      all(asRelated, (s) => (s.upload_file.parameters.about = { in: 'body', type: 'string', description: 'About.' })),
    ],
    ['several files in one body', all(severalFiles, (s) => Object.assign(s.upload_file.parameters.file, { array_style: 'indexed' }))],
    [
      'an object in a header as JSON',
      (s) => Object.assign(s.list.parameters.language, { ...object, pattern: undefined, header_encoding: 'json' }),
    ],
    [
      'an object whose members join the body',
      (s) => (s.create.parameters.more = { in: 'body', ...object, description: 'More.', merge: true }),
    ],
    [
      'an object whose members join another object of the body',
      (s) => {
        s.create.parameters.text.as = '/letter/text';
        s.create.parameters.more = { in: 'body', ...object, description: 'More.', merge: true, as: '/letter' };
      },
    ],
    [
      'a part of a body with a media type',
      (s) => (s.upload_file.parameters.about = { in: 'body', ...object, description: 'About.', content_type: 'application/json' }),
    ],
  ])('%s', async (_what, change) => {
    expect(await faultsAfter(change)).toEqual([]);
  });
});

const session = {
  address: { header: 'Location' },
  hosts: ['up.letters.example'],
  method: 'PUT',
  headers: { 'Content-Range': 'bytes {first}-{last}/{total}' },
  part_bytes: 262_144,
  more: [308],
};
const inParts =
  (changed: object = {}, file: object = {}) =>
  ({ upload_file: one }: Sound) => {
    one.body = { encoding: 'json', content: 'file', upload: { max_bytes: 1_000_000, session: { ...session, ...changed } } };
    one.parameters = { file: { in: 'body', type: 'string', format: 'uri', description: 'Where it is.', required: true, ...file } };
    one.example = { file: 'https://files.example/a' };
  };

describe('a file in parts', () => {
  const fault = (rest: string) => `letters/files.json: endpoints.upload_file.${rest}`;
  it.each<[string, (s: Sound) => unknown, string[]]>([
    ['is said by where its session is', inParts(), []],
    ['is said by a member of the answer', inParts({ address: { body: 'session.url' } }), []],
    [
      'needs its address as a parameter',
      inParts({}, { required: false }),
      [fault('parameters.file: must be a required string with `format: "uri"`: with `upload` it is the address that is fetched')],
    ],
    [
      'needs the parameter that is its file',
      all(inParts(), (s) => (s.upload_file.body.content = 'none')),
      [fault('body.content: must name the parameter in the body that says where the file is')],
    ],
    [
      'takes no other encoding',
      all(inParts(), (s) => (s.upload_file.body.encoding = 'form')),
      [fault('body.upload: is for `encoding: "raw"`, or with a `session` for `encoding: "json"`')],
    ],
    [
      'fills three names in its headers',
      inParts({ headers: { Range: '{first}-{end}' } }),
      [fault('body.upload.session.headers.Range: nothing fills {end}: there are {first}, {last} and {total}')],
    ],
  ])('%s', async (_what, change, faults) => {
    expect(await faultsAfter(change)).toEqual(faults);
  });
});

describe('a body of a JSON part and bytes is refused', () => {
  const fault = (rest: string) => [`letters/files.json: endpoints.upload_file.${rest}`];
  it.each<[string, (s: Sound) => unknown, string[]]>([
    [
      'without a name of its bytes',
      (s) => delete s.upload_file.body.content,
      fault('body.content: must name the parameter in the body whose bytes are the second part'),
    ],
    [
      'whose bytes may be missing',
      (s) => (s.upload_file.parameters.file.required = false),
      fault('parameters.file.required: must be true, since the body has always two parts'),
    ],
    [
      'whose bytes are a text',
      (s) => {
        s.upload_file.parameters.file = { in: 'body', type: 'string', description: 'It.', required: true };
        s.upload_file.example = { file: 'a' };
      },
      fault('parameters.file.type: must be an object with `file`, or a string with `format: "byte"`, since its bytes are a part'),
    ],
    [
      'with a second file',
      (s) => (s.upload_file.parameters.more = { in: 'body', type: 'object', file: true, description: 'More.' }),
      fault('parameters.more.file: only file is a part of its own: the others are its JSON'),
    ],
  ])('%s', async (_what, change, faults) => {
    expect(await faultsAfter(all(asRelated, change))).toEqual(faults);
  });
});

describe('a recipe is refused for', () => {
  it.each<[string, (s: Sound) => unknown, string]>([
    [
      'an object in the query',
      (s) => (s.list.parameters.cursor.type = 'object'),
      'letters/letters.json: endpoints.list_letters.parameters.cursor.type: an object travels only in a JSON body',
    ],
    [
      'a list of objects in the query',
      (s) => (s.list.parameters.tags.items = { type: 'object' }),
      'letters/letters.json: endpoints.list_letters.parameters.tags.items.type: a list travels here by its entries',
    ],
    [
      'a list of objects in a form',
      (s) => Object.assign(s.create, { body: { encoding: 'form' } }) && delete s.create.parameters.thread,
      'letters/letters.json: endpoints.create_letter.parameters.stamps.items.type: a list travels here by its entries',
    ],
    [
      'a constant in a form that is an object',
      (s) =>
        Object.assign(s.create, { body: { encoding: 'form', constants: { meta: { source: 'x' } } } }) &&
        delete s.create.parameters.thread &&
        delete s.create.parameters.stamps &&
        delete s.create.example.stamps,
      'letters/letters.json: endpoints.create_letter.body.constants.meta: an object travels only in a JSON body',
    ],
    [
      'a file outside a multipart body',
      (s) => (s.upload_file.body.encoding = 'json'),
      'letters/files.json: endpoints.upload_file.parameters.file.file: is for a body parameter of type object in a multipart, related or raw body',
    ],
    [
      'a list style without a list',
      (s) => (s.list.parameters.cursor.array_style = 'comma'),
      'letters/letters.json: endpoints.list_letters.parameters.cursor.array_style: is for a list in the query or in a form',
    ],
    [
      'null in the path',
      (s) => (s.drop_file.parameters.name.type = ['string', 'null']),
      'letters/files.json: endpoints.drop_file.parameters.name.type: null cannot stand in a path',
    ],
    [
      'a choice of parameters that are not there',
      (s) => Object.assign(s.list, { required_any: [['cursor', 'curser']] }),
      listFault('required_any.0.1: there is no parameter curser'),
    ],
    [
      'a choice with one that is required anyway',
      (s) => Object.assign(s.list, { required_any: [['box', 'cursor']] }),
      listFault('required_any.0.0: box is required anyway'),
    ],
    [
      'a choice that names one twice',
      (s) => Object.assign(s.list, { required_any: [['size', 'size']] }),
      listFault('required_any.0.1: size is listed twice'),
    ],
    [
      'a list of objects by parts without their order',
      all(inForm, (s) => Object.assign(s.create.parameters.stamps, { object_style: 'brackets' })),
      createFault('parameters.stamps.items.type: a list travels here by its entries'),
    ],
    [
      'a list that is one JSON text and has a style of its own',
      all(inForm, (s) => Object.assign(s.create.parameters.stamps, { array_style: 'indexed', object_style: 'json' })),
      createFault('parameters.stamps.array_style: has no meaning beside `object_style: "json"`'),
    ],
    [
      'an object style of a text',
      (s) => (s.list.parameters.cursor.object_style = 'json'),
      listFault('parameters.cursor.object_style: is for an object or a list'),
    ],
    [
      'an object style in a JSON body',
      (s) => (s.create.parameters.stamps.object_style = 'json'),
      createFault('parameters.stamps.object_style: is for an object or a list'),
    ],
    [
      'a raw body that names nothing',
      all(asRaw, (s) => delete s.create.body.content),
      createFault('body.content: must name the parameter in the body'),
    ],
    [
      'a raw body of a number',
      all(asRaw, (s) =>
        Object.assign(s.create, {
          parameters: { text: { ...s.create.parameters.text, type: 'integer', examples: [5] } },
          example: { text: 5 },
        }),
      ),
      createFault('parameters.text.type: must be string'),
    ],
    [
      'something beside a raw body',
      all(asRaw, (s) => Object.assign(s.create.parameters, { more: { in: 'body', type: 'string', description: 'More.' } })),
      createFault('parameters.more.in: the body is text alone'),
    ],
    [
      'constants beside a raw body',
      all(asRaw, (s) => Object.assign(s.create.body, { constants: { a: 1 } })),
      createFault('body.constants: cannot stand beside a raw body'),
    ],
    ['a content without a raw body', (s) => (s.create.body.content = 'text'), createFault('body.content: is for `encoding: "raw"`')],
    [
      'several files as one raw body',
      all(severalFiles, (s) => Object.assign(s.upload_file, { body: { encoding: 'raw', content: 'file' } })),
      'letters/files.json: endpoints.upload_file.parameters.file.file: is for a body parameter of type object',
    ],
    [
      'an object in a header',
      (s) => Object.assign(s.list.parameters.language, { ...object, pattern: undefined }),
      listFault('parameters.language.type: an object travels only in a JSON body'),
    ],
    [
      'a header encoding elsewhere',
      (s) => (s.list.parameters.cursor.header_encoding = 'percent'),
      listFault('parameters.cursor.header_encoding: is for a parameter in a header'),
    ],
    [
      'members that join a body under a name',
      (s) => (s.create.parameters.more = { in: 'body', ...object, description: 'More.', merge: true, as: 'x' }),
      createFault(
        'parameters.more.merge: is for a parameter of type object in a JSON body, whose `as` is a JSON Pointer to an object of it',
      ),
    ],
    [
      'members that join what another parameter fills whole',
      (s) => {
        s.create.parameters.letter = { in: 'body', ...object, description: 'All.' };
        s.create.parameters.more = { in: 'body', ...object, description: 'More.', merge: true, as: '/letter' };
      },
      createFault('parameters.more.as: goes to the same place as letter'),
    ],
    [
      'a media type of a part in a JSON body',
      (s) => (s.create.parameters.text.content_type = 'text/plain'),
      createFault('parameters.text.content_type: is for a part of a multipart body'),
    ],
    [
      'a brace in the base URL that nothing fills',
      (s) => (s.recipe.base_url = 'https://{site}.letters.example'),
      'letters/recipe.json: base_url: holds a brace that nothing fills',
    ],
    [
      "a brace in an endpoint's base URL",
      (s) => (s.create.base_url = 'https://letters.example/{site}'),
      createFault('base_url: holds a brace that nothing fills'),
    ],
    [
      'a brace in the address where tokens come from',
      (s) => (s.recipe.auth[0].token_url = 'https://{site}.letters.example/token'),
      'letters/recipe.json: auth.0.token_url: holds a brace that nothing fills',
    ],
  ])('%s', async (_what, change, expected) => {
    const faults = await faultsAfter(change);
    expect(faults.map((fault) => fault.slice(0, expected.length))).toEqual([expected]);
  });
});
