/** Ten tasks of people as calls over MCP, with the facts that each needs, and as a service's own server is asked the same. */
import { aboutExport, failedRuns, failingStepOf, openIssues, type Row, releaseNotes, reviews } from './github.ts';
import { messageIdOf, points, thread, unread } from './gmail.ts';
import { pageId } from './notion.ts';
import type { Session } from './session.ts';
import { channels, matches, replies, threadFacts } from './slack.ts';
import type { Service } from './stand.ts';

export interface Task {
  name: string;
  services: Service[];
  /** Returns what the model has read that counts. */
  run(session: Session): Promise<string>;
  /** Which must be in what was read. */
  facts: string[];
  /** What must have reached a service, by the end of its path. */
  sent?: { path: string; holds: string[] };
  /** Tool and arguments of each call of the services' own servers, which give the service's answer to the path. */
  native: { service: Service; path: string; query?: string; method?: string; body?: Row; call: string }[];
}

const repo = 'acme/portal';
const titles = (rows: Row[]) => rows.flatMap(({ number, title }) => [String(number), title as string]);
const eng = (channels[57] as Row).id as string;
const lastMail = thread[3] as (typeof thread)[3];
const comment = 'Confirmed with build 8841: the export of projects above 50,000 rows is empty.';
const line = 'Ask Mira for a key to the bike cellar.';
const reply = 'Yes, the 14th of December suits us.';
const issue = {
  title: 'Export of large projects is empty',
  body: 'From 50,000 rows on, also on staging with build 8841. The log says "cursor closed": the new pool closes idle cursors after 60 seconds. A keep-alive within the job would do. Nordwind and Hafen wait; wanted by Friday.',
};
const bullet = {
  type: 'bulleted_list_item',
  bulleted_list_item: { rich_text: [{ type: 'text', text: { content: line } }] },
};
const reviewQuery = 'is:pr is:open review-requested:@me';
const exportQuery = `repo:${repo} is:issue is:open export`;
const children = { children: [bullet] };

export const tasks: Task[] = [
  {
    name: 'open pull requests that wait for my review (10)',
    services: ['github'],
    run: async (session) => {
      await session.find(['search pull requests that wait for my review'], 'github.search_issues');
      return session.call('read', { endpoint: 'github.search_issues', params: { q: reviewQuery } });
    },
    facts: [...titles(reviews), repo],
    native: [
      { service: 'github', path: '/search/issues', query: `q=${reviewQuery}`, call: `search_pull_requests {"query":"${reviewQuery}"}` },
    ],
  },
  {
    name: 'unread mail from Anna, to be summarised (4)',
    services: ['gmail'],
    run: async (session) => {
      await session.find(['read my unread mail'], 'gmail.list_messages');
      const params = { q: 'is:unread from:anna' };
      return session.call('read', { endpoint: 'gmail.list_messages', params, with: ['subject', 'date', 'text'] });
    },
    facts: [...points, ...unread.map(({ subject }) => subject)],
    native: [
      {
        service: 'gmail',
        path: '/users/me/messages',
        query: 'q=is:unread from:anna',
        call: 'search_emails {"query":"is:unread from:anna"}',
      },
      ...unread.map(({ id }) => ({
        service: 'gmail' as const,
        path: `/users/me/messages/${id}`,
        call: `read_email {"messageId":"${id}"}`,
      })),
    ],
  },
  {
    name: 'post the release notes to #eng',
    services: ['github', 'slack'],
    run: async (session) => {
      await session.find(
        ['latest release of a repository', 'list the channels of Slack', 'post a message to a Slack channel'],
        ...['github.get_latest_release', 'slack.list_channels', 'slack.send_message'],
      );
      const notes = await session.call('read', { endpoint: 'github.get_latest_release', params: { repo } });
      const select = "channels[?name=='eng'].id";
      const found = await session.call('read', { endpoint: 'slack.list_channels', params: { limit: 200 }, select });
      await session.call('execute', { endpoint: 'slack.send_message', params: { channel: eng, text: releaseNotes } });
      return `${notes}\n${found}`;
    },
    facts: ['v4.2.0', eng, ...releaseNotes.split('\n').filter((one) => one !== '')],
    sent: { path: '/chat.postMessage', holds: [eng, '(#556)'] },
    native: [
      { service: 'github', path: '/repos/acme/portal/releases/latest', call: 'get_latest_release {"owner":"acme","repo":"portal"}' },
      { service: 'slack', path: '/conversations.list', call: 'slack_list_channels {"limit":200}' },
      {
        ...{ service: 'slack', path: '/chat.postMessage', method: 'POST', body: { channel: eng, text: releaseNotes } },
        call: `slack_post_message ${JSON.stringify({ channel_id: eng, text: releaseNotes })}`,
      },
    ],
  },
  {
    name: 'find the onboarding page and add a line',
    services: ['notion'],
    run: async (session) => {
      await session.find(
        ['find a page in Notion by its title', 'add a bullet to a Notion page'],
        ...['notion.search', 'notion.append_block_children'],
      );
      const found = await session.call('read', { endpoint: 'notion.search', params: { query: 'onboarding' } });
      const params = { block_id: pageId(0), ...children };
      await session.call('execute', { endpoint: 'notion.append_block_children', params });
      return found;
    },
    facts: [`${pageId(0)}\tpage\tOnboarding\t`],
    sent: { path: `/blocks/${pageId(0)}/children`, holds: [line] },
    native: [
      { service: 'notion', path: '/search', method: 'POST', body: { query: 'onboarding' }, call: 'API-post-search {"query":"onboarding"}' },
      {
        ...{ service: 'notion', path: `/blocks/${pageId(0)}/children`, method: 'PATCH', body: children },
        call: `API-patch-block-children ${JSON.stringify({ block_id: pageId(0), ...children })}`,
      },
    ],
  },
  {
    name: 'failing workflow runs and their failing steps (5)',
    services: ['github'],
    run: async (session) => {
      await session.find(
        ['workflow runs that failed', 'jobs of a run and the step that failed'],
        'github.list_workflow_runs',
        'github.list_jobs_for_run',
      );
      const params = { repo, status: 'failure', per_page: 5 };
      const runs = await session.call('read', { endpoint: 'github.list_workflow_runs', params });
      const each = failedRuns.map(({ id }) => ({ run_id: id as number }));
      return `${runs}\n${await session.call('read', { endpoint: 'github.list_jobs_for_run', params: { repo }, each })}`;
    },
    facts: failedRuns.flatMap(({ id, display_title: title }) => [String(id), title as string, failingStepOf(id as number)]),
    native: [
      {
        service: 'github',
        path: `/repos/${repo}/actions/runs`,
        call: 'actions_list {"method":"list_workflow_runs","owner":"acme","repo":"portal"}',
      },
      ...failedRuns.map(({ id }) => ({
        ...{ service: 'github' as const, path: `/repos/${repo}/actions/runs/${id}/jobs` },
        call: `actions_list {"method":"list_workflow_jobs","owner":"acme","repo":"portal","resource_id":"${id}"}`,
      })),
    ],
  },
  {
    name: 'comment on the issue about the export',
    services: ['github'],
    run: async (session) => {
      await session.find(['search issues by words', 'comment on an issue'], 'github.search_issues', 'github.create_issue_comment');
      const found = await session.call('read', { endpoint: 'github.search_issues', params: { q: exportQuery } });
      const params = { repo, issue_number: 536, body: comment };
      return `${found}\n${await session.call('execute', { endpoint: 'github.create_issue_comment', params })}`;
    },
    facts: [...titles(aboutExport), 'https://github.com/acme/portal/issues/536#issuecomment-'],
    sent: { path: '/issues/536/comments', holds: [comment] },
    native: [
      { service: 'github', path: '/search/issues', query: `q=${exportQuery}`, call: `search_issues {"query":"${exportQuery}"}` },
      {
        ...{ service: 'github', path: `/repos/${repo}/issues/536/comments`, method: 'POST', body: { body: comment } },
        call: `add_issue_comment ${JSON.stringify({ owner: 'acme', repo: 'portal', issue_number: 536, body: comment })}`,
      },
    ],
  },
  {
    name: 'who is assigned what (30 issues)',
    services: ['github'],
    run: async (session) => {
      await session.find(['list the open issues of a repository with who is assigned'], 'github.list_issues_for_repo');
      return session.call('read', { endpoint: 'github.list_issues_for_repo', params: { repo, per_page: 30 } });
    },
    facts: openIssues.map(({ number, title, user, assignee }) => [number, title, 'open', user.login, assignee.login, ''].join('\t')),
    native: [{ service: 'github', path: `/repos/${repo}/issues`, call: 'list_issues {"owner":"acme","repo":"portal","perPage":30}' }],
  },
  {
    name: 'reply to the last mail of a thread',
    services: ['gmail'],
    run: async (session) => {
      await session.find(
        ['find mail by its subject', 'read a whole mail thread', 'reply to a mail'],
        ...['gmail.list_messages', 'gmail.get_thread', 'gmail.reply_to_message'],
      );
      const found = await session.call('read', { endpoint: 'gmail.list_messages', params: { q: 'subject:offer', maxResults: 1 } });
      const params = { id: lastMail.threadId };
      const read = await session.call('read', { endpoint: 'gmail.get_thread', params, with: ['message_id'] });
      const references = messageIdOf(lastMail);
      const answer = {
        threadId: lastMail.threadId,
        in_reply_to: references,
        references,
        to: lastMail.from,
        subject: lastMail.subject,
        text: reply,
      };
      await session.call('execute', { endpoint: 'gmail.reply_to_message', params: answer });
      return `${found}\n${read}`;
    },
    facts: [lastMail.threadId, messageIdOf(lastMail), 'Could you confirm the 14th of December', lastMail.from],
    sent: { path: '/messages/send', holds: [lastMail.threadId, reply] },
    native: [
      { service: 'gmail', path: '/users/me/messages', query: 'q=subject:offer', call: 'search_emails {"query":"subject:offer"}' },
      { service: 'gmail', path: `/users/me/messages/${lastMail.id}`, call: `read_email {"messageId":"${lastMail.id}"}` },
      {
        ...{ service: 'gmail', path: '/users/me/messages/send', method: 'POST', body: {} },
        call: `send_email ${JSON.stringify({ to: [lastMail.from], subject: lastMail.subject, body: reply, threadId: lastMail.threadId, inReplyTo: messageIdOf(lastMail) })}`,
      },
    ],
  },
  {
    name: 'messages on the outage, with links (20)',
    services: ['slack'],
    run: async (session) => {
      await session.find(['Slack messages that mention something'], 'slack.search_messages');
      return session.call('read', { endpoint: 'slack.search_messages', params: { query: 'outage' } });
    },
    facts: matches.flatMap(({ text, permalink }) => [text as string, permalink as string]),
    native: [{ service: 'slack', path: '/search.messages', call: 'conversations_search_messages {"search_query":"outage"}' }],
  },
  {
    name: 'an issue from a Slack thread (12 messages)',
    services: ['slack', 'github'],
    run: async (session) => {
      await session.find(['read a Slack thread', 'create an issue'], 'slack.list_replies', 'github.create_issue');
      const params = { channel: eng, ts: (replies[0] as Row).ts as string };
      const read = await session.call('read', { endpoint: 'slack.list_replies', params });
      return `${read}\n${await session.call('execute', { endpoint: 'github.create_issue', params: { repo, ...issue } })}`;
    },
    facts: [...threadFacts, 'https://github.com/acme/portal/issues/702'],
    sent: { path: `/repos/${repo}/issues`, holds: [issue.title, 'Nordwind and Hafen'] },
    native: [
      {
        ...{ service: 'slack', path: '/conversations.replies' },
        call: `slack_get_thread_replies ${JSON.stringify({ channel_id: eng, thread_ts: (replies[0] as Row).ts })}`,
      },
      {
        ...{ service: 'github', path: `/repos/${repo}/issues`, method: 'POST', body: issue },
        call: `create_issue ${JSON.stringify({ owner: 'acme', repo: 'portal', ...issue })}`,
      },
    ],
  },
];
