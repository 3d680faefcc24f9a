/** The recipe for Slack: the requests it makes. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepareRequest } from '../../src/domains/executions/request/prepare-request.ts';
import { loadCatalogue } from '../../src/domains/recipes/load.ts';

const bundledFolder = path.resolve(import.meta.dirname, '../../recipes');
const slack = (await loadCatalogue({ bundledFolder, extraFolder: undefined, integrations: new Map() })).find('slack')!;
const endpointOf = (name: string) => slack.endpoints.get(name)!;

/** Which method of the Web API each endpoint is; a GET where Slack reads. */
const methods: Record<string, string> = {
  list_channels: 'GET conversations.list',
  list_my_channels: 'GET users.conversations',
  get_channel_info: 'GET conversations.info',
  list_channel_members: 'GET conversations.members',
  create_channel: 'POST conversations.create',
  join_channel: 'POST conversations.join',
  leave_channel: 'POST conversations.leave',
  invite_to_channel: 'POST conversations.invite',
  set_channel_topic: 'POST conversations.setTopic',
  open_conversation: 'POST conversations.open',
  list_channel_messages: 'GET conversations.history',
  list_replies: 'GET conversations.replies',
  search_messages: 'GET search.messages',
  send_message: 'POST chat.postMessage',
  update_message: 'POST chat.update',
  delete_message: 'POST chat.delete',
  schedule_message: 'POST chat.scheduleMessage',
  list_scheduled_messages: 'GET chat.scheduledMessages.list',
  cancel_scheduled_message: 'POST chat.deleteScheduledMessage',
  get_message_link: 'GET chat.getPermalink',
  add_reaction: 'POST reactions.add',
  remove_reaction: 'POST reactions.remove',
  list_reactions: 'GET reactions.get',
  list_users: 'GET users.list',
  get_user_info: 'GET users.info',
  find_user_by_email: 'GET users.lookupByEmail',
  list_files: 'GET files.list',
  get_file: 'GET files.info',
  delete_file: 'POST files.delete',
  get_upload_url: 'POST files.getUploadURLExternal',
  complete_upload: 'POST files.completeUploadExternal',
  list_pins: 'GET pins.list',
  pin_message: 'POST pins.add',
  unpin_message: 'POST pins.remove',
  list_bookmarks: 'POST bookmarks.list',
  set_status: 'POST users.profile.set',
  get_profile: 'GET users.profile.get',
  set_presence: 'POST users.setPresence',
  set_snooze: 'POST dnd.setSnooze',
  list_reminders: 'GET reminders.list',
  add_reminder: 'POST reminders.add',
  complete_reminder: 'POST reminders.complete',
  delete_reminder: 'POST reminders.delete',
  get_team: 'GET team.info',
  list_usergroups: 'GET usergroups.list',
  list_usergroup_members: 'GET usergroups.users.list',
  list_emoji: 'GET emoji.list',
};
/** What is at the host of files, and no method of the Web API: test/recipes/slack-files.test.ts. */
const ofFiles = ['download_file', 'upload_file'];

it('has exactly these endpoints', () => {
  expect([...slack.endpoints.keys()].sort()).toEqual([...Object.keys(methods), ...ofFiles].sort());
});

describe.each(Object.entries(methods))('slack.%s', (name, documented) => {
  it(`asks ${documented}, by its example`, async () => {
    const request = await prepareRequest(slack, endpointOf(name), endpointOf(name).spec.example);
    const url = new URL(request.url);
    expect(`${request.method} ${url.origin}${url.pathname}`).toBe(documented.replace(' ', ' https://slack.com/api/'));
    expect(request.headers.accept).toBe('application/json');
    if (request.method === 'GET') expect(request.body).toBeUndefined();
    // Slack warns of JSON that does not name its charset, and takes no lists of ids in JSON.
    else expect(request.headers['content-type']).toMatch(/^application\/(json; charset=utf-8|x-www-form-urlencoded)$/);
  });
});

const json = (value: unknown) => JSON.stringify(value);
const [channel, ts] = ['C012AB3CD', '1503435956.000247'];

it.each<[endpoint: string, params: object, target: string, body: string | undefined]>([
  [
    'list_channels',
    { types: ['public_channel', 'private_channel'], exclude_archived: true, limit: 200, cursor: 'dGVhbQ==' },
    '/conversations.list?types=public_channel,private_channel&exclude_archived=true&limit=200&cursor=dGVhbQ%3D%3D',
    undefined,
  ],
  [
    'list_channel_messages',
    { channel, oldest: ts, inclusive: true },
    `/conversations.history?channel=${channel}&oldest=${ts}&inclusive=true`,
    undefined,
  ],
  [
    'search_messages',
    { query: '"release notes" in:#eng', sort: 'timestamp', page: 2 },
    '/search.messages?query=%22release%20notes%22%20in%3A%23eng&sort=timestamp&page=2',
    undefined,
  ],
  ['list_replies', { channel, ts }, `/conversations.replies?channel=${channel}&ts=${ts}`, undefined],
  ['list_users', {}, '/users.list?limit=200', undefined],
  ['find_user_by_email', { email: 'ada+1@example.org' }, '/users.lookupByEmail?email=ada%2B1%40example.org', undefined],
  [
    'send_message',
    { channel, text: 'a & b', thread_ts: ts, blocks: [{ type: 'divider' }] },
    '/chat.postMessage',
    json({ channel, text: 'a & b', blocks: [{ type: 'divider' }], thread_ts: ts }),
  ],
  [
    'schedule_message',
    { channel, post_at: 1893456000, text: 'x' },
    '/chat.scheduleMessage',
    json({ channel, post_at: 1893456000, text: 'x' }),
  ],
  ['add_reaction', { channel, timestamp: ts, name: 'thumbsup' }, '/reactions.add', json({ channel, timestamp: ts, name: 'thumbsup' })],
  [
    'set_status',
    { status_text: 'At lunch', status_emoji: ':sandwich:' },
    '/users.profile.set',
    json({ profile: { status_text: 'At lunch', status_emoji: ':sandwich:' } }),
  ],
  ['set_snooze', { num_minutes: 60 }, '/dnd.setSnooze', 'num_minutes=60'],
  ['list_files', { types: ['pdfs', 'images'], ts_from: 1503435956 }, '/files.list?ts_from=1503435956&types=pdfs,images', undefined],
  ['open_conversation', { users: ['U1', 'W2'], return_im: true }, '/conversations.open', 'users=U1,W2&return_im=true'],
  ['invite_to_channel', { channel, users: ['U1', 'U2'] }, '/conversations.invite', `channel=${channel}&users=U1,U2`],
])('writes %s as Slack documents it', async (name, params, target, body) => {
  const request = await prepareRequest(slack, endpointOf(name), params);
  expect(request.url).toBe(`https://slack.com/api${target}`);
  expect(request.body === undefined ? undefined : request.body.toString()).toBe(body);
});

it.each<[endpoint: string, params: object, path: string]>([
  // As a number a time would lose its last digits.
  ['delete_message', { channel, ts: 1503435956.000247 }, 'params.ts'],
  ['delete_message', { channel, ts: 'yesterday' }, 'params.ts'],
  ['add_reaction', { channel, timestamp: ts, name: ':thumbsup:' }, 'params.name'],
  ['list_channels', { types: ['public'] }, 'params.types.0'],
  ['open_conversation', { users: [] }, 'params.users'],
  ['send_message', { channel, text: 'x'.repeat(40_001) }, 'params.text'],
  ['create_channel', { name: 'Not Lower' }, 'params.name'],
  ['set_status', { status_text: 'x', status_emoji: 'sandwich' }, 'params.status_emoji'],
  ['get_upload_url', { filename: 'empty.txt', length: 0 }, 'params.length'],
])('refuses for %s what Slack would: %j', async (name, params, place) => {
  const error = await Promise.resolve()
    .then(() => prepareRequest(slack, endpointOf(name), params))
    .then(
      () => expect.fail('was not refused'),
      (thrown) => thrown,
    );
  expect(error).toMatchObject({ code: 'bad_request', details: [{ path: place }] });
});

it('asks for public channels when nothing else is named, and lets private ones do instead', () => {
  for (const name of ['list_channels', 'list_channel_messages', 'leave_channel']) {
    const [choice] = endpointOf(name).providerScopes;
    expect(choice?.[0]).toMatch(/^channels:/);
    expect(choice?.slice(1).map((scope) => scope.split(':')[0])).toEqual(['groups', 'im', 'mpim']);
  }
  expect(endpointOf('send_message').providerScopes).toEqual([['chat:write']]);
});

it('gives every failure that it explains a status of its own', () => {
  const explained = [...(slack.recipe.errors ?? []), ...[...slack.endpoints.values()].flatMap(({ spec }) => spec.errors ?? [])];
  const codes = explained.flatMap(({ error }) => [...error.matchAll(/`([a-z_]+)`/g)].map((match) => match[1] as string));
  const known = slack.recipe.success?.status ?? {};
  expect(codes.length).toBeGreaterThan(40);
  expect(codes.filter((code) => !Object.hasOwn(known, code))).toEqual([]);
});
