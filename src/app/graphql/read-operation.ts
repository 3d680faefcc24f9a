/** A request in the form of GraphQL over HTTP, "Request Parameters", as far as it can be read. */

export interface ReadOperation {
  query: string;
  variables: Record<string, unknown> | null | undefined;
  operationName: string | null | undefined;
}

const members: ReadonlySet<string> = new Set(['query', 'variables', 'operationName', 'extensions']);

/** Undefined for a body that is no JSON, or no request as the specification has it: to be refused by whoever says so best. */
export function readOperation(body: Buffer): ReadOperation | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  for (const name in value) if (!members.has(name)) return undefined;
  const { query, variables, operationName, extensions } = value;
  if (typeof query !== 'string') return undefined;
  if (!isAbsent(variables) && !isObject(variables)) return undefined;
  if (!isAbsent(operationName) && typeof operationName !== 'string') return undefined;
  if (!isAbsent(extensions) && !isObject(extensions)) return undefined;
  return { query, variables, operationName };
}

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
