/** What is wrong with a value that a client sent, said so that it can be mended. */
import { z } from 'zod';
import { badRequest } from '../../../core/errors.ts';

/** `what` says what does not fit. Throws bad_request that names every fault. */
export function checkBody<T>(schema: z.ZodType<T>, body: unknown, what = 'The body is not as this route takes it'): T {
  const checked = schema.safeParse(body);
  if (checked.success) return checked.data;
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const details = checked.error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ path: [...issue.path, key].join('.'), message: describeUnknownField(known) }));
    return { path: issue.path.join('.'), message: describeIssue(issue, valueAt(body, issue.path)) };
  });
  throw badRequest(
    `${what}: ${details.map((fault) => `${fault.path ? `\`${fault.path}\`` : 'it'} ${fault.message}`).join('; ')}.`,
    details,
  );
}

function describeUnknownField(known: readonly string[]): string {
  return known.length === 0 ? 'is no field here' : `is no field here; there are ${known.map((name) => `\`${name}\``).join(', ')}`;
}

const typeNames: Record<string, string> = {
  string: 'a text',
  record: 'an object',
  object: 'an object',
  array: 'a list',
  boolean: 'true or false',
};

function describeIssue(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined && issue.code !== 'custom') return 'is required';
  if (issue.code === 'invalid_type') return `must be ${typeNames[issue.expected] ?? issue.expected}`;
  // The only choice in bodies is that of scopes, which come as a text or a list.
  if (issue.code === 'invalid_union') return 'must be a text or a list of texts';
  return issue.message;
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], body);
}
