import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { grantType, makeLogin, sweepCodes } from './login.ts';
import { createDeviceStand, type DeviceStand, type Person } from './stand.ts';

const form = 'application/x-www-form-urlencoded';

let stand: DeviceStand;
let ada: Person;
let login: ReturnType<typeof makeLogin>;
beforeAll(async () => {
  stand = await createDeviceStand();
});
afterAll(() => stand.close());
beforeEach(async () => {
  stand.setClock(0);
  ada = await stand.signIn();
  login = makeLogin(stand, ada);
});

describe('a device code', () => {
  it('is 40 hex digits beside a user code without vowels and look-alikes, for 15 minutes', async () => {
    const { status, json } = await stand.post('/auth/device/code', undefined);
    expect(status).toBe(200);
    expect(json).toEqual({
      device_code: expect.stringMatching(/^[0-9a-f]{40}$/),
      user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
      verification_uri: 'http://skillett.test/device',
      verification_uri_complete: `http://skillett.test/device?user_code=${json.user_code}`,
      expires_in: 900,
      interval: 5,
    });
  });

  it('is given for JSON and for forms, and for nothing else', async () => {
    expect((await stand.post('/auth/device/code', { client_id: 'cli' })).status).toBe(200);
    expect((await stand.post('/auth/device/code', 'client_id=cli&scope=github&unknown=1', { contentType: form })).status).toBe(200);
    const other = await stand.post('/auth/device/code', 'client_id=cli', { contentType: 'text/plain' });
    expect(other.status).toBe(415);
    expect(other.json.error).toBe('unsupported_media_type');
  });

  it.each([{ scope: 'github open_meteo' }, { scope: 'github,open_meteo' }, { scopes: ['github', 'open_meteo'] }])(
    'asks for the scopes in %j',
    async (body) => {
      const code = await login.start(body);
      expect((await login.lookUp(code.user_code)).json.data.deviceRequest.scopes).toEqual(['github', 'open_meteo']);
    },
  );

  it.each([['githb'], ['operator'], ['* operator'], ['GitHub']])('is refused for the scope %s', async (scope) => {
    const { status, json } = await stand.post('/auth/device/code', `client_id=cli&scope=${encodeURIComponent(scope)}`, {
      contentType: form,
    });
    expect(status).toBe(400);
    expect(json.error).toBe('bad_request');
  });

  it('is given ten times a minute to one address, whichever server is asked', async () => {
    const address = '203.0.113.7';
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_none, at) => stand.postTo((at % 2) as 0 | 1, '/auth/device/code', {}, { address })),
    );
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(10);
    const refused = answers.find((answer) => answer.status === 429);
    expect(refused?.json.error).toBe('rate_limited');
    expect(refused?.json.action_url).toBeUndefined();
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await stand.post('/auth/device/code', {}, { address: '203.0.113.8' })).status).toBe(200);
  });

  it('is stored as hashes only, and neither code is logged', async () => {
    const code = await login.start();
    const { key } = await login.redeem(code);
    const { db } = stand.gateways[0];
    const rows = [await db.selectFrom('deviceCodes').selectAll().execute(), await db.selectFrom('auditRows').selectAll().execute()];
    const dump = JSON.stringify(rows, (_name, value) => (value?.type === 'Buffer' ? Buffer.from(value.data).toString('hex') : value));
    expect(dump).toContain('Work laptop');
    for (const secret of [code.device_code, code.user_code, code.user_code.replace('-', ''), key]) {
      expect(dump).not.toContain(secret);
      expect(dump).not.toContain(Buffer.from(secret).toString('hex'));
      expect(stand.log.join('')).not.toContain(secret);
    }
  });
});

describe('the compatible dialect', () => {
  it('says pending, then who approved, then that the code was used, and makes no key', async () => {
    const code = await login.start();
    const pending = await login.poll(code);
    expect([pending.status, pending.json]).toEqual([200, { status: 'pending', error: 'authorization_pending' }]);
    expect((await login.approve(code)).json).toEqual({ status: 'authorized' });
    const complete = await login.poll(code);
    expect([complete.status, complete.json]).toEqual([
      200,
      {
        status: 'complete',
        user: { email: `${ada.userId}@example.org`, display_name: 'Ada Lovelace' },
        api_keys_url: 'http://skillett.test/dashboard/api-keys',
      },
    ]);
    const again = await login.poll(code);
    expect([again.status, again.json.error]).toEqual([400, 'already_used']);
    expect(await login.keysOf(ada)).toEqual([]);
  });

  it('says slow_down, denied, expired, malformed and unknown', async () => {
    const code = await login.start();
    await login.poll(code);
    const early = await login.poll(code);
    expect([early.status, early.json]).toEqual([200, { status: 'pending', error: 'slow_down' }]);
    expect((await login.approve(code, { deny: true })).json).toEqual({ status: 'denied' });
    const denied = await login.poll(code);
    expect([denied.status, denied.json]).toEqual([400, { status: 'denied', error: 'access_denied', message: expect.any(String) }]);
    const late = await login.start();
    stand.setClock(900_001);
    const expired = await login.poll(late);
    expect([expired.status, expired.json]).toEqual([400, { status: 'expired', error: 'expired_token', message: expect.any(String) }]);
    for (const body of [{}, { device_code: 'x' }, { device_code: 7 }, { device_code: `${late.device_code}0` }]) {
      const malformed = await stand.post('/auth/device/token', body);
      expect([malformed.status, malformed.json.error], JSON.stringify(body)).toEqual([400, 'bad_request']);
    }
    const unknown = await stand.post('/auth/device/token', { device_code: '0'.repeat(40) });
    expect([unknown.status, unknown.json.error]).toEqual([404, 'not_found']);
  });

  it('takes forms too', async () => {
    const code = await login.start();
    const pending = await stand.post('/auth/device/token', `device_code=${code.device_code}`, { contentType: form });
    expect([pending.status, pending.json]).toEqual([200, { status: 'pending', error: 'authorization_pending' }]);
    expect((await stand.post('/auth/device/token', `device_code=${code.device_code}`, { contentType: 'text/plain' })).status).toBe(415);
  });
});

describe('the dialect of RFC 8628', () => {
  it('answers 400 with a code until it is approved, then a key of its own kind named after the client', async () => {
    const code = await login.start({ client_id: 'work-laptop' });
    const pending = await login.pollOAuth(code);
    expect([pending.status, pending.json]).toEqual([400, { error: 'authorization_pending', error_description: expect.any(String) }]);
    expect((await login.approve(code)).status).toBe(200);
    const complete = await login.pollOAuth(code);
    expect([complete.status, complete.json]).toEqual([
      200,
      { access_token: expect.stringMatching(/^sk_[0-9a-f]{48}$/), token_type: 'Bearer', scope: '*' },
    ]);
    expect(complete.headers.get('cache-control')).toBe('no-store');
    const again = await login.pollOAuth(code);
    expect([again.status, again.json.error]).toEqual([400, 'invalid_grant']);
    expect(await login.keysOf(ada)).toMatchObject([{ name: 'work-laptop', kind: 'device', scopes: ['*'] }]);
  });

  it('has a code for every other end', async () => {
    const code = await login.start();
    await login.pollOAuth(code);
    expect((await login.pollOAuth(code)).json.error).toBe('slow_down');
    await login.approve(code, { deny: true });
    const denied = await login.pollOAuth(code);
    expect([denied.status, denied.json.error]).toEqual([400, 'access_denied']);
    const late = await login.start();
    stand.setClock(900_001);
    const expired = await login.pollOAuth(late);
    expect([expired.status, expired.json.error]).toEqual([400, 'expired_token']);
    const ask = (body: Record<string, string>) => stand.post('/auth/device/token', new URLSearchParams(body), { contentType: form });
    const faults = [
      await ask({ grant_type: grantType, device_code: '0'.repeat(40) }),
      await ask({ grant_type: grantType }),
      await ask({ grant_type: 'password', device_code: late.device_code }),
    ];
    expect(faults.map(({ status, json }) => [status, json.error])).toEqual([
      [400, 'invalid_grant'],
      [400, 'invalid_request'],
      [400, 'unsupported_grant_type'],
    ]);
  });

  it('makes a key that works, is listed and is revoked like any other, and leaves the plan its room', async () => {
    const { key } = await login.redeem(await login.start());
    const list = () => fetch(`${stand.urls[1]}/api-keys`, { headers: { authorization: `Bearer ${key}` } });
    const keys = (await (await list()).json()) as { id: string; name: string }[];
    expect(keys).toMatchObject([{ name: 'Work laptop', key_prefix: key.slice(0, 11), scopes: ['*'] }]);
    // The plan free has room for one key, and the device's does not take it.
    expect((await stand.post('/api-keys', { name: 'By hand' }, { as: ada })).status).toBe(201);
    expect((await stand.post('/api-keys', { name: 'Second' }, { as: ada })).json.error).toBe('plan_limit_reached');
    const revoked = await fetch(`${stand.urls[0]}/api-keys/${keys[0]?.id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${stand.key}` },
    });
    expect(revoked.status).toBe(404);
    const own = await fetch(`${stand.urls[0]}/api-keys/${keys[0]?.id}`, { method: 'DELETE', headers: { authorization: `Bearer ${key}` } });
    expect(own.status).toBe(204);
    expect(((await (await list()).json()) as { error: string }).error).toBe('api_key_revoked');
  });

  it('gives the scopes asked for, or the part of them that was granted, and never more', async () => {
    expect((await login.redeem(await login.start({ scope: 'github open_meteo' }))).scope).toBe('github open_meteo');
    expect((await login.redeem(await login.start({ scope: 'github open_meteo' }), { scopes: ['github:read'] })).scope).toBe('github:read');
    const code = await login.start({ scope: 'github' });
    for (const scopes of [['*'], ['open_meteo'], ['operator'], ['github', 'open_meteo']]) {
      const { status, json } = await login.approve(code, { scopes });
      expect([status, json.error], scopes.join()).toEqual([403, 'forbidden']);
    }
    expect((await login.approve(code, { scopes: [] })).json.error).toBe('bad_request');
    expect((await login.pollOAuth(code)).json.error).toBe('authorization_pending');
  });

  it('never gives operator, also when the owner approves everything', async () => {
    const owner = await stand.gateways[0].db.selectFrom('users').select('id').where('isOwner', '=', true).executeTakeFirstOrThrow();
    const session = await stand.signIn({ userId: owner.id });
    const code = await login.start();
    expect((await login.approve(code, { scopes: ['*', 'operator'] }, session)).json.error).toBe('forbidden');
    expect((await login.approve(code, {}, session)).status).toBe(200);
    expect((await login.pollOAuth(code)).json.scope).toBe('*');
  });
});

describe('slow_down', () => {
  it('lengthens the interval by five seconds each time and for good, and is never said at the interval', async () => {
    const code = await login.start();
    const at = async (seconds: number) => {
      stand.setClock(seconds * 1000);
      return (await login.pollOAuth(code)).json.error;
    };
    expect(await at(0)).toBe('authorization_pending');
    expect(await at(5)).toBe('authorization_pending');
    expect(await at(9)).toBe('slow_down');
    expect(await at(19)).toBe('authorization_pending');
    expect(await at(28)).toBe('slow_down');
    expect(await at(43)).toBe('authorization_pending');
    expect(await at(53)).toBe('slow_down');
    for (let turn = 1; turn <= 10; turn += 1) expect(await at(53 + turn * 20), `turn ${turn}`).toBe('authorization_pending');
    const { intervalSeconds } = await stand.gateways[0].db
      .selectFrom('deviceCodes')
      .select('intervalSeconds')
      .orderBy('createdAt', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
    expect(intervalSeconds).toBe(20);
  });

  it('is kept per code: another client is not slowed down', async () => {
    const [fast, patient] = [await login.start(), await login.start()];
    await login.pollOAuth(fast);
    expect((await login.pollOAuth(fast)).json.error).toBe('slow_down');
    expect((await login.pollOAuth(patient)).json.error).toBe('authorization_pending');
    stand.setClock(5_000);
    expect((await login.pollOAuth(fast)).json.error).toBe('slow_down');
    expect((await login.pollOAuth(patient)).json.error).toBe('authorization_pending');
  });

  it('counts every one of 20 polls at once on two servers', async () => {
    const code = await login.start();
    const body = { device_code: code.device_code };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_none, at) => stand.postTo((at % 2) as 0 | 1, '/auth/device/token', body)),
    );
    expect(answers.map(({ json }) => json.error).sort()).toEqual(['authorization_pending', ...Array(19).fill('slow_down')]);
    stand.setClock(99_000);
    expect((await login.poll(code)).json.error).toBe('slow_down');
    stand.setClock(99_000 + 105_000);
    expect((await login.poll(code)).json.error).toBe('authorization_pending');
  });

  it('does not hold back an approval', async () => {
    const code = await login.start();
    await login.pollOAuth(code);
    await login.approve(code);
    expect((await login.pollOAuth(code)).status).toBe(200);
  });
});

describe('redemption', () => {
  it.each([
    ['RFC 8628', grantType, 'invalid_grant'],
    ['compatible', undefined, 'already_used'],
  ])('happens once under 20 polls at once on two servers (%s)', async (_dialect, grant, refusal) => {
    const code = await login.start();
    await login.approve(code);
    const body = { device_code: code.device_code, ...(grant ? { grant_type: grant } : {}) };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_none, at) => stand.postTo((at % 2) as 0 | 1, '/auth/device/token', body)),
    );
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 400 && answer.json.error === refusal)).toHaveLength(19);
    expect(await login.keysOf(ada)).toHaveLength(grant ? 1 : 0);
    const audit = await stand.gateways[0].db
      .selectFrom('auditRows')
      .select('action')
      .where('userId', '=', ada.userId)
      .where('action', '=', 'device_code.redeemed')
      .execute();
    expect(audit).toHaveLength(1);
  });

  it('is written down with the approval, the client and the key', async () => {
    const code = await login.start();
    await login.redeem(code);
    const [key] = await login.keysOf(ada);
    const rows = await stand.gateways[0].db
      .selectFrom('auditRows')
      .select(['action', 'actor', 'target', 'details'])
      .where('userId', '=', ada.userId)
      .orderBy('createdAt')
      .orderBy('id')
      .execute();
    expect(rows.map((row) => row.action).sort()).toEqual(['api_key.created', 'device_code.authorized', 'device_code.redeemed']);
    expect(new Set(rows.map((row) => row.actor))).toEqual(new Set([ada.sessionId]));
    expect(rows.find((row) => row.action === 'device_code.redeemed')?.details).toEqual({ client: 'Work laptop', keyId: key?.id });
  });

  it.each([
    [
      'the account was closed',
      (person: Person) => stand.gateways[0].db.updateTable('users').set({ closedAt: new Date() }).where('id', '=', person.userId).execute(),
    ],
    ['the session was ended', (person: Person) => stand.gateways[0].db.deleteFrom('sessions').where('id', '=', person.sessionId).execute()],
    [
      'the session has expired',
      (person: Person) =>
        stand.gateways[0].db
          .updateTable('sessions')
          .set({ expiresAt: new Date(0) })
          .where('id', '=', person.sessionId)
          .execute(),
    ],
  ])('is refused for good when %s meanwhile', async (_what, end) => {
    const [code, compatible] = [await login.start(), await login.start()];
    await login.approve(code);
    await login.approve(compatible);
    await end(ada);
    const refused = await login.pollOAuth(code);
    expect([refused.status, refused.json.error]).toEqual([400, 'access_denied']);
    expect((await login.pollOAuth(code)).json.error).toBe('access_denied');
    const denied = await login.poll(compatible);
    expect([denied.status, denied.json.status, denied.json.user]).toEqual([400, 'denied', undefined]);
    expect(await login.keysOf(ada)).toEqual([]);
  });

  it('is refused when the account is gone', async () => {
    const [code, compatible] = [await login.start(), await login.start()];
    await login.approve(code);
    await login.approve(compatible);
    await stand.gateways[0].db.deleteFrom('users').where('id', '=', ada.userId).execute();
    expect((await login.pollOAuth(code)).json.error).toBe('invalid_grant');
    expect((await login.poll(compatible)).json.error).toBe('not_found');
  });
});

describe('an expired code', () => {
  it('is neither shown, approved nor redeemed', async () => {
    const [fresh, approved] = [await login.start(), await login.start()];
    await login.approve(approved);
    stand.setClock(899_000);
    expect((await login.lookUp(fresh.user_code)).json.data.deviceRequest.ageSeconds).toBeGreaterThanOrEqual(898);
    stand.setClock(900_001);
    expect((await login.lookUp(fresh.user_code)).json.errors[0].extensions.code).toBe('bad_request');
    expect((await login.approve(fresh)).json.error).toBe('bad_request');
    expect((await login.pollOAuth(approved)).json.error).toBe('expired_token');
    expect(await login.keysOf(ada)).toEqual([]);
  });

  it('stays expired when the clock is set back', async () => {
    const [polled, lookedUp, approved, swept] = [await login.start(), await login.start(), await login.start(), await login.start()];
    await login.approve(approved);
    stand.setClock(900_001);
    await login.poll(polled);
    await login.approve(lookedUp);
    await login.pollOAuth(approved);
    await sweepCodes(stand);
    stand.setClock(0);
    for (const code of [polled, lookedUp, approved, swept]) {
      expect((await login.pollOAuth(code)).json.error).toBe('expired_token');
      const again = await stand.signIn();
      expect((await login.approve(code, {}, again)).json.error).toBe('bad_request');
    }
  });

  it('is not revived by a clock that is set to before it was made', async () => {
    const code = await login.start();
    await login.approve(code);
    stand.setClock(-3_600_000);
    expect((await login.pollOAuth(code)).json.error).toBe('expired_token');
    stand.setClock(0);
    expect((await login.pollOAuth(code)).json.error).toBe('expired_token');
    const other = await login.start();
    stand.setClock(-2_000);
    expect((await login.pollOAuth(other)).json.error).toBe('authorization_pending');
  });

  it('is forgotten after a day, as a redeemed one is', async () => {
    const [used, unused] = [await login.start(), await login.start()];
    await login.redeem(used);
    stand.setClock(2 * 86_400_000);
    await sweepCodes(stand);
    stand.setClock(0);
    for (const code of [used, unused]) expect((await login.poll(code)).json.error).toBe('not_found');
  });
});
