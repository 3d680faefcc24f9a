import { describe, expect, it } from 'vitest';
import { faultsAfter, faultsOf, filesOf, load, type Sound, soundRecipe, writeFolder } from './sound-recipe.ts';

/** What is broken, how, and the only fault that must be reported for it. */
const broken: [string, (sound: Sound) => unknown, string][] = [
  [
    'a wrong type of a parameter',
    (s) => (s.create.parameters.text.type = 'text'),
    'letters/letters.json: endpoints.create_letter.parameters.text.type: Invalid option: expected one of "string"|"integer"|"number"|"boolean"|"array"|"object"; or: Invalid input: expected array, received string',
  ],
  [
    'a fault inside one of several forms',
    (s) => (s.create.parameters.stamps.items.additionalProperties = { type: 'string', pattern: 7 }),
    'letters/letters.json: endpoints.create_letter.parameters.stamps.items.additionalProperties.pattern: Invalid input: expected string, received number',
  ],
  [
    'a field that the format does not know',
    (s) => (s.create.parameters.text.tpye = 1),
    'letters/letters.json: endpoints.create_letter.parameters.text.tpye: is no field of the recipe format',
  ],
  ['a missing field', (s) => delete s.recipe.description, 'letters/recipe.json: description: is missing'],
  [
    'a reserved slug',
    (s) => (s.recipe.slug = 'skills'),
    'letters/recipe.json: slug: is a word of our own in addresses, scopes or GraphQL; choose another',
  ],
  ['a slug other than the folder', (s) => (s.recipe.slug = 'post'), 'letters/recipe.json: slug: is post, but the folder is called letters'],
  [
    'a resource other than the file',
    (s) => (s.letters.resource = 'mail'),
    'letters/letters.json: resource: is mail, so the file must be called mail.json',
  ],
  [
    'an endpoint in two files',
    (s) => (s.letters.endpoints.drop_file = s.drop_file),
    'letters/letters.json: endpoints.drop_file: is already in files.json; names are unique in an integration',
  ],
  [
    'a base address that ends with a slash',
    (s) => (s.recipe.base_url += '/'),
    'letters/recipe.json: base_url: must not end with a slash, nor hold a query, a fragment or a user name',
  ],
  [
    "an endpoint's base address with a query",
    (s) => (s.create.base_url = 'https://x.example/?a=1'),
    'letters/letters.json: endpoints.create_letter.base_url: must not end with a slash, nor hold a query, a fragment or a user name',
  ],
  [
    'an address of people that ends with a slash',
    (s) => (s.recipe.verify.base_url = 'https://people.letters.example/'),
    'letters/recipe.json: verify.base_url: must not end with a slash, nor hold a query, a fragment or a user name',
  ],
  [
    'an address of people that is of no host of the service',
    (s) => (Object.assign(s.recipe, { hosts: ['letters.example', '*.letters.example'] }).verify.base_url = 'https://people.example'),
    'letters/recipe.json: verify.base_url: leads to people.example, which `hosts` does not name',
  ],
  [
    'a header of the gateway',
    (s) => (s.recipe.headers = { Authorization: 'Bearer x' }),
    'letters/recipe.json: headers.Authorization: the gateway sets the header Authorization itself; a recipe cannot',
  ],
  [
    'a parameter that would set such a header',
    (s) => (s.list.parameters.language.as = 'Cookie'),
    'letters/letters.json: endpoints.list_letters.parameters.language.as: the gateway sets the header Cookie itself; a recipe cannot',
  ],
  [
    'a name in the path that nothing fills',
    (s) => (s.create.path = '/letters/{id}'),
    'letters/letters.json: endpoints.create_letter.path: no parameter fills {id}',
  ],
  [
    'a path parameter without its place',
    (s) => (s.drop_file.path = '/files'),
    'letters/files.json: endpoints.drop_file.parameters.name: the path has no {name}',
  ],
  [
    'a place filled twice',
    (s) => Object.assign(s.list, { path: '/{owner}/{box}' }) && Object.assign(s.list.parameters.kind, { as: 'owner' }),
    'letters/letters.json: endpoints.list_letters.parameters.kind: {owner} is already filled by box',
  ],
  [
    'an optional path parameter',
    (s) => (s.drop_file.parameters.name.required = false),
    'letters/files.json: endpoints.drop_file.parameters.name.required: must be true (or give a `default` with `send_default`), since the path cannot have a gap',
  ],
  [
    'a brace alone',
    (s) => (s.create.path = '/letters}'),
    'letters/letters.json: endpoints.create_letter.path: has a brace without its partner',
  ],
  [
    'a list in the path',
    (s) => (s.drop_file.parameters.name.type = ['array', 'string']),
    'letters/files.json: endpoints.drop_file.parameters.name.type: a list cannot travel in the path',
  ],
  [
    'a text that is the whole body and no JSON',
    (s) =>
      Object.assign(s.create, { headers: { 'Content-Type': 'text/plain' }, body: { encoding: 'json' } }) &&
      Object.assign(s.create.parameters.text, { as: '' }) &&
      delete s.create.parameters.thread &&
      delete s.create.parameters.stamps &&
      delete s.create.example.stamps,
    'letters/letters.json: endpoints.create_letter.parameters.text.as: a text that is the whole body is written as JSON',
  ],
  [
    'a split outside the path',
    (s) => (s.list.parameters.cursor.split = '{a}/{b}'),
    'letters/letters.json: endpoints.list_letters.parameters.cursor.split: is for path parameters',
  ],
  [
    'a split with another name',
    (s) => (s.list.parameters.box.as = 'x'),
    'letters/letters.json: endpoints.list_letters.parameters.box.as: cannot be used together with `split`',
  ],
  [
    'a body parameter of a GET',
    (s) => (s.list.parameters.cursor.in = 'body'),
    'letters/letters.json: endpoints.list_letters.parameters.cursor.in: a GET has no body',
  ],
  ['a body of a GET', (s) => (s.list.body = { encoding: 'json' }), 'letters/letters.json: endpoints.list_letters.body: a GET has no body'],
  [
    'two values at one place of the body',
    (s) => (s.create.parameters.thread.as = 'text'),
    'letters/letters.json: endpoints.create_letter.parameters.thread.as: goes to the same place as text',
  ],
  [
    'a value above another in the body',
    (s) => (s.create.parameters.thread.as = '/meta'),
    'letters/letters.json: endpoints.create_letter.parameters.thread.as: goes to the same place as the constant /meta/source',
  ],
  [
    'a value below another in the body',
    (s) => (s.create.parameters.thread.as = '/text/thread'),
    'letters/letters.json: endpoints.create_letter.parameters.thread.as: goes to the same place as text',
  ],
  [
    'a whole body beside other values',
    (s) => (s.create.parameters.thread.as = ''),
    'letters/letters.json: endpoints.create_letter.parameters.thread.as: goes to the same place as the constant /meta/source',
  ],
  [
    'a broken JSON Pointer',
    (s) => (s.create.parameters.thread.as = '/a~b'),
    'letters/letters.json: endpoints.create_letter.parameters.thread.as: /a~b is no JSON Pointer (RFC 6901): write ~ as ~0 and / as ~1',
  ],
  [
    'a query constant that a parameter overwrites',
    (s) => (s.list.parameters.cursor.as = 'view'),
    'letters/letters.json: endpoints.list_letters.parameters.cursor.as: goes to the same place as the constant view',
  ],
  [
    "a parameter in the credential's header",
    (s) => (s.list.parameters.language.as = 'X-Letters-Key'),
    'letters/letters.json: endpoints.list_letters.parameters.language.as: goes to the same place as the credential',
  ],
  [
    "a parameter in the credential's query field",
    (s) => (s.list.parameters.cursor.as = 'team'),
    'letters/letters.json: endpoints.list_letters.parameters.cursor.as: goes to the same place as the credential',
  ],
  [
    'a mail part without a mail',
    (s) => (s.create.parameters.text.in = 'mail'),
    'letters/letters.json: endpoints.create_letter.parameters.text.in: a part of a mail needs `body.encoding: "mail"`',
  ],
  [
    'an unknown mail part',
    (s) => (s.send_mail.parameters.pictures.as = 'stamp'),
    'letters/files.json: endpoints.send_mail.parameters.pictures.as: must be a part of a mail: to, cc, bcc, from, reply_to, subject, text, html, attachments, in_reply_to, references',
  ],
  [
    'a JSON value beside a bare mail',
    (s) => delete s.send_mail.body.mail_at,
    'letters/files.json: endpoints.send_mail.parameters.thread.in: the mail is the whole body: use `mail`, or say with `body.mail_at` where the mail goes in a JSON body',
  ],
  [
    'a place for a mail without a mail',
    (s) => (s.create.body.mail_at = '/raw'),
    'letters/letters.json: endpoints.create_letter.body.mail_at: is for `encoding: "mail"`',
  ],
  [
    'a default to send that is not there',
    (s) => (s.list.parameters.cursor.send_default = true),
    'letters/letters.json: endpoints.list_letters.parameters.cursor.send_default: there is no `default` to send',
  ],
  [
    'a broken expression for the account',
    (s) => (s.recipe.verify.account.id = 'id['),
    'letters/recipe.json: verify.account.id: is not a JMESPath expression: ',
  ],
  [
    'a broken expression for the token answer',
    (s) => (s.recipe.auth[0].token_answer = { scope: 'a b' }),
    'letters/recipe.json: auth.0.token_answer.scope: is not a JMESPath expression: ',
  ],
  [
    'an undescribed provider scope',
    (s) => (s.create.provider_scopes = [['write', 'admin']]),
    'letters/letters.json: endpoints.create_letter.provider_scopes.0: recipe.json does not describe the scope admin',
  ],
  [
    'a broken pattern',
    (s) => (s.list.parameters.language.pattern = '[a-'),
    'letters/letters.json: endpoints.list_letters.parameters.language.pattern: is no regular expression: ',
  ],
  [
    'a broken pattern deep inside',
    (s) => (s.create.parameters.stamps.items.properties.cents.pattern = '('),
    'letters/letters.json: endpoints.create_letter.parameters.stamps.items.properties.cents.pattern: is no regular expression: ',
  ],
  [
    'a choice of another type',
    (s) => s.list.parameters.kind.enum.push(7),
    'letters/letters.json: endpoints.list_letters.parameters.kind.enum.2: 7 is not of type string',
  ],
  [
    'a default outside its bounds',
    (s) => (s.list.parameters.size.default = 51),
    'letters/letters.json: endpoints.list_letters.parameters.size.default: must be <= 50',
  ],
  [
    'a default deep inside outside its bounds',
    (s) => (s.create.parameters.stamps.items.properties.cents.default = 0),
    'letters/letters.json: endpoints.create_letter.parameters.stamps.items.properties.cents.default: must be >= 1',
  ],
  [
    'a sample of another type',
    (s) => s.create.parameters.text.examples.push(7),
    'letters/letters.json: endpoints.create_letter.parameters.text.examples.1: must be string',
  ],
  [
    'a required property that is not described',
    (s) => s.create.parameters.stamps.items.required.push('colour') && delete s.create.example.stamps,
    'letters/letters.json: endpoints.create_letter.parameters.stamps.items.required.1: there is no property colour',
  ],
  [
    'an example without what is required',
    (s) => delete s.create.example.text,
    'letters/letters.json: endpoints.create_letter.example.text: is missing',
  ],
  [
    'an example with an unknown parameter',
    (s) => (s.create.example.titel = 'x'),
    'letters/letters.json: endpoints.create_letter.example.titel: is not described',
  ],
  [
    'an example that breaks a format',
    (s) => s.send_mail.example.to.push('nobody'),
    'letters/files.json: endpoints.send_mail.example.to.1: must match format "email"',
  ],
  [
    'a test of success that is no expression',
    (s) => (s.recipe.success = { when: 'ok[' }),
    'letters/recipe.json: success.when: is not a JMESPath expression: ',
  ],
  [
    'a test of success that calls what there is not',
    (s) => (s.recipe.success = { when: 'ok', error: 'code(error)' }),
    'letters/recipe.json: success.error: calls code(), which is no function of JMESPath',
  ],
  [
    'a test of limits that is no expression',
    (s) => (s.recipe.rate_limit = { when: 'contains(message' }),
    'letters/recipe.json: rate_limit.when: is not a JMESPath expression: ',
  ],
  [
    'a status that is no failure',
    (s) => (s.recipe.success = { when: 'ok', error: 'error', status: { fine: 200 } }),
    'letters/recipe.json: success.status.fine: Too small: expected number to be >=400',
  ],
  [
    'statuses of codes that nothing gives',
    (s) => (s.recipe.success = { when: 'ok', status: { gone: 404 } }),
    'letters/recipe.json: success.status: needs `error`, the expression that gives the codes',
  ],
  [
    'an endpoint that changes a test of success which is not there',
    (s) => (s.create.success = { error: 'error' }),
    'letters/letters.json: endpoints.create_letter.success.when: is missing: recipe.json has no `success` that it could come from',
  ],
  [
    'a verification with a broken test of success',
    (s) => (s.recipe.verify.success = { when: '' }),
    'letters/recipe.json: verify.success.when: Too small: expected string to have >=1 characters',
  ],
  [
    'a workflow with an unknown endpoint',
    (s) => (s.recipe.workflows[0].steps[0].endpoint = 'post_letter'),
    'letters/recipe.json: workflows.0.steps.0.endpoint: there is no endpoint post_letter',
  ],
  [
    'a guide that is not there',
    (s) => s.recipe.guides.push({ file: 'guides/x.md', title: 'X', description: 'X.' }),
    'letters/recipe.json: guides.1.file: there is no file guides/x.md',
  ],
  [
    'a guide that nothing names',
    (s) => delete s.recipe.guides,
    'letters/recipe.json: guides: guides/posting.md lies in the folder but is not listed',
  ],
  [
    'one way to connect twice',
    (s) => s.recipe.auth.push({ ...s.recipe.auth[1], name: 'x-other' }),
    'letters/recipe.json: auth.2.type: api_key is listed twice; a connection could not say which of them it uses',
  ],
  [
    'a further value that goes nowhere',
    (s) => delete s.recipe.auth[1].fields.team.query,
    'letters/recipe.json: auth.1.fields.team: goes either into a `header` or into the `query`: name one of them',
  ],
];

describe('a recipe is refused for', () => {
  it.each(broken)('%s', async (_what, breakIt, expected) => {
    const faults = await faultsAfter(breakIt);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.slice(0, expected.length)).toBe(expected);
  });

  it('a credential that no call proves, unless the token answer names the account', async () => {
    const sound = soundRecipe();
    delete sound.recipe.verify;
    expect(await faultsOf(load(await writeFolder(filesOf(sound))))).toEqual([
      'letters/recipe.json: auth.0: the file needs `verify`: a call that proves a credential of type oauth2 and names its account',
      'letters/recipe.json: auth.1: the file needs `verify`: a call that proves a credential of type api_key and names its account',
    ]);
    sound.recipe.auth.pop();
    sound.recipe.auth[0].token_answer = { account: { id: 'user.id', label: 'user.name' } };
    expect(await faultsOf(load(await writeFolder(filesOf(sound))))).toEqual([]);
  });

  it('no verification where nothing needs a credential', async () => {
    const sound = soundRecipe();
    delete sound.recipe.verify;
    sound.recipe.auth = [{ type: 'none' }];
    delete sound.create.provider_scopes;
    const catalogue = await load(await writeFolder(filesOf(sound)));
    expect(catalogue.find('letters')?.open).toBe(true);
  });
});
