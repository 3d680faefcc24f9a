/** Anthropic: a key in a header of its own, a version in every request, and answers that come as they are written. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let answer: { status: number; type: string; body: string };

beforeAll(async () => {
  stand = await startHardStand('anthropic', ['api.anthropic.com']);
  stand.upstream.play = ({ target, headers }, response) => {
    const isKnown = headers['x-api-key'] === 'sk-ant-1';
    const models = { status: isKnown ? 200 : 401, type: 'application/json', body: isKnown ? '{"data":[]}' : '{"type":"error"}' };
    const { status, type, body } = target === '/v1/models' ? models : answer;
    response.writeHead(status, { 'content-type': type }).end(body);
  };
});
beforeEach(async () => {
  for (const { connection_id: id } of (await stand.server.request('GET', '/v1/connect')).json.connections)
    await stand.server.request('DELETE', `/v1/connect/${id}`);
});
afterAll(() => stand.close());

const connect = (key: string) =>
  stand.server.request('POST', '/v1/connect', { body: { integration: 'anthropic', credentials: { api_key: key } } });
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/anthropic/${endpoint}`, { body: { params } });
const question = { model: 'claude-sonnet-5-5', max_tokens: 200, messages: [{ role: 'user', content: 'Grüße?' }] };

it('a key that is not valid connects nothing, and a valid one asks with the version of the API', async () => {
  expect((await connect('sk-ant-2')).json.error).toBe('credential_rejected');
  expect((await connect('sk-ant-1')).json).toMatchObject({ status: 'connected' });
  stand.upstream.received.length = 0;
  answer = { status: 200, type: 'application/json', body: '{"content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn"}' };
  expect((await call('create_message', question)).json.data.stop_reason).toBe('end_turn');
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'POST /v1/messages',
      'host: api.anthropic.com',
      'accept-encoding: identity',
      'accept: */*',
      'anthropic-version: 2023-06-01',
      'content-length: 96',
      'content-type: application/json',
      'user-agent: skillett',
      'x-api-key: sk-ant-1',
      JSON.stringify(question),
    ],
  ]);
});

it('a stream is collected event by event, and an overload comes as it is', async () => {
  await connect('sk-ant-1');
  const delta = { type: 'content_block_delta', delta: { type: 'text_delta', text: 'He' } };
  answer = {
    status: 200,
    type: 'text/event-stream',
    body: `event: content_block_delta\ndata: ${JSON.stringify(delta)}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n`,
  };
  const streamed = await call('create_message_stream', { ...question, stream: true });
  expect(streamed.json.data).toMatchObject([{ event: 'content_block_delta', data: delta }, { event: 'message_stop' }]);
  const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
  answer = { status: 529, type: 'application/json', body: JSON.stringify(overloaded) };
  expect((await call('create_message', question)).json).toMatchObject({ status: 529, error: overloaded });
});
