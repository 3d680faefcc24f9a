import * as client from 'openid-client';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { createDeviceStand, type DeviceStand } from './stand.ts';

let stand: DeviceStand;
beforeAll(async () => {
  stand = await createDeviceStand();
});
afterAll(() => stand.close());

/** Knows nothing but the issuer, whose name leads to the stand. `polls`: what status each request of a token had. */
function configure(polls: number[]): Promise<client.Configuration> {
  return client.discovery(new URL('http://skillett.test/auth'), 'terminal-tool', undefined, client.None(), {
    algorithm: 'oauth2',
    execute: [client.allowInsecureRequests],
    [client.customFetch]: async (address, options) => {
      const answer = await fetch(address.replace('http://skillett.test', stand.urls[0]), options as RequestInit);
      if (address === 'http://skillett.test/auth/device/token') polls.push(answer.status);
      return answer;
    },
  });
}

// Side by side: it keeps the five seconds of RFC 8628 (section 3.2) by its own clock.
describe.concurrent('openid-client', () => {
  it('completes a device login unchanged, waiting through the pending answers', async ({ expect }) => {
    const person = await stand.signIn();
    const polls: number[] = [];
    const configuration = await configure(polls);
    const started = await client.initiateDeviceAuthorization(configuration, { scope: 'github:read' });
    expect(started).toMatchObject({ expires_in: 900, interval: 5, verification_uri: 'http://skillett.test/device' });
    const tokens = client.pollDeviceAuthorizationGrant(configuration, started);
    // It polls after five seconds and after ten: the first poll must find nobody has approved yet.
    await expect.poll(() => polls).toEqual([400]);
    const approved = await stand.post('/auth/device/authorize', { user_code: started.user_code }, { as: person });
    expect(approved.json).toEqual({ status: 'authorized' });
    const { access_token: key, token_type: type, scope } = await tokens;
    expect([type, scope]).toEqual(['bearer', 'github:read']);
    expect(polls).toEqual([400, 200]);
    const keys = await fetch(`${stand.urls[0]}/api-keys`, { headers: { authorization: `Bearer ${key}` } });
    expect(await keys.json()).toMatchObject([{ name: 'terminal-tool', scopes: ['github:read'] }]);
  }, 30_000);

  it('hears that the device was denied', async ({ expect }) => {
    const person = await stand.signIn();
    const configuration = await configure([]);
    const started = await client.initiateDeviceAuthorization(configuration, {});
    const tokens = client.pollDeviceAuthorizationGrant(configuration, started);
    const denied = await stand.post('/auth/device/authorize', { user_code: started.user_code, deny: true }, { as: person });
    expect(denied.json).toEqual({ status: 'denied' });
    await expect(tokens).rejects.toMatchObject({ name: 'ResponseBodyError', error: 'access_denied', status: 400 });
  }, 30_000);
});
