/** A file goes to Slack in three steps, the second of which is at another host; what is not `ok` is a failure, though its status is 200. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
/** Of a method or a place, what it answers. */
let answers: Record<string, string>;

beforeAll(async () => {
  stand = await startHardStand('slack', ['slack.com', 'files.slack.com']);
});
beforeEach(async () => {
  answers = {
    '/api/auth.test': '{"ok":true,"team":"Acme","team_id":"T1","user":"helper","user_id":"U1"}',
    '/api/files.getUploadURLExternal': '{"ok":true,"upload_url":"https://files.slack.com/upload/v1/CwAB_c-d","file_id":"F1"}',
    '/upload/v1/CwAB_c-d': 'OK - 8',
    '/api/files.completeUploadExternal': '{"ok":true,"files":[{"id":"F1","title":"Report"}]}',
  };
  stand.upstream.play = ({ target }, response) => {
    const body = answers[target.split('?')[0] as string] ?? '{"ok":false,"error":"unknown_method"}';
    response.writeHead(200, { 'content-type': body.startsWith('{') ? 'application/json' : 'text/plain' }).end(body);
  };
  const connected = await stand.server.request('POST', '/v1/connect', {
    body: { integration: 'slack', credentials: { token: 'xoxb-the-secret' } },
  });
  expect(connected.json).toMatchObject({ status: 'connected' });
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/slack/${endpoint}`, { body: { params } });
const report = { filename: 'report.txt', content_type: 'text/plain', base64: Buffer.from('Grüße\n').toString('base64') };

it('name and length, the bytes as they are, and where they belong arrive in three steps', async () => {
  const begun = await call('get_upload_url', { filename: 'report.txt', length: 8 });
  const ticket = String(begun.json.data.upload_url).replace('https://files.slack.com/upload/v1/', '');
  expect((await call('upload_file', { ticket, content: report })).json.data).toBe('OK - 8');
  const shared = await call('complete_upload', { files: [{ id: 'F1', title: 'Report' }], channel_id: 'C1', initial_comment: 'Here.' });
  expect(shared.json.data.files).toEqual([{ id: 'F1', title: 'Report' }]);
  const common = ['accept-encoding: identity', 'accept: application/json', 'authorization: Bearer xoxb-the-secret'];
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'POST /api/files.getUploadURLExternal',
      'host: slack.com',
      ...common,
      'content-length: 28',
      'content-type: application/x-www-form-urlencoded',
      'user-agent: skillett',
      'filename=report.txt&length=8',
    ],
    [
      'POST /upload/v1/CwAB_c-d',
      'host: files.slack.com',
      ...common,
      'content-length: 8',
      'content-type: text/plain',
      'user-agent: skillett',
      'Grüße\n',
    ],
    [
      'POST /api/files.completeUploadExternal',
      'host: slack.com',
      ...common,
      'content-length: 84',
      'content-type: application/json; charset=utf-8',
      'user-agent: skillett',
      '{"files":[{"id":"F1","title":"Report"}],"channel_id":"C1","initial_comment":"Here."}',
    ],
  ]);
});

it('a step that Slack refuses is a failure, whatever its status', async () => {
  answers['/upload/v1/CwAB_c-d'] = 'upload_failed';
  const lost = await call('upload_file', { ticket: 'CwAB_c-d', content: report });
  expect([lost.status, lost.json]).toEqual([422, { status: 422, error: 'upload_failed' }]);
  answers['/api/files.completeUploadExternal'] = '{"ok":false,"error":"not_in_channel"}';
  const outside = await call('complete_upload', { files: [{ id: 'F1' }], channel_id: 'C1' });
  expect([outside.status, outside.json.error]).toEqual([403, { ok: false, error: 'not_in_channel' }]);
  answers['/api/users.profile.set'] = '{"ok":false,"error":"not_allowed_token_type"}';
  expect((await call('set_status', { status_text: 'At lunch' })).status).toBe(403);
});

it('a file is read at the host of files, and no place leads out of its folder', async () => {
  answers['/files-pri/T1-F1/a%20b.txt'] = 'Hello';
  expect((await call('download_file', { place: 'T1-F1/a b.txt' })).json.data).toBe('Hello');
  expect(stand.asked()).toEqual(['GET files.slack.com/files-pri/T1-F1/a%20b.txt']);
  for (const place of ['../api/auth.revoke', 'T1-F1//x', '..']) expect((await call('download_file', { place })).status).toBe(400);
  for (const ticket of ['..', '../../api/auth.revoke']) expect((await call('upload_file', { ticket, content: report })).status).toBe(400);
  expect(stand.upstream.received).toHaveLength(1);
});
