/** What readers of code ask of a parsed file. Nothing of it is run. */
import { readFileSync } from 'node:fs';
import { parseSync } from 'oxc-parser';

/** A node of ESTree, with that of TypeScript (https://typescript-eslint.io/packages/typescript-estree/ast-spec). */
export interface Node {
  type: string;
  start: number;
  end: number;
  [member: string]: unknown;
}

/** Throws SyntaxError with the file and what is wrong in it. */
export function parseFile(file: string): Node {
  return parseCode(file, readFileSync(file, 'utf8'));
}

/** `file` is not read: its ending says which language it is. */
export function parseCode(file: string, text: string): Node {
  const { program, errors } = parseSync(file, text);
  const [fault] = errors;
  if (fault) throw new SyntaxError(`${file}: ${fault.message}`);
  return program as unknown as Node;
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

/** Every node below one, and itself, that is of a type, the outer before the inner. */
export function listNodes(root: unknown, type: string): Node[] {
  if (Array.isArray(root)) return root.flatMap((one) => listNodes(one, type));
  if (!isNode(root)) return [];
  const inner = Object.values(root).flatMap((one) => (typeof one === 'object' ? listNodes(one, type) : []));
  return root.type === type ? [root, ...inner] : inner;
}

export function nodesOf(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** Calls of a function or method of that name, whatever stands before the dot. */
export function listCalls(root: unknown, name: string): Node[] {
  return listNodes(root, 'CallExpression').filter(({ callee }) => nameOf(callee) === name);
}

export function argumentsOf(call: Node | undefined): Node[] {
  return nodesOf(call?.arguments);
}

/** The last name of `a`, `a.b` and `"b"`. */
export function nameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'MemberExpression') return nameOf(node.property);
  if (node.type === 'TSQualifiedName') return nameOf(node.right);
  // `(0, a.b)(…)`, as compilers write a call without `this`.
  if (node.type === 'ParenthesizedExpression') return nameOf(node.expression);
  if (node.type === 'SequenceExpression') return nameOf(nodesOf(node.expressions).at(-1));
  if (node.type === 'Identifier') return node.name as string;
  return textOf(node);
}

export function textOf(node: unknown): string | undefined {
  return isNode(node) && node.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined;
}

/** Of an object as it is written, the value of a property. */
export function propertyOfLiteral(node: unknown, name: string): Node | undefined {
  if (!isNode(node) || node.type !== 'ObjectExpression') return undefined;
  return nodesOf(node.properties).find((one) => nameOf(one.key) === name)?.value as Node | undefined;
}
