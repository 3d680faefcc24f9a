/** Settings that were written a little wrong, and so are read by nobody. */

import { findNearMiss } from '../text/near-miss.ts';
import type { Config } from './config.ts';
import { integrationEndings } from './integration-settings.ts';

/** One sentence for each name that looks like a slip; names that stand near no setting may be another program's. */
export function describeSlips({ unknownNames, settingNames }: Config, slugs: readonly string[]): string[] {
  const prefixed = settingNames.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const ofIntegrations = slugs.flatMap((slug) => integrationEndings.map((ending) => `${slug.toUpperCase()}_${ending}`));
  return unknownNames.flatMap((name) => {
    const rest = name.slice(name.indexOf('_') + 1);
    const near = settingNames.includes(rest) ? rest : withPrefix(findNearMiss(rest, [...prefixed, ...ofIntegrations]));
    return near === undefined ? [] : [`${name} is set, but there is no such setting, so nothing reads it. Did you mean ${near}?`];
  });
}

const prefix = 'SKILLETT_';

function withPrefix(rest: string | undefined): string | undefined {
  return rest === undefined ? undefined : prefix + rest;
}
