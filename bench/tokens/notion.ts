/** What Notion answers: pages and blocks with all their fields. */
import type { Row } from './github.ts';

const by = (name: string) => ({ object: 'user', id: `u${name}-4f5e-49f7-8f04-d33ccd8e8b9c` });

function page(at: number, title: string): Row {
  const id = pageId(at);
  const annotations = { bold: false, italic: false, strikethrough: false, underline: false, code: false, color: 'default' };
  const words = { type: 'text', text: { content: title, link: null }, annotations, plain_text: title, href: null };
  return {
    ...{ object: 'page', id, created_time: '2026-03-01T09:00:00.000Z', last_edited_time: '2026-11-20T14:31:00.000Z' },
    ...{ created_by: by('eva'), last_edited_by: by('tom'), cover: null, icon: { type: 'emoji', emoji: '📄' } },
    ...{ parent: { type: 'page_id', page_id: pageId(99) }, archived: false, in_trash: false },
    properties: { title: { id: 'title', type: 'title', title: [words] } },
    ...{ url: `https://www.notion.so/${id.replaceAll('-', '')}`, public_url: null },
  };
}

export const pageId = (at: number) => `2b1f0c3e-0000-4a5b-8c6d-${String(100_000_000_000 + at)}`;

const titles = ['Onboarding', 'Onboarding of customers', 'Roadmap', 'Holidays', 'How we hire', 'Tools', 'First week'];
export const pages: Row[] = titles.map((title, at) => page(at, title));

export function answerNotion(method: string, path: string, _query: URLSearchParams, body: Row): unknown {
  if (path === '/users/me') return { object: 'user', id: 'bot-1', name: 'Acme', type: 'bot', bot: { workspace_name: 'Acme' } };
  const list = (results: Row[]) => ({ object: 'list', results, next_cursor: null, has_more: false });
  if (path === '/search') return { ...list(pages), type: 'page_or_database', page_or_database: {}, request_id: 'r-1' };
  if (!path.endsWith('/children') || method !== 'PATCH') return undefined;
  const made = (body.children as Row[]).map((child, at) => ({
    ...{ object: 'block', id: pageId(500 + at), parent: { type: 'page_id', page_id: pageId(0) }, created_time: '2026-11-28T09:00:00.000Z' },
    ...{
      last_edited_time: '2026-11-28T09:00:00.000Z',
      created_by: by('eva'),
      last_edited_by: by('eva'),
      has_children: false,
      archived: false,
    },
    ...{ in_trash: false, ...child },
  }));
  return { ...list(made), type: 'block', block: {}, request_id: 'r-2' };
}
