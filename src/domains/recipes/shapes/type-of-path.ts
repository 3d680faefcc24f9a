/**
 * The type of a JMESPath expression on an answer, and which of its names no shape knows. What cannot be said is `json`, of which everything
 * may be asked: a shape is what a description promises, and never all there may be.
 */
import { compile } from '@jmespath-community/jmespath';
import { listNearMisses } from '../../../core/text/near-miss.ts';
import { type AnswerShapes, readType, shapeOfType } from './answer-shapes.ts';

export interface UnknownName {
  /** A field, or `[]` where something is taken for a list that is none. */
  name: string;
  /** The type that it was asked of, such as `Issue`; `Issue[]` where a field is asked of a list. */
  in: string;
  /** What it may stand for, the nearest first: names, or paths such as `user.login`. At most three. */
  near: string[];
  /** The fields there are. */
  known: string[];
}

export interface PathType {
  /** As in answers.json; `json` where it is nothing that has a name there. */
  type: string;
  /** Each once, in the order of the expression. */
  unknown: UnknownName[];
}

/** `type` as in `returns`, such as `Issue[]`; `path` is JMESPath. Throws where it does not parse. */
export function typeOfPath(answers: AnswerShapes, type: string, path: string): PathType {
  const walk = new Walk(answers, type);
  const result = walk.typeOf(compile(path), walk.root);
  return { type: print(result), unknown: walk.unknown };
}

type Node = ReturnType<typeof compile>;
/** Without a condition, of every row. */
interface Projection {
  type: string;
  left: Node;
  right: Node;
  condition?: Node;
}
type Fields = ReadonlyMap<string, Type>;
/** A text is a scalar's name or a shape's. */
type Type = string | { list: Type } | { fields: Fields };

function print(type: Type): string {
  if (typeof type === 'string') return type;
  if ('fields' in type) return 'json';
  return typeof type.list === 'string' ? `${type.list}[]` : 'json[]';
}

function toType(text: string): Type {
  const { name, isList } = readType(text);
  return isList ? { list: name } : name;
}

/** A mistake is told once, and somebody has to read them. */
const unknownMax = 10;

/** Functions whose answer says more than that there is one. */
const typesOfFunctions: Record<string, Type> = {
  length: 'int',
  join: 'string',
  lower: 'string',
  upper: 'string',
  to_string: 'string',
  type: 'string',
  contains: 'boolean',
  starts_with: 'boolean',
  ends_with: 'boolean',
  keys: { list: 'string' },
  split: { list: 'string' },
};

class Walk {
  readonly unknown: UnknownName[] = [];
  readonly root: Type;
  readonly #answers: AnswerShapes;
  readonly #variables = new Map<string, Type>();

  constructor(answers: AnswerShapes, type: string) {
    this.#answers = answers;
    this.root = toType(type);
  }

  typeOf(node: Node, input: Type): Type {
    switch (node.type) {
      case 'Identity':
      case 'Current':
        return input;
      case 'Root':
        return this.root;
      case 'Field':
        return this.#member(input, node.name);
      case 'Subexpression':
      case 'IndexExpression':
      case 'Pipe':
        return this.typeOf(node.right, this.typeOf(node.left, input));
      case 'Index':
        return this.#rowOf(input);
      case 'Slice':
        return input === 'string' ? input : { list: this.#rowOf(input) };
      case 'Flatten':
        return this.#flatten(this.typeOf(node.child, input));
      case 'Projection':
      case 'ValueProjection':
      case 'FilterProjection':
        return this.#project(node, input);
      case 'MultiSelectHash':
        return { fields: new Map(node.children.map(({ name, value }) => [name, this.typeOf(value, input)])) };
      case 'MultiSelectList':
        return { list: this.#same(node.children.map((child) => this.typeOf(child, input))) };
      case 'Function':
        return this.#call(node, input);
      case 'LetExpression':
        for (const { variable, reference } of node.bindings) this.#variables.set(variable, this.typeOf(reference, input));
        return this.typeOf(node.expression, input);
      case 'Variable':
        return this.#variables.get(node.name) ?? 'json';
      default:
        return this.#operate(node, input);
    }
  }

  /** What only puts values together. */
  #operate(node: Node, input: Type): Type {
    switch (node.type) {
      case 'OrExpression':
        return this.#same([node.left, node.right].map((side) => this.typeOf(side, input)));
      case 'Ternary':
        this.typeOf(node.condition, input);
        return this.#same([node.trueExpr, node.falseExpr].map((side) => this.typeOf(side, input)));
      case 'AndExpression':
      case 'Arithmetic':
        for (const side of [node.left, node.right]) this.typeOf(side, input);
        return 'json';
      case 'Comparator':
        for (const side of [node.left, node.right]) this.typeOf(side, input);
        return 'boolean';
      case 'NotExpression':
        this.typeOf(node.child, input);
        return 'boolean';
      case 'Unary':
        return this.typeOf(node.operand, input);
      default:
        return 'json';
    }
  }

  #project(node: Projection, input: Type): Type {
    const left = this.typeOf(node.left, input);
    // A text is cut by the same words as a list.
    if (node.type === 'Projection' && left === 'string') return left;
    const row = node.type === 'ValueProjection' ? this.#valueOf(left) : this.#rowOf(left);
    if (node.condition) this.typeOf(node.condition, row);
    return { list: this.typeOf(node.right, row) };
  }

  #call({ name, children }: Extract<Node, { type: 'Function' }>, input: Type): Type {
    const given = children.filter((child) => child.type !== 'ExpressionReference').map((child) => this.typeOf(child, input));
    const list = given.find((type) => typeof type === 'object' && 'list' in type);
    const row = list === undefined ? 'json' : this.#rowOf(list);
    // What is asked of each row, as in `sort_by(@, &created_at)`.
    const asked = children.flatMap((child) => (child.type === 'ExpressionReference' ? [this.typeOf(child.child, row)] : []));
    if (['sort', 'sort_by', 'reverse'].includes(name)) return given[0] ?? 'json';
    if (['max_by', 'min_by'].includes(name)) return row;
    if (name === 'map') return { list: asked[0] ?? 'json' };
    if (name === 'not_null') return this.#same(given);
    return typesOfFunctions[name] ?? 'json';
  }

  /** The type of all of them, where they have one. */
  #same([first = 'json', ...others]: Type[]): Type {
    return others.every((type) => type === first || print(type) === print(first)) && print(first) !== 'json' ? first : 'json';
  }

  #fieldsOf(type: Type): Fields | undefined {
    if (typeof type === 'object') return 'fields' in type ? type.fields : undefined;
    const shape = shapeOfType(this.#answers, type);
    return shape && new Map(Object.entries(shape).map(([name, inner]) => [name, toType(inner)]));
  }

  #member(type: Type, name: string): Type {
    if (type === 'json') return type;
    const found = this.#fieldsOf(type)?.get(name);
    return found ?? this.#report(type, name);
  }

  #rowOf(type: Type): Type {
    if (typeof type === 'object' && 'list' in type) return type.list;
    return type === 'json' ? type : this.#report(type, '[]');
  }

  #flatten(type: Type): Type {
    const row = this.#rowOf(type);
    return { list: typeof row === 'object' && 'list' in row ? row.list : row };
  }

  #valueOf(type: Type): Type {
    if (type === 'json') return type;
    const fields = this.#fieldsOf(type);
    return fields ? this.#same([...fields.values()]) : this.#report(type, '*');
  }

  #report(type: Type, name: string): Type {
    const place = print(type);
    if (this.unknown.length < unknownMax && !this.unknown.some((one) => one.name === name && one.in === place)) {
      const row = typeof type === 'object' && 'list' in type ? type.list : undefined;
      const fields = this.#fieldsOf(row ?? type) ?? new Map<string, Type>();
      this.unknown.push({ name, in: place, near: this.#near(name, fields, row !== undefined), known: [...fields.keys()] });
    }
    return 'json';
  }

  /** Names that are alike, and the same name one level further in. */
  #near(name: string, fields: Fields, isList: boolean): string[] {
    const front = isList ? '[].' : '';
    const alike = fields.has(name) ? [name] : listNearMisses(name, [...fields.keys()]);
    const further = [...fields].flatMap(([outer, type]) => {
      const isInnerList = typeof type === 'object' && 'list' in type;
      const inner = this.#fieldsOf(isInnerList ? type.list : type);
      return inner?.has(name) ? [`${outer}${isInnerList ? '[]' : ''}.${name}`] : [];
    });
    return [...new Set([...alike, ...further])].slice(0, 3).map((found) => front + found);
  }
}
