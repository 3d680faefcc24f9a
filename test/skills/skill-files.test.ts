import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ParameterSchema } from '../../src/cli/executions/parameters.ts';
import { readCall } from '../../src/cli/executions/run.ts';
import type { Catalogue, CatalogueEndpoint } from '../../src/domains/recipes/catalogue.ts';
import { loadCatalogue } from '../../src/domains/recipes/load.ts';
import { quoteForShell } from '../../src/domains/skills/endpoints/commands.ts';
import { buildExample } from '../../src/domains/skills/endpoints/describe.ts';
import { renderEndpoint } from '../../src/domains/skills/endpoints/endpoint-document.ts';
import { printCode, printTable, printYamlText } from '../../src/domains/skills/markdown.ts';
import { listSkillFiles, renderCoreSkill } from '../../src/domains/skills/skill-files.ts';
import { filesOf, load, soundRecipe, writeFolder } from '../recipes/sound-recipe.ts';

const publicUrl = 'https://skillett.example/gate';
let bundled: Catalogue;
beforeAll(async () => {
  const bundledFolder = path.resolve(import.meta.dirname, '../../recipes');
  bundled = await loadCatalogue({ bundledFolder, extraFolder: undefined, integrations: new Map() });
});

function listAllEndpoints(): CatalogueEndpoint[] {
  return bundled.integrations.flatMap((integration) => [...integration.endpoints.values()]);
}

function propertiesOf({ schema }: CatalogueEndpoint): Record<string, ParameterSchema> {
  return (schema as { properties: Record<string, ParameterSchema> }).properties;
}

type FrontMatterValue = string | boolean | string[] | Record<string, string>;

/**
 * The front matter of a file, read by a grammar narrower than YAML's: what it accepts, YAML reads the same way. (No YAML
 * parser is a dependency.) Throws on anything else.
 */
function readFrontMatter(content: string): Record<string, FrontMatterValue> {
  const [, block] = /^---\n([\s\S]*?)\n---\n\n/.exec(content) ?? [];
  if (block === undefined) throw new Error('no front matter');
  const fields: Record<string, FrontMatterValue> = {};
  for (const [, name, value, nested] of block.matchAll(/^([a-z][a-z_-]*):(?: (.*))?$((?:\n {2}.*)*)/gm)) {
    const lines = (nested ?? '').split('\n').slice(1);
    if (value === '>-') fields[name as string] = lines.map((line) => line.slice(2)).join(' ');
    else if (value === '{}') fields[name as string] = {};
    else if (value !== undefined) fields[name as string] = value === 'true' || value === 'false' ? value === 'true' : readScalar(value);
    else if (lines.every((line) => line.startsWith('  - '))) fields[name as string] = lines.map((line) => readScalar(line.slice(4)));
    else fields[name as string] = Object.fromEntries(lines.map((line) => readPair(line.slice(2))));
  }
  const linesRead = [...block.matchAll(/^([a-z][a-z_-]*:| {2}\S)/gm)].length;
  if (linesRead !== block.split('\n').length) throw new Error(`a line that is neither a field nor inside one:\n${block}`);
  return fields;
}

function readPair(line: string): [string, string] {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*): (.*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new Error(`no pair: ${line}`);
  return [name, readScalar(value)];
}

function readScalar(text: string): string {
  if (text.startsWith('"')) return JSON.parse(text);
  // Plain scalars of one line without `: ` and ` #`, and not an indicator at the start (YAML 1.2.2, section 7.3.3).
  if (!/^[A-Za-z0-9_]/.test(text) || /: | #|:$|\s$/.test(text)) throw new Error(`no plain scalar: ${text}`);
  return text;
}

/** Runs commands in a real shell where `curl` and `skillett` only print the arguments that they got. */
function argumentsInShell(commands: readonly string[]): string[][] {
  const stubs = 'curl() { printf \'%s\\0\' curl "$@" END; }\nskillett() { printf \'%s\\0\' skillett "$@" END; }\n';
  const output = execFileSync('sh', ['-eu'], {
    // All of them are longer than an argument may be.
    input: stubs + commands.join('\n'),
    env: { SKILLETT_API_KEY: 'sk_test' },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return output
    .split('END\0')
    .slice(0, -1)
    .map((call) => call.split('\0').slice(0, -1));
}

describe('SKILL.md of every bundled integration', () => {
  it('opens with the front matter of the contract, in its order', () => {
    for (const integration of bundled.integrations) {
      const content = listSkillFiles(integration, publicUrl)[0]?.content ?? '';
      const fields = readFrontMatter(content);
      expect(Object.keys(fields)).toEqual([
        'name',
        'version',
        'description',
        'argument-hint',
        'user-invocable',
        'disable-model-invocation',
        'allowed-tools',
      ]);
      expect(fields).toMatchObject({
        name: `skillett-${integration.slug}`,
        version: integration.recipe.version,
        'argument-hint': integration.recipe.argument_hint,
        'user-invocable': true,
        'disable-model-invocation': false,
        'allowed-tools': 'Bash, Read, Grep, Glob',
      });
      expect(fields.description).toContain(integration.recipe.description.replaceAll(/\s+/g, ' '));
      expect(content).toContain('\ndescription: >');
    }
  });

  it('has its name as heading, the four sections in order, the address and the key, and a row for each resource', () => {
    for (const integration of bundled.integrations) {
      const [skill] = listSkillFiles(integration, publicUrl);
      const headings = [...(skill?.content ?? '').matchAll(/^##? .*$/gm)].map(([heading]) => heading);
      expect(headings).toEqual([`# ${integration.recipe.name}`, '## Execution', '## Endpoints', '## Guides', '## Workflows']);
      expect(skill?.content).toContain(`POST ${publicUrl}/v1/${integration.slug}/{action_name}\nAuthorization: Bearer $SKILLETT_API_KEY\n`);
      for (const { resource, endpoints } of integration.resources) {
        const row = (skill?.content ?? '').split('\n').find((line) => line.startsWith(`| ${resource} | \`endpoints/${resource}/\` |`));
        for (const name of Object.keys(endpoints)) expect(row).toContain(`\`${name}\``);
      }
    }
  });
});

describe('the files of every bundled integration', () => {
  it('are SKILL.md, one document for each endpoint below its resource, and the guides that SKILL.md links to', () => {
    for (const integration of bundled.integrations) {
      const files = listSkillFiles(integration, publicUrl);
      const paths = files.map((file) => file.filePath);
      expect(paths).toEqual([
        'SKILL.md',
        ...[...integration.endpoints.values()].map((endpoint) => `endpoints/${endpoint.resource}/${endpoint.name}.md`),
        ...(integration.recipe.guides ?? []).map((guide) => guide.file).sort(),
      ]);
      expect(new Set(paths).size).toBe(paths.length);
      for (const endpointPath of paths.filter((one) => one.startsWith('endpoints/')))
        expect(endpointPath).toMatch(/^endpoints\/[a-z][a-z0-9-]*\/[a-z][a-z0-9_]*\.md$/);
      for (const [, link] of files[0]?.content.matchAll(/\]\((guides\/[^)]+)\)/g) ?? []) expect(paths).toContain(link);
    }
  });

  it('say of each endpoint its name, method and mapping, then everything a call needs', () => {
    for (const integration of bundled.integrations) {
      const files = listSkillFiles(integration, publicUrl);
      for (const endpoint of integration.endpoints.values()) {
        const file = files.find((one) => one.filePath.endsWith(`/${endpoint.name}.md`));
        const content = file?.content ?? '';
        const fields = readFrontMatter(content);
        expect(Object.keys(fields).slice(0, 3)).toEqual(['name', 'method', 'param_mapping']);
        expect(fields).toMatchObject({ name: endpoint.name, method: endpoint.spec.method, read_only: endpoint.readOnly });
        const headings = [...content.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
        expect(headings).toEqual(['Parameters', 'Example', 'Answer', 'Errors']);
        for (const name of Object.keys(endpoint.spec.parameters)) expect(content).toContain(`\n| \`${name}\` | `);
        for (const table of content.match(/(^\|.*\n)+/gm) ?? []) {
          const widths = table
            .trimEnd()
            .split('\n')
            .map((row) => row.replaceAll('\\|', '').split('|').length);
          expect(new Set(widths).size).toBe(1);
        }
      }
    }
  });

  it('map a repository to its owner and name as the contract shows it', () => {
    const github = bundled.find('github');
    const file = github && listSkillFiles(github, publicUrl).find((one) => one.filePath === 'endpoints/issues/create_issue.md');
    expect(file?.content).toContain('\nparam_mapping:\n  repo: owner/repo → {owner}, {repo}\n');
  });
});

describe('the examples of every bundled endpoint', () => {
  it('reach the command line as the parameters they show', async () => {
    const endpoints = listAllEndpoints();
    const calls = argumentsInShell(endpoints.map((endpoint) => buildExample(endpoint, publicUrl).cli));
    expect(calls).toHaveLength(endpoints.length);
    for (const [at, endpoint] of endpoints.entries()) {
      const [command, ...rest] = calls[at] as string[];
      expect([command, ...rest.slice(0, 3)]).toEqual(['skillett', 'run', endpoint.integration, endpoint.name]);
      const { params } = await readCall(rest.slice(3), propertiesOf(endpoint), { readInput: () => Promise.reject(new Error('no input')) });
      expect(JSON.parse(JSON.stringify(params))).toEqual(endpoint.spec.example);
    }
  });

  it('reach curl as the address, the key of the environment and the JSON they show', () => {
    const endpoints = listAllEndpoints();
    const calls = argumentsInShell(endpoints.map((endpoint) => buildExample(endpoint, publicUrl).curl));
    expect(calls).toHaveLength(endpoints.length);
    for (const [at, endpoint] of endpoints.entries()) {
      const call = calls[at] as string[];
      expect(call.slice(0, 6)).toEqual([
        'curl',
        '-X',
        'POST',
        `${publicUrl}/v1/${endpoint.integration}/${endpoint.name}`,
        '-H',
        'Authorization: Bearer sk_test',
      ]);
      if (Object.keys(endpoint.spec.example).length === 0) expect(call).toHaveLength(6);
      else {
        expect(call.slice(6, 9)).toEqual(['-H', 'Content-Type: application/json', '-d']);
        expect(JSON.parse(call[9] as string)).toEqual({ params: endpoint.spec.example });
      }
    }
  });
});

describe('values that mean something to a shell, to YAML or to Markdown', () => {
  const awkward = [
    '',
    ' ',
    '$HOME',
    '`id`',
    '"',
    "'",
    'it\'s "both"',
    '\\',
    'a!b',
    '$(id)',
    'x; id',
    '*',
    '~',
    '#x',
    'a\nb',
    '-n',
    '→ ü',
    'a=b',
    '|',
    '&',
    '<x>',
  ];

  it('arrive in a shell as they are', () => {
    const [call] = argumentsInShell([`skillett ${awkward.map(quoteForShell).join(' ')}`]);
    expect(call?.slice(1)).toEqual(awkward);
  });

  it('are shown plainly where no quotes are needed', () => {
    expect(['octocat/hello-world', 'a b', 'say "hi"'].map(quoteForShell)).toEqual(['octocat/hello-world', '"a b"', `'say "hi"'`]);
  });

  it('with a hyphen in front are not taken for a flag', async () => {
    const sound = soundRecipe();
    sound.create.example = { text: '-n' };
    const endpoint = (await load(await writeFolder(filesOf(sound)))).findEndpoint('letters', 'create_letter');
    expect(endpoint && buildExample(endpoint, publicUrl).cli).toBe('skillett run letters create_letter --text=-n');
  });

  it('with an @ in front are no file, and beside options of the command a parameter of their name is given as JSON', async () => {
    const sound = soundRecipe();
    sound.create.example = { text: '@ada' };
    const endpoint = (await load(await writeFolder(filesOf(sound)))).findEndpoint('letters', 'create_letter') as CatalogueEndpoint;
    expect(buildExample(endpoint, publicUrl).cli).toBe('skillett run letters create_letter --text @@ada');
    const call = buildExample(endpoint, publicUrl, { params: { select: 'x' }, account: 'work' }).cli;
    expect(call).toBe(`skillett run letters create_letter --params '{"select":"x"}' --account work`);
  });

  it('are quoted in YAML unless they can only be text', () => {
    for (const text of [
      'yes',
      'null',
      'True',
      '1.0',
      '12',
      '[x]',
      '{x}',
      'a: b',
      'a #b',
      '- a',
      '* a',
      '&a',
      '!a',
      '@a',
      '%a',
      '>',
      "'",
      '"',
      'a:',
      '?',
      '',
      '2026-01-31',
    ])
      expect(printYamlText(text)).toBe(JSON.stringify(text));
    for (const text of ['1.2.0', 'Bash, Read', 'owner/repo → {owner}, {repo}', 'repo or public_repo'])
      expect(printYamlText(text)).toBe(text);
    expect(printYamlText('two\nlines\u0000')).toBe('two lines');
  });

  it('stay in their cell and in their fence', () => {
    expect(printTable(['A'], [['x | y\nz']])).toBe('| A |\n|---|\n| x \\| y z |');
    expect(printCode('sh', 'echo ```')).toBe('````sh\necho ```\n````');
  });

  it('keep the front matter whole when a recipe holds them', async () => {
    const sound = soundRecipe();
    sound.recipe.description = '# not a comment: "quoted"\n---\nand more';
    sound.recipe.argument_hint = 'what: "to" #do';
    const letters = (await load(await writeFolder(filesOf(sound)))).find('letters');
    const [skill] = letters ? listSkillFiles(letters, publicUrl) : [];
    const fields = readFrontMatter(skill?.content ?? '');
    expect(fields['argument-hint']).toBe('what: "to" #do');
    expect(fields.description).toContain('# not a comment: "quoted" --- and more');
  });
});

describe('a document', () => {
  it('shows what is inside objects and lists, what is sent elsewhere, and how to page', async () => {
    const letters = (await load(await writeFolder(filesOf(soundRecipe())))).find('letters');
    const contentOf = (name: string) =>
      (letters ? listSkillFiles(letters, publicUrl) : []).find((file) => file.filePath.endsWith(`/${name}.md`))?.content ?? '';
    expect(contentOf('send_mail')).toContain('\n| `pictures[].base64` | string | yes | Its content. In base64. |\n');
    expect(contentOf('create_letter')).toContain('\n| `stamps[].cents` | integer | yes | Default `80`. At least 1. |\n');
    expect(readFrontMatter(contentOf('create_letter'))).toMatchObject({
      param_mapping: { thread: 'thread → /meta/thread' },
      provider_scopes: ['write'],
      read_only: false,
    });
    expect(readFrontMatter(contentOf('list_letters')).param_mapping).toEqual({
      box: 'owner/box → {owner}, {box}',
      kind: 'kind → {page_kind}',
      language: 'language → Accept-Language',
    });
    expect(contentOf('list_letters')).toContain(
      "For the next page set `cursor` to `next.cursor` of this answer's `data`, until there is none.",
    );
    expect(contentOf('list_letters')).toContain('| Language. Matches the regular expression `^[a-z]{2}$`. |');
    expect(contentOf('drop_file')).toContain('`method` above is how the service is called, while you always send POST');
    expect(readFrontMatter(contentOf('drop_file'))).toMatchObject({ destructive: true });
    expect(contentOf('drop_file')).toContain('This cannot be undone');
    expect(contentOf('list_letters')).not.toContain('This cannot be undone');
  });

  it('lists the failures of the service first, then those of Skillett that can happen to it', async () => {
    const sound = soundRecipe();
    sound.create.errors = [{ status: 409, error: '409 twice', fix: 'Do it once.' }];
    sound.recipe.errors = [{ error: '401', fix: 'Connect again.' }];
    const letters = (await load(await writeFolder(filesOf(sound)))).find('letters');
    const files = letters ? listSkillFiles(letters, publicUrl) : [];
    const errorsOf = (name: string) =>
      [
        ...((files.find((file) => file.filePath.endsWith(`/${name}.md`))?.content ?? '')
          .split('## Errors')[1]
          ?.matchAll(/^\| (?!Error|-)(.*?) \|/gm) ?? []),
      ].map(([, error]) => error);
    expect(errorsOf('create_letter')).toEqual([
      '409 twice',
      '401',
      '`bad_request`',
      '`scope_not_allowed`',
      '`integration_not_connected`',
      '`account_required`',
      '`token_expired`',
      '`consent_required`',
      '`rate_limited`, `daily_limit_reached`',
      '`outcome_unknown`, `upstream_timeout`',
    ]);
    expect(errorsOf('list_letters').slice(-2)).toEqual(['`rate_limited`, `daily_limit_reached`', '`upstream_timeout`']);
    expect(errorsOf('list_letters')).not.toContain('`consent_required`');
  });
});

it('the core skill is not for people to invoke and names help, skills and run', () => {
  const { filePath, content } = renderCoreSkill(publicUrl);
  expect(filePath).toBe('SKILL.md');
  expect(readFrontMatter(content)).toMatchObject({ name: 'skillett', 'user-invocable': false });
  for (const word of ['help', 'skills', 'run']) expect(content).toContain(`\n- **${word}**: `);
});

it('the document of every endpoint shows its example with curl, as a command, and over MCP', () => {
  for (const integration of bundled.integrations)
    for (const endpoint of integration.endpoints.values()) {
      const document = renderEndpoint(integration, endpoint, publicUrl);
      expect(document).toContain(`\ncurl -X POST ${quoteForShell(`${publicUrl}/v1/${integration.slug}/${endpoint.name}`)}`);
      expect(document).toContain(`\nskillett run ${integration.slug} ${endpoint.name}`);
      expect(document).toContain(`"endpoint": "${integration.slug}.${endpoint.name}"`);
    }
});
