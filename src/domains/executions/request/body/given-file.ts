/** A file as a caller gives it. */
export interface GivenFile {
  filename: string;
  content_type: string;
  base64: string;
}

/** RFC 9110, section 8.3.1: a token, a slash, a token, and parameters without control characters. */
export function mediaTypeFault({ content_type }: GivenFile): string | undefined {
  return /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(;[\x20-\x7e]*)?$/.test(content_type) ? undefined : 'must be a media type, such as image/png';
}

export function contentOf({ base64 }: GivenFile): Buffer {
  return Buffer.from(base64, 'base64');
}
