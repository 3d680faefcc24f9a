/** How single values are written into the parts of a request. */
import type { CatalogueEndpoint } from '../../recipes/catalogue.ts';
import type { Parameter } from '../../recipes/format/parameter.ts';
import { namesOfSplit } from '../../recipes/parameter-schema.ts';
import type { Parameters } from './check-parameters.ts';
import { isJoined, malformed, type PairStyle, pairsOf, separators } from './pairs.ts';

/** A parameter and what the provider calls it. */
export interface PlacedParameter {
  name: string;
  as: string;
  parameter: Parameter;
  /** The names of the path that it fills, where it is split. */
  splitInto: readonly string[] | undefined;
}

export function parametersIn(endpoint: CatalogueEndpoint, place: Parameter['in']): PlacedParameter[] {
  return Object.entries(endpoint.spec.parameters)
    .filter(([, parameter]) => parameter.in === place)
    .map(([name, parameter]) => ({
      name,
      as: parameter.as ?? name,
      parameter,
      splitInto: parameter.split === undefined ? undefined : namesOfSplit(parameter.split),
    }));
}

/** The value to send: the caller's, or a default that the recipe says to send. */
export function valueFor({ name, parameter }: PlacedParameter, params: Parameters): unknown {
  if (Object.hasOwn(params, name)) return params[name];
  return parameter.send_default ? parameter.default : undefined;
}

/** Takes what cannot be sent: the caller's name, and what is wrong with the value. */
export type Fail = (name: string, message: string) => void;

/** Either the text to send, or why the value cannot be sent. */
export type Written = { text: string; fault?: undefined } | { fault: string };

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be in an address
const controls = /[\u0000-\u001f\u007f]/;

/** A value inside one path segment (RFC 3986, section 3.3): it cannot end the segment, nor make it a dot segment. */
export function writeSegment(value: string): Written {
  if (value === '') return { fault: 'must not be empty' };
  if (value === '.' || value === '..') return { fault: 'must not be `.` or `..`, which mean another place' };
  if (controls.test(value)) return { fault: 'must not hold control characters' };
  if (!value.isWellFormed()) return { fault: malformed };
  return { text: encodeURIComponent(value) };
}

/** A value of several segments, such as a file's path. */
export function writeSegments(value: string): Written {
  const written: string[] = [];
  for (const segment of value.split('/')) {
    if (segment === '') return { fault: 'must not begin or end with a slash, nor double one' };
    const one = writeSegment(segment);
    if (one.fault !== undefined) return one;
    written.push(one.text);
  }
  return { text: written.join('/') };
}

/** RFC 9110, section 5.5, without what is obsolete in it. */
export function writeHeader(value: unknown, encoding: Parameter['header_encoding']): Written {
  const text = encoding === 'json' ? asciiJson(value) : scalarText(value);
  if (encoding === 'percent') return text.isWellFormed() ? { text: encodeURIComponent(text) } : { fault: malformed };
  if (!/^[\x20-\x7e]*$/.test(text)) return { fault: 'must hold printable ASCII characters only, since it travels in a header' };
  return { text };
}

/** JSON whose characters a header may hold (RFC 8259, section 7). */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `name=value` pairs joined by `&`, percent-encoded, for a query or a form; empty when the value is null or empty. */
export function writePairs(name: string, value: unknown, style: PairStyle): Written {
  const written = pairsOf(name, value, style);
  if (written.fault !== undefined) return written;
  // A comma stands for itself in a query (RFC 3986, section 3.4), as do the texts' own ones encoded.
  const separator = isJoined(style.array_style) ? separators[style.array_style].replace(' ', '%20').replace('|', '%7C') : '';
  const pairs = written.pairs.map((pair) => `${encodeURIComponent(pair.name)}=${pair.texts.map(encodeURIComponent).join(separator)}`);
  return { text: pairs.join('&') };
}

export function scalarText(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}
