/** The person's side of a login: what is shown, who may decide, and how often a code may be guessed. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { grantType, makeLogin } from './login.ts';
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

describe('approval', () => {
  it('shows the code, the client, its address, its age and what it asks for', async () => {
    const { json: code } = await stand.post(
      '/auth/device/code',
      { client_name: '  Work\u202e\u0000 laptop\n', scope: 'github:read' },
      { address: '203.0.113.9' },
    );
    stand.setClock(61_000);
    const { json } = await login.lookUp(code.user_code);
    expect(json.data.deviceRequest).toEqual({
      userCode: code.user_code,
      clientName: 'Work laptop',
      clientAddress: '203.0.113.9',
      scopes: ['github:read'],
      ageSeconds: expect.toSatisfy((age: number) => age >= 60 && age <= 65),
      createdAt: expect.any(String),
      expiresAt: expect.any(String),
    });
    const { createdAt, expiresAt } = json.data.deviceRequest;
    expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBe(900_000);
  });

  it.each([
    ['lower case', (code: string) => code.toLowerCase()],
    ['no dash', (code: string) => code.replace('-', '')],
    ['spaces', (code: string) => ` ${[...code.replace('-', ' ')].join(' ')} `],
    ['a longer dash', (code: string) => code.replace('-', ' – ')],
  ])('forgives %s', async (_what, type) => {
    const code = await login.start();
    expect((await login.lookUp(type(code.user_code))).json.data.deviceRequest.userCode).toBe(code.user_code);
    expect((await login.decide(type(code.user_code))).json.data.authorizeDevice.status).toBe('AUTHORIZED');
  });

  it('is bound to the session that looked the code up', async () => {
    const code = await login.start();
    const eve = await stand.signIn();
    const otherBrowser = await stand.signIn({ userId: ada.userId });
    const tooEarly = await login.decide(code.user_code);
    expect(tooEarly.json.errors[0].extensions.code).toBe('bad_request');
    expect((await login.lookUp(code.user_code)).json.data.deviceRequest.clientName).toBe('Work laptop');
    for (const other of [eve, otherBrowser]) {
      const answers = [
        (await login.lookUp(code.user_code, other)).json.errors[0],
        (await login.decide(code.user_code, {}, other)).json.errors[0],
        (await login.decide(code.user_code, { deny: true }, other)).json.errors[0],
      ];
      for (const fault of answers)
        expect(fault).toMatchObject({ message: tooEarly.json.errors[0].message, extensions: { code: 'bad_request' } });
      expect((await login.approve(code, {}, other)).json.error).toBe('bad_request');
      expect((await login.approve(code, { deny: true }, other)).json.error).toBe('bad_request');
    }
    expect((await login.pollOAuth(code)).json.error).toBe('authorization_pending');
    expect((await login.decide(code.user_code)).json.data.authorizeDevice.status).toBe('AUTHORIZED');
    expect((await login.pollOAuth(code)).status).toBe(200);
    expect(await login.keysOf(eve)).toEqual([]);
    expect(await login.keysOf(ada)).toHaveLength(1);
  });

  it('goes to one of two sessions that look the code up at once', async () => {
    const code = await login.start();
    const people = await Promise.all(Array.from({ length: 6 }, () => stand.signIn()));
    const answers = await Promise.all(people.map((person) => login.approve(code, {}, person)));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(answers.filter((answer) => answer.json.error === 'bad_request')).toHaveLength(5);
  });

  it('is final, and so is a denial', async () => {
    const [yes, no] = [await login.start(), await login.start()];
    await login.approve(yes);
    await login.approve(no, { deny: true });
    for (const code of [yes, no]) {
      expect((await login.approve(code)).json.error).toBe('bad_request');
      expect((await login.approve(code, { deny: true })).json.error).toBe('bad_request');
    }
    expect((await login.pollOAuth(yes)).status).toBe(200);
    expect((await login.pollOAuth(no)).json.error).toBe('access_denied');
  });

  it('is refused for a wrong code as for one that cannot be a code', async () => {
    const answers = await Promise.all(
      ['BBBB-BBBB', 'AEIO-1234', '', 'BBBB'].map((user_code) => login.approve({ user_code, device_code: '' })),
    );
    for (const { status, json } of answers) expect([status, json.error]).toEqual([400, 'bad_request']);
    expect(new Set(answers.map((answer) => answer.json.message)).size).toBe(1);
  });

  it('takes a session, not a key, and no stranger', async () => {
    const code = await login.start();
    const byKey = await stand.post('/auth/device/authorize', { user_code: code.user_code }, { as: stand.key });
    expect([byKey.status, byKey.json.error, byKey.json.action_url]).toEqual([403, 'forbidden', 'http://skillett.test/device']);
    const stranger = await stand.post('/auth/device/authorize', { user_code: code.user_code });
    expect([stranger.status, stranger.json.error]).toEqual([401, 'unauthorized']);
    expect((await login.lookUp(code.user_code, stand.key)).json.errors[0].extensions.code).toBe('forbidden');
    expect((await login.decide(code.user_code, {}, stand.key)).json.errors[0].extensions).toMatchObject({
      code: 'forbidden',
      actionUrl: 'http://skillett.test/device',
    });
    expect((await login.lookUp(code.user_code)).status).toBe(200);
  });

  it.each([{}, { deny: true }])('is refused from other sites, as forms, and by link (%j)', async (body) => {
    const code = await login.start();
    const path = '/auth/device/authorize';
    const sent = { user_code: code.user_code, ...body };
    for (const origin of ['https://evil.example', 'null', 'http://skillett.test.evil.example', null]) {
      const { status, json } = await stand.post(path, sent, { as: ada, origin });
      expect([status, json.error], String(origin)).toEqual([403, 'forbidden']);
      const query = `mutation { authorizeDevice(userCode: "${code.user_code}"${'deny' in body ? ', deny: true' : ''}) { status } }`;
      expect((await stand.post('/graphql', { query }, { as: ada, origin })).status, String(origin)).toBe(403);
    }
    for (const contentType of [form, 'text/plain', 'multipart/form-data; boundary=x']) {
      expect((await stand.post(path, new URLSearchParams({ user_code: code.user_code }), { as: ada, contentType })).status).toBe(415);
    }
    const link = await fetch(`${stand.urls[0]}${path}?user_code=${code.user_code}`, { headers: { cookie: ada.cookie } });
    expect(link.status).toBe(405);
    expect((await login.poll(code)).json.error).toBe('authorization_pending');
    expect((await stand.post(path, sent, { as: ada })).status).toBe(200);
  });
});

describe('guessing a user code', () => {
  const guess = 'BBBB-BBBB';

  it('is limited per address, whoever guesses', async () => {
    const code = await login.start();
    const address = '203.0.113.20';
    const guesses = await Promise.all(
      Array.from({ length: 12 }, async (_none, at) =>
        at % 2 === 0
          ? (await login.lookUp(guess, await stand.signIn(), address)).json.errors[0].extensions.code
          : (await stand.post('/auth/device/authorize', { user_code: guess }, { as: await stand.signIn(), address })).json.error,
      ),
    );
    expect(guesses.filter((fault) => fault === 'bad_request')).toHaveLength(10);
    expect(guesses.filter((fault) => fault === 'rate_limited')).toHaveLength(2);
    expect((await login.lookUp(code.user_code, ada, address)).json.errors[0].extensions.code).toBe('rate_limited');
    stand.setClock(61_000);
    expect((await login.lookUp(code.user_code, ada, address)).json.data.deviceRequest.userCode).toBe(code.user_code);
  });

  it('is limited per account, from wherever it guesses', async () => {
    const code = await login.start();
    const outcomes: string[] = [];
    for (let turn = 0; turn < 12; turn += 1) outcomes.push((await login.lookUp(guess)).json.errors[0].extensions.code);
    expect(outcomes).toEqual([...Array(10).fill('bad_request'), 'rate_limited', 'rate_limited']);
    const refused = await login.approve(code);
    expect([refused.status, refused.json.error]).toEqual([429, 'rate_limited']);
    expect((await login.approve(code, {}, await stand.signIn())).status).toBe(200);
  });
});

describe('on PGlite', () => {
  it('a login completes once, and is slowed down and refused as on PostgreSQL', async () => {
    const pglite = await createDeviceStand('pglite');
    try {
      const person = await pglite.signIn();
      const { json: code } = await pglite.post('/auth/device/code', { client_name: 'Notebook' });
      const ask = () => pglite.post('/auth/device/token', { device_code: code.device_code, grant_type: grantType });
      expect([(await ask()).json.error, (await ask()).json.error]).toEqual(['authorization_pending', 'slow_down']);
      const decision = { user_code: code.user_code };
      expect((await pglite.post('/auth/device/authorize', decision, { as: person })).json).toEqual({ status: 'authorized' });
      const answers = await Promise.all(Array.from({ length: 5 }, ask));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400]);
      expect((await pglite.post('/auth/device/authorize', decision, { as: person })).json.error).toBe('bad_request');
    } finally {
      await pglite.close();
    }
  });
});

describe('through GraphQL', () => {
  it('the whole login runs as over REST, without a key or a session for the client', async () => {
    const started = await stand.graphql(
      'mutation { requestDeviceCode(clientName: "Editor", scopes: ["github"]) { deviceCode userCode verificationUri verificationUriComplete expiresIn interval } }',
      {},
    );
    const code = started.json.data.requestDeviceCode;
    expect(code).toMatchObject({ verificationUri: 'http://skillett.test/device', expiresIn: 900, interval: 5 });
    const ask = (grant?: string) =>
      stand.graphql(
        `mutation ($deviceCode: String!, $grantType: String) { pollDeviceToken(deviceCode: $deviceCode, grantType: $grantType) {
          status error message user { email displayName } apiKeysUrl accessToken tokenType scope } }`,
        { deviceCode: code.deviceCode, grantType: grant },
      );
    const pending = (await ask()).json.data.pollDeviceToken;
    expect(pending).toMatchObject({ status: 'PENDING', error: 'AUTHORIZATION_PENDING', user: null, apiKeysUrl: null, accessToken: null });
    await login.lookUp(code.userCode);
    expect((await login.decide(code.userCode, { scopes: ['github:read'] })).json.data.authorizeDevice.status).toBe('AUTHORIZED');
    expect((await ask(grantType)).json.data.pollDeviceToken).toEqual({
      status: 'COMPLETE',
      error: null,
      message: null,
      user: { email: `${ada.userId}@example.org`, displayName: 'Ada Lovelace' },
      apiKeysUrl: 'http://skillett.test/dashboard/api-keys',
      accessToken: expect.stringMatching(/^sk_[0-9a-f]{48}$/),
      tokenType: 'Bearer',
      scope: 'github:read',
    });
    expect((await ask(grantType)).json.data.pollDeviceToken).toMatchObject({ status: 'USED', error: 'INVALID_GRANT' });
    expect((await ask()).json.data.pollDeviceToken).toMatchObject({ status: 'USED', error: 'ALREADY_USED' });
  });
});
