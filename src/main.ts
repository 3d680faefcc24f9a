/**
 * Starts the process (`app/process.ts`). What Node has compiled is kept for the next start, which takes a fifth off it
 * (measured); that has to be asked for before anything else is loaded. Imported by nothing.
 */
import { enableCompileCache, flushCompileCache } from 'node:module';
import path from 'node:path';

enableCompileCache(path.resolve(import.meta.dirname, '../node_modules/.cache/skillett'));
await import('./app/process.ts');
// By now it listens; without this the cache is written at a regular end only.
flushCompileCache();
