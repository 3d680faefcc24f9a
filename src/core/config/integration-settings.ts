/** What an operator sets about single integrations. */
import { findNearMiss } from '../text/near-miss.ts';
import { ConfigFaults, type Reader } from './reader.ts';

/** What an installation sets about one integration, by upper-case slug. */
export interface IntegrationSettings {
  baseUrl?: string;
  clientId?: string;
  clientSecret?: string;
  authorizeUrl?: string;
  tokenUrl?: string;
  /** Asked for with every consent, beside what endpoints need. */
  extraScopes?: readonly string[];
}

export const integrationSetting = /^SKILLETT_([A-Z][A-Z0-9_]*?)_(BASE_URL|CLIENT_ID|CLIENT_SECRET|AUTHORIZE_URL|TOKEN_URL|EXTRA_SCOPES)$/;
const integrationFields = {
  BASE_URL: 'baseUrl',
  CLIENT_ID: 'clientId',
  CLIENT_SECRET: 'clientSecret',
  AUTHORIZE_URL: 'authorizeUrl',
  TOKEN_URL: 'tokenUrl',
  EXTRA_SCOPES: 'extraScopes',
} as const;

export const integrationEndings = Object.keys(integrationFields);

export function readIntegrations(read: Reader): Map<string, IntegrationSettings> {
  const all = new Map<string, IntegrationSettings>();
  for (const name of Object.keys(read.env)) {
    const match = integrationSetting.exec(name);
    const value = match ? read.text(name) : undefined;
    if (!match || value === undefined) continue;
    const slug = (match[1] as string).toLowerCase();
    const field = integrationFields[match[2] as keyof typeof integrationFields];
    const settings = all.get(slug) ?? {};
    if (field === 'extraScopes') settings.extraScopes = value.split(/[,\s]+/).filter((scope) => scope !== '');
    else settings[field] = field.endsWith('Url') ? keepBraces(read.httpUrl(name, value)) : value;
    all.set(slug, settings);
  }
  return all;
}

/** Throws ConfigFaults for addresses with a name in braces that is no variable of their integration: nothing could fill it. */
export function requireKnownVariables(
  integrations: ReadonlyMap<string, IntegrationSettings>,
  known: (slug: string) => readonly string[],
): void {
  const faults: string[] = [];
  for (const [slug, settings] of integrations)
    for (const ending of ['BASE_URL', 'AUTHORIZE_URL', 'TOKEN_URL'] as const)
      for (const [, name] of (settings[integrationFields[ending]] ?? '').matchAll(/\{([^{}]*)\}/g))
        if (!known(slug).includes(name as string))
          faults.push(`SKILLETT_${slug.toUpperCase()}_${ending} holds {${name}}, but the recipe ${slug} has no variable of that name.`);
  if (faults.length > 0) throw new ConfigFaults(faults);
}

/** Addresses may hold the variables of a connection, as recipes do: `https://desk.example/{site}`. */
function keepBraces(address: string): string {
  return address.replaceAll(/%7B([a-z][a-z0-9_]*)%7D/g, '{$1}');
}

/**
 * Throws ConfigFaults for the settings of integrations that are not there: a mistyped `…_BASE_URL` would leave calls, and the
 * credentials in them, to the service's public address.
 */
export function requireKnownIntegrations(integrations: ReadonlyMap<string, IntegrationSettings>, known: readonly string[]): void {
  const faults: string[] = [];
  for (const [slug, settings] of integrations) {
    if (known.includes(slug)) continue;
    const near = findNearMiss(slug, known);
    for (const [ending, field] of Object.entries(integrationFields)) {
      if (settings[field] === undefined) continue;
      const remedy =
        near === undefined ? 'Add its recipe, or take the setting away.' : `Did you mean SKILLETT_${near.toUpperCase()}_${ending}?`;
      faults.push(`SKILLETT_${slug.toUpperCase()}_${ending} is set, but there is no integration ${slug}. ${remedy}`);
    }
  }
  if (faults.length > 0) throw new ConfigFaults(faults);
}
