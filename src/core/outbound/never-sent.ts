/** Headers that nobody but this server sets on what it sends. */

/** Belong to one connection or frame one message (RFC 9110, section 7.6.1), or are a browser's. */
export const neverSent: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'cookie',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
