/** Words, signs and lines of Stone, the language in which some services write down their routes and types. */

export interface Token {
  kind: 'word' | 'text' | 'number' | 'sign' | 'newline' | 'indent' | 'dedent' | 'end';
  text: string;
  line: number;
}

const pattern = /"(?:\\[\s\S]|[^"\\])*"|[A-Za-z_][\w]*(?:\/[\w]+)*|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[()[\]{}=?,.:@*]/y;

/** Lines inside brackets are one, and what is indented deeper than the line before stands between `indent` and `dedent`. */
export function readTokens(source: string): Token[] {
  const tokens: Token[] = [];
  const depths = [0];
  let [line, nesting, at] = [1, 0, 0];
  let isLineStart = true;
  while (at < source.length) {
    if (isLineStart && nesting === 0) {
      const [space = ''] = /^[ \t]*/.exec(source.slice(at, at + 200)) ?? [];
      at += space.length;
      isLineStart = false;
      if (!'\r\n#'.includes(source[at] ?? '\n')) indentTo(space.length, depths, tokens, line);
      continue;
    }
    const sign = source[at] as string;
    if (sign === '\n') {
      if (nesting === 0 && tokens.at(-1)?.kind !== 'newline') tokens.push({ kind: 'newline', text: '', line });
      [line, at, isLineStart] = [line + 1, at + 1, true];
    } else if (sign === '#') at = endOfLine(source, at);
    else if (' \t\r'.includes(sign)) at += 1;
    else {
      pattern.lastIndex = at;
      const [text] = pattern.exec(source) ?? [];
      if (text === undefined) throw new SyntaxError(`line ${line}: ${JSON.stringify(sign)} is no sign of Stone`);
      if ('([{'.includes(text)) nesting += 1;
      if (')]}'.includes(text)) nesting -= 1;
      tokens.push(tokenOf(text, line));
      line += text.split('\n').length - 1;
      at += text.length;
    }
  }
  tokens.push({ kind: 'newline', text: '', line });
  indentTo(0, depths, tokens, line);
  return [...tokens, { kind: 'end', text: '', line }];
}

function endOfLine(source: string, at: number): number {
  const end = source.indexOf('\n', at);
  return end === -1 ? source.length : end;
}

function indentTo(depth: number, depths: number[], tokens: Token[], line: number): void {
  if (depth > (depths.at(-1) as number)) {
    depths.push(depth);
    tokens.push({ kind: 'indent', text: '', line });
  }
  while (depth < (depths.at(-1) as number)) {
    depths.pop();
    tokens.push({ kind: 'dedent', text: '', line });
  }
}

function tokenOf(text: string, line: number): Token {
  if (text.startsWith('"')) return { kind: 'text', text: text.slice(1, -1).replaceAll(/\\(["\\])/g, '$1'), line };
  if (/^[A-Za-z_]/.test(text)) return { kind: 'word', text, line };
  return { kind: /^-?\d/.test(text) ? 'number' : 'sign', text, line };
}
