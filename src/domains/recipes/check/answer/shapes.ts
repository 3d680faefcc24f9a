/** Whether shapes and what endpoints answer fit each other, in answers.json and in the recipe. */
import { listNearMisses } from '../../../../core/text/near-miss.ts';
import { type Answers, scalarTypes } from '../../format/answer/shapes.ts';
import type { Integration, Resource } from '../../format/format.ts';
import { joinShapes, readType } from '../../shapes/answer-shapes.ts';
import type { FaultPath, Report } from '../texts.ts';

/** The files of one integration, each with where its faults are told. */
interface ShapedFiles {
  recipe: Integration;
  reportRecipe: Report;
  answers: Answers | undefined;
  reportAnswers: Report;
  resources: readonly [content: Resource, report: Report][];
}

export function checkShapes({ recipe, reportRecipe, answers, reportAnswers, resources }: ShapedFiles): void {
  const shapes = joinShapes(answers?.shapes, recipe.shapes);
  const used = new Set<string>();
  const follow = (type: string): void => {
    const { name } = readType(type);
    if (used.has(name) || !Object.hasOwn(shapes, name)) return;
    used.add(name);
    for (const inner of Object.values(shapes[name] ?? {})) follow(inner);
  };
  const check = (type: string, path: FaultPath, report: Report): void => checkType(type, Object.keys(shapes), path, report);

  const endpoints = new Set(resources.flatMap(([{ endpoints }]) => Object.keys(endpoints)));
  for (const [name, type] of Object.entries(answers?.returns ?? {})) {
    check(type, ['returns', name], reportAnswers);
    follow(type);
    if (!endpoints.has(name)) reportAnswers(['returns', name], 'there is no such endpoint; make the file anew: npm run recipes -- answers');
  }
  for (const [{ endpoints }, report] of resources)
    for (const [name, { returns, answer_stream }] of Object.entries(endpoints)) {
      if (returns === undefined) continue;
      const place = ['endpoints', name, 'returns'];
      if (answer_stream !== undefined) report(place, 'cannot stand beside `answer_stream`: a stream has no fields');
      if (Object.hasOwn(answers?.returns ?? {}, name))
        reportAnswers(['returns', name], 'is said by the recipe itself; make the file anew: npm run recipes -- answers');
      const types =
        typeof returns === 'string'
          ? [[returns, place] as const]
          : Object.entries(returns).map(([field, type]) => [type, [...place, field]] as const);
      for (const [type, path] of types) {
        check(type, path, report);
        follow(type);
      }
    }
  for (const [own, report] of [
    [answers?.shapes, reportAnswers],
    [recipe.shapes, reportRecipe],
  ] as const)
    for (const [name, fields] of Object.entries(own ?? {})) {
      for (const [field, type] of Object.entries(fields)) check(type, ['shapes', name, field], report);
      if (!used.has(name)) report(['shapes', name], 'is in no answer');
    }
}

function checkType(type: string, shapes: readonly string[], path: FaultPath, report: Report): void {
  const { name } = readType(type);
  if ((scalarTypes as readonly string[]).includes(name) || shapes.includes(name)) return;
  const [near] = listNearMisses(name, [...shapes, ...scalarTypes]);
  report(path, `there is no shape ${name}${near === undefined ? '' : `; did you mean ${near}?`}`);
}
