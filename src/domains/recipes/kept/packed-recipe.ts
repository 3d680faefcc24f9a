/**
 * A recipe as it is kept: a head, which lists and search need of every recipe all the time, and a packed body with everything else, which is
 * read when something of the integration is used for the first time.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { IntegrationSettings } from '../../../core/config/integration-settings.ts';
import { scopesFor } from '../../../core/principal.ts';
import { buildEndpoint, type CatalogueEndpoint, type CatalogueIntegration, type JsonSchema } from '../catalogue.ts';
import type { Answers } from '../format/answer/shapes.ts';
import type { Endpoint, Integration, Resource } from '../format/format.ts';
import { buildParameterSchema } from '../parameter-schema.ts';
import { type AnswerShapes, joinAnswers } from '../shapes/answer-shapes.ts';

export interface RecipeParts {
  recipe: Integration;
  resources: readonly Resource[];
  /** Guide file → Markdown. */
  guides: ReadonlyMap<string, string>;
  /** What the description says of answers. */
  answers?: Answers | undefined;
}

type EndpointHead = Pick<
  CatalogueEndpoint,
  'name' | 'resource' | 'method' | 'description' | 'say' | 'readOnly' | 'destructive' | 'idempotent' | 'providerScopes'
>;

export interface RecipeHead {
  recipe: Integration;
  endpoints: EndpointHead[];
}

export interface PackedRecipe {
  head: RecipeHead;
  body: Buffer;
  /** What endpoints answer, apart from all else: most calls never ask. */
  answers: Buffer;
}

interface Body {
  resources: readonly Resource[];
  guides: [file: string, text: string][];
}

export function packRecipe({ recipe, resources, guides, answers }: RecipeParts): PackedRecipe {
  const body: Body = { resources, guides: [...guides] };
  return {
    head: { recipe: withoutSources(recipe), endpoints: listHeads(recipe, resources) },
    body: deflateRawSync(JSON.stringify(body)),
    answers: deflateRawSync(JSON.stringify(joinAnswers(recipe, resources, answers))),
  };
}

/** What endpoints and answers were made of, and what only checks read: nobody asks for it again, and a head stays in memory. */
function withoutSources({ shapes: _shapes, values: _values, omits: _omits, ...recipe }: Integration): Integration {
  return recipe;
}

function listHeads({ slug }: Integration, resources: readonly Resource[]): EndpointHead[] {
  return resources.flatMap((one) =>
    Object.entries(one.endpoints).map(([name, spec]): EndpointHead => {
      const { method, description, say, readOnly, destructive, idempotent, providerScopes } = buildEndpoint(slug, one.resource, name, spec);
      return { name, resource: one.resource, method, description, say, readOnly, destructive, idempotent, providerScopes };
    }),
  );
}

export function openRecipe(
  { head: { recipe, endpoints }, body, answers }: PackedRecipe,
  settings: IntegrationSettings | undefined,
  logo?: string,
): CatalogueIntegration {
  const parts = new Parts(body);
  const packedAnswers = new PackedAnswers(answers);
  return {
    slug: recipe.slug,
    recipe,
    baseUrl: settings?.baseUrl ?? recipe.base_url,
    baseUrlOverridden: settings?.baseUrl !== undefined,
    ...(logo === undefined ? {} : { logo: Buffer.from(logo) }),
    get resources() {
      return parts.read().resources;
    },
    endpoints: new Map(shareScopes(endpoints).map((head) => [head.name, new PackedEndpoint(recipe.slug, head, parts)])),
    get guides() {
      return parts.read().guides;
    },
    get answers() {
      return packedAnswers.read();
    },
    open: recipe.auth.some((auth) => auth.type === 'none'),
  };
}

/** Most endpoints of a service need one of a few sets, which then are in memory once. */
function shareScopes(heads: readonly EndpointHead[]): EndpointHead[] {
  const known = new Map<string, EndpointHead['providerScopes']>();
  return heads.map((head) => {
    const key = JSON.stringify(head.providerScopes);
    const shared = known.get(key) ?? head.providerScopes;
    known.set(key, shared);
    return { ...head, providerScopes: shared };
  });
}

/** Read anew, in a millisecond, where nobody holds what was read before: few calls ask, and what they ask of is large. */
class PackedAnswers {
  readonly #packed: Buffer;
  #read: WeakRef<AnswerShapes> | undefined;

  constructor(packed: Buffer) {
    this.#packed = packed;
  }

  read(): AnswerShapes {
    const kept = this.#read?.deref();
    if (kept) return kept;
    const read = JSON.parse(inflateRawSync(this.#packed).toString()) as AnswerShapes;
    this.#read = new WeakRef(read);
    return read;
  }
}

/** Read once, and then kept. */
class Parts {
  #body: Buffer | undefined;
  #read: (Omit<RecipeParts, 'recipe'> & { specs: ReadonlyMap<string, Endpoint> }) | undefined;

  constructor(body: Buffer) {
    this.#body = body;
  }

  read() {
    if (this.#read) return this.#read;
    const { resources, guides } = JSON.parse(inflateRawSync(this.#body as Buffer).toString()) as Body;
    this.#body = undefined;
    this.#read = { resources, guides: new Map(guides), specs: new Map(resources.flatMap((one) => Object.entries(one.endpoints))) };
    return this.#read;
  }
}

class PackedEndpoint implements CatalogueEndpoint {
  readonly integration: string;
  readonly #head: EndpointHead;
  readonly #parts: Parts;
  #schema: JsonSchema | undefined;

  constructor(integration: string, head: EndpointHead, parts: Parts) {
    this.integration = integration;
    this.#head = head;
    this.#parts = parts;
  }

  get name() {
    return this.#head.name;
  }
  get resource() {
    return this.#head.resource;
  }
  get method() {
    return this.#head.method;
  }
  get description() {
    return this.#head.description;
  }
  get say() {
    return this.#head.say;
  }
  get readOnly() {
    return this.#head.readOnly;
  }
  get destructive() {
    return this.#head.destructive;
  }
  get idempotent() {
    return this.#head.idempotent;
  }
  get providerScopes() {
    return this.#head.providerScopes;
  }
  get acceptedScopes() {
    return scopesFor(this.integration, this.name, this.readOnly);
  }
  get spec() {
    return this.#parts.read().specs.get(this.name) as Endpoint;
  }
  get schema() {
    this.#schema ??= buildParameterSchema(this.spec);
    return this.#schema;
  }
}
