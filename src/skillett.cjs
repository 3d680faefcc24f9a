/**
 * What `npm start` runs: the server as `npm run build` made it, which starts in half the time; or its sources, when they have
 * changed since. CommonJS without imports, since stripping types and importing modules would cost a fifth of the start.
 */
const { existsSync, readdirSync, readFileSync } = require('node:fs');
const path = require('node:path');
const { hash } = require('node:crypto');

const root = path.resolve(__dirname, '..');
const built = path.join(root, 'dist/server');

// npm packs no package-lock.json. Node strips no types under node_modules; a package, wherever it was unpacked, is what was built.
const isPacked = root.includes(`${path.sep}node_modules${path.sep}`) || !existsSync(path.join(root, 'package-lock.json'));

if (require.main === module) {
  if (isPacked || readBuilt() === hashSources()) require(path.join(built, 'main.js'));
  else import('./main.ts');
}

/** Of everything that the built server is made of: what it is, not when it was written, so that a copied folder is the same. */
function hashSources() {
  const files = readdirSync(__dirname, { recursive: true }).filter((file) => file.endsWith('.ts'));
  const texts = [...files.sort().map((file) => path.join(__dirname, file)), path.join(root, 'package-lock.json')];
  return hash('sha256', texts.map((file) => `${file.slice(root.length)}\0${readFileSync(file, 'utf8')}`).join('\0'));
}

function readBuilt() {
  try {
    if (!existsSync(path.join(built, 'main.js'))) return undefined;
    return readFileSync(path.join(built, 'sources'), 'utf8');
  } catch {
    return undefined;
  }
}

module.exports = { hashSources };
