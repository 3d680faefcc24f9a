/** An endpoint at a glance, for agents that choose among several: how it is called, what it does, an example, what it answers. */
import type { CatalogueEndpoint } from '../../recipes/catalogue.ts';
import type { Parameter, RecipeValue } from '../../recipes/format/parameter.ts';
import { leanColumns } from '../../recipes/lean/lean-columns.ts';

/** Beyond these the others are only counted: whoever needs them reads the document. */
const optionalMax = 14;
const choicesMax = 6;
const sentenceMax = 240;

/**
 * `read github.search_issues(q, sort?: created|updated, page?)`, and indented below: what it does, what the required parameters mean, an
 * example of `params`, what comes back. It begins with the field that calls it.
 */
export function summariseEndpoint(endpoint: CatalogueEndpoint): string {
  const { spec } = endpoint;
  const required = Object.entries(spec.parameters).filter(([, parameter]) => parameter.required);
  const lines = [
    firstSentences(spec.description),
    ...required.map(([name, { description }]) => `${name}: ${firstSentences(description)}`),
    ...(Object.keys(spec.example).length > 0 ? [`e.g. ${JSON.stringify(spec.example)}`] : []),
    `answers: ${answerText(endpoint)}`,
  ];
  return [printSignature(endpoint), ...lines.map((line) => `  ${line}`)].join('\n');
}

/** The columns of its table with those that `with` adds, or where it has none what its recipe says. */
function answerText({ spec }: CatalogueEndpoint): string {
  const { columns, adds } = leanColumns(spec);
  if (columns.length === 0) return firstSentences(spec.answer);
  return `${columns.join(', ')}${adds.length === 0 ? '' : ` (with adds ${adds.join(', ')})`}`;
}

function printSignature({ integration, name, readOnly, spec }: CatalogueEndpoint): string {
  const all = Object.entries(spec.parameters);
  const optional = all.filter(([, parameter]) => !parameter.required);
  const shown = [
    ...all.filter(([, parameter]) => parameter.required).map(([parameterName, parameter]) => `${parameterName}${typeText(parameter)}`),
    ...optional.slice(0, optionalMax).map(([parameterName, parameter]) => `${parameterName}?${typeText(parameter)}`),
    ...(optional.length > optionalMax ? [`and ${optional.length - optionalMax} more`] : []),
  ];
  return `${readOnly ? 'read' : 'execute'} ${integration}.${name}(${shown.join(', ')})`;
}

/** Of texts nothing: most parameters are some. */
function typeText({ type, enum: choices, items }: Parameter | RecipeValue): string {
  if (choices) return `: ${printChoices(choices)}`;
  const types = [type].flat();
  if (types.includes('string')) return '';
  if (types.includes('array')) return items?.enum ? `: (${printChoices(items.enum)})[]` : ': []';
  return types.includes('object') ? ': {}' : '';
}

function printChoices(choices: readonly unknown[]): string {
  const few = choices.length <= choicesMax ? choices : [...choices.slice(0, choicesMax / 2), '…', ...choices.slice(-2)];
  return few.map(String).join('|');
}

/** As many whole sentences as are short enough, at least one. */
function firstSentences(text: string): string {
  const sentences = text.replaceAll(/\s+/g, ' ').match(/.+?(?:[.!?](?=\s|$)|$)/g) ?? [text];
  let taken = '';
  for (const sentence of sentences) {
    if (taken !== '' && taken.length + sentence.length > sentenceMax) break;
    taken += sentence;
  }
  return taken.trim();
}
