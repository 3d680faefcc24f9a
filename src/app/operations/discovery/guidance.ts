/** What is written for agents beside single endpoints: skill files, guides, and jobs of several calls. */
import { z } from 'zod';
import { pageSizeMax } from '../../../core/paging.ts';
import { documentOperation, nextCursor, type Paged, pageInput, pageOutput } from '../operation.ts';

const guide = z.strictObject({ title: z.string(), file_path: z.string(), description: z.string() });
const workflow = z.strictObject({
  name: z.string(),
  description: z.string(),
  steps: z.array(z.strictObject({ endpoint: z.string(), purpose: z.string() })),
});

const guidedService = z.strictObject({
  slug: z.string(),
  name: z.string(),
  description: z.string(),
  guides: z.array(guide),
  /** Those of which the caller may make every call. */
  workflows: z.array(workflow),
});

export type GuidedService = z.infer<typeof guidedService>;

interface GuidedNode extends Pick<GuidedService, 'slug' | 'name' | 'description' | 'workflows'> {
  guides: { title: string; filePath: string; description: string }[];
}

/** Of the services that whoever asks may call, a page of them. */
export const listGuidance = documentOperation({
  name: 'list_guidance',
  input: z.strictObject({ cursor: pageInput.cursor }),
  output: z.strictObject({ services: z.array(guidedService), next_cursor: pageOutput.next_cursor }),
  document: `query ($after: String) { integrations(first: ${pageSizeMax}, after: $after) { pageInfo { hasNextPage endCursor } nodes { slug name
    description guides { title filePath description } workflows(callable: true) { name description steps { endpoint purpose } } } } }`,
  variables: ({ cursor }) => ({ after: cursor }),
  answer: ({ integrations }: { integrations: Omit<Paged<GuidedNode>, 'totalCount'> }) => ({
    services: integrations.nodes.map(({ guides, ...node }) => ({
      ...node,
      guides: guides.map(({ title, filePath, description }) => ({ title, file_path: filePath, description })),
    })),
    next_cursor: nextCursor(integrations),
  }),
});

/** Null where there is no such file. */
export const readSkillFile = documentOperation({
  name: 'read_skill_file',
  input: z.strictObject({ integration: z.string(), file_path: z.string() }),
  output: z.string().nullable(),
  document: 'query ($slug: String!, $filePath: String!) { integration(slug: $slug) { skillFiles(filePath: $filePath) { content } } }',
  variables: ({ integration: slug, file_path: filePath }) => ({ slug, filePath }),
  answer: ({ integration }) => integration.skillFiles[0]?.content ?? null,
});
