/** Pieces of the skill files: front matter in YAML, tables and code in Markdown (GFM). */

/** Values are texts, true or false, lists of texts, or one level of named texts; `folded` makes a long text a block of its own. */
type FrontMatterValue = string | boolean | readonly string[] | ReadonlyMap<string, string> | { folded: string };

export function printFrontMatter(fields: Record<string, FrontMatterValue>): string {
  const lines = Object.entries(fields).flatMap(([name, value]) => printField(name, value));
  return ['---', ...lines, '---', ''].join('\n');
}

function printField(name: string, value: FrontMatterValue): string[] {
  if (typeof value === 'boolean') return [`${name}: ${value}`];
  if (typeof value === 'string') return [`${name}: ${printYamlText(value)}`];
  if (value instanceof Map) {
    if (value.size === 0) return [`${name}: {}`];
    return [`${name}:`, ...[...value].map(([key, text]) => `  ${printYamlText(key)}: ${printYamlText(text)}`)];
  }
  if ('folded' in value) return [`${name}: >-`, ...fold(onOneLine(value.folded)).map((line) => `  ${line}`)];
  return [`${name}:`, ...(value as readonly string[]).map((text) => `  - ${printYamlText(text)}`)];
}

/** Plain where YAML cannot take it for anything else (YAML 1.2, section 7.3.3), else in double quotes, whose escapes JSON's are a part of. */
export function printYamlText(text: string): string {
  const line = onOneLine(text);
  const plain = /^[A-Za-z_][A-Za-z0-9_ ,./→{}-]*$/.test(line) || /^\d+\.\d+\.\d+$/.test(line);
  return plain && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(line) ? line : JSON.stringify(line);
}

/** Lines of at most 100 characters, broken at spaces, which a folded block puts back. */
function fold(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 100) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => onOneLine(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** A fenced block whose fence is longer than any run of backticks inside (GFM, section 4.5). */
export function printCode(language: string, code: string): string {
  const longest = Math.max(2, ...[...code.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${code}\n${fence}`;
}

/** Control characters break both YAML and tables. */
function onOneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
}
