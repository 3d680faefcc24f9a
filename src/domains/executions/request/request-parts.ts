/** How single values are written into the parts of a request. */
import type { CatalogueEndpoint } from '../../recipes/catalogue.ts';
import type { Parameter } from '../../recipes/format/parameter.ts';
import { namesOfSplit } from '../../recipes/parameter-schema.ts';
import type { Parameters } from './check-parameters.ts';

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
export function writeHeader(value: unknown): Written {
  const text = scalarText(value);
  if (!/^[\x20-\x7e]*$/.test(text)) return { fault: 'must hold printable ASCII characters only, since it travels in a header' };
  return { text };
}

const separators = { comma: ',', space: '%20' } as const;

/** `name=value` pairs joined by `&`, percent-encoded, for a query or a form; empty when the value is null or an empty list. */
export function writePairs(name: string, value: unknown, style: Parameter['array_style']): Written {
  if (value === null) return { text: '' };
  if (holdsObject(value)) return { fault: entriesOnly };
  const values = Array.isArray(value) ? value.map(scalarText) : [scalarText(value)];
  if (!values.every((text) => text.isWellFormed())) return { fault: malformed };
  if (values.length === 0) return { text: '' };
  const encoded = values.map(encodeURIComponent);
  if (!Array.isArray(value)) return { text: `${encodeURIComponent(name)}=${encoded[0]}` };
  if (style === 'comma' || style === 'space') return { text: `${encodeURIComponent(name)}=${encoded.join(separators[style])}` };
  const key = encodeURIComponent(style === 'brackets' ? `${name}[]` : name);
  return { text: encoded.map((text) => `${key}=${text}`).join('&') };
}

/** Whether a value, or an entry of a list, has parts that no pair of name and text can carry. */
export function holdsObject(value: unknown): boolean {
  return Array.isArray(value) ? value.some(isObject) : isObject(value);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

export const entriesOnly = 'must hold texts, numbers or booleans only: objects and lists of lists cannot be written here';

const malformed = 'holds half of a surrogate pair, which is no character';

export function scalarText(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}
