/** Which shapes of a description are kept, and under which name: equal ones are one, unused ones go, and of too many the rarest are cut. */
import { type Answers, shapesMax } from '../../format/answer/shapes.ts';
import { readType } from '../../shapes/answer-shapes.ts';

interface DraftShape {
  fields: Map<string, string>;
  /** The description names it. */
  isComponent: boolean;
}
export type DraftShapes = Map<string, DraftShape>;

interface Drafted {
  shapes: DraftShapes;
  /** Endpoint → type. */
  returns: Record<string, string>;
}

export function settleShapes(drafted: Drafted): Answers {
  const shared = shareEqual(drafted);
  const reached = reach(shared);
  if (reached.size <= shapesMax) return print(shared, reached);
  const cut = cutRarest(shared, reached);
  return print(cut, reach(cut));
}

/** Those are equal whose fields have the same names and equal types, however far one follows them: classes are split until none is. */
function shareEqual({ shapes, returns }: Drafted): Drafted {
  let classes = new Map([...shapes.keys()].map((name) => [name, '']));
  let count = 1;
  for (;;) {
    const ofType = (type: string) => `${classes.get(readType(type).name) ?? readType(type).name}${readType(type).isList ? '[]' : ''}`;
    const marks = new Map<string, string>();
    const next = new Map(
      [...shapes].map(([name, { fields }]) => {
        const text = JSON.stringify([classes.get(name), [...fields].map(([field, type]) => [field, ofType(type)]).sort()]);
        if (!marks.has(text)) marks.set(text, `#${marks.size}`);
        return [name, marks.get(text) as string];
      }),
    );
    classes = next;
    if (marks.size === count) break;
    count = marks.size;
  }
  const names = new Map<string, string>();
  const best = ([name, { isComponent }]: [string, DraftShape]) => `${isComponent ? 0 : 1}${String(name.length).padStart(3, '0')}${name}`;
  for (const [name] of [...shapes].sort((one, other) => (best(one) < best(other) ? -1 : 1))) {
    const found = classes.get(name) as string;
    if (!names.has(found)) names.set(found, name);
  }
  const rename = (type: string) => {
    const { name, isList } = readType(type);
    return `${names.get(classes.get(name) ?? '') ?? name}${isList ? '[]' : ''}`;
  };
  return mapTypes({ shapes: new Map([...names.values()].map((name) => [name, shapes.get(name) as DraftShape])), returns }, rename);
}

function mapTypes({ shapes, returns }: Drafted, change: (type: string) => string): Drafted {
  return {
    shapes: new Map(
      [...shapes].map(([name, { fields, isComponent }]) => [
        name,
        { isComponent, fields: new Map([...fields].map(([field, type]) => [field, change(type)])) },
      ]),
    ),
    returns: Object.fromEntries(Object.entries(returns).map(([endpoint, type]) => [endpoint, change(type)])),
  };
}

interface Reached {
  /** How many endpoints answer it, somewhere. */
  endpoints: number;
  /** How far inside it stands at least; 0 is an answer itself. */
  depth: number;
}

/** What stands in answers, in the order in which it is met. */
function reach({ shapes, returns }: Drafted): Map<string, Reached> {
  const found = new Map<string, Reached>();
  for (const type of Object.values(returns)) {
    const seen = new Set<string>();
    let level = [readType(type).name];
    for (let depth = 0; level.length > 0; depth += 1) {
      const next: string[] = [];
      for (const name of level) {
        const shape = shapes.get(name);
        if (!shape || seen.has(name)) continue;
        seen.add(name);
        const before = found.get(name);
        found.set(name, { endpoints: (before?.endpoints ?? 0) + 1, depth: Math.min(depth, before?.depth ?? depth) });
        for (const inner of shape.fields.values()) next.push(readType(inner).name);
      }
      level = next;
    }
  }
  return found;
}

/** The rarest first, of these the ones furthest inside; answers themselves last. */
function cutRarest(drafted: Drafted, reached: ReadonlyMap<string, Reached>): Drafted {
  const ranked = [...reached].sort(([oneName, one], [otherName, other]) => {
    const isRoot = Number(one.depth === 0) - Number(other.depth === 0);
    return isRoot || one.endpoints - other.endpoints || other.depth - one.depth || (oneName < otherName ? -1 : 1);
  });
  const gone = new Set(ranked.slice(0, reached.size - shapesMax).map(([name]) => name));
  const cut = mapTypes(drafted, (type) => (gone.has(readType(type).name) ? `json${readType(type).isList ? '[]' : ''}` : type));
  return { ...cut, returns: Object.fromEntries(Object.entries(cut.returns).filter(([, type]) => readType(type).name !== 'json')) };
}

/** In the order of names, so that a change shows where it is. */
function print({ shapes, returns }: Drafted, reached: ReadonlyMap<string, Reached>): Answers {
  return {
    shapes: Object.fromEntries([...reached.keys()].sort().map((name) => [name, Object.fromEntries(shapes.get(name)?.fields ?? [])])),
    returns: Object.fromEntries(Object.entries(returns).sort(([one], [other]) => (one < other ? -1 : 1))),
  };
}
