/** Lean answers: every path can run, columns have one name each, and what is called for a row is there to be called. */
import { isReadOnly } from '../../catalogue.ts';
import type { Endpoint, Resource } from '../../format/format.ts';
import { findPathFault } from '../../lean/lean-path.ts';
import { checkExpression, type FaultPath, type Report } from '../texts.ts';

export function checkLean(endpoint: Endpoint, report: Report): void {
  const { lean, more_columns: more, expand } = endpoint;
  for (const word of ['rows', 'total', 'incomplete'] as const) {
    checkExpression(endpoint[word], [word], report);
    if (endpoint[word] !== undefined && lean === undefined) report([word], 'is for lean answers: say their columns with `lean`');
  }
  for (const word of ['more_columns', 'expand'] as const)
    if (endpoint[word] !== undefined && lean === undefined) report([word], 'adds to the columns of `lean`, which is missing');
  checkPaths(lean, ['lean'], report);
  checkPaths(more, ['more_columns'], report);
  checkPaths(expand?.columns, ['expand', 'columns'], report);
  checkPaths(expand?.parameters, ['expand', 'parameters'], report);
  if (lean !== undefined && Object.keys(lean).length === 0) report(['lean'], 'needs a column');
  const known = new Set(Object.keys(lean ?? {}));
  for (const [place, name] of [
    ...Object.keys(more ?? {}).map((name) => [['more_columns', name], name] as const),
    ...Object.keys(expand?.columns ?? {}).map((name) => [['expand', 'columns', name], name] as const),
  ]) {
    if (known.has(name)) report(place, 'is a column already');
    known.add(name);
  }
  if (expand !== undefined && !isReadOnly(endpoint)) report(['expand'], 'is for reads');
}

function checkPaths(paths: Record<string, string> | undefined, place: FaultPath, report: Report): void {
  for (const [name, path] of Object.entries(paths ?? {})) {
    const fault = findPathFault(path);
    if (fault !== undefined) report([...place, name], fault);
  }
}

/** What lean answers of the endpoints call. `files`: file name → resource. */
export function checkLeanReferences(files: ReadonlyMap<string, Resource>, reportIn: (file: string) => Report): void {
  const endpoints = new Map([...files.values()].flatMap(({ endpoints }) => Object.entries(endpoints)));
  for (const [file, { endpoints: own }] of files)
    for (const [name, { expand }] of Object.entries(own))
      if (expand)
        checkCall(endpoints, expand.endpoint, { ...expand.params, ...expand.parameters }, ['endpoints', name, 'expand'], reportIn(file));
}

function checkCall(endpoints: ReadonlyMap<string, Endpoint>, name: string, params: object, place: FaultPath, report: Report): void {
  const called = endpoints.get(name);
  if (!called) return report([...place, 'endpoint'], `there is no endpoint ${name}`);
  if (!isReadOnly(called)) report([...place, 'endpoint'], `${name} changes things: only reads are called by themselves`);
  for (const given of Object.keys(params)) if (!Object.hasOwn(called.parameters, given)) report(place, `${name} has no parameter ${given}`);
  for (const [parameter, { required }] of Object.entries(called.parameters))
    if (required && !Object.hasOwn(params, parameter)) report(place, `${name} needs the parameter ${parameter}`);
}
