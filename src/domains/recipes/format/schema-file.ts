import { z } from 'zod';
import { integration, resource } from './format.ts';

interface Described {
  properties: Record<string, object>;
  required: string[];
  anyOf?: object[];
}

/** What a shared value says need not be said again (values/shared-values.ts), so the format that reads files has no word for it. */
function letShare(described: Described): void {
  const own = described.required.filter((name) => name !== 'in');
  described.required = described.required.filter((name) => name === 'in');
  described.anyOf = [{ required: own }, { required: ['$value'] }];
  described.properties.$value = {
    type: 'string',
    description: 'Name of a value in `values` of recipe.json, which stands here; words beside it stand over its own.',
  };
}

/**
 * The recipe format as JSON Schema 2020-12, for editors: `recipes/recipe.schema.json`. One schema serves both kinds of
 * file, told apart by `slug`, so that an editor completes the right fields from the first one written.
 */
export function printRecipeSchema(): string {
  const { $defs = {} } = z.toJSONSchema(z.union([integration, resource]), { io: 'input' });
  for (const name of ['Parameter', 'Value']) letShare($defs[name] as Described);
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Skillett recipe',
    description: 'A file of recipes/<slug>/: recipe.json describes the integration, every other file one resource and its endpoints.',
    if: { required: ['slug'] },
    // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema
    then: { $ref: '#/$defs/Integration' },
    else: { $ref: '#/$defs/Resource' },
    $defs,
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
