/**
 * What ten tasks cost an agent in tokens (o200k), each counted once: definitions of tools, answers, and what the model writes. Beside it
 * the same with the services' own servers. Fails where an answer lacks a fact that its task needs, or a write did not arrive.
 *
 *   npm run bench:tokens -- [--native <folder with the services' own servers in node_modules, and Gmail's gcp-oauth.keys.json>]
 */
import { parseArgs } from 'node:util';
import { allNames, countNative, countNativeDefinitions, recount } from './tokens/native.ts';
import { Session } from './tokens/session.ts';
import { startTokenStand, type TokenStand } from './tokens/stand.ts';
import { type Task, tasks } from './tokens/tasks.ts';

const { values: options } = parseArgs({ options: { native: { type: 'string' } } });

interface Cost {
  name: string;
  calls: number;
  read: number;
  written: number;
  ours: number;
  nativeCalls: number;
  native: number;
  trimmed: number;
  all: number;
}

async function measure(stand: TokenStand, fixed: number, task: Task): Promise<Cost> {
  stand.takeAsked();
  const session = new Session(stand);
  const text = await task.run(session);
  const missing = task.facts.filter((fact) => !text.includes(fact));
  if (missing.length > 0) throw new Error(`“${task.name}” lacks ${JSON.stringify(missing)} in\n${text}`);
  requireSent(stand, task);
  const { calls, read, written, named } = session;
  for (const endpoint of named) console.log(`“${task.name}”: find named ${endpoint} only, so it was asked once more.`);
  const other = countNative(task);
  const own = countNativeDefinitions(task.services);
  return {
    ...{ name: task.name, calls, read, written, ours: fixed + read + written, nativeCalls: task.native.length },
    native: own + other.whole + other.written,
    trimmed: own + other.trimmed + other.written,
    all: countNativeDefinitions() + other.whole + other.written,
  };
}

function requireSent(stand: TokenStand, { name, sent }: Task): void {
  const writes = stand.takeAsked().filter(({ method, path }) => method !== 'GET' && path !== '/search');
  if (!sent) {
    if (writes.length > 0) throw new Error(`“${name}” only reads, and sent ${writes.map(({ path }) => path).join(', ')}`);
    return;
  }
  const arrived = writes.filter(({ path, body }) => {
    // A mail travels in base64url.
    const said = JSON.stringify(body) + Buffer.from(String(body.raw ?? ''), 'base64url').toString('utf8');
    return path.endsWith(sent.path) && sent.holds.every((one) => said.includes(one));
  });
  if (writes.length !== 1 || arrived.length !== 1) throw new Error(`“${name}” sent ${JSON.stringify(writes)}`);
}

const number = (value: number) => value.toLocaleString('en');
const share = (value: number, of: number) => `${((100 * value) / of).toFixed(1)} %`;

function printRow(cost: Cost): string {
  const { name, calls, nativeCalls, read, written, ours, native, trimmed, all } = cost;
  const cells = [name, `${calls} / ${nativeCalls}`, ...[read, written, ours, native, trimmed, all].map(number)];
  return `| ${[...cells, share(ours, native), share(ours, trimmed), share(ours, all)].join(' | ')} |`;
}

function sum(costs: readonly Cost[]): Cost {
  const of = (key: Exclude<keyof Cost, 'name'>) => costs.reduce((total, cost) => total + cost[key], 0);
  return {
    ...{ name: 'all ten', calls: of('calls'), read: of('read'), written: of('written'), ours: of('ours') },
    ...{ nativeCalls: of('nativeCalls'), native: of('native'), trimmed: of('trimmed'), all: of('all') },
  };
}

if (options.native !== undefined) await recount(options.native);
const stand = await startTokenStand();
try {
  const fixed = await new Session(stand).countFixed();
  const costs: Cost[] = [];
  for (const task of tasks) costs.push(await measure(stand, fixed, task));
  const total = sum(costs);
  console.log(`Definitions and instructions of ours: ${fixed}; of ${allNames.join(', ')}.\n`);
  console.log(
    '| Task | calls, ours / native | read | written | ours | native own | own, trimmed | native all 4 | of own | of trimmed | of all 4 |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|---|---|');
  for (const cost of [...costs, total]) console.log(printRow(cost));
  const above = costs.filter(({ ours, trimmed }) => ours > trimmed);
  if (above.length > 0) throw new Error(`above the services' own servers: ${above.map(({ name }) => name).join('; ')}`);
  if (total.ours > 0.15 * total.native) throw new Error('above 15 % of the own servers that each task needs');
  if (total.ours > 0.05 * total.all) throw new Error('above 5 % of all four');
} finally {
  await stand.close();
}
