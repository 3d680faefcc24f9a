/** Spotify: a client that names itself by Basic, renewals that bring no new refresh token, and a player that answers nothing. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let grants = 0;
let token: (count: number) => { status: number; body: object };
let answer: { status: number; body?: object; headers?: Record<string, string> };

beforeAll(async () => {
  stand = await startHardStand('spotify', ['api.spotify.com', 'accounts.spotify.com']);
});
beforeEach(async () => {
  for (const { connection_id: id } of await connections()) await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.server.gateway.clock.offsetMs = 0;
  grants = 0;
  answer = { status: 204 };
  token = (count) => ({
    status: 200,
    body: {
      access_token: `at-${count}`,
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'user-modify-playback-state user-read-playback-state playlist-read-private playlist-modify-public playlist-modify-private',
      // Only the first answer has one: later ones leave it as it is.
      ...(count === 1 ? { refresh_token: 'rt-1' } : {}),
    },
  });
  stand.upstream.play = ({ target }, response) => {
    grants += target === '/api/token' ? 1 : 0;
    const { status, body, headers } =
      target === '/api/token'
        ? { ...token(grants), headers: {} }
        : target === '/v1/me'
          ? { status: 200, body: { id: 'ada', display_name: 'Ada' }, headers: {} }
          : answer;
    response.writeHead(status, { ...(body ? { 'content-type': 'application/json' } : {}), ...headers });
    response.end(body ? JSON.stringify(body) : undefined);
  };
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const connections = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/spotify/${endpoint}`, { body: { params } });
const formOf = (index: number) => Object.fromEntries(new URLSearchParams(stand.upstream.received[index]?.body.toString()));

async function connect() {
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'spotify' } });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  expect((await comeBack({ code: 'c1' })).status).toBe(200);
  expect(await connections()).toMatchObject([{ status: 'connected', account: 'Ada' }]);
  return url;
}

it('the code is exchanged with the secret in the header, and with the proof of who began', async () => {
  const url = await connect();
  expect(url.searchParams.get('scope')?.split(' ')).toContain('user-modify-playback-state');
  const [exchange] = stand.upstream.received.map(linesOf);
  expect(exchange?.slice(0, 2)).toEqual(['POST /api/token', 'host: accounts.spotify.com']);
  expect(exchange).toContain(`authorization: Basic ${Buffer.from('the-client:secret').toString('base64')}`);
  expect(formOf(0)).toMatchObject({ grant_type: 'authorization_code', code: 'c1', code_verifier: expect.stringMatching(/^[\w.~-]{43,}$/) });
});

it('the first refresh token serves for as long as no answer brings another', async () => {
  await connect();
  for (const count of [1, 2, 3]) {
    stand.upstream.received.length = 0;
    stand.server.gateway.clock.offsetMs = count * 3_700_000;
    expect((await call('list_devices', {})).status).toBe(200);
    expect(formOf(0)).toEqual({ grant_type: 'refresh_token', refresh_token: 'rt-1' });
    expect(stand.upstream.received[1]?.headers.authorization).toBe(`Bearer at-${count + 1}`);
  }
  stand.server.gateway.clock.offsetMs = 4 * 3_700_000;
  token = () => ({ status: 400, body: { error: 'invalid_grant', error_description: 'Refresh token revoked' } });
  const ended = await call('list_devices', {});
  expect([ended.status, ended.json.error]).toEqual([401, 'token_expired']);
});

it('playing is asked for with what plays, and an empty answer is a success', async () => {
  await connect();
  stand.upstream.received.length = 0;
  const played = await call('start_playback', { device_id: 'd/1', context_uri: 'spotify:album:5ht7', offset: { position: 4 } });
  expect([played.status, played.json]).toEqual([200, { status: 204, data: null }]);
  const sent = '{"context_uri":"spotify:album:5ht7","offset":{"position":4}}';
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'PUT /v1/me/player/play?device_id=d%2F1',
      'host: api.spotify.com',
      'accept-encoding: identity',
      'accept: application/json',
      'authorization: Bearer at-1',
      `content-length: ${sent.length}`,
      'content-type: application/json',
      'user-agent: skillett',
      sent,
    ],
  ]);
  answer = { status: 404, body: { error: { status: 404, message: 'No active device', reason: 'NO_ACTIVE_DEVICE' } } };
  expect((await call('pause_playback', {})).json).toMatchObject({ status: 404, error: { error: { reason: 'NO_ACTIVE_DEVICE' } } });
});

it('tracks for a playlist stand in the body, and a list goes on behind them', async () => {
  await connect();
  stand.upstream.received.length = 0;
  answer = { status: 201, body: { snapshot_id: 's1' } };
  expect((await call('add_playlist_items', { playlist_id: 'p1', uris: ['spotify:track:a', 'spotify:track:b'], position: 0 })).status).toBe(
    201,
  );
  const next = 'https://api.spotify.com/v1/playlists/p1/items?offset=2&limit=2';
  answer = { status: 200, body: { items: [{ item: { uri: 'a' } }, { item: { uri: 'b' } }], total: 3, next } };
  const first = await call('list_playlist_items', { playlist_id: 'p1', limit: 2 });
  answer = { status: 200, body: { items: [{ item: { uri: 'c' } }], total: 3, next: null } };
  const body = { params: { playlist_id: 'p1', limit: 2 }, next: first.headers.get('x-skillett-next') };
  const last = await stand.server.request('POST', '/v1/spotify/list_playlist_items', { body });
  expect([last.status, last.headers.get('x-skillett-next')]).toEqual([200, null]);
  expect(stand.upstream.received.map(({ method, target, body: sent }) => [method, target, `${sent}`])).toEqual([
    ['POST', '/v1/playlists/p1/items', '{"uris":["spotify:track:a","spotify:track:b"],"position":0}'],
    ['GET', '/v1/playlists/p1/items?additional_types=track%2Cepisode&limit=2', ''],
    ['GET', '/v1/playlists/p1/items?additional_types=track%2Cepisode&limit=2&offset=2', ''],
  ]);
});
