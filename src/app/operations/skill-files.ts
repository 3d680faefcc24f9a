import { z } from 'zod';
import { documentOperation } from './operation.ts';

export const readSkillFiles = documentOperation({
  name: 'read_skill_files',
  input: z.strictObject({ integration: z.string() }),
  output: z.strictObject({
    slug: z.string(),
    files: z.array(z.strictObject({ file_path: z.string(), content: z.string() })),
  }),
  document: 'query ($slug: String!) { integration(slug: $slug) { slug skillFiles { filePath content } } }',
  variables: ({ integration }) => ({ slug: integration }),
  answer: ({ integration: { slug, skillFiles } }) => ({
    slug,
    files: skillFiles.map(({ filePath, content }: { filePath: string; content: string }) => ({ file_path: filePath, content })),
  }),
});
