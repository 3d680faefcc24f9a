/** Descriptions from the code of clients that packages hold. The code is parsed and never run. */
import type { OpenApi } from '../../../src/domains/recipes/import/openapi.ts';
import { readOpenApiGenerator } from './code/openapi-generator.ts';
import { readPathTemplates } from './code/path-templates.ts';
import { readResourceClasses } from './code/resource-classes.ts';
import { readStainless } from './code/stainless.ts';

/** How the code is written: by which generator, or by which habit of those who write it. */
const readers = {
  'openapi-generator': readOpenApiGenerator,
  'path-templates': readPathTemplates,
  'resource-classes': readResourceClasses,
  stainless: readStainless,
} satisfies Record<string, (place: string) => OpenApi>;

export type CodeForm = keyof typeof readers;

/** `place`: the file or folder. */
export function readCode(form: CodeForm, place: string): OpenApi {
  return readers[form](place);
}
