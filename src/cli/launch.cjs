#!/usr/bin/env node
/**
 * The command `skillett`: the command line as `npm run build` made it, or its sources when they have changed since. CommonJS, since
 * stripping types and resolving modules would cost more than the command itself.
 */
const { existsSync, readdirSync, readFileSync } = require('node:fs');
const { spawn } = require('node:child_process');
const { hash } = require('node:crypto');
const path = require('node:path');

const built = path.resolve(__dirname, '../../dist/cli');
const [major, minor] = process.versions.node.split('.').map(Number);

if (require.main === module) {
  if (major > 24 || (major === 24 && minor >= 12)) start();
  else startOnOwnNode();
}

function start() {
  require('node:module').enableCompileCache();
  // Node strips no types under node_modules; a package that was installed is what was built.
  if (__dirname.includes(`${path.sep}node_modules${path.sep}`) || readBuilt() === hashCommandLine()) require(path.join(built, 'main.js'));
  else import('./main.ts');
}

/** Node comes with the package on Linux; whoever started this may have an older one. */
function startOnOwnNode() {
  const name = `node-${process.platform}-${process.arch}`;
  let node;
  try {
    node = path.join(path.dirname(require.resolve(`${name}/package.json`)), 'bin/node');
  } catch {
    fail(`skillett needs Node 24.12 or newer, and this is ${process.version}. Install it from https://nodejs.org.`);
  }
  const child = spawn(node, [__filename, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => (signal ? process.kill(process.pid, signal) : process.exit(code)));
}

/** Of everything that the built command line is made of: what it is, not when it was written. */
function hashCommandLine() {
  const files = readdirSync(__dirname, { recursive: true }).filter((file) => file.endsWith('.ts'));
  return hash(
    'sha256',
    files
      .sort()
      .map((file) => `${file}\0${readFileSync(path.join(__dirname, file), 'utf8')}`)
      .join('\0'),
  );
}

function readBuilt() {
  const stamp = path.join(built, 'sources');
  return existsSync(stamp) ? readFileSync(stamp, 'utf8') : undefined;
}

function fail(sentence) {
  console.error(sentence);
  process.exit(2);
}

module.exports = { hashCommandLine };
