/** Addresses of logos. Each holds a hash, so that a browser keeps it until the logo changes. */
import { createHash } from 'node:crypto';
import type { Gateway } from '../../core/context.ts';
import type { CatalogueIntegration } from '../recipes/catalogue.ts';

/** A prefix of paths. */
export const logosPath = '/logos/';

/** Absolute; undefined where the integration has no logo. */
export function logoUrlOf({ config }: Gateway, { slug, logo }: CatalogueIntegration): string | undefined {
  return logo && `${config.publicUrl}${logosPath}${slug}.svg?v=${createHash('sha256').update(logo).digest('hex').slice(0, 8)}`;
}
