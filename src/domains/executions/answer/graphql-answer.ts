/**
 * The answer of a service whose API is GraphQL: `{"data":…,"errors":…}` (GraphQL, section 7.1), of which callers get what was
 * asked for, in the bytes it came in.
 */
import { wholeBytesMax } from '../../../core/json/json-body.ts';
import { findMembers, isNull, type Range } from '../../../core/json/json-members.ts';
import { RawJson } from '../../../core/json/raw-json.ts';
import { OutboundError } from '../../../core/outbound/outbound.ts';
import type { CatalogueIntegration } from '../../recipes/catalogue.ts';
import { isTruthy } from '../../recipes/expression.ts';
import type { Graphql } from '../../recipes/format/graphql.ts';

/** Whatever is longer holds something. */
const emptyBytesMax = 1024;

/** As the expression `errors` would be true. */
export async function hasErrors(json: Buffer): Promise<boolean> {
  const errors = (await findMembers(json, wholeOf(json), ['errors']))?.get('errors');
  if (!errors) return false;
  return errors.end - errors.start > emptyBytesMax || isTruthy(JSON.parse(json.toString('utf8', errors.start, errors.end)));
}

/** Throws upstream_unexpected where the answer has not the form that GraphQL gives it. */
export async function unwrapData(
  { integration }: { integration: CatalogueIntegration },
  json: Buffer,
  { data }: Graphql,
): Promise<RawJson> {
  const path = ['data', ...(data?.split('.') ?? [])];
  let range = wholeOf(json);
  for (const [at, name] of path.entries()) {
    const members = await findMembers(json, range, [name]);
    const found = members?.get(name);
    if (!members || (!found && at === 0)) throw malformed(integration, path.slice(0, at + 1));
    // A field that a directive left out, or one that a service could not give.
    if (!found || isNull(json, found)) return RawJson.fromValue(null);
    range = found;
  }
  const bytes = json.subarray(range.start, range.end);
  // A small part does not keep the whole.
  return RawJson.fromBytes(bytes.length <= wholeBytesMax && json.length > wholeBytesMax ? Buffer.from(bytes) : bytes);
}

function wholeOf(json: Buffer): Range {
  return { start: 0, end: json.length };
}

function malformed({ slug }: CatalogueIntegration, path: readonly string[]): OutboundError {
  return OutboundError.malformed(slug, `gave an answer that is not GraphQL's: it holds no object with \`${path.join('.')}\``);
}
