/** What whoever starts the server should know about their settings, although it starts. */

import type { Config } from '../../core/config/config.ts';
import { describeSlips } from '../../core/config/setting-slips.ts';
import type { Gateway } from '../../core/context.ts';
import { signInClients } from '../../domains/users/sign-in/auth.ts';

/** One line of the log each. Values stay out of it: the address of a proxy may hold a password. */
export function warnOfSettings({ config, catalogue, log }: Pick<Gateway, 'config' | 'catalogue' | 'log'>): void {
  const slugs = [...catalogue.integrations.map(({ slug }) => slug), ...Object.values(signInClients)];
  for (const sentence of describeSlips(config, slugs)) log.warn(sentence);
  for (const sentence of describeProxies(config)) log.warn(sentence);
}

export function describeProxies({ proxyNames }: Pick<Config, 'proxyNames'>): string[] {
  if (proxyNames.length === 0) return [];
  return [
    `${proxyNames.join(' and ')} ${proxyNames.length === 1 ? 'is' : 'are'} set, but Skillett uses no proxy: it connects to services itself, so that the address it has checked is the address it calls. Let this machine reach them directly (TCP port 443).`,
  ];
}
