/**
 * Whether text is base64 (RFC 4648, section 4), with or without padding, with or without line breaks (RFC 2045, section
 * 6.8). Only one character at a time is matched: a pattern with groups overflows the stack on attachments of a few MB.
 */
export function isBase64(text: string): boolean {
  const plain = /[\r\n]/.test(text) ? text.replaceAll(/[\r\n]/g, '') : text;
  const padding = plain.endsWith('==') ? 2 : plain.endsWith('=') ? 1 : 0;
  const digits = plain.slice(0, plain.length - padding);
  if (/[^A-Za-z0-9+/]/.test(digits)) return false;
  return padding > 0 ? plain.length % 4 === 0 : digits.length % 4 !== 1;
}
