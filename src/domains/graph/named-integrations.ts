/** Which integrations a document names by its root fields, among those that the caller sees. */
import type { Gateway } from '../../core/context.ts';
import { badRequest, notFoundNear } from '../../core/errors.ts';
import { listNearMisses } from '../../core/text/near-miss.ts';
import type { Catalogue, CatalogueIntegration } from '../recipes/catalogue.ts';

/** Of one document; of a schema that is asked for as a whole. */
const namedMax = 10;
export const askedMax = 25;

/** `names` are root fields that are none of ours. One that is nearly a slug brings that integration along, so that whoever mistyped is told. */
export async function findNamed(gateway: Gateway, userId: string, names: readonly string[]): Promise<CatalogueIntegration[]> {
  const { catalogue } = gateway;
  const unknown = names.filter((name) => !findOne(catalogue, name));
  const seen = unknown.length === 0 ? catalogue : (await gateway.seenBy(userId)).catalogue;
  const found = new Set<CatalogueIntegration>();
  for (const name of names) {
    const integration = findOne(seen, name) ?? findNear(seen, name);
    if (integration) found.add(integration);
  }
  return requireFew([...found], namedMax);
}

/** By slugs. Throws not_found for one that the caller does not see. */
export async function requireNamed(gateway: Gateway, userId: string, slugs: readonly string[]): Promise<CatalogueIntegration[]> {
  const { catalogue } = await gateway.seenBy(userId);
  const found = slugs.map((slug) => {
    const integration = catalogue.find(slug);
    if (!integration)
      throw notFoundNear(
        'Integration',
        'integrations',
        slug,
        catalogue.integrations.map((one) => one.slug),
      );
    return integration;
  });
  return requireFew([...new Set(found)], askedMax);
}

/** A root field of Query is a slug, one of Mutation a slug and an endpoint: the longest slug that has it. */
function findOne(catalogue: Catalogue, name: string): CatalogueIntegration | undefined {
  const whole = catalogue.find(name);
  if (whole) return whole;
  const fronts = slugsOf(catalogue, name);
  return fronts.find(({ slug, endpoints }) => endpoints.has(name.slice(slug.length + 1)));
}

/** The longest first. */
function slugsOf(catalogue: Catalogue, name: string): CatalogueIntegration[] {
  const words = name.split('_');
  return words.flatMap((_, at) => catalogue.find(words.slice(0, words.length - at - 1).join('_')) ?? []);
}

function findNear(catalogue: Catalogue, name: string): CatalogueIntegration | undefined {
  const [near] = listNearMisses(
    name,
    catalogue.integrations.map(({ slug }) => slug),
  );
  return slugsOf(catalogue, name)[0] ?? (near === undefined ? undefined : catalogue.find(near));
}

function requireFew(integrations: CatalogueIntegration[], max: number): CatalogueIntegration[] {
  if (integrations.length > max)
    throw badRequest(`These are ${integrations.length} integrations, but at most ${max} are taken together. Send several requests.`);
  return integrations;
}
