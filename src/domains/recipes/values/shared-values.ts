/** Values that a recipe describes once: `{"$value": "name"}` in a resource's file stands for what `values` of recipe.json says. */
import type { FaultPath, Report } from '../check/texts.ts';

type Json = Record<string, unknown>;
/** None holds another: the format has no `$value` in them. */
type SharedValues = Readonly<Record<string, unknown>>;

/** The parsed file with each `$value` in its place; words beside it stand over the shared ones. */
export function fillShared(file: unknown, shared: SharedValues, report: Report): unknown {
  if (!isObject(file) || !isObject(file.endpoints)) return file;
  const endpoints = mapMembers(file.endpoints, (endpoint, name) => {
    if (!isObject(endpoint) || !isObject(endpoint.parameters)) return endpoint;
    const path = ['endpoints', name, 'parameters'];
    return { ...endpoint, parameters: mapMembers(endpoint.parameters, (one, own) => fill(one, [...path, own])) };
  });
  return { ...file, endpoints };

  function fill(value: unknown, path: FaultPath): unknown {
    if (!isObject(value)) return value;
    const { $value: name, ...own } = value;
    if (name === undefined) return fillInside(value, path);
    if (typeof name !== 'string' || !Object.hasOwn(shared, name)) {
      report([...path, '$value'], `there is no ${JSON.stringify(name)} in \`values\` of recipe.json`);
      return own;
    }
    return fillInside({ ...(shared[name] as Json), ...own }, path);
  }

  function fillInside(value: Json, path: FaultPath): Json {
    const filled: Json = { ...value };
    for (const word of ['items', 'additionalProperties']) if (isObject(value[word])) filled[word] = fill(value[word], [...path, word]);
    if (isObject(value.properties))
      filled.properties = mapMembers(value.properties, (one, name) => fill(one, [...path, 'properties', name]));
    return filled;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** No member is lost, whatever it is called. */
function mapMembers(object: Json, change: (value: unknown, name: string) => unknown): Json {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value, name)]));
}
