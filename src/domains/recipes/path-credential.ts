import type { Integration } from './format/format.ts';

/** The name in the braces of paths that an API key stands in for. */
export function pathCredentialOf({ auth }: Integration): string | undefined {
  const key = auth.find((way) => way.type === 'api_key');
  return key?.in === 'path' ? key.name : undefined;
}
