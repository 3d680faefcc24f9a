/** Sample values for what a call must hold, of what is known of it. */
import type { Parameter, RecipeValue } from '../../format/parameter.ts';

const texts: Record<string, string> = {
  date: '2026-01-31',
  'date-time': '2026-01-31T12:00:00Z',
  time: '12:00:00Z',
  email: 'ada@example.org',
  uri: 'https://example.org/',
  uuid: '123e4567-e89b-12d3-a456-426614174000',
  byte: 'YQ==',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  hostname: 'example.org',
};

export function sampleParameters(parameters: Record<string, Parameter>): Record<string, never> {
  const required = Object.entries(parameters).filter(([, one]) => one.required);
  return Object.fromEntries(required.map(([name, one]) => [name, sampleOf(one, name)])) as Record<string, never>;
}

function propertyOf({ properties }: Parameter | RecipeValue, name: string): RecipeValue {
  return (properties && Object.hasOwn(properties, name) && properties[name]) || { type: 'string' };
}

function sampleOf(value: Parameter | RecipeValue, name: string, depth = 0): unknown {
  if ('file' in value && value.file) return { filename: 'file.txt', content_type: 'text/plain', base64: 'YQ==' };
  if (value.examples) return value.examples[0];
  if (value.enum) return value.enum[0];
  if (value.default !== undefined) return value.default;
  const type = [value.type].flat()[0];
  if (type === 'boolean') return true;
  if (type === 'integer' || type === 'number') return Math.min(Math.max(1, value.minimum ?? 1), value.maximum ?? Number.POSITIVE_INFINITY);
  if (type === 'array') return value.items && (value.minItems ?? 0) > 0 && depth < 5 ? [sampleOf(value.items, name, depth + 1)] : [];
  if (type === 'object') {
    const needed = Array.isArray(value.required) ? value.required : 'required_properties' in value ? value.required_properties : undefined;
    const names = depth < 5 ? (needed ?? []) : [];
    return Object.fromEntries(names.map((inner) => [inner, sampleOf(propertyOf(value, inner), inner, depth + 1)]));
  }
  const text = value.format === undefined ? name : (texts[value.format] ?? name);
  return text.padEnd(value.minLength ?? 0, 'x').slice(0, value.maxLength ?? text.length + (value.minLength ?? 0));
}
