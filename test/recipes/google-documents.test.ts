/** Google Sheets and Docs: ranges in the path, and one endpoint for each kind of change, which is the first of a list there. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, startHardStand } from './hard-stand.ts';

const stands = new Map<string, HardStand>();
let answer: { status: number; body: object };

beforeAll(async () => {
  for (const slug of ['google_sheets', 'google_docs']) {
    const hosts = [`${slug.slice('google_'.length)}.googleapis.com`, 'openidconnect.googleapis.com', 'oauth2.googleapis.com'];
    const stand = await startHardStand(slug, hosts);
    stands.set(slug, stand);
    stand.upstream.play = ({ target }, response) => {
      const [status, body] =
        target === '/token'
          ? [200, { access_token: 'ya29.1', expires_in: 3599, refresh_token: '1//rt', token_type: 'Bearer' }]
          : target === '/v1/userinfo'
            ? [200, { sub: '1', email: 'ada@acme.example' }]
            : [answer.status, answer.body];
      response.writeHead(status as number, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const started = await stand.server.request('POST', '/v1/connect', { body: { integration: slug } });
    expect((await (await openLink(stand.server, started.json.oauth_url)).comeBack({ code: 'c' })).status).toBe(200);
  }
});
beforeEach(() => {
  answer = { status: 200, body: { replies: [{}] } };
  for (const { upstream } of stands.values()) upstream.received.length = 0;
});
afterAll(async () => {
  for (const stand of stands.values()) await stand.close();
});

const call = (slug: string, endpoint: string, params: object, more: object = {}) =>
  stands.get(slug)!.server.request('POST', `/v1/${slug}/${endpoint}`, { body: { params, ...more } });
const sent = (slug: string) =>
  stands.get(slug)!.upstream.received.map(({ method, target, body }) => [`${method} ${target}`, body.toString()]);

it('a range is one segment of the path, whatever the sheet is called, and numbers stay numbers', async () => {
  const params = { spreadsheetId: 's1', range: "'Plan 2027/ä'!A1:B2", values: [['Ada', 1.5, true, null]] };
  expect((await call('google_sheets', 'update_values', params)).status).toBe(200);
  expect((await call('google_sheets', 'append_values', { ...params, valueInputOption: 'RAW' })).status).toBe(200);
  const range = "'Plan%202027%2F%C3%A4'!A1:B2";
  const body = '{"values":[["Ada",1.5,true,null]]}';
  expect(
    sent('google_sheets').map(([line, text]) => [line?.replaceAll('%27', "'").replaceAll('%21', '!').replaceAll('%3A', ':'), text]),
  ).toEqual([
    [`PUT /v4/spreadsheets/s1/values/${range}?valueInputOption=USER_ENTERED`, body],
    [`POST /v4/spreadsheets/s1/values/${range}:append?valueInputOption=RAW`, body],
  ]);
});

it.each<[slug: string, endpoint: string, params: object, request: object]>([
  [
    'google_sheets',
    'rename_sheet',
    { sheetId: 0, title: 'Income' },
    { updateSheetProperties: { fields: 'title', properties: { sheetId: 0, title: 'Income' } } },
  ],
  [
    'google_sheets',
    'insert_rows',
    { sheetId: 7, startIndex: 4, endIndex: 6 },
    { insertDimension: { range: { sheetId: 7, startIndex: 4, endIndex: 6, dimension: 'ROWS' }, inheritFromBefore: false } },
  ],
  ['google_docs', 'append_text', { text: '\nEnd.' }, { insertText: { endOfSegmentLocation: {}, text: '\nEnd.' } }],
  [
    'google_docs',
    'replace_text',
    { find: '{{who}}', replacement: '' },
    { replaceAllText: { containsText: { text: '{{who}}', matchCase: true }, replaceText: '' } },
  ],
])('%s.%s is one change of the list that the service takes', async (slug, endpoint, params, request) => {
  const id = slug === 'google_sheets' ? { spreadsheetId: 'x1' } : { documentId: 'x1' };
  expect((await call(slug, endpoint, { ...id, ...params })).status).toBe(200);
  const [[line, body] = []] = sent(slug);
  expect([line, JSON.parse(body ?? '')]).toEqual([
    slug === 'google_sheets' ? 'POST /v4/spreadsheets/x1:batchUpdate' : 'POST /v1/documents/x1:batchUpdate',
    { requests: [request] },
  ]);
});

it('a change that Google refuses is told with its message, and what lacks a part is refused before it is sent', async () => {
  answer = {
    status: 400,
    body: { error: { code: 400, message: 'Invalid requests[0].deleteSheet: No grid with id: 9', status: 'INVALID_ARGUMENT' } },
  };
  const refused = await call('google_sheets', 'delete_sheet', { spreadsheetId: 'x1', sheetId: 9 });
  expect(refused.json).toMatchObject({ status: 400, error: { error: { status: 'INVALID_ARGUMENT' } } });
  expect((await call('google_sheets', 'delete_sheet', { spreadsheetId: 'x1' })).json.error).toBe('bad_request');
  expect(sent('google_sheets')).toHaveLength(1);
});

it('the lean view of a document is its text', async () => {
  const paragraph = (...texts: string[]) => ({ paragraph: { elements: texts.map((content) => ({ textRun: { content } })) } });
  answer.body = {
    documentId: 'd1',
    title: 'Minutes',
    body: { content: [{ sectionBreak: {} }, paragraph('Mon', 'day\n'), paragraph('End.\n')] },
  };
  const read = await call('google_docs', 'get_document', { documentId: 'd1' }, { view: 'lean' });
  expect(JSON.stringify(read.json)).toContain('Monday\\nEnd.\\n');
});
