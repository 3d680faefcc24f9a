/** `npm run bench:cli`: how long the command line takes to start, beside node itself, in alternating rounds. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const launch = path.resolve(import.meta.dirname, '../src/cli/launch.cjs');
const rounds = 21;
const commands: Record<string, string[]> = {
  'node -e 0': ['-e', '0'],
  'skillett --version': [launch, '--version'],
  'skillett help': [launch, 'help'],
  // Nothing listens there: what it takes to be ready to ask.
  'skillett skills, no server': [launch, '--url', 'http://127.0.0.1:1', 'skills'],
};

const times = Object.fromEntries(Object.keys(commands).map((name) => [name, [] as number[]]));
for (let round = 0; round <= rounds; round++)
  for (const [name, args] of Object.entries(commands)) {
    const startedMs = performance.now();
    spawnSync(process.execPath, args, { env: { ...process.env, SKILLETT_API_KEY: `sk_${'0'.repeat(48)}` }, stdio: 'ignore' });
    // The first round fills caches.
    if (round > 0) times[name]?.push(performance.now() - startedMs);
  }
for (const [name, all] of Object.entries(times)) {
  const sorted = all.toSorted((a, b) => a - b);
  console.log(`${name.padEnd(28)} quietest ${sorted[0]?.toFixed(0)} ms, median ${sorted[rounds >> 1]?.toFixed(0)} ms`);
}
