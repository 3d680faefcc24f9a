/** Namespaces of Stone as data: routes, structs, unions and aliases. Examples and definitions of annotations are passed over. */
import { readTokens, type Token } from './stone-tokens.ts';

export type StoneValue = string | number | boolean | null;

export interface StoneType {
  /** As it is written, `String` or `common.EmailAddress`. */
  name: string;
  /** Types inside, of a list or a map. */
  of: StoneType[];
  /** Bounds, and the format of a time as `0`. */
  bounds: Record<string, StoneValue>;
  isOptional: boolean;
}

export interface StoneField {
  name: string;
  type?: StoneType;
  /** A value, or the name of a tag. */
  default?: StoneValue;
  description?: string;
  /** What is said of it with `@`, as it is written. */
  annotations?: string[];
}

export interface StoneDefinition {
  kind: 'struct' | 'union' | 'alias';
  name: string;
  parent?: string;
  description?: string;
  fields: StoneField[];
  /** Of a struct, those that extend it and the tags that tell them apart. */
  subtypes: StoneField[];
  type?: StoneType;
}

export interface StoneRoute {
  /** With its version, as it stands in an address: `search_v2`. */
  name: string;
  types: StoneType[];
  isDeprecated: boolean;
  description?: string;
  attributes: Record<string, StoneValue>;
}

export interface StoneNamespace {
  name: string;
  routes: StoneRoute[];
  definitions: StoneDefinition[];
}

/** Throws SyntaxError with the line. */
export function parseStone(source: string): StoneNamespace {
  return new Parser(readTokens(source)).readNamespace();
}

const definitionWords = ['struct', 'union', 'union_closed', 'alias'];

class Parser {
  readonly #tokens: Token[];
  #at = 0;

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  readNamespace(): StoneNamespace {
    this.#skipLines();
    this.#take('namespace');
    const found: StoneNamespace = { name: this.#takeWord(), routes: [], definitions: [] };
    this.#skipLine();
    while (this.#next.kind !== 'end') {
      const word = this.#next.text;
      if (word === 'route') found.routes.push(this.#readRoute());
      else if (definitionWords.includes(word)) found.definitions.push(this.#readDefinition());
      else this.#skipLine();
    }
    return found;
  }

  get #next(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #isKind(kind: Token['kind']): boolean {
    return this.#next.kind === kind;
  }

  #is(text: string): boolean {
    return this.#next.text === text && this.#next.kind !== 'text';
  }

  #skip(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at += 1;
    return true;
  }

  #take(text: string): void {
    if (!this.#skip(text)) this.#fail(text);
  }

  #takeWord(): string {
    if (this.#next.kind !== 'word') this.#fail('a name');
    this.#at += 1;
    return (this.#tokens[this.#at - 1] as Token).text;
  }

  #fail(wanted: string): never {
    throw new SyntaxError(`line ${this.#next.line}: ${JSON.stringify(this.#next.text)} stands where ${wanted} should`);
  }

  #skipLines(): void {
    while (this.#next.kind === 'newline') this.#at += 1;
  }

  /** To the end of the line, and over all that is indented below it. */
  #skipLine(): void {
    while (!['newline', 'end'].includes(this.#next.kind)) this.#at += 1;
    this.#skipLines();
    if (this.#next.kind === 'indent') this.#skipBlock();
  }

  #skipBlock(): void {
    let depth = 0;
    do {
      const { kind } = this.#next;
      if (kind === 'indent') depth += 1;
      if (kind === 'dedent') depth -= 1;
      this.#at += 1;
    } while (depth > 0);
  }

  /** Reads what is indented below a line, an entry a time; `read` leaves the rest of the entry's line to us. */
  #readBlock(read: () => void): void {
    this.#skipLines();
    if (!this.#isKind('indent')) return;
    this.#at += 1;
    while (!this.#isKind('dedent')) {
      read();
      this.#skipLines();
    }
    this.#at += 1;
  }

  #readDefinition(): StoneDefinition {
    const word = this.#takeWord();
    const kind = word === 'union_closed' ? 'union' : (word as StoneDefinition['kind']);
    const found: StoneDefinition = { kind, name: this.#takeWord(), fields: [], subtypes: [] };
    if (kind === 'alias') {
      this.#take('=');
      found.type = this.#readType();
      this.#skipLine();
      return found;
    }
    if (this.#skip('extends')) found.parent = this.#readName();
    this.#readBlock(() => {
      if (this.#next.kind === 'text') found.description ??= this.#readText();
      else if (this.#is('example') || this.#is('@')) this.#skipLine();
      else if (kind === 'struct' && this.#isSubtypes()) {
        this.#at += 1;
        this.#skip('*');
        this.#readBlock(() => found.subtypes.push(this.#readField()));
      } else found.fields.push(this.#readField());
    });
    return found;
  }

  #isSubtypes(): boolean {
    if (!this.#is('union') && !this.#is('union_closed')) return false;
    return ['newline', 'indent'].includes(this.#tokens[this.#at + 1]?.kind ?? '') || this.#tokens[this.#at + 1]?.text === '*';
  }

  #readText(): string {
    const { text } = this.#next;
    this.#at += 1;
    return text.replaceAll(/\s+/g, ' ');
  }

  #readField(): StoneField {
    const field: StoneField = { name: this.#takeWord() };
    if (this.#next.kind === 'word') field.type = this.#readType();
    if (this.#skip('=')) field.default = this.#readValue();
    this.#readBlock(() => {
      if (this.#next.kind === 'text') field.description ??= this.#readText();
      else if (this.#skip('@')) field.annotations = [...(field.annotations ?? []), this.#readName()];
      else this.#skipLine();
    });
    return field;
  }

  /** With the namespace in front, where it is of another one. */
  #readName(): string {
    const first = this.#takeWord();
    return this.#skip('.') ? `${first}.${this.#takeWord()}` : first;
  }

  #readType(): StoneType {
    const type: StoneType = { name: this.#readName(), of: [], bounds: {}, isOptional: false };
    if (this.#skip('(')) {
      while (!this.#skip(')')) {
        this.#readArgument(type);
        this.#skip(',');
      }
    }
    type.isOptional = this.#skip('?');
    return type;
  }

  #readArgument(type: StoneType): void {
    const isNamed = this.#tokens[this.#at + 1]?.text === '=';
    if (isNamed) {
      const name = this.#takeWord();
      this.#take('=');
      type.bounds[name] = this.#readValue();
    } else if (this.#next.kind === 'word') type.of.push(this.#readType());
    else type.bounds[0] = this.#readValue();
  }

  #readValue(): StoneValue {
    const { kind, text } = this.#next;
    if (!['text', 'number', 'word'].includes(kind)) this.#fail('a value');
    this.#at += 1;
    if (kind === 'number') return Number(text);
    if (kind === 'text') return text;
    // The tag of a union may be written with the union in front.
    if (this.#skip('.')) return this.#takeWord();
    return text === 'null' ? null : ({ true: true, false: false }[text] ?? text);
  }

  #readRoute(): StoneRoute {
    this.#take('route');
    const name = this.#takeWord();
    const version = this.#skip(':') ? Number(this.#readValue()) : 1;
    const route: StoneRoute = { name: version === 1 ? name : `${name}_v${version}`, types: [], isDeprecated: false, attributes: {} };
    this.#take('(');
    while (!this.#skip(')')) {
      route.types.push(this.#readType());
      this.#skip(',');
    }
    route.isDeprecated = this.#is('deprecated');
    while (this.#next.kind !== 'newline') this.#at += 1;
    this.#readBlock(() => {
      if (this.#next.kind === 'text') route.description ??= this.#readText();
      else if (this.#skip('attrs')) this.#readBlock(() => this.#readAttribute(route.attributes));
      else this.#skipLine();
    });
    return route;
  }

  #readAttribute(attributes: Record<string, StoneValue>): void {
    const name = this.#takeWord();
    this.#take('=');
    attributes[name] = this.#readValue();
  }
}
