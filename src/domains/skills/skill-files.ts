/** The skill files of an integration, rendered from its recipe (docs/api.md, "Skill files"). */
import type { CatalogueIntegration } from '../recipes/catalogue.ts';
import { renderEndpoint } from './endpoints/endpoint-document.ts';
import { printCode, printFrontMatter, printTable } from './markdown.ts';

export interface SkillFile {
  /** Below the skill's folder: `SKILL.md`, `endpoints/<resource>/<action>.md`, `guides/…`. */
  filePath: string;
  content: string;
}

const tools = 'Bash, Read, Grep, Glob';

export function listSkillFiles(integration: CatalogueIntegration, publicUrl: string): SkillFile[] {
  return [
    fileOf('SKILL.md', () => renderSkill(integration, publicUrl)),
    ...[...integration.endpoints.values()].map((endpoint) =>
      fileOf(`${folderOf(endpoint.resource)}${endpoint.name}.md`, () => renderEndpoint(integration, endpoint, publicUrl)),
    ),
    ...[...integration.guides].map(([filePath, content]) => ({ filePath, content })),
  ];
}

/** Rendered when it is read, since mostly one of them is. */
function fileOf(filePath: string, render: () => string): SkillFile {
  return {
    filePath,
    get content() {
      return render();
    },
  };
}

function folderOf(resource: string): string {
  return `endpoints/${resource}/`;
}

function renderSkill(integration: CatalogueIntegration, publicUrl: string): string {
  const { slug, recipe } = integration;
  const frontMatter = printFrontMatter({
    name: `skillett-${slug}`,
    version: recipe.version,
    description: { folded: `${recipe.description} Use it for anything the person wants to know or do at ${recipe.name}.` },
    'argument-hint': recipe.argument_hint,
    'user-invocable': true,
    'disable-model-invocation': false,
    'allowed-tools': tools,
  });
  return [
    frontMatter,
    `# ${recipe.name}\n`,
    `${recipe.description}\n`,
    ...renderExecution(integration, publicUrl),
    ...renderEndpoints(integration),
    ...renderGuides(integration),
    ...renderWorkflows(integration),
  ].join('\n');
}

function renderExecution({ slug }: CatalogueIntegration, publicUrl: string): string[] {
  return [
    '## Execution\n',
    `${printCode('http', `POST ${publicUrl}/v1/${slug}/{action_name}\nAuthorization: Bearer $SKILLETT_API_KEY\nContent-Type: application/json`)}\n`,
    'Put the parameters into `{"params": {…}}`. `account` beside `params` chooses among several connected accounts, and `select`, a JMESPath expression, cuts `data` to what you need.\n',
    'The answer is `{"status": …, "data": …}`, or `{"status": …, "error": …}` when the service refused. When Skillett refused, `error` is a code, `message` says what to do, and `action_url` is a link for the person.\n',
    `Over MCP (\`${publicUrl}/mcp\`), the tools \`read\` (for what changes nothing) and \`execute\` (for the rest) make the same call with \`{"endpoint": "${slug}.<action_name>", "params": {…}}\`. Read the file of an action before you call it.\n`,
  ];
}

function renderEndpoints({ resources }: CatalogueIntegration): string[] {
  const rows = resources.map(({ resource, endpoints }) => [
    resource,
    `\`${folderOf(resource)}\``,
    Object.keys(endpoints)
      .map((name) => `\`${name}\``)
      .join(', '),
  ]);
  return ['## Endpoints\n', `${printTable(['Resource', 'Folder', 'Actions'], rows)}\n`];
}

function renderGuides({ recipe }: CatalogueIntegration): string[] {
  const guides = (recipe.guides ?? []).map(({ title, file, description }) => `- [${title}](${file}): ${description}`);
  return ['## Guides\n', `${guides.join('\n') || 'There are none: the files of the actions say everything.'}\n`];
}

function renderWorkflows({ recipe }: CatalogueIntegration): string[] {
  const workflows = (recipe.workflows ?? []).map(({ name, description, steps }) => {
    const numbered = steps.map(({ endpoint, purpose }, at) => `${at + 1}. \`${endpoint}\`: ${purpose}`);
    return `### ${name}\n\n${description}\n\n${numbered.join('\n')}\n`;
  });
  return ['## Workflows\n', workflows.join('\n') || 'There are none: each action stands alone.\n'];
}

/** What agents read before any integration was pulled: that Skillett is there, and where it gives help, skills and a run. */
export function renderCoreSkill(publicUrl: string): SkillFile {
  const frontMatter = printFrontMatter({
    name: 'skillett',
    version: '1.0.0',
    description: {
      folded:
        'Skillett calls the services the person has connected (such as GitHub or Gmail) without showing their credentials. Use it when a task needs one of them.',
    },
    'user-invocable': false,
    'disable-model-invocation': false,
    'allowed-tools': tools,
  });
  const content = `${frontMatter}
# Skillett

Skillett stands between you and the services the person has connected. You hold an API key of Skillett, never a credential of a service.

Over MCP it is at \`${publicUrl}/mcp\`, whose tools say what they do. With curl, send \`-H "Authorization: Bearer $SKILLETT_API_KEY"\` along:

- **skills**: \`curl ${publicUrl}/v1/skills\` lists the integrations you may call, and \`curl ${publicUrl}/v1/skills/<integration>\` the actions of one.
- **help**: \`curl -H "Accept: text/markdown" ${publicUrl}/v1/skills/<integration>/<action>\` explains one action, its parameters and its errors.
- **run**: \`curl -X POST -H "Content-Type: application/json" -d '{"params": {…}}' ${publicUrl}/v1/<integration>/<action>\` calls one and prints the answer.
`;
  return { filePath: 'SKILL.md', content };
}
