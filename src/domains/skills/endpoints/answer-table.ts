/** The fields of an answer, two levels deep, as rows of a table. */
import type { CatalogueEndpoint, CatalogueIntegration } from '../../recipes/catalogue.ts';
import { type AnswerShapes, readType, shapeOfType } from '../../recipes/shapes/answer-shapes.ts';

const levels = 2;

export interface AnswerField {
  /** JMESPath from `data`, such as `[].user.login`. */
  path: string;
  /** `string int int64 float boolean json` or `object`, with `[]` behind it for a list. */
  type: string;
}

/** Each field before those inside it. None where nothing is known, or `data` has no fields. */
export function listAnswerFields({ answers }: CatalogueIntegration, { name }: CatalogueEndpoint): AnswerField[] {
  const type = Object.hasOwn(answers.returns, name) ? answers.returns[name] : undefined;
  return type === undefined ? [] : listFields(answers, type, '', levels);
}

function listFields(answers: AnswerShapes, type: string, front: string, left: number): AnswerField[] {
  const shape = shapeOfType(answers, type);
  if (!shape || left === 0) return [];
  const row = readType(type).isList ? `${front}[].` : front === '' ? '' : `${front}.`;
  return Object.entries(shape).flatMap(([name, inner]) => {
    const path = row + (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name));
    const isObject = shapeOfType(answers, inner) !== undefined;
    const shown = isObject ? (readType(inner).isList ? 'object[]' : 'object') : inner;
    return [{ path, type: shown }, ...listFields(answers, inner, path, left - 1)];
  });
}
