/**
 * `npm run recipes -- check [slug …]` compares recipes with the committed facts of their providers' descriptions.
 * `npm run recipes -- facts [slug …]` extracts the facts anew from the descriptions that are on this machine.
 * `npm run recipes -- answers [slug …]` makes answers.json anew from the same descriptions: what endpoints answer, as data.
 * `npm run recipes -- scaffold <file or slug> [operation …]` drafts endpoints from a description, or lists its operations.
 * Ends with status 1 where something is wrong, 2 where it was asked for something that there is not.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { listDrafts } from '../src/domains/recipes/import/draft-endpoint.ts';
import { DescriptionFault, readDescription } from '../src/domains/recipes/import/read-description.ts';
import { findStaleAnswers, mapAnswersOf, printAnswers } from './recipes/answers.ts';
import { checkRecipe } from './recipes/check.ts';
import { extractFrom, readDescriptions } from './recipes/extract.ts';
import { type Facts, type FactsHead, printFacts } from './recipes/facts.ts';
import { answersFileOf, factsFileOf, listRecipesWithFacts, listSources, readFacts, readRecipe, readSources } from './recipes/folders.ts';

const usage = `npm run recipes -- check [slug …]   compare recipes with the facts of their descriptions
npm run recipes -- facts [slug …]   extract the facts anew from the descriptions
npm run recipes -- answers [slug …]   make answers.json anew from the descriptions
npm run recipes -- scaffold <file or slug> [operation …]   draft endpoints from a description, or from those that the facts of a recipe
  name, each named by its id, or as "GET /path" or "query field"; without a name, list its operations`;

function main([command = '', ...names]: string[]): number {
  if (command === 'scaffold') return scaffold(names);
  const known = listRecipesWithFacts();
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) return fail(`There is no recipe ${unknown.join(', ')}. There are ${known.join(', ')}.`);
  const slugs = names.length > 0 ? names : known;
  if (command === 'check') return check(slugs);
  if (command === 'facts') return extract(slugs);
  if (command === 'answers') return writeAnswers(slugs);
  return fail(usage);
}

function fail(message: string): number {
  process.stderr.write(`${message}\n`);
  return 2;
}

function check(slugs: string[]): number {
  let faults = 0;
  for (const slug of slugs) {
    const facts = readFacts(slug);
    if (!facts)
      return fail(`There are no facts of ${slug}. Write ${relative(factsFileOf(slug))}: {"source": {"file": …}}, or {"unproved": <why>}.`);
    const reports = checkRecipe(readRecipe(slug), facts);
    const proved = reports.filter((one) => one.proof === 'proved' && one.faults.length === 0).length;
    process.stdout.write(
      `${slug}: ${reports.length} endpoints, ${proved} proved${facts.unproved === undefined ? '' : `. ${facts.unproved}`}\n`,
    );
    const found = reports.flatMap((one) => one.faults.map((fault) => `${slug}.${one.name}: ${fault}`));
    const stale = findStaleAnswers(readRecipe(slug), facts);
    if (stale !== undefined) found.push(`${slug}: ${stale}`);
    for (const fault of found) process.stdout.write(`  ${fault}\n`);
    faults += found.length;
  }
  if (faults === 0) return 0;
  process.stdout.write(
    `${faults === 1 ? 'One fault' : `${faults} faults`}. Where a recipe is right and came after its facts: npm run recipes -- facts <slug>.\n`,
  );
  return 1;
}

function extract(slugs: string[]): number {
  for (const slug of slugs) {
    const head = readFacts(slug);
    const facts = head && extractFrom(head, readRecipe(slug));
    if (facts) writeFileSync(factsFileOf(slug), printFacts(facts));
    process.stdout.write(`${slug}: ${facts ? sayExtent(facts) : missingOf(head ?? {})}\n`);
  }
  return 0;
}

function missingOf(head: FactsHead): string {
  const wanted = listSources(head).map(({ file }) => file);
  if (wanted.length === 0) return 'no description is named';
  return `not on this machine: ${wanted.join(', ')}; API_DESCRIPTIONS names the folder of descriptions, NODE_PATH that of packages`;
}

function writeAnswers(slugs: string[]): number {
  for (const slug of slugs) {
    const answers = mapAnswersOf(readRecipe(slug), readFacts(slug) ?? {});
    const file = answersFileOf(slug);
    if (answers === undefined) rmSync(file, { force: true });
    else if (answers !== 'missing') writeFileSync(file, printAnswers(answers));
    process.stdout.write(`${slug}: ${sayAnswers(answers)}\n`);
  }
  return 0;
}

function sayAnswers(answers: ReturnType<typeof mapAnswersOf>): string {
  if (answers === undefined) return 'no description says what it answers; an endpoint says it itself in `returns`';
  if (answers === 'missing') return 'its description is not on this machine; API_DESCRIPTIONS names its folder';
  return `${Object.keys(answers.shapes).length} shapes of ${Object.keys(answers.returns).length} answers`;
}

function sayExtent({ schema, paths = {}, title, version }: Facts): string {
  return schema ? `${schema.length} lines of a schema` : `${Object.keys(paths).length} paths of ${title} ${version}`;
}

/** The draft goes to standard output, what it lacks to standard error. */
function scaffold([file, ...wanted]: string[]): number {
  if (file === undefined) return fail(usage);
  const head = readFacts(file);
  const sources = head && readSources(head);
  if (head && !sources) return fail(`What the facts of ${file} name is ${missingOf(head)}.`);
  const descriptions = sources ? readDescriptions(head, sources) : [readDescription(readFileSync(file, 'utf8'))];
  const operations = descriptions.flatMap(listDrafts);
  if (wanted.length === 0) {
    for (const { place, operationId, draft } of operations) process.stdout.write(`${place}\t${operationId ?? ''}\t${draft.name}\n`);
    return 0;
  }
  const unknown = wanted.filter((name) => !operations.some(({ place, operationId }) => place === name || operationId === name));
  if (unknown.length > 0) return fail(`The description has no operation ${unknown.join(', ')}. Without a name, scaffold lists them.`);
  const chosen = operations.filter(({ place, operationId }) => wanted.includes(place) || wanted.includes(operationId ?? ''));
  const endpoints = Object.fromEntries(chosen.map(({ draft }) => [draft.name, draft.endpoint]));
  process.stdout.write(`${JSON.stringify({ resource: '', description: '', endpoints }, undefined, 2)}\n`);
  for (const { draft } of chosen) for (const loss of draft.losses) process.stderr.write(`${draft.name}: ${loss}\n`);
  return 0;
}

function relative(file: string): string {
  return path.relative(process.cwd(), file);
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  const isFault = error instanceof DescriptionFault || (error as NodeJS.ErrnoException).code === 'ENOENT';
  if (!isFault) throw error;
  process.exitCode = fail((error as Error).message);
}
