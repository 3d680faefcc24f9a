/** Our own schema, and the schemas of the integrations that documents name, each with what runs documents on it. */
import type { DocumentNode, GraphQLSchema } from 'graphql';
import type { Context, Gateway } from '../../../core/context.ts';
import { maySee } from '../../../core/principal.ts';
import { listAccountsOf } from '../../../domains/connections/store.ts';
import { type ComposedSchema, ComposedSchemas } from '../../../domains/graph/compose-schema.ts';
import { askedMax, findNamed, requireNamed } from '../../../domains/graph/named-integrations.ts';
import { guardUser } from '../../../domains/limits/guard.ts';
import type { CatalogueIntegration } from '../../../domains/recipes/catalogue.ts';
import { Documents, keepDocuments, parseDocument } from '../documents.ts';
import { Kept } from '../kept.ts';
import { listRootFields } from '../open-documents.ts';
import { PlainOperations } from '../plain-operations.ts';

export interface GraphDoor {
  schema: GraphQLSchema;
  documents: Documents;
  plain: PlainOperations;
}

/** What a document needs beside our own schema. */
interface Needs {
  names: readonly string[];
  introspects: boolean;
}

const introspection = /__(schema|type)\b/;
/** Of one user. */
const newSchemas = { field: 'newGraphSchema', max: 30, windowSeconds: 60 };
const needsMax = 1_000;
const needsCharactersMax = 4_000_000;

const opened = new WeakMap<Gateway, GraphDoors>();

export class GraphDoors {
  /** Of our own schema. */
  readonly own: GraphDoor;
  readonly #gateway: Gateway;
  readonly #schemas: ComposedSchemas;
  readonly #kept = keepDocuments();
  readonly #needs = new Kept<Needs>(needsMax, needsCharactersMax);
  readonly #doors = new WeakMap<ComposedSchema, GraphDoor>();

  private constructor(gateway: Gateway, own: GraphQLSchema) {
    this.#gateway = gateway;
    this.#schemas = new ComposedSchemas(own);
    this.own = this.#open(own, '');
  }

  /** One of each gateway. */
  static of(gateway: Gateway, own: GraphQLSchema): GraphDoors {
    let doors = opened.get(gateway);
    if (!doors) {
      doors = new GraphDoors(gateway, own);
      opened.set(gateway, doors);
    }
    return doors;
  }

  /** Those that `of` made. */
  static require(gateway: Gateway): GraphDoors {
    const doors = opened.get(gateway);
    if (!doors) throw new Error('No GraphQL door is open.');
    return doors;
  }

  /**
   * For a document of somebody whose key or session is known to be good, or of a stranger, who has only our own schema. `asked` are
   * slugs by which introspection is widened. Throws not_found for one of them, bad_request for too many, and 401s.
   */
  find(context: Context, query: string, asked: () => string[] | undefined): GraphDoor | Promise<GraphDoor> {
    const known = this.own.documents.find(query);
    // What was unknown to whoever sent it first may be an integration that this caller sees, or one that has come since.
    const isOwn = known && !known.introspects && known.faults.length === 0;
    return isOwn ? this.own : this.#findComposed(context, query, asked);
  }

  /** The schema of these, or of those that the caller has connected. Throws as `find` does. */
  async compose(context: Context, asked: readonly string[] | undefined): Promise<ComposedSchema> {
    return this.#compose(context, await this.#listAsked(context, asked));
  }

  /** What is not kept takes up to some hundred milliseconds, and the place of one that is. */
  async #compose(context: Context, integrations: readonly CatalogueIntegration[]): Promise<ComposedSchema> {
    if (!this.#schemas.isKept(integrations)) await guardUser(this.#gateway, newSchemas, (await context.holder()).userId);
    return this.#schemas.compose(integrations);
  }

  async #findComposed(context: Context, query: string, asked: () => string[] | undefined): Promise<GraphDoor> {
    const needs = this.#needsOf(query);
    if (!needs || (needs.names.length === 0 && !needs.introspects)) return this.own;
    if ((await context.caller()).kind === 'none') return this.own;
    const { userId } = await context.holder();
    const named = await findNamed(this.#gateway, userId, needs.names);
    const shown = needs.introspects ? await this.#listAsked(context, asked()) : [];
    const integrations = [...new Set([...named, ...shown])];
    if (integrations.length === 0) return this.own;
    const composed = await this.#compose(context, integrations);
    let door = this.#doors.get(composed);
    if (!door) {
      door = this.#open(composed.schema, composed.name);
      this.#doors.set(composed, door);
    }
    return door;
  }

  /** Undefined for what is no document: to be refused by whoever says so best. */
  #needsOf(query: string): Needs | undefined {
    const kept = this.#needs.get(query);
    if (kept) return kept;
    let document: DocumentNode;
    try {
      document = parseDocument(query);
    } catch {
      return undefined;
    }
    const { schema } = this.own;
    const fields = listRootFields(document).filter(
      ({ operation, name }) => !name.startsWith('__') && !schema.getRootType(operation)?.getFields()[name],
    );
    const needs = { names: [...new Set(fields.map(({ name }) => name))], introspects: introspection.test(query) };
    this.#needs.set(query, needs, query.length);
    return needs;
  }

  async #listAsked(context: Context, asked: readonly string[] | undefined): Promise<CatalogueIntegration[]> {
    const { userId, scopes } = await context.holder();
    if (asked) return requireNamed(this.#gateway, userId, asked);
    const { catalogue } = await this.#gateway.seenBy(userId);
    const seen = catalogue.integrations.filter(({ slug }) => maySee(scopes, slug));
    if (seen.length === 0) return [];
    const accounts = await listAccountsOf(
      this.#gateway.db,
      userId,
      seen.map(({ slug }) => slug),
    );
    const connected = new Set(accounts.filter(({ status }) => status === 'connected').map(({ integration }) => integration));
    return seen.filter(({ slug, open }) => open || connected.has(slug)).slice(0, askedMax);
  }

  #open(schema: GraphQLSchema, name: string): GraphDoor {
    const documents = new Documents(schema, this.#gateway.config.introspection, this.#kept, name);
    return { schema, documents, plain: new PlainOperations(schema, documents) };
  }
}

/** Slugs with commas between them, of a query name or a header. */
export function readSlugs(text: string | null | undefined): string[] | undefined {
  if (text === null || text === undefined) return undefined;
  return text
    .split(',')
    .map((slug) => slug.trim())
    .filter((slug) => slug !== '');
}
