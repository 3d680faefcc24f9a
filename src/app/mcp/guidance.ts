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

/** `orRefuse` passes on what refuses whoever asks, and errors of the protocol as they are. */
export function serveGuidance(server: Server, context: Context, orRefuse: OrRefuse): void {
  const guided = (cursor: string | undefined) => orRefuse(() => listGuided(context, cursor));
  server.setRequestHandler('resources/list', async ({ params }) => {
    const { services, ...rest } = await guided(params?.cursor);
    return { resources: services.flatMap(listResources), ...rest };
  });
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
  server.setRequestHandler('prompts/list', async ({ params }) => {
    const { services, ...rest } = await guided(params?.cursor);
    return { prompts: services.flatMap(listPrompts), ...rest };
  });
  server.setRequestHandler('prompts/get', async ({ params }) => {
    let cursor: string | undefined;
    do {
      const { services, nextCursor } = await guided(cursor);
      const prompt = findPrompt(services, params.name, params.arguments ?? {});
      if (prompt) return prompt;
      cursor = nextCursor;
    } while (cursor !== undefined);
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no prompt of this name. `prompts/list` names those there are.');
  });
  server.setRequestHandler('skills/list', { params: z.looseObject({ cursor: z.string().optional() }) }, async ({ cursor }) => {
    const { services, ...rest } = await guided(cursor);
    const skills = await orRefuse(() => Promise.all(services.map(({ slug }) => readSkill(context, skillUri(slug)))));
    return { skills: skills.filter((skill) => skill !== null), ...rest, ...freshness };
  });
  server.setRequestHandler('skills/get', { params: z.looseObject({ uri: z.string() }) }, async ({ uri }) => {
    const skill = await orRefuse(() => readSkill(context, uri));
    if (skill === null)
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no such skill. `skills/list` names those there are.');
    return { skill, ...freshness };
  });
}

/** A page of services. A cursor that no list gave is the client's fault and not the caller's (MCP, "Pagination"). */
async function listGuided(context: Context, cursor: string | undefined): Promise<{ services: GuidedService[]; nextCursor?: string }> {
  try {
    const { services, next_cursor: next } = await listGuidance.run(context, { cursor });
    return { services, ...(next === null ? {} : { nextCursor: next }) };
  } catch (thrown) {
    const { code, message } = toSkillettError(context.gateway, thrown, context.requestId);
    throw code === 'bad_request' ? new ProtocolError(ProtocolErrorCode.InvalidParams, message) : thrown;
  }
}

const markdown = 'text/markdown';

/** What one key gets to see is not for another. */
const freshness = { ttlMs: 0, cacheScope: 'private' as const };

function skillUri(slug: string): string {
  return `skill://${folderPrefix}${slug}/SKILL.md`;
}

function listResources({ slug, name, description, guides }: GuidedService) {
  const folder = `skill://${folderPrefix}${slug}/`;
  return [
    { uri: skillUri(slug), name: `${slug}/SKILL.md`, title: name, description, mimeType: markdown },
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

/** Null where the address is that of no skill. */
async function readSkill(context: Context, uri: string) {
  const text = uri.endsWith('/SKILL.md') ? await readFile(context, uri) : null;
  if (text === null) return null;
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

function findPrompt(services: readonly GuidedService[], name: string, given: Record<string, string>) {
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
  return undefined;
}
