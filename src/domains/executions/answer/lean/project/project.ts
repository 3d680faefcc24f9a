/** From an answer to the rows and columns of its lean form. Runs in the loop for short answers, and in a thread for long ones. */
import { compile, TreeInterpreter } from '@jmespath-community/jmespath';
import { parseDigits } from '../../../../../core/json/parse-digits.ts';
import { type LeanPath, parsePath } from '../../../../recipes/lean/lean-path.ts';
import { isDeeper, nestingMax } from '../../../request/canonical-json.ts';
import { cutText, toCell } from '../cells.ts';
import { type LeanPlan, type LeanTable, tableLengthMax, valueLength } from '../table.ts';
import { type Json, transform } from './transform.ts';
import { withoutFurniture } from './without-furniture.ts';

/** `json`: one JSON text. Numbers that JavaScript would change come as their digits. */
export function projectAnswer(json: string, plan: LeanPlan): LeanTable {
  return withinLength(projectValue(parseDigits(json, (digits) => digits) as Json, plan));
}

/** Rows beyond what is held of a table are not there, and it says so. */
function withinLength(table: LeanTable): LeanTable {
  let length = 0;
  const over = table.rows.findIndex((row, at) => {
    const held = [row, table.keys[at] ?? null];
    length += JSON.stringify(held).length + countValues(held) * valueLength;
    return length > tableLengthMax;
  });
  if (over === -1) return table;
  const left = table.rows.length - over;
  const said = `${left} ${left === 1 ? 'row is' : 'rows are'} left out of an answer that is too long: \`select\`, or ask for fewer rows`;
  return { ...table, rows: table.rows.slice(0, over), keys: table.keys.slice(0, over), cut: [...table.cut, said] };
}

function countValues(value: Json): number {
  if (typeof value !== 'object' || value === null) return 1;
  let count = 1;
  for (const inner of Array.isArray(value) ? value : Object.values(value)) count += countValues(inner);
  return count;
}

function projectValue(data: Json, plan: LeanPlan): LeanTable {
  const table: LeanTable = { columns: [], rows: [], keys: [], total: null, fields: null, adds: [...plan.adds], cut: [], cursor: null };
  if (data === null) return table;
  if (typeof data === 'string' && !plan.whole) return ofLines(table, data);
  const found = findRows(data, plan);
  // Printing takes a time that grows with the square of the depth.
  const rows = found.filter((row) => !isDeeper(row));
  const deep = found.length - rows.length;
  if (deep > 0)
    table.cut.push(
      `${deep} ${deep === 1 ? 'row is' : 'rows are'} left out, nested deeper than ${nestingMax} levels: \`select\` gives parts of them`,
    );
  const total = plan.total === undefined ? undefined : evaluate(plan.total, data);
  if (typeof total === 'number' && Number.isSafeInteger(total) && total >= 0) table.total = total;
  const cursor = plan.cursor === undefined ? undefined : evaluate(plan.cursor, data);
  if ((typeof cursor === 'string' && cursor !== '') || typeof cursor === 'number') table.cursor = String(cursor);
  if (plan.incomplete !== undefined && isTrue(evaluate(plan.incomplete, data)))
    table.cut.push(`the service stopped early (\`${plan.incomplete}\`), so rows may be missing`);
  if (plan.whole || plan.columns.length === 0) return ofWhole(table, rows, plan);
  fillColumns(table, rows, plan);
  return table;
}

function findRows(data: Json, { rows: expression }: LeanPlan): Json[] {
  const found = expression === undefined ? data : evaluate(expression, data);
  if (Array.isArray(found)) return found;
  return found === null || found === undefined ? [] : [found];
}

function isTrue(value: Json | undefined): boolean {
  return value !== undefined && value !== null && value !== false && value !== '';
}

function fillColumns(table: LeanTable, rows: Json[], { columns, keys }: LeanPlan): void {
  const paths = columns.map(({ name, path }) => ({ name, path: parsePath(path) }));
  const keyPaths = keys.map(({ name, path }) => ({ name, path: parsePath(path) }));
  table.columns = paths.map(({ name }) => name);
  table.fields = countFields(rows[0]);
  table.rows = rows.map((row) => paths.map(({ path }) => toCell(read(path, row))));
  if (keyPaths.length > 0) table.keys = rows.map((row) => Object.fromEntries(keyPaths.map(({ name, path }) => [name, read(path, row)])));
}

/** The value of a path on a row. */
export function read({ expression, steps }: LeanPath, row: Json): Json {
  return transform(evaluate(expression, row) ?? null, steps);
}

const compiled = new Map<string, ReturnType<typeof compile>>();
const compiledMax = 2_000;

function evaluate(expression: string, data: Json): Json | undefined {
  let tree = compiled.get(expression);
  if (!tree) {
    tree = compile(expression);
    if (compiled.size >= compiledMax) compiled.clear();
    compiled.set(expression, tree);
  }
  try {
    return TreeInterpreter.search(tree, data as never) as Json;
  } catch {
    // The row has another shape than the recipe thinks, which costs a null.
    return undefined;
  }
}

/** Of a text every line is a row. */
function ofLines(table: LeanTable, text: string): LeanTable {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  return { ...table, columns: ['line'], rows: lines.map((line) => [cutText(line)]), total: lines.length, adds: [] };
}

const idNames = ['id', 'number', 'key', 'name', 'ts', 'sha', 'state', 'status', 'html_url', 'web_url', 'permalink', 'url'];

function ofWhole(table: LeanTable, rows: Json[], { write, whole }: LeanPlan): LeanTable {
  const [only] = rows;
  if (write && !whole && rows.length === 1 && typeof only === 'object' && only !== null && !Array.isArray(only)) {
    const names = idNames.filter((name) => Object.hasOwn(only, name) && typeof only[name] !== 'object');
    // The address for people stands for that of the API.
    const shown = names.includes('html_url') ? names.filter((name) => name !== 'url') : names;
    if (shown.length > 0)
      return { ...table, columns: shown, rows: [shown.map((name) => toCell(only[name] as Json))], fields: countFields(only) };
  }
  if (whole) return { ...table, columns: ['json'], rows: rows.map((row) => [row]), adds: [] };
  const kept = rows.map((row) => withoutFurniture(row));
  if (kept.some(({ dropped }) => dropped))
    table.cut.push('addresses of the API (members in `…_url`, templates) are left out: with ["*"] they come too');
  return { ...table, columns: ['json'], rows: kept.map(({ value }) => [value]) };
}

/** How many fields a row has, those inside its objects and of the first object in each list too. */
function countFields(row: Json | undefined, depth = 0): number | null {
  if (typeof row !== 'object' || row === null) return null;
  if (depth > 4) return 1;
  let count = 0;
  for (const value of Array.isArray(row) ? row.slice(0, 1) : Object.values(row)) count += countFields(value, depth + 1) ?? 1;
  return count;
}
