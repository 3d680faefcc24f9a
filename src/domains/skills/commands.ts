/** Commands of an example, as they can be pasted into a POSIX shell. */
import type { CatalogueEndpoint } from '../recipes/catalogue.ts';

/** `skillett run github create_issue --repo octocat/hello-world --title "Login fails"`; lists and objects are JSON. */
export function printCliCommand(endpoint: CatalogueEndpoint): string {
  const flags = Object.entries(endpoint.spec.example).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    // A value that starts with a hyphen would be taken for a flag.
    return text.startsWith('-') ? `--${name}=${quoteForShell(text)}` : `--${name} ${quoteForShell(text)}`;
  });
  return ['skillett run', endpoint.integration, endpoint.name, ...flags].join(' ');
}

/** The same call with curl. The key comes from the environment, so that the command can be shown and kept. */
export function printCurlCommand(endpoint: CatalogueEndpoint, publicUrl: string): string {
  const lines = [
    `curl -X POST ${quoteForShell(`${publicUrl}/v1/${endpoint.integration}/${endpoint.name}`)}`,
    '-H "Authorization: Bearer $SKILLETT_API_KEY"',
  ];
  if (Object.keys(endpoint.spec.example).length > 0)
    lines.push("-H 'Content-Type: application/json'", `-d ${quoteSingly(JSON.stringify({ params: endpoint.spec.example }))}`);
  return lines.join(' \\\n  ');
}

/** Bare where nothing in it means anything to a shell, else in the quotes that need no escapes. */
export function quoteForShell(text: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  return /["$`\\!]/.test(text) ? quoteSingly(text) : `"${text}"`;
}

function quoteSingly(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
