/** OpenAI: a key, which organization and project pay where somebody says so, streams, files in parts, and sound that is no text. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let answer: { status: number; type: string; body: string | Buffer };

beforeAll(async () => {
  stand = await startHardStand('openai', ['api.openai.com']);
});
beforeEach(async () => {
  stand.upstream.reset();
  stand.upstream.play = ({ target, headers }, response) => {
    const isKnown = headers.authorization === 'Bearer sk-proj-1';
    const refused = '{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}';
    const models = { status: isKnown ? 200 : 401, type: 'application/json', body: isKnown ? '{"object":"list","data":[]}' : refused };
    const { status, type, body } = target === '/v1/models' ? models : answer;
    response.writeHead(status, { 'content-type': type }).end(body);
  };
  for (const { connection_id: id } of (await stand.server.request('GET', '/v1/connect')).json.connections)
    await stand.server.request('DELETE', `/v1/connect/${id}`);
});
afterAll(() => stand.close());

const connect = (token: string, variables: object = {}) =>
  stand.server.request('POST', '/v1/connect', { body: { integration: 'openai', credentials: { token, ...variables } } });
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/openai/${endpoint}`, { body: { params } });
const question = { model: 'gpt-5-mini', input: 'Grüße?' };

it('a key that is not valid connects nothing, and a valid one asks without naming who pays', async () => {
  const refused = await connect('sk-proj-2');
  expect([refused.status, refused.json.error]).toEqual([400, 'credential_rejected']);
  expect(refused.text + stand.server.log.join('')).not.toContain('sk-proj-2');
  expect((await connect('sk-proj-1')).json).toMatchObject({ status: 'connected' });
  stand.upstream.received.length = 0;
  answer = { status: 200, type: 'application/json', body: '{"id":"resp_1","status":"completed","output":[]}' };
  expect((await call('create_response', question)).json.data).toMatchObject({ id: 'resp_1', status: 'completed' });
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'POST /v1/responses',
      'host: api.openai.com',
      'accept-encoding: identity',
      'accept: */*',
      'authorization: Bearer sk-proj-1',
      `content-length: ${Buffer.byteLength(JSON.stringify(question))}`,
      'content-type: application/json',
      'user-agent: skillett',
      JSON.stringify(question),
    ],
  ]);
});

it('the project that somebody gave pays for every call, and one that is none is refused before anything is sent', async () => {
  const wrong = await connect('sk-proj-1', { project: 'My project' });
  expect([wrong.status, wrong.json.details?.[0].path]).toEqual([400, 'credentials.project']);
  expect(stand.upstream.received).toEqual([]);
  expect((await connect('sk-proj-1', { project: 'proj_9' })).json).toMatchObject({ status: 'connected' });
  answer = { status: 200, type: 'application/json', body: '{"object":"list","data":[]}' };
  await call('list_files', { limit: 5 });
  const [verified, listed] = stand.upstream.received;
  expect([verified?.headers['openai-project'], listed?.headers['openai-project']]).toEqual(['proj_9', 'proj_9']);
  expect(listed?.headers).not.toHaveProperty('openai-organization');
  expect(listed?.target).toBe('/v1/files?limit=5');
});

it('a list goes on after the last id of a page, and a page larger than OpenAI gives is refused before it is sent', async () => {
  await connect('sk-proj-1');
  stand.upstream.received.length = 0;
  answer = { status: 200, type: 'application/json', body: '{"data":[{"id":"batch_2"}],"has_more":true,"last_id":"batch_2"}' };
  const { last_id: after } = (await call('list_batches', { limit: 1 })).json.data;
  expect((await call('list_batches', { limit: 1, after })).status).toBe(200);
  const refused = await call('list_batches', { limit: 101 });
  expect([refused.status, refused.json.error]).toEqual([400, 'bad_request']);
  expect(stand.upstream.received.map(({ target }) => target)).toEqual(['/v1/batches?limit=1', '/v1/batches?limit=1&after=batch_2']);
});

it('a stream is collected event by event, and a used up credit comes as it is', async () => {
  await connect('sk-proj-1');
  const delta = { type: 'response.output_text.delta', delta: 'He' };
  answer = {
    status: 200,
    type: 'text/event-stream',
    body: `event: response.output_text.delta\ndata: ${JSON.stringify(delta)}\n\nevent: response.completed\ndata: {"type":"response.completed"}\n\n`,
  };
  const streamed = await call('create_response_stream', { ...question, stream: true });
  expect(streamed.json.data).toMatchObject([{ event: 'response.output_text.delta', data: delta }, { event: 'response.completed' }]);
  const used = { error: { message: 'You exceeded your current quota', code: 'insufficient_quota' } };
  answer = { status: 429, type: 'application/json', body: JSON.stringify(used) };
  expect((await call('create_response', question)).json).toMatchObject({ status: 429, error: used });
});

it('a file goes out in parts with its name, and sound comes back as bytes', async () => {
  await connect('sk-proj-1');
  answer = { status: 200, type: 'application/json', body: '{"id":"file-1","filename":"ä.txt"}' };
  const file = { filename: 'notes.txt', content_type: 'text/plain', base64: 'aGk=' };
  const expires_after = { anchor: 'created_at', seconds: 3600 };
  expect((await call('upload_file', { file, purpose: 'user_data', expires_after })).status).toBe(200);
  const sent = String(stand.upstream.received.at(-1)?.body);
  expect(sent).toMatch(/name="file"; filename="notes\.txt"\r\ncontent-type: text\/plain\r\n\r\nhi\r\n/i);
  expect(sent).toMatch(/name="purpose"\r\n(?:.+\r\n)*\r\nuser_data\r\n/);
  expect(sent).toMatch(/name="expires_after\[seconds\]"\r\n(?:.+\r\n)*\r\n3600\r\n/);
  answer = { status: 200, type: 'audio/mpeg', body: Buffer.from([255, 251, 0]) };
  const spoken = await call('create_speech', { model: 'gpt-4o-mini-tts', input: 'Hello', voice: 'coral' });
  expect(spoken.json.data).toMatchObject({ content_type: 'audio/mpeg', base64: Buffer.from([255, 251, 0]).toString('base64') });
});
