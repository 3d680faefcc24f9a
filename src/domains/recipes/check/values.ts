/** Sample values of an endpoint (`example`, `default`, `examples`, `enum`) against the types they are samples of. */
import { type ErrorObject, Ajv2020 as JsonSchemaCompiler } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { JsonSchema } from '../catalogue.ts';
import type { Endpoint } from '../format/format.ts';
import type { Parameter, RecipeValue } from '../format/parameter.ts';
import { buildParameterSchema } from '../parameter-schema.ts';
import { checkPattern, type FaultPath, type Report } from './texts.ts';

// zod has checked the schemas, and each runs once: measured 0.5 ms a schema this way, 2 ms with ajv's own settings.
const compiler = addFormats.default(
  new JsonSchemaCompiler({
    allErrors: true,
    strict: false,
    validateSchema: false,
    addUsedSchema: false,
    ownProperties: true,
    code: { optimize: false },
  }),
);

export function validateValues(endpoint: Endpoint, report: Report): void {
  const parameters = Object.entries(endpoint.parameters);
  const sound = parameters.map(([name, parameter]) => checkValue(parameter, ['parameters', name], report));
  if (sound.includes(false)) return;
  const check = compileCheck(buildParameterSchema(endpoint));
  reportErrors(check(endpoint.example), ['example'], report);
  // Among all parameters, since compiling one schema for each would take most of a start.
  for (const [name, parameter] of parameters)
    for (const [path, sample] of listSamples(parameter))
      reportErrors(
        check({ [name]: sample }).filter((error) => error.instancePath.split('/')[1] === name),
        ['parameters', name, ...path],
        report,
        1,
      );
}

/** Checks what stands inside a value, at any depth. False when a pattern is broken, so that nothing can be compiled with it. */
function checkValue(value: Parameter | RecipeValue, path: FaultPath, report: Report): boolean {
  let sound = checkPattern(value.pattern, path, report);
  const types = [value.type].flat();
  for (const [at, choice] of (value.enum ?? []).entries())
    if (!types.includes(typeOf(choice)) && !(types.includes('number') && typeof choice === 'number'))
      report([...path, 'enum', at], `${JSON.stringify(choice)} is not of type ${types.join(' or ')}`);
  if (Array.isArray(value.required))
    for (const [at, name] of value.required.entries())
      if (!Object.hasOwn(value.properties ?? {}, name)) report([...path, 'required', at], `there is no property ${name}`);
  for (const [inner, innerPath] of listInner(value, path)) {
    const innerSound = checkValue(inner, innerPath, report);
    const samples = innerSound ? listSamples(inner) : [];
    if (samples.length > 0) {
      const check = compileCheck({ ...inner });
      for (const [samplePath, sample] of samples) reportErrors(check(sample), [...innerPath, ...samplePath], report);
    }
    sound &&= innerSound;
  }
  return sound;
}

function typeOf(value: string | number | boolean | null): 'string' | 'integer' | 'number' | 'boolean' | 'null' {
  if (value === null) return 'null';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value as 'string' | 'boolean';
}

function* listInner(value: Parameter | RecipeValue, path: FaultPath): Generator<[RecipeValue, FaultPath]> {
  if (value.items) yield [value.items, [...path, 'items']];
  if (typeof value.additionalProperties === 'object') yield [value.additionalProperties, [...path, 'additionalProperties']];
  for (const [name, property] of Object.entries(value.properties ?? {})) yield [property, [...path, 'properties', name]];
}

function listSamples(value: Parameter | RecipeValue): [FaultPath, unknown][] {
  const samples: [FaultPath, unknown][] = (value.examples ?? []).map((sample, at) => [['examples', at], sample]);
  if (value.default !== undefined) samples.push([['default'], value.default]);
  return samples;
}

function compileCheck(schema: JsonSchema): (value: unknown) => ErrorObject[] {
  const validate = compiler.compile(schema);
  // The compiler keeps what it compiled, and these are used only here.
  compiler.removeSchema(schema);
  return (value) => (validate(value) ? [] : [...(validate.errors ?? [])]);
}

/** `skip` leaves out the first names of the place inside the value. */
function reportErrors(errors: readonly ErrorObject[], path: FaultPath, report: Report, skip = 0): void {
  for (const error of errors) {
    const inner = error.instancePath
      .split('/')
      .slice(1 + skip)
      .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
    if (error.keyword === 'required') report([...path, ...inner, error.params.missingProperty], 'is missing');
    else if (error.keyword === 'additionalProperties') report([...path, ...inner, error.params.additionalProperty], 'is not described');
    else if (error.keyword === 'enum') report([...path, ...inner], `must be one of ${error.params.allowedValues.map(String).join(', ')}`);
    else report([...path, ...inner], error.message ?? `fails ${error.keyword}`);
  }
}
