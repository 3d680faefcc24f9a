import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { buildSchema, isInputObjectType, isIntrospectionType, isObjectType } from 'graphql';
import { expect, it } from 'vitest';
import { listGeneratedFiles } from '../../scripts/generated-files.ts';
import { schema } from '../../src/app/schema.ts';

const files = await listGeneratedFiles();

it.each(files.map(({ file, content }) => [path.basename(file), file, content] as const))(
  '%s is what `npm run generate` writes',
  async (_name, file, content) => {
    expect(await readFile(file, 'utf8')).toBe(content);
  },
);

it('schema.graphql can be read back', async () => {
  const [printed] = files;
  expect(
    Object.keys(
      buildSchema(printed?.content as string)
        .getQueryType()
        ?.getFields() ?? {},
    ),
  ).toContain('viewer');
});

it('every type, field, argument and enum value is described', () => {
  const bare: string[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || ['String', 'Boolean', 'Int', 'Float', 'ID', 'Query', 'Mutation'].includes(type.name)) continue;
    if (!type.description) bare.push(type.name);
    if ('getValues' in type) for (const value of type.getValues()) if (!value.description) bare.push(`${type.name}.${value.name}`);
  }
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || !(isObjectType(type) || isInputObjectType(type))) continue;
    for (const field of Object.values(type.getFields())) {
      if (!field.description) bare.push(`${type.name}.${field.name}`);
      if ('args' in field)
        for (const argument of field.args) if (!argument.description) bare.push(`${type.name}.${field.name}(${argument.name})`);
    }
  }
  expect(bare).toEqual([]);
});
