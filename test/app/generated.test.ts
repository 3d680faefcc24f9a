import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { buildSchema } from 'graphql';
import { expect, it } from 'vitest';
import { listGeneratedFiles } from '../../scripts/generated-files.ts';

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
