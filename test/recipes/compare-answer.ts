/** An answer held against what its endpoint says that it answers. */
import { type AnswerShapes, readType, shapeOfType } from '../../src/domains/recipes/shapes/answer-shapes.ts';

export interface Comparison {
  /** How many fields the types knew. */
  known: number;
  /** Fields that no type knew, such as `Issue.body`. */
  unknown: Set<string>;
  /** Where an answer is not what its type says. */
  faults: string[];
}

export const newComparison = (): Comparison => ({ known: 0, unknown: new Set(), faults: [] });

/** Adds to `seen`; `at` is where `value` stands. */
export function compareAnswer(shapes: AnswerShapes, type: string, value: unknown, at: string, seen: Comparison): void {
  if (value === null) return;
  const { name, isList } = readType(type);
  const fault = () => seen.faults.push(`${at}: is ${JSON.stringify(value).slice(0, 80)}, and should be ${type}`);
  if (isList) {
    if (!Array.isArray(value)) return void fault();
    for (const [index, row] of value.entries()) compareAnswer(shapes, name, row, `${at}[${index}]`, seen);
    return;
  }
  const shape = shapeOfType(shapes, type);
  if (shape === undefined) {
    const isRight = {
      string: typeof value === 'string',
      boolean: typeof value === 'boolean',
      float: typeof value === 'number',
      json: true,
    };
    const isInteger = Number.isInteger(value) && (name === 'int64' || Math.abs(value as number) < 2 ** 31);
    if (!(name.startsWith('int') ? isInteger : isRight[name as keyof typeof isRight])) fault();
    return;
  }
  if (typeof value !== 'object' || Array.isArray(value)) return void fault();
  for (const [field, inner] of Object.entries(value)) {
    if (!Object.hasOwn(shape, field)) seen.unknown.add(`${type}.${field}`);
    else {
      seen.known += 1;
      compareAnswer(shapes, shape[field] as string, inner, `${at}.${field}`, seen);
    }
  }
}
