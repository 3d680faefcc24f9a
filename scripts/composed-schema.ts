/** What three integrations add to the schema, as SDL: a test compares it, so that a change of what types are called is seen. */
import path from 'node:path';
import { GraphQLObjectType, printType } from 'graphql';
import { schema as own } from '../src/app/graphql/schema.ts';
import { ComposedSchemas } from '../src/domains/graph/compose-schema.ts';
import { loadCatalogue } from '../src/domains/recipes/load.ts';

const slugs = ['hackernews', 'notion', 'slack'];

export async function printComposedPart(): Promise<string> {
  const bundledFolder = path.resolve(import.meta.dirname, '../recipes');
  const catalogue = await loadCatalogue({ bundledFolder, extraFolder: undefined, integrations: new Map() });
  const { schema } = await new ComposedSchemas(own).compose(catalogue.integrations.filter(({ slug }) => slugs.includes(slug)));
  const types = Object.values(schema.getTypeMap()).filter((type) => own.getType(type.name) !== type && !type.name.startsWith('__'));
  const texts = types
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((type) => {
      const before = own.getType(type.name);
      if (!(type instanceof GraphQLObjectType && before instanceof GraphQLObjectType)) return printType(type);
      const { fields, ...config } = type.toConfig();
      const added = Object.entries(fields).filter(([name]) => !before.getFields()[name]);
      return `extend ${printType(new GraphQLObjectType({ ...config, description: null, fields: Object.fromEntries(added) }))}`;
    });
  return `${texts.join('\n\n')}\n`;
}
