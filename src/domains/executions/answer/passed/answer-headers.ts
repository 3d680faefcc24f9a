/** Headers of a service's answer that its recipe names: what of them callers get. */
import { type AddressCredential, maskInText } from '../../../../core/outbound/address-credential.ts';
import { type OutboundAnswer, readHeader } from '../../../../core/outbound/outbound.ts';
import type { CatalogueEndpoint } from '../../../recipes/catalogue.ts';

/** By name in lower case; each value with a character for each byte, as node sends and receives them. */
export type AnswerHeaders = Readonly<Record<string, string>>;

/** What a header may hold (RFC 9110, section 5.5): node refuses to send anything else. */
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Undefined where there are none. One that came several times is a list with commas (RFC 9110, section 5.3). */
export function namedHeaders(
  { spec }: CatalogueEndpoint,
  { headers }: OutboundAnswer,
  credential: AddressCredential,
): AnswerHeaders | undefined {
  const found: Record<string, string> = {};
  for (const name of spec.answer_headers ?? []) {
    const value = headers[name] === undefined ? undefined : [headers[name]].flat().join(', ');
    if (value !== undefined && fieldValue.test(value)) found[name] = maskInText(value, credential);
  }
  return Object.keys(found).length > 0 ? found : undefined;
}

/** The same as text, for JSON. */
export function readHeaders(headers: AnswerHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, readHeader(value)]));
}
