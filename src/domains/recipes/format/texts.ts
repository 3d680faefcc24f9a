/** Kinds of text that the fields of a recipe hold. */
import { z } from 'zod';

export const slug = z.string().regex(/^[a-z][a-z0-9_]*$/, 'lower-case letters, digits and underscores, starting with a letter');
export const text = z.string().min(1);
export const url = z.url({ protocol: /^https?$/ });
export const say = z
  .array(z.string().regex(/^\S.{1,58}\S$/, 'one line of 3 to 60 characters'))
  .min(2)
  .max(3)
  .describe(
    'Two or three everyday phrases with which people ask for this, in words that name and description do not hold. For the search alone; written in our own words.',
  );
export const headerName = z.string().regex(/^[A-Za-z0-9-]+$/);
export const headers = z.record(headerName, z.string().regex(/^[\x20-\x7e]*$/, 'printable ASCII'));
export const expression = text.max(1_000).describe('A JMESPath expression (https://jmespath.org/specification.html).');
export const jsonPointer = z
  .string()
  .regex(/^(\/([^~/]|~[01])*)*$/)
  .describe('A JSON Pointer (RFC 6901) into the JSON body.');

export const credentialHelp = {
  create_url: url.optional().describe('The page of the service where a person makes such a credential.'),
  how: text.describe('How to get one, in a sentence, with the permissions it needs.'),
};
