/** What is generated from the code and committed: each file with the content it must have. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { printSortedSchema } from '../src/app/graphql/schema.ts';
import { printRouteTable, replaceSection } from '../src/app/rest/route-table.ts';
import { printRecipeSchema } from '../src/domains/recipes/format/schema-file.ts';
import { printErrorTable, printPlanTable, printSettingsTable } from './api-tables.ts';
import { printComposedPart } from './composed-schema.ts';
import { printJsonScanModule } from './json-scan-module.ts';
import { printWebTypes } from './web-types.ts';

const root = path.resolve(import.meta.dirname, '..');

export async function listGeneratedFiles(): Promise<{ file: string; content: string }[]> {
  return [
    { file: path.join(root, 'schema.graphql'), content: printSortedSchema() },
    { file: path.join(root, 'recipes/recipe.schema.json'), content: printRecipeSchema() },
    { file: path.join(root, 'web/src/data/graphql-env.d.ts'), content: printWebTypes() },
    { file: path.join(root, 'src/core/json/json-scan-module.ts'), content: await printJsonScanModule() },
    { file: path.join(root, 'test/graph/composed.graphql'), content: await printComposedPart() },
    { file: path.join(root, 'docs/api.md'), content: await fillApiDocument() },
  ];
}

async function fillApiDocument(): Promise<string> {
  const sections = {
    errors: printErrorTable(),
    plans: printPlanTable(),
    routes: printRouteTable(),
    settings: printSettingsTable(await readFile(path.join(root, '.env.example'), 'utf8')),
  };
  let document = await readFile(path.join(root, 'docs/api.md'), 'utf8');
  for (const [name, table] of Object.entries(sections)) document = replaceSection(document, name, table);
  return document;
}
