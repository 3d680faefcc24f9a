/** What /graphql does for those who show no credential: the documents in which every root field is open to everybody. */
import {
  BREAK,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  type OperationTypeNode,
  type SelectionSetNode,
  visit,
} from 'graphql';
import type { Context } from '../../core/context.ts';
import { SkillettError } from '../../core/errors.ts';
import { networkOf } from '../../domains/limits/guard.ts';
import { unauthorized } from '../http/authenticate.ts';
import { strangerBytesMax } from '../http/body/read-body.ts';
import { checkShape, type ShapeLimits } from './document-shape.ts';
import type { Documents } from './documents.ts';
import { Kept } from './kept.ts';
import type { ReadOperation } from './read-operation.ts';

/** Full introspection takes tens of milliseconds, so a document has it once and its answer is kept. */
const introspectionFields: ReadonlySet<string> = new Set(['__schema', '__type']);

/** The usual introspection has 184. */
const strangerTokensMax = 500;
/** A device login, with all its fields in fragments. */
const plainLimits: ShapeLimits = { operations: 4, fragments: 4, fields: 40, pairs: 10 };
/** The usual introspection has 3 fragments, and 239 fields where they are put in their places. */
const introspectionLimits: ShapeLimits = { operations: 1, fragments: 4, fields: 300, pairs: 10 };

/** Throws unauthorized for a document with a root field that asks who is there. Says whether it introspects. */
function requireOpenFields(schema: GraphQLSchema, document: DocumentNode, introspection: boolean): boolean {
  if ((document.tokenCount as number) > strangerTokensMax) throw unauthorized();
  let introspects = 0;
  for (const { operation, name } of listRootFields(document)) {
    if (name === '__typename') continue;
    if (introspectionFields.has(name)) introspects += introspection ? 1 : Number.POSITIVE_INFINITY;
    else if (!schema.getRootType(operation)?.getFields()[name]?.extensions.open) throw unauthorized();
  }
  if (introspects > 1 || (introspects === 1 && hasAlias(document))) throw unauthorized();
  return introspects > 0;
}

/** Under another name a field can walk the whole schema again, and a level deeper as often each time. */
function hasAlias(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Field: ({ alias }) => {
      if (!alias) return undefined;
      found = true;
      return BREAK;
    },
  });
  return found;
}

/** Of all operations, those of fragments too. */
export function listRootFields(document: DocumentNode): { operation: OperationTypeNode; name: string }[] {
  return document.definitions
    .filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
    .flatMap((operation) => rootFields(document, operation).map((name) => ({ operation: operation.operation, name })));
}

function rootFields(document: DocumentNode, operation: OperationDefinitionNode): string[] {
  const met = new Set<string>();
  const namesIn = ({ selections }: SelectionSetNode): string[] =>
    selections.flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [selection.name.value];
      if (selection.kind === Kind.INLINE_FRAGMENT) return namesIn(selection.selectionSet);
      if (met.has(selection.name.value)) return [];
      met.add(selection.name.value);
      return document.definitions.flatMap((definition) =>
        definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value
          ? namesIn(definition.selectionSet)
          : [],
      );
    });
  return namesIn(operation.selectionSet);
}

export interface KeptAnswer {
  mediaType: string;
  text: string;
}

/** Introspection that nobody has asked for before, which all without a key together may ask for in a minute. */
const newIntrospectionsMax = 30;
/** Documents that nobody has sent lately, which one address may send in a minute without a key. */
const newDocumentsMax = 30;
/** Beyond it, all others count as one. */
const addressesMax = 10_000;

/** What stands before a document is validated, which costs milliseconds that nobody without a good key is worth. */
export class StrangersGate {
  readonly #schema: GraphQLSchema;
  readonly #documents: Documents;
  readonly #introspection: boolean;
  readonly #answers = new Kept<KeptAnswer>(8);
  #minuteEndsMs = 0;
  readonly #newInMinute = new Map<string, number>();

  constructor(schema: GraphQLSchema, documents: Documents, introspection: boolean) {
    this.#schema = schema;
    this.#documents = documents;
    this.#introspection = introspection;
  }

  /** Throws 401s. What it returns is the introspection of somebody without a credential, kept from before or to be kept. */
  async admit(
    context: Context,
    body: Buffer,
    operation: ReadOperation | undefined,
    mediaType: string,
  ): Promise<{ kept: KeptAnswer | undefined; keep(value: unknown): void } | undefined> {
    const { kind } = await context.caller();
    const query = operation ? operation.query : readQuery(body);
    if (kind !== 'none') {
      if (body.length <= strangerBytesMax && typeof query === 'string') await this.#requireKnown(context, query);
      return undefined;
    }
    if (typeof query !== 'string' || !this.#requireOpen(context, query)) return undefined;
    const name = `${mediaType} ${body.toString('latin1')}`;
    const kept = this.#answers.get(name);
    if (!kept) this.#countNew('introspection', newIntrospectionsMax, 'new introspection queries came without a key');
    return {
      kept,
      keep: (value) => {
        if (typeof value === 'object' && value !== null && !('errors' in value))
          this.#answers.set(name, { mediaType, text: JSON.stringify(value) });
      },
    };
  }

  /** Throws also what is wrong with the document. Says whether it introspects. One that cannot be read is left to be refused for that. */
  #requireOpen(context: Context, query: string): boolean {
    let introspects = false;
    const known = this.#documents.find(query) !== undefined;
    const admit = (document: DocumentNode) => {
      introspects = requireOpenFields(this.#schema, document, this.#introspection);
      checkShape(document, introspects ? introspectionLimits : plainLimits);
      if (!known) this.#countNew(networkOf(context.address), newDocumentsMax, 'new documents came from your address without a key');
    };
    try {
      this.#documents.readOpen(query, admit);
    } catch (thrown) {
      if (thrown instanceof SkillettError || !(thrown instanceof GraphQLError)) throw thrown;
      return false;
    }
    return introspects;
  }

  /** Whoever shows a key is not counted. Throws rate_limited. */
  #countNew(of: string, max: number, what: string): void {
    const nowMs = performance.now();
    if (nowMs >= this.#minuteEndsMs) {
      this.#minuteEndsMs = nowMs + 60_000;
      this.#newInMinute.clear();
    }
    const name = this.#newInMinute.has(of) || this.#newInMinute.size < addressesMax ? of : 'others';
    const count = (this.#newInMinute.get(name) ?? 0) + 1;
    this.#newInMinute.set(name, count);
    if (count <= max) return;
    const seconds = Math.ceil((this.#minuteEndsMs - nowMs) / 1000);
    throw new SkillettError(
      'rate_limited',
      `Too many ${what}. Send your API key, keep the document the same and change its variables, or retry in ${seconds} s.`,
      { headers: { 'retry-after': String(seconds) } },
    );
  }

  async #requireKnown(context: Context, query: string): Promise<void> {
    const known = this.#documents.find(query);
    // Introspection costs more than its validation, so what a good key has asked for is not given to a false one.
    if (!known || known.introspects || known.faults.length > 0) await context.holder();
  }
}

/** The document of what is no plain request. */
export function readQuery(body: Buffer): unknown {
  try {
    return (JSON.parse(body.toString('utf8')) as { query?: unknown } | null)?.query;
  } catch {
    return undefined;
  }
}
