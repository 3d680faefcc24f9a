/** The cookie that ties a consent to the browser in which its starter opened it: one per consent, for as long as a consent lasts. */
import type { Gateway } from '../../core/context.ts';
import { consentSeconds } from '../../domains/connections/consent/consent-browser.ts';

/** `__Host-` keeps other hosts of the same site from setting it; without HTTPS there is no such prefix. */
function cookieName(gateway: Gateway, consentId: string): string {
  return `${isSecure(gateway) ? '__Host-' : ''}skillett_${consentId}`;
}

const isSecure = ({ config }: Gateway): boolean => config.publicUrl.startsWith('https:');

/** Lax, since the provider sends people back from another site. */
function printCookie(gateway: Gateway, consentId: string, value: string, maxAgeSeconds: number): string {
  const secure = isSecure(gateway) ? '; Secure' : '';
  return `${cookieName(gateway, consentId)}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure}`;
}

export function setConsentCookie(gateway: Gateway, consentId: string, secret: string): { 'set-cookie': string } {
  return { 'set-cookie': printCookie(gateway, consentId, secret, consentSeconds) };
}

export function clearConsentCookie(gateway: Gateway, consentId: string): { 'set-cookie': string } {
  return { 'set-cookie': printCookie(gateway, consentId, '', 0) };
}

/** What the browser that sent this Cookie header holds for a consent. */
export function readConsentCookie(gateway: Gateway, cookie: string, consentId: string): string | undefined {
  const name = cookieName(gateway, consentId);
  for (const part of cookie.split(';')) {
    const at = part.indexOf('=');
    if (part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}
