/** Where agents look for skill files (docs/api.md, "Skill files"), and `pull`, which writes them there. */
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { askGraphql, askRoute } from '../ask-server.ts';
import { CommandFailure, fileFailure, suggest } from '../failure.ts';
import type { Target } from '../profiles.ts';
import { isForPeople, type PrintOptions, printJson, say } from '../terminal/print.ts';

interface SkillFile {
  /** Below the skill's folder, with `/`. */
  file_path: string;
  content: string;
}

/** An agent's folders, below the folder where the command runs. */
const agents: Record<string, { foundBy: string | undefined; core: string; integration: (slug: string) => string }> = {
  claude: { foundBy: '.claude', core: '.claude/skills/skillett', integration: (slug) => `.claude/skills/skillett-${slug}` },
  cursor: { foundBy: '.cursor', core: '.cursor/rules/skillett', integration: (slug) => `.cursor/rules/skillett-${slug}` },
  windsurf: { foundBy: '.windsurf', core: '.windsurf/rules/skillett', integration: (slug) => `.windsurf/rules/skillett-${slug}` },
  other: { foundBy: undefined, core: '.skillett/skills/skillett', integration: (slug) => `.skillett/skills/${slug}` },
};

/** Beside the files: what was written, by its hash, so that a changed file is known. */
const stampName = '.skillett.json';

/** The agents that have a folder here; `other` where none has. */
function chooseAgents(named: string | undefined): string[] {
  if (named !== undefined) {
    if (!Object.hasOwn(agents, named))
      throw new CommandFailure(
        `There is no agent ${JSON.stringify(named)}: it is claude, cursor, windsurf or other.${suggest(named, Object.keys(agents))}`,
      );
    return [named];
  }
  const found = Object.entries(agents).filter(([, { foundBy }]) => foundBy !== undefined && existsSync(foundBy));
  return found.length === 0 ? ['other'] : found.map(([name]) => name);
}

export async function installCoreSkill(target: Target, agent: string | undefined): Promise<void> {
  const { coreSkill } = await askGraphql<{ coreSkill: { filePath: string; content: string } }>(
    target,
    '{ coreSkill { filePath content } }',
  );
  const files = [{ file_path: coreSkill.filePath, content: coreSkill.content }];
  for (const name of chooseAgents(agent)) report(writeSkill((agents[name] as (typeof agents)[string]).core, files, false));
}

export async function pullSkill(
  target: Target,
  integration: string,
  options: PrintOptions & { agent?: string; force?: boolean },
): Promise<void> {
  const chosen = chooseAgents(options.agent);
  const { json } = await askRoute<{ slug: string; files: SkillFile[] }>(target, {
    method: 'GET',
    path: `/v1/${encodeURIComponent(integration)}/download`,
  });
  // The slug names a folder, so it is held to the form of one whatever the server says.
  if (!/^[a-z][a-z0-9_]*$/.test(json.slug)) throw new CommandFailure(`${target.url} gave a slug that is none. Nothing was written.`, 2);
  const written = chosen.map((name) =>
    writeSkill((agents[name] as (typeof agents)[string]).integration(json.slug), json.files, options.force === true),
  );
  if (isForPeople(options)) written.forEach(report);
  else {
    written.forEach(report);
    printJson({ integration: json.slug, folders: written });
  }
}

interface Written {
  folder: string;
  written: number;
  removed: number;
  /** Files that were changed here and are left as they are. */
  kept: string[];
}

function report({ folder, written, removed, kept }: Written): void {
  say(`${folder}: ${written} ${written === 1 ? 'file' : 'files'} written${removed > 0 ? `, ${removed} no longer offered removed` : ''}.`);
  for (const file of kept) say(`  ${file} was changed here and is kept; --force writes over it.`);
}

/**
 * Writes the files and removes those of an earlier pull that are offered no more. Every file stays below `folder`: a path that would leave
 * it, by its words or by a link that stands there, ends the command before anything is written.
 */
function writeSkill(folder: string, files: SkillFile[], force: boolean): Written {
  const root = path.resolve(folder);
  try {
    mkdirSync(root, { recursive: true });
    const before = readStamp(root);
    const targets = files.map((file) => ({ ...file, target: placeBelow(root, file.file_path) }));
    const kept: string[] = [];
    const hashes: Record<string, string> = Object.create(null);
    for (const { file_path: name, content, target } of targets) {
      if (!force && isChanged(target, before[name], content)) {
        kept.push(path.join(folder, name));
        if (before[name] !== undefined) hashes[name] = before[name];
        continue;
      }
      mkdirSync(path.dirname(target), { recursive: true });
      writeWhole(target, content);
      hashes[name] = hashOf(content);
    }
    const removed = removeStale(root, before, new Set(files.map(({ file_path: name }) => name)), force, kept);
    writeWhole(path.join(root, stampName), `${JSON.stringify(hashes, null, 2)}\n`);
    return { folder, written: targets.length - kept.length, removed, kept };
  } catch (error) {
    throw error instanceof CommandFailure ? error : fileFailure((error as NodeJS.ErrnoException).path ?? root, error);
  }
}

function placeBelow(root: string, name: string): string {
  const fault = () =>
    new CommandFailure(`The server offers a file ${JSON.stringify(name)}, which is no place in ${root}. Nothing was written.`, 2);
  const parts = name.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part === stampName || /[\\:\0]/.test(part))) throw fault();
  // A link in the way would lead elsewhere.
  const realRoot = realpathSync(root);
  let place = realRoot;
  for (const part of parts) {
    place = path.join(place, part);
    if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink()) throw fault();
  }
  return place;
}

/** Whether somebody wrote into it since it was pulled, or before. */
function isChanged(target: string, pulled: string | undefined, content: string): boolean {
  if (!existsSync(target)) return false;
  const present = hashOf(readFileSync(target, 'utf8'));
  return present !== pulled && present !== hashOf(content);
}

function removeStale(root: string, before: Record<string, string>, offered: Set<string>, force: boolean, kept: string[]): number {
  let removed = 0;
  for (const [name, hash] of Object.entries(before)) {
    if (offered.has(name)) continue;
    const target = placeBelow(root, name);
    if (!existsSync(target)) continue;
    if (!force && hashOf(readFileSync(target, 'utf8')) !== hash) {
      kept.push(path.join(root, name));
      continue;
    }
    rmSync(target);
    removed += 1;
    for (let above = path.dirname(target); above !== root && readdirSync(above).length === 0; above = path.dirname(above)) rmdirSync(above);
  }
  return removed;
}

function readStamp(root: string): Record<string, string> {
  try {
    const stamp: unknown = JSON.parse(readFileSync(path.join(root, stampName), 'utf8'));
    return Object.assign(Object.create(null), stamp);
  } catch {
    return Object.create(null);
  }
}

/** Whole or not at all, so that a full disk leaves the file that was there. */
function writeWhole(target: string, content: string): void {
  // A name that nobody can have put there before, as a file of theirs or as a link that leads elsewhere.
  const beside = `${target}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(beside, content, { flag: 'wx' });
    renameSync(beside, target);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

function hashOf(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
