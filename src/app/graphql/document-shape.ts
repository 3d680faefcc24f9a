/** How large a document is once its fragments stand where they are named: looked at before it is validated, which compares fields in pairs. */
import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql';
import { badRequest } from '../../core/errors.ts';

export interface ShapeLimits {
  fragments: number;
  operations: number;
  /** Each as often as the fragment that it stands in is named. */
  fields: number;
  /** Pairs of fields that have one name in the answer and are merged. Ten of one name are 45. */
  pairs: number;
}

/** Deeper than the usual introspection by far; a fragment that contains itself has no end. */
const levelsMax = 50;

/** Throws bad_request naming the limit that is passed. Takes no longer than what is allowed has fields. */
export function checkShape(document: DocumentNode, limits: ShapeLimits): void {
  const fragments = new Map<string, FragmentDefinitionNode>();
  const roots: SelectionSetNode[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    else if (definition.kind === Kind.OPERATION_DEFINITION) roots.push(definition.selectionSet);
  }
  refuseAbove(limits.operations, roots.length, 'operations');
  refuseAbove(limits.fragments, document.definitions.length - roots.length, 'fragments');
  const walk = new Walk(fragments, limits);
  for (const root of roots) walk.enter([root], 1);
  // What no operation names is refused by validation, which looks into it first.
  for (const [name, { selectionSet }] of fragments) if (!walk.met.has(name)) walk.enter([selectionSet], 1);
}

function refuseAbove(max: number, count: number, what: string): void {
  if (count > max) throw badRequest(`The document has ${count} ${what}, but at most ${max} are allowed. Send several smaller ones.`);
}

class Walk {
  /** Fragments that were named so far. */
  readonly met = new Set<string>();
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #limits: ShapeLimits;
  #fields = 0;
  #pairs = 0;

  constructor(fragments: ReadonlyMap<string, FragmentDefinitionNode>, limits: ShapeLimits) {
    this.#fragments = fragments;
    this.#limits = limits;
  }

  /** `sets` are merged in the answer, because the fields that they belong to have one name. */
  enter(sets: readonly SelectionSetNode[], level: number): void {
    if (level > levelsMax)
      throw badRequest(`The document is more than ${levelsMax} levels deep. Ask for less at once, and let no fragment contain itself.`);
    const merged = new Map<string, { times: number; sets: SelectionSetNode[] }>();
    const expanded = new Set<string>();
    for (const set of sets) this.#collect(set, merged, expanded);
    for (const { sets: inner } of merged.values()) if (inner.length > 0) this.enter(inner, level + 1);
  }

  #collect(set: SelectionSetNode, merged: Map<string, { times: number; sets: SelectionSetNode[] }>, expanded: Set<string>): void {
    for (const selection of set.selections) {
      this.#count();
      if (selection.kind === Kind.INLINE_FRAGMENT) this.#collect(selection.selectionSet, merged, expanded);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const name = selection.name.value;
        const fragment = expanded.has(name) ? undefined : this.#fragments.get(name);
        expanded.add(name);
        this.met.add(name);
        if (fragment) this.#collect(fragment.selectionSet, merged, expanded);
      } else {
        const name = (selection.alias ?? selection.name).value;
        let field = merged.get(name);
        if (!field) {
          field = { times: 0, sets: [] };
          merged.set(name, field);
        }
        this.#pair(name, field.times);
        field.times += 1;
        if (selection.selectionSet) field.sets.push(selection.selectionSet);
      }
    }
  }

  #count(): void {
    this.#fields += 1;
    if (this.#fields > this.#limits.fields)
      throw badRequest(
        `The document has more than ${this.#limits.fields} fields where its fragments are put in their places. Send several smaller ones.`,
      );
  }

  #pair(name: string, before: number): void {
    this.#pairs += before;
    if (this.#pairs > this.#limits.pairs)
      throw badRequest(
        `The document asks too often for fields that it asks for in the same place already, such as \`${name}\`. Name each field once in a selection.`,
      );
  }
}
