/** Values of a query, a form or a header, read back as their description says that they are written. */
import {
  type Described,
  listAlternatives,
  type PlainSchema,
  propertyOf,
  type Schema,
} from '../../../src/domains/recipes/import/openapi.ts';

export type Pairs = readonly (readonly [name: string, text: string])[];

/** Names with `+` and percent signs taken back (URL Standard, application/x-www-form-urlencoded parsing). */
export function readPairs(text: string): Pairs {
  return [...new URLSearchParams(text)];
}

/** The pairs of one documented name: its own, and those that begin with it and go on with a bracket. */
export function pairsOf(pairs: Pairs, name: string): Pairs {
  return pairs.filter(([one]) => one === name || one.startsWith(`${name}[`));
}

type Style = Pick<Described, 'name' | 'style' | 'explode'>;

export function readValue(pairs: Pairs, { name, style, explode }: Style, schema: Schema): unknown {
  const own = pairs.filter(([one]) => one === name).map(([, text]) => text);
  const further = pairs.filter(([one]) => one !== name);
  if (further.length > 0) return typed(buildTree(name, further), schema);
  const [first = ''] = own;
  if (own.length > 1) return typed(own, schema);
  const isList = listAlternatives({}, schema).every(({ type }) => type === 'array' || type === 'null');
  if (!isList) return typed(first, schema);
  const separator = explode === false ? separators[style ?? 'form'] : undefined;
  return typed(separator === undefined || first === '' ? own : first.split(separator), schema);
}

const separators: Record<string, string> = { form: ',', spaceDelimited: ' ', pipeDelimited: '|' };

type Tree = string | Tree[] | { [name: string]: Tree };

/** `a[b][0]=1` and the like as what they stand for. */
function buildTree(name: string, pairs: Pairs): Tree {
  const top: Node = { text: undefined, inner: new Map() };
  for (const [path, text] of pairs) {
    const steps = [...path.slice(name.length).matchAll(/\[([^\]]*)\]/g)].map(([, step]) => step as string);
    const at = steps.reduce((node, step) => {
      const key = step === '' ? String(node.inner.size) : step;
      if (!node.inner.has(key)) node.inner.set(key, { text: undefined, inner: new Map() });
      return node.inner.get(key)!;
    }, top);
    at.text = text;
  }
  return treeOf(top);
}

interface Node {
  text: string | undefined;
  inner: Map<string, Node>;
}

function treeOf({ text, inner }: Node): Tree {
  if (inner.size === 0) return text ?? '';
  const isList = [...inner.keys()].every((key, at) => key === String(at));
  return isList ? [...inner.values()].map(treeOf) : Object.fromEntries([...inner].map(([key, node]) => [key, treeOf(node)]));
}

/** Texts as the numbers, truth values and lists that they are documented to be. */
export function typed(tree: Tree, schema: Schema | undefined): unknown {
  const all = listAlternatives({}, schema);
  if (Array.isArray(tree)) return tree.map((one) => typed(one, choose(all.flatMap(({ items }) => items ?? []))));
  if (typeof tree === 'object')
    return Object.fromEntries(
      Object.entries(tree).map(([name, one]) => [
        name,
        typed(one, choose(all.flatMap((schema) => propertyOf(schema, name) ?? othersOf(schema)))),
      ]),
    );
  for (const one of all) {
    const value = readText(tree, one);
    if (value !== undefined) return value;
  }
  return tree;
}

function othersOf({ additionalProperties: others }: PlainSchema): Schema[] {
  return typeof others === 'object' ? [others] : [];
}

function choose(schemas: Schema[]): Schema | undefined {
  return schemas.length > 1 ? { oneOf: schemas } : schemas[0];
}

/** Undefined where the text is not of that type. */
function readText(text: string, { type, enum: values }: PlainSchema): unknown {
  if (type === 'string' || type === undefined) return values && !values.includes(text) ? undefined : text;
  if (type === 'integer' || type === 'number') return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
  if (type === 'boolean') return text === 'true' || text === 'false' ? text === 'true' : undefined;
  if (type === 'object' || type === 'array') return readJson(text);
  return undefined;
}

export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
