/** Mail as services want it: one RFC 5322 message in MIME (RFC 2045), composed by nodemailer; nothing is sent or fetched from here. */
import MailComposer from 'nodemailer/lib/mail-composer';
import { badRequest, type Fault } from '../../../../core/errors.ts';
import { quoted } from '../../../../core/text/quoted.ts';
import type { MailPart } from '../../../recipes/format/parameter.ts';
import { isBase64 } from '../base64.ts';

export interface MailAttachment {
  filename: string;
  content_type?: string;
  base64: string;
}

/** Values of `in: "mail"` parameters by the part they name. Addresses are one text or a list of texts. */
export type MailParts = Partial<Record<MailPart, unknown>>;

const addressParts = ['to', 'cc', 'bcc', 'from', 'reply_to'] as const;
const idParts = ['in_reply_to', 'references'] as const;

/** A line break or NUL in a header would begin another header, or end the headers (RFC 5322, section 2.2). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be in a header
const control = /[\u0000-\u001f\u007f]/;

/**
 * The part of RFC 5322 (section 3.4.1) that every reader takes alike: words between single dots, before and after one `@`, in the
 * letters of any language (RFC 6531). Comments, quoted local parts and addresses in brackets are left out: where they end is read
 * differently by one program and another, so that a mail could go elsewhere than it shows.
 */
const word = "[\\p{L}\\p{N}\\p{M}!#$%&'*+/=?^_`{|}~-]+";
const label = '[\\p{L}\\p{N}](?:[\\p{L}\\p{N}\\p{M}-]*[\\p{L}\\p{N}\\p{M}])?';
const addressForm = new RegExp(`^${word}(?:\\.${word})*@${label}(?:\\.${label})*$`, 'u');
/** RFC 5321, section 4.5.3.1. */
const addressLengthMax = 254;

const mediaTypeForm = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/;

/** The message as bytes. Throws bad_request with every part that cannot stand in a message. */
export async function composeMail(parts: MailParts): Promise<Buffer> {
  const faults: Fault[] = [];
  const report = (path: string, message: string): void => {
    if (faults.length < faultsMax) faults.push({ path: `params.${path}`, message });
  };
  const addresses = Object.fromEntries(addressParts.map((part) => [part, readAddresses(part, parts[part], report)]));
  const ids = Object.fromEntries(idParts.map((part) => [part, readHeader(part, parts[part], report)]));
  const subject = readHeader('subject', parts.subject, report);
  const attachments = ((parts.attachments ?? []) as MailAttachment[]).map((attachment, at) =>
    readAttachment(attachment, `attachments.${at}`, report),
  );
  if (faults.length > 0)
    throw badRequest(`The mail cannot be composed: ${faults.map((fault) => `\`${fault.path}\` ${fault.message}`).join('; ')}.`, faults);
  const message = new MailComposer({
    ...(addresses.from ? { from: addresses.from } : {}),
    ...(addresses.to ? { to: addresses.to } : {}),
    ...(addresses.cc ? { cc: addresses.cc } : {}),
    ...(addresses.bcc ? { bcc: addresses.bcc } : {}),
    ...(addresses.reply_to ? { replyTo: addresses.reply_to } : {}),
    ...(subject === undefined ? {} : { subject }),
    ...(parts.text === undefined ? {} : { text: String(parts.text) }),
    ...(parts.html === undefined ? {} : { html: String(parts.html) }),
    ...(ids.in_reply_to === undefined ? {} : { inReplyTo: ids.in_reply_to }),
    ...(ids.references === undefined ? {} : { references: ids.references }),
    attachments,
    disableFileAccess: true,
    disableUrlAccess: true,
    newline: '\r\n',
  }).compile();
  // The service that delivers the message reads its blind copies from it and takes them out.
  message.keepBcc = true;
  return message.build();
}

const faultsMax = 20;
const shownLengthMax = 64;

type ReportFault = (path: string, message: string) => void;

/** Name and address apart, so that no name can hold another recipient. */
interface MailAddress {
  name: string;
  address: string;
}

function readAddresses(part: string, value: unknown, report: ReportFault): MailAddress[] | undefined {
  if (value === undefined || value === null) return undefined;
  const list = (Array.isArray(value) ? value : splitAddresses(String(value)))
    .map((address) => String(address).trim())
    .filter((address) => address !== '');
  for (const address of list) {
    if (control.test(address)) report(part, 'holds a line break or another control character');
    else if (!isAddress(toAddress(address).address))
      report(
        part,
        `holds ${quoted(address, shownLengthMax)}, which is not a mail address such as ada@example.org or Ada <ada@example.org>`,
      );
  }
  return list.length > 0 ? list.map(toAddress) : undefined;
}

function isAddress(text: string): boolean {
  return text.length <= addressLengthMax && addressForm.test(text);
}

/** A name in quotes may hold quotes and backslashes behind a backslash (RFC 5322, section 3.2.4). What is no name and address is all address. */
function toAddress(text: string): MailAddress {
  const at = text.indexOf('<');
  if (at === -1 || !text.endsWith('>')) return { name: '', address: text };
  const name = text.slice(0, at).trim();
  const quotedName = /^"(.*)"$/.exec(name)?.[1];
  const address = text.slice(at + 1, -1);
  return { name: quotedName === undefined ? name : quotedName.replaceAll(/\\(.)/g, '$1'), address };
}

/** At commas, but not those inside a quoted name. Character by character: a pattern that looks ahead takes minutes for a long text. */
function splitAddresses(text: string): string[] {
  const addresses: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted && character === '\\') at += 1;
    else if (character === '"') quoted = !quoted;
    else if (character === ',' && !quoted) {
      addresses.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...addresses, text.slice(start)];
}

function readHeader(part: string, value: unknown, report: ReportFault): string | undefined {
  if (value === undefined || value === null) return undefined;
  const text = String(value);
  if (control.test(text)) report(part, 'holds a line break or another control character');
  return text;
}

function readAttachment(attachment: MailAttachment, path: string, report: ReportFault) {
  if (control.test(attachment.filename)) report(`${path}.filename`, 'holds a line break or another control character');
  if (attachment.content_type !== undefined && !mediaTypeForm.test(attachment.content_type))
    report(`${path}.content_type`, 'must be a media type, such as application/pdf');
  if (!isBase64(attachment.base64)) report(`${path}.base64`, 'is not base64');
  return {
    filename: attachment.filename,
    content: Buffer.from(attachment.base64, 'base64'),
    ...(attachment.content_type === undefined ? {} : { contentType: attachment.content_type }),
  };
}
