/** Whether a request was meant for this server: a page that made its own name resolve to our address (DNS rebinding) is not one of ours. */
import type { IncomingMessage } from 'node:http';
import type { Config } from '../../core/config/config.ts';
import { SkillettError } from '../../core/errors.ts';

/** Throws forbidden unless Host, and Origin where there is one, are PUBLIC_URL's, or loopback with the port we listen on. Origins of SKILLETT_CORS_ORIGINS may call too. */
export function requireOwnAddress({ publicUrl, corsOrigins }: Pick<Config, 'publicUrl' | 'corsOrigins'>, request: IncomingMessage): void {
  const own = new URL(publicUrl);
  const { host = '', origin } = request.headers;
  const ports = [String(request.socket.localPort), ...(loopbackNames.has(own.hostname) ? [portOf(own)] : [])];
  const isLoopback = (url: URL | null) => url !== null && loopbackNames.has(url.hostname) && ports.includes(portOf(url));

  const isOwnHost = URL.parse(`${own.protocol}//${host}`)?.host === own.host || isLoopback(URL.parse(`http://${host}`));
  if (!hostForm.test(host) || !isOwnHost)
    throw foreign(`MCP is served at ${publicUrl}/mcp, and not under the name in the Host header. Call it there`);
  const isKnown = origin === undefined || origin === own.origin || corsOrigins.includes(origin);
  if (!isKnown && !(originForm.test(origin) && isLoopback(URL.parse(origin))))
    throw foreign(
      `MCP takes requests of programs and of pages of ${publicUrl}, and not of the site in the Origin header. Name that site in SKILLETT_CORS_ORIGINS, or call it from there`,
    );
}

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
const hostForm = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/i;
const originForm = /^https?:\/\/[^/?#@\s]+$/i;

function portOf({ port, protocol }: URL): string {
  return port || (protocol === 'https:' ? '443' : '80');
}

function foreign(what: string): SkillettError {
  return new SkillettError('forbidden', `${what}, or set PUBLIC_URL to the address that its clients use.`);
}
