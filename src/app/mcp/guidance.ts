/** What is written for agents, as MCP has it: skill files and guides as resources (and as skills, SEP-2640), workflows as prompts. */
import { ProtocolError, ProtocolErrorCode, ResourceNotFoundError, type Server } from '@modelcontextprotocol/server';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { Context } from '../../core/context.ts';
import { toSkillettError } from '../http/failures.ts';
import { type GuidedService, listGuidance, readSkillFile } from '../operations/discovery/guidance.ts';

/** As the front matter of `SKILL.md` names the skill (docs/api.md, "Skill files"). */
const folderPrefix = 'skillett-';
const uriForm = /^skill:\/\/skillett-([a-z][a-z0-9_]*)\/((?:[\w-]+\/)*[\w-]+\.md)$/;
const skillsExtension = 'io.modelcontextprotocol/skills';

export const guidanceCapabilities = { resources: {}, prompts: {}, extensions: { [skillsExtension]: {} } };

type OrRefuse = <T>(run: () => Promise<T>) => Promise<T>;

/** `orRefuse` passes on what refuses whoever asks. */
export function serveGuidance(server: Server, context: Context, orRefuse: OrRefuse): void {
  const guided = () => orRefuse(() => listGuidance.run(context, {}));
  server.setRequestHandler('resources/list', async () => ({ resources: (await guided()).flatMap(listResources) }));
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [
      {
        uriTemplate: `skill://${folderPrefix}{service}/endpoints/{category}/{name}.md`,
        name: 'endpoint',
        title: 'An endpoint',
        description: 'How an endpoint of a service is called: parameters, an example, the answer, errors and what to do about them.',
        mimeType: markdown,
      },
    ],
  }));
  server.setRequestHandler('resources/read', async ({ params: { uri } }) => {
    const text = await orRefuse(() => readFile(context, uri));
    if (text === null) throw new ResourceNotFoundError(uri);
    return { contents: [{ uri, mimeType: markdown, text }] };
  });
  server.setRequestHandler('prompts/list', async () => ({ prompts: (await guided()).flatMap(listPrompts) }));
  server.setRequestHandler('prompts/get', async ({ params }) => getPrompt(await guided(), params.name, params.arguments ?? {}));
  server.setRequestHandler('skills/list', { params: z.looseObject({ cursor: z.string().optional() }) }, async () => {
    const skills = await orRefuse(async () =>
      Promise.all((await listGuidance.run(context, {})).map(({ slug }) => readSkill(context, slug))),
    );
    return { skills, ...freshness };
  });
  server.setRequestHandler('skills/get', { params: z.looseObject({ uri: z.string() }) }, async ({ uri }) => {
    const slug = uri.endsWith('/SKILL.md') ? uriForm.exec(uri)?.[1] : undefined;
    const skill =
      slug === undefined ? null : await orRefuse(async () => ((await readFile(context, uri)) === null ? null : readSkill(context, slug)));
    if (skill === null)
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no such skill. `skills/list` names those there are.');
    return { skill, ...freshness };
  });
}

const markdown = 'text/markdown';

/** What one key gets to see is not for another. */
const freshness = { ttlMs: 0, cacheScope: 'private' as const };

function listResources({ slug, name, description, guides }: GuidedService) {
  const folder = `skill://${folderPrefix}${slug}/`;
  return [
    { uri: `${folder}SKILL.md`, name: `${slug}/SKILL.md`, title: name, description, mimeType: markdown },
    ...guides.map((guide) => ({
      uri: `${folder}${guide.file_path}`,
      name: `${slug}/${guide.file_path}`,
      title: `${name}: ${guide.title}`,
      description: guide.description,
      mimeType: markdown,
    })),
  ];
}

/** Null where there is none; of a service that there is not, too. */
async function readFile(context: Context, uri: string): Promise<string | null> {
  await context.principal();
  const [, integration, path] = uriForm.exec(uri) ?? [];
  if (integration === undefined || path === undefined) return null;
  try {
    return await readSkillFile.run(context, { integration, file_path: path });
  } catch (error) {
    if (toSkillettError(context.gateway, error, context.requestId).code === 'not_found') return null;
    throw error;
  }
}

async function readSkill(context: Context, slug: string) {
  const uri = `skill://${folderPrefix}${slug}/SKILL.md`;
  const text = (await readFile(context, uri)) as string;
  const [, frontMatter = ''] = text.split('---\n', 2);
  return { uri, frontmatter: parseYaml(frontMatter), resources: 'dynamic' as const };
}

function promptName(slug: string, workflow: string): string {
  return `${slug}_${workflow.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')}`;
}

const task = { name: 'task', description: 'What exactly, in the words of the person.', required: false };

function listPrompts({ slug, name, workflows }: GuidedService) {
  return workflows.map((workflow) => ({
    name: promptName(slug, workflow.name),
    title: `${name}: ${workflow.name}`,
    description: workflow.description,
    arguments: [task],
  }));
}

function getPrompt(services: readonly GuidedService[], name: string, given: Record<string, string>) {
  for (const { slug, name: service, workflows } of services) {
    const workflow = workflows.find((one) => promptName(slug, one.name) === name);
    if (!workflow) continue;
    const steps = workflow.steps.map(({ endpoint, purpose }, at) => `${at + 1}. ${slug}.${endpoint}: ${purpose}`);
    const text = [
      `${workflow.name} (${service}). ${workflow.description}`,
      ...(given.task ? [`What I want: ${given.task}`] : []),
      `The calls, in order; \`find\` explains each, \`read\` makes those that change nothing and \`execute\` the others:`,
      ...steps,
      'Ask me for what you do not know before you change anything.',
    ].join('\n');
    return { description: workflow.description, messages: [{ role: 'user' as const, content: { type: 'text' as const, text } }] };
  }
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no prompt of this name. `prompts/list` names those there are.');
}
