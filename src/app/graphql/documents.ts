/** Documents as they are sent, each parsed and validated once for whoever runs it: plain operations, Yoga, and what looks at strangers. */
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { badRequest } from '../../core/errors.ts';
import { checkShape } from './document-shape.ts';
import { Kept } from './kept.ts';
import { checkAliases, countRepeatedVariables, graphqlLimits } from './limits.ts';

/** Parsed, of a size that may be validated, and validated. */
export interface CheckedDocument {
  document: DocumentNode;
  /** Empty for one that is valid. */
  faults: readonly GraphQLError[];
  /** Whether its text names a field that shows the schema. */
  introspects: boolean;
  repeatedVariables: ReadonlyMap<string, number>;
  /** Names of operations whose cost no variable can change, and which are known to be within the limits. */
  cheap: Set<string>;
}

const documentsMax = 1_000;
/** A token takes half a kilobyte, so together they take 50 MB at most. */
const keptTokensMax = 100_000;
const charactersPerToken = 256;
/** To find and print each takes as long as a valid document takes whole. */
const faultsMax = 20;

type KeptDocuments = Kept<CheckedDocument | GraphQLError>;

export function keepDocuments(): KeptDocuments {
  return new Kept(documentsMax, keptTokensMax);
}

export class Documents {
  readonly #schema: GraphQLSchema;
  readonly #rules: Parameters<typeof validate>[2];
  readonly #kept: KeptDocuments;
  readonly #schemaName: string;
  readonly #faults = new WeakMap<DocumentNode, readonly GraphQLError[]>();

  /** Several schemas share what is kept, each under a name of its own. */
  constructor(schema: GraphQLSchema, introspection: boolean, kept: KeptDocuments = keepDocuments(), schemaName = '') {
    this.#schema = schema;
    this.#kept = kept;
    this.#schemaName = schemaName;
    this.#rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  }

  /** Undefined for one that nobody has sent lately. Whether it is valid is left to be asked. */
  find(query: string): CheckedDocument | undefined {
    const kept = this.#kept.get(this.#nameOf(query));
    return kept instanceof GraphQLError ? undefined : kept;
  }

  /** Throws what is wrong with a document that is not looked at any further. */
  read(query: string): CheckedDocument {
    const name = this.#nameOf(query);
    let checked = this.#kept.get(name);
    if (!checked) {
      checked = this.#check(query);
      this.#kept.set(name, checked, weigh(query, checked));
    }
    if (checked instanceof GraphQLError) throw checked;
    return checked;
  }

  /** As `read`, of a stranger: `admit` throws where the document is not worth validating. The first fault is thrown. */
  readOpen(query: string, admit: (document: DocumentNode) => void): CheckedDocument {
    const known = this.find(query);
    const document = known?.document ?? parseDocument(query);
    admit(document);
    const checked = known ?? this.#validate(query, document, { maxErrors: 1, hideSuggestions: true });
    const [fault] = checked.faults;
    if (fault) throw badRequest(fault.message);
    this.#kept.set(this.#nameOf(query), checked, weigh(query, checked));
    return checked;
  }

  /** Of a document that `read` gave. */
  faultsOf(document: DocumentNode): readonly GraphQLError[] | undefined {
    return this.#faults.get(document);
  }

  /** No document that anybody sends to one schema may stand where another's is looked for. */
  #nameOf(query: string): string {
    return `${this.#schemaName}\n${query}`;
  }

  #check(query: string): CheckedDocument | GraphQLError {
    try {
      const document = parseDocument(query);
      checkAliases(document);
      checkShape(document, graphqlLimits);
      return this.#validate(query, document, { maxErrors: faultsMax });
    } catch (thrown) {
      if (thrown instanceof GraphQLError) return thrown;
      throw thrown;
    }
  }

  #validate(query: string, document: DocumentNode, options: Parameters<typeof validate>[3]): CheckedDocument {
    const faults = validate(this.#schema, document, this.#rules, options).map((fault, at) => (at < faultsMax ? fault : tooManyFaults));
    this.#faults.set(document, faults);
    const repeatedVariables = countRepeatedVariables(document);
    return { document, faults, introspects: /__(schema|type)\b/.test(query), repeatedVariables, cheap: new Set() };
  }
}

/** Tokens are counted while parsing, so that a long document is never read to its end. Throws what cannot be parsed. */
export function parseDocument(query: string): DocumentNode {
  try {
    return parse(query, { maxTokens: graphqlLimits.tokens });
  } catch (error) {
    if (!/\btokens\b.*aborted/.test((error as Error).message)) throw error;
    throw badRequest(`The document has more than ${graphqlLimits.tokens} tokens. Send several smaller ones.`);
  }
}

/** Instead of what graphql says when it gives up, after those that it was told to find. */
const tooManyFaults = badRequest(`The document has more than ${faultsMax} faults, so it was read no further. Mend these first.`);

function weigh(query: string, checked: CheckedDocument | GraphQLError): number {
  const tokens = checked instanceof GraphQLError ? 0 : (checked.document.tokenCount as number);
  return tokens + query.length / charactersPerToken;
}
