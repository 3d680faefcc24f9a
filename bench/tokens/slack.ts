/** What Slack answers: channels, threads with blocks, and matches of a search, each with all its fields. */
import type { Row } from './github.ts';

const topics = ['sales', 'design', 'hiring', 'random', 'billing', 'support', 'mobile', 'data', 'legal', 'office'];
const team = 'T0ACME001';

export const channels: Row[] = Array.from({ length: 100 }, (_, at) => {
  const name = at === 57 ? 'eng' : `${topics[at % 10]}-${at}`;
  return {
    ...{ id: `C0${7_000_000 + at}`, name, is_channel: true, is_group: false, is_im: false, is_mpim: false, is_private: false },
    ...{ created: 1_700_000_000 + at, is_archived: false, is_general: at === 0, unlinked: 0, name_normalized: name, is_shared: false },
    ...{ is_org_shared: false, is_pending_ext_shared: false, pending_shared: [], context_team_id: team, updated: 1_764_000_000_000 },
    ...{ parent_conversation: null, creator: 'U0EVA', is_ext_shared: false, shared_team_ids: [team], pending_connected_team_ids: [] },
    ...{ is_member: at % 3 === 0, topic: { value: '', creator: '', last_set: 0 }, previous_names: [], num_members: 5 + at },
    purpose: { value: `All that concerns ${name} and the people who work on it`, creator: 'U0EVA', last_set: 1_700_000_100 },
  };
});

function message(at: number, text: string): Row {
  const elements = [{ type: 'rich_text_section', elements: [{ type: 'text', text }] }];
  return {
    ...{ user: `U0${['EVA', 'TOM', 'MIRA'][at % 3]}`, type: 'message', ts: `17640012${String(at).padStart(2, '0')}.000100`, team, text },
    ...{ client_msg_id: `7c5a8d1e-4b5f-4f0e-9c43-0000000000${String(at).padStart(2, '0')}`, thread_ts: '1764001200.000100' },
    ...{ parent_user_id: 'U0EVA', blocks: [{ type: 'rich_text', block_id: `b${at}Xq`, elements }] },
  };
}

const said = [
  'The export of large projects is empty since this morning',
  'How many rows do they have?',
  'It begins at 50,000 rows',
  'I see it on staging too, with build 8841',
  'The log says "cursor closed" once a minute',
  'That is the new pool, it closes idle cursors after 60 seconds',
  'Can we raise that for exports?',
  'Yes, there is a setting, but it is not per job',
  'Then a keep-alive within the job would do',
  'Agreed. Two customers wait: Nordwind and Hafen',
  'I can have it by Friday',
  'Please somebody write an issue, with all of this',
];
export const threadFacts = ['50,000 rows', 'build 8841', 'cursor closed', 'after 60 seconds', 'Nordwind and Hafen', 'Friday'];
export const replies: Row[] = said.map((text, at) => message(at, text));

export const matches: Row[] = Array.from({ length: 20 }, (_, at) => {
  const channel = channels[at * 4] as Row;
  const whole = message(at, `Outage note ${at + 1}: queue ${at % 5} of the mail service stood still for ${10 + at} minutes`);
  const permalink = `https://acme.slack.com/archives/${channel.id}/p${String(whole.ts).replace('.', '')}`;
  const shown = {
    ...{ id: channel.id, is_channel: true, is_group: false, is_im: false, is_mpim: false, is_shared: false, is_org_shared: false },
    ...{ is_ext_shared: false, is_private: false, name: channel.name, pending_shared: [], is_pending_ext_shared: false },
  };
  const { user, ts, text, blocks } = whole;
  const username = ['eva', 'tom', 'mira'][at % 3];
  return {
    iid: `0f6c-${at}`,
    team,
    score: 0,
    channel: shown,
    type: 'message',
    user,
    username,
    ts,
    blocks,
    text,
    permalink,
    no_reactions: true,
  };
});

export function answerSlack(_method: string, path: string, _query: URLSearchParams, body: Row): unknown {
  if (path === '/auth.test') return { ok: true, team: 'Acme', user: 'eva', team_id: team, user_id: 'U0EVA' };
  if (path === '/conversations.list') return { ok: true, channels, response_metadata: { next_cursor: '' } };
  if (path === '/conversations.replies') return { ok: true, messages: replies, has_more: false };
  if (path === '/chat.postMessage')
    return { ok: true, channel: body.channel, ts: '1764009999.000100', message: { ...message(1, body.text), bot_id: 'B0X' } };
  const pagination = { total_count: 20, page: 1, per_page: 20, page_count: 1, first: 1, last: 20 };
  const paging = { count: 20, total: 20, page: 1, pages: 1 };
  return path === '/search.messages' ? { ok: true, query: 'outage', messages: { total: 20, pagination, paging, matches } } : undefined;
}
