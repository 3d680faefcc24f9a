/** What Gmail gets for a call: mails composed into the body at their place, and nothing else in it. */
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type PreparedRequest, prepareRequest } from '../../src/domains/executions/request/prepare-request.ts';
import { type CatalogueIntegration, requireEndpoint, requireIntegration } from '../../src/domains/recipes/catalogue.ts';
import { loadCatalogue } from '../../src/domains/recipes/load.ts';

const origin = 'https://gmail.googleapis.com/gmail/v1/users/me';

let gmail: CatalogueIntegration;
let prepare: (name: string, params: object) => Promise<PreparedRequest>;
beforeAll(async () => {
  const bundledFolder = path.resolve(import.meta.dirname, '../../recipes');
  const catalogue = await loadCatalogue({ bundledFolder, extraFolder: undefined, integrations: new Map() });
  gmail = requireIntegration(catalogue, 'gmail');
  prepare = async (name, params) => prepareRequest(gmail, requireEndpoint(catalogue, 'gmail', name), params);
});

const json = (request: PreparedRequest) => JSON.parse(String(request.body));
const mail = (raw: string) => Buffer.from(raw, 'base64url').toString('utf8');

describe('a mail to Gmail', () => {
  it('is composed into `raw` in base64url', async () => {
    const request = await prepare('send_email', {
      to: ['ada@example.org', 'Bob <bob@example.org>'],
      subject: 'Grüße',
      text: 'Hello ≤ ≥ ??>',
      attachments: [{ filename: 'a.bin', content_type: 'application/octet-stream', base64: '+/+/' }],
    });
    expect(request).toMatchObject({ method: 'POST', url: `${origin}/messages/send`, headers: { 'content-type': 'application/json' } });
    expect(Object.keys(json(request))).toEqual(['raw']);
    expect(json(request).raw).toMatch(/^[\w-]+$/);
    const text = mail(json(request).raw);
    expect(text).toMatch(/^To: ada@example\.org, Bob <bob@example\.org>\r$/m);
    expect(text).toMatch(/^Subject: =\?UTF-8\?/m);
    expect(text).toContain('+/+/');
  });

  it('that answers another names it, and the thread', async () => {
    const request = await prepare('reply_to_message', {
      threadId: '18c2',
      in_reply_to: '<2@example.org>',
      references: '<1@example.org> <2@example.org>',
      to: 'ada@example.org',
      subject: 'Re: Plan',
      text: 'Yes.',
    });
    expect(json(request)).toEqual({ threadId: '18c2', raw: expect.any(String) });
    const text = mail(json(request).raw);
    expect(text).toMatch(/^In-Reply-To: <2@example\.org>\r$/m);
    expect(text).toMatch(/^References: <1@example\.org> <2@example\.org>\r$/m);
  });

  it('goes into the message of a draft, and its id into the path', async () => {
    const request = await prepare('update_draft', { id: 'r-1', threadId: '18c2', subject: 'Plan', text: 'Later.' });
    expect(request).toMatchObject({ method: 'PUT', url: `${origin}/drafts/r-1` });
    expect(json(request)).toEqual({ message: { threadId: '18c2', raw: expect.any(String) } });
    expect(mail(json(request).message.raw)).toMatch(/^Subject: Plan\r$/m);
    expect(json(await prepare('send_draft', { id: 'r-1' }))).toEqual({ id: 'r-1' });
  });

  it.each([
    ['reply_to_message', { threadId: '18c2', to: 'a@example.org', subject: 'Re: x' }, ['params.in_reply_to', 'params.references']],
    ['send_email', { to: 'nobody', subject: 'x' }, ['params.to']],
    ['send_email', { to: 'a@example.org', subject: 'x\r\nBcc: b@example.org' }, ['params.subject']],
    ['send_email', { to: 'a@example.org', subject: 'x', body: 'y' }, ['params.body']],
    ['create_draft', { attachments: [{ filename: 'a', content_type: 'text/plain', base64: '!' }] }, ['params.attachments.0.base64']],
  ])('is refused by %s for %j', async (name, params, paths) => {
    const error = await prepare(name, params).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'bad_request' });
    expect(error.details.map((fault: { path: string }) => fault.path)).toEqual(paths);
  });
});

describe('a call to Gmail', () => {
  it('repeats a query name for each entry of a list', async () => {
    const request = await prepare('list_messages', { q: 'is:unread from:ada', labelIds: ['INBOX', 'UNREAD'], maxResults: 5 });
    expect(request.url).toBe(`${origin}/messages?q=is%3Aunread%20from%3Aada&labelIds=INBOX&labelIds=UNREAD&maxResults=5`);
    expect(request.body).toBeUndefined();
  });

  it('without values has no body', async () => {
    expect(await prepare('trash_message', { id: '18c2' })).toMatchObject({ method: 'POST', url: `${origin}/messages/18c2/trash` });
    expect((await prepare('trash_message', { id: '18c2' })).body).toBeUndefined();
  });

  it('makes a label that is shown, unless told otherwise', async () => {
    expect(json(await prepare('create_label', { name: 'A' }))).toEqual({
      name: 'A',
      labelListVisibility: 'labelShow',
      messageListVisibility: 'show',
    });
    expect(json(await prepare('update_label', { id: 'Label_1', name: 'B' }))).toEqual({ name: 'B' });
  });
});
