/** What Gmail answers: whole messages with the headers of real delivery, both bodies in base64url. */
import type { Row } from './github.ts';

interface Mail {
  id: string;
  threadId: string;
  subject: string;
  from: string;
  text: string;
}

const anna = 'Anna Lindqvist <anna@nordwind.example>';
const paragraph = (point: string) =>
  `Hello,\n\n${point}\n\nThe rest stands in the plan that we looked at on Monday; nothing of it has changed since then, and the figures that you asked for are in the second sheet. If any of this does not suit you, tell me before the end of the week, so that the others need not wait for us.\n\nKind regards\nAnna\n\n-- \nAnna Lindqvist, Nordwind AB, Storgatan 4, Malmö`;

export const points = [
  'The contract has to be signed by Thursday noon.',
  'The workshop moves to room 4.12 at half past ten.',
  'The budget for the spring was cut to 18,500 euros.',
  'Our new delivery address is Hamnvägen 9.',
];

export const unread: Mail[] = points.map((point, at) => ({
  id: `19a4c0ffee${at}${at}${at}${at}`,
  threadId: `19a4c0ffee${at}${at}${at}${at}`,
  subject: ['Contract', 'Workshop', 'Budget', 'Address'][at] as string,
  from: anna,
  text: paragraph(point),
}));

export const thread: Mail[] = [0, 1, 2, 3].map((at) => ({
  id: `19b7deadbeef000${at}`,
  threadId: '19b7deadbeef0000',
  subject: `${at === 0 ? '' : 'Re: '}Offer for the new site`,
  from: at % 2 === 0 ? anna : 'Eva Lopez <eva@acme.example>',
  text: paragraph(at === 3 ? 'Could you confirm the 14th of December for the handover?' : `Point ${at + 1} of the offer is fine with us.`),
}));

export const messageIdOf = ({ id }: Mail) => `<${id}@mail.nordwind.example>`;

const mime = (body: string) => Buffer.from(body).toString('base64url');
const signature = (seed: string) => Buffer.from(seed.repeat(40)).toString('base64').slice(0, 344);

function headersOf(mail: Mail): { name: string; value: string }[] {
  const hops = ['mx.google.com', 'mail-sor-f41.google.com', 'out3.nordwind.example'];
  return Object.entries({
    'Delivered-To': 'eva@acme.example',
    ...Object.fromEntries(
      hops.map((hop, at) => [
        `Received${' '.repeat(at)}`,
        `by ${hop} with SMTPS id ${mail.id}${at}sor${at}41pjq.12.2026.11.24; Tue, 24 Nov 2026 0${at}:11:2${at} -0800 (PST)`,
      ]),
    ),
    'X-Google-Smtp-Source': signature(`smtp${mail.id}`).slice(0, 88),
    'ARC-Seal': `i=1; a=rsa-sha256; t=1764000000; cv=none; d=google.com; s=arc-20240605; b=${signature(`seal${mail.id}`)}`,
    'ARC-Message-Signature': `i=1; a=rsa-sha256; c=relaxed/relaxed; d=google.com; s=arc-20240605; h=to:subject:message-id:date:from; bh=${signature('bh').slice(0, 44)}; b=${signature(`arc${mail.id}`)}`,
    'ARC-Authentication-Results':
      'i=1; mx.google.com; dkim=pass header.i=@nordwind.example header.s=s1; spf=pass smtp.mailfrom=anna@nordwind.example; dmarc=pass (p=REJECT sp=REJECT dis=NONE)',
    'Return-Path': '<anna@nordwind.example>',
    'DKIM-Signature': `v=1; a=rsa-sha256; c=relaxed/relaxed; d=nordwind.example; s=s1; h=to:subject:message-id:date:from; b=${signature(`dkim${mail.id}`)}`,
    'MIME-Version': '1.0',
    From: mail.from,
    Date: 'Tue, 24 Nov 2026 09:11:20 +0100',
    'Message-ID': messageIdOf(mail),
    Subject: mail.subject,
    To: 'Eva Lopez <eva@acme.example>',
    'Content-Type': 'multipart/alternative; boundary="000000000000a1b2c3"',
  }).map(([name, value]) => ({ name: name.trimEnd(), value }));
}

export function wholeMail(mail: Mail): Row {
  const html = `<div dir="ltr">${mail.text.replaceAll('\n', '<br>')}</div>`;
  const part = (partId: string, mimeType: string, body: string) => ({
    partId,
    mimeType,
    filename: '',
    headers: [{ name: 'Content-Type', value: `${mimeType}; charset="UTF-8"` }],
    body: { size: body.length, data: mime(body) },
  });
  const parts = [part('0', 'text/plain', mail.text), part('1', 'text/html', html)];
  const payload = { partId: '', mimeType: 'multipart/alternative', filename: '', headers: headersOf(mail), body: { size: 0 }, parts };
  const { id, threadId, text } = mail;
  const labelIds = ['UNREAD', 'IMPORTANT', 'CATEGORY_PERSONAL', 'INBOX'];
  return {
    id,
    threadId,
    labelIds,
    snippet: text.slice(0, 190),
    payload,
    sizeEstimate: 9_214,
    historyId: '88123',
    internalDate: '1764000680000',
  };
}

export function answerGmail(_method: string, path: string, query: URLSearchParams): unknown {
  if (path === '/users/me/profile') return { emailAddress: 'eva@acme.example', messagesTotal: 1, threadsTotal: 1, historyId: '1' };
  if (path === '/users/me/messages') {
    const mails = query.get('q')?.includes('is:unread') ? unread : [thread[3] as Mail];
    return { messages: mails.map(({ id, threadId }) => ({ id, threadId })), resultSizeEstimate: mails.length };
  }
  if (path.startsWith('/users/me/threads/'))
    return { id: (thread[0] as Mail).threadId, historyId: '88123', messages: thread.map(wholeMail) };
  if (path.endsWith('/messages/send')) return { id: '19c0sent', threadId: (thread[0] as Mail).threadId, labelIds: ['SENT'] };
  const mail = [...unread, ...thread].find(({ id }) => path === `/users/me/messages/${id}`);
  return mail && wholeMail(mail);
}
