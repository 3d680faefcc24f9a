/** Small integrations for tests, read by the recipe format itself. */
import { buildEndpoint, type CatalogueEndpoint, type CatalogueIntegration } from '../../src/domains/recipes/catalogue.ts';
import { endpoint, integration } from '../../src/domains/recipes/format/format.ts';
import { joinAnswers } from '../../src/domains/recipes/shapes/answer-shapes.ts';

type Written = Record<string, unknown>;

export const textParameter = (place: string, more: Written = {}): Written => ({
  in: place,
  type: 'string',
  description: 'Some text.',
  ...more,
});

/** An endpoint as its recipe would write it; what every endpoint needs is filled in. */
export function makeEndpoint(spec: Written, name = 'do_it', slug = 'notes'): CatalogueEndpoint {
  return buildEndpoint(
    slug,
    'things',
    name,
    endpoint.parse({ method: 'GET', path: '/things', description: 'Does it.', answer: 'Nothing.', example: {}, ...spec }),
  );
}

export function makeIntegration(
  baseUrl: string,
  endpoints: Record<string, Written>,
  options: { slug?: string; recipe?: Written; bundled?: boolean; baseUrlOverridden?: boolean } = {},
): CatalogueIntegration {
  const slug = options.slug ?? 'notes';
  const recipe = integration.parse({
    slug,
    name: 'Notes',
    version: '1.0.0',
    description: 'A service of tests.',
    category: 'test',
    documentation_url: 'https://example.org/',
    base_url: 'https://notes.example.org',
    auth: [{ type: 'none' }],
    ...options.recipe,
  });
  const built = Object.entries(endpoints).map(([name, spec]) => makeEndpoint(spec, name, slug));
  const things = { resource: 'things', description: 'Things.', endpoints: Object.fromEntries(built.map(({ name, spec }) => [name, spec])) };
  return {
    slug,
    recipe,
    baseUrl,
    baseUrlOverridden: options.baseUrlOverridden ?? true,
    resources: [],
    endpoints: new Map(built.map((one) => [one.name, one])),
    guides: new Map(),
    answers: joinAnswers(recipe, [things], undefined),
    open: recipe.auth.some((auth) => auth.type === 'none'),
  };
}
