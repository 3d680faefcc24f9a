import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const src = path.resolve(import.meta.dirname, '../src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

/** Which other domains a domain may use (ARCHITECTURE.md). */
const domainArrows: Record<string, string[]> = {
  executions: ['recipes', 'connections', 'limits', 'audit'],
  connections: ['recipes', 'limits', 'audit'],
  skills: ['recipes', 'connections'],
  'own-integrations': ['recipes', 'connections', 'limits', 'audit'],
  'device-codes': ['users', 'api-keys', 'limits', 'audit'],
  'oauth-clients': ['users', 'api-keys', 'limits', 'audit'],
  'api-keys': ['limits', 'audit'],
  users: ['limits', 'audit'],
  graph: ['recipes', 'executions'],
  operations: [
    'users',
    'api-keys',
    'recipes',
    'connections',
    'executions',
    'limits',
    'audit',
    'skills',
    'device-codes',
    'own-integrations',
  ],
  limits: [],
  audit: [],
  recipes: [],
};

/** Whose `store.ts` names which tables. */
const tableOwners: Record<string, string[]> = {
  users: ['users', 'sessions', 'sign_in_methods', 'verifications', 'invitations'],
  'api-keys': ['api_keys'],
  connections: ['connections', 'consents'],
  limits: ['minute_counters', 'day_counters', 'guarded_hits'],
  audit: ['skill_calls', 'audit_rows'],
  executions: ['idempotency_claims', 'kept_answers'],
  'device-codes': ['device_codes'],
  'oauth-clients': ['oauth_clients', 'oauth_grants'],
  'own-integrations': ['own_integrations', 'imports'],
};

function importsOf(file: string): { target: string; typeOnly: boolean }[] {
  const text = readFileSync(path.join(src, file), 'utf8');
  return [...text.matchAll(/^\s*(import|export)\s+(type\s)?[^'";]*?from\s+'(\.[^']+)'|^import\s+'(\.[^']+)'/gm)].map((match) => ({
    target: path.relative(src, path.resolve(src, path.dirname(file), (match[3] ?? match[4]) as string)),
    typeOnly: match[2] !== undefined,
  }));
}

/** `store.ts`, or one of several (`consent-store.ts`) where a domain has too many queries for one file. */
function isStoreOf(owner: string, file: string): boolean {
  return file.startsWith(path.join('domains', owner, path.sep)) && /^([a-z]+-)*store\.ts$/.test(path.basename(file));
}

function layerOf(file: string): string {
  return file.includes(path.sep) ? (file.split(path.sep)[0] as string) : 'main';
}

const layersBelow: Record<string, string[]> = {
  main: ['app', 'domains', 'core'],
  app: ['app', 'domains', 'core', 'sandbox'],
  domains: ['domains', 'core'],
  core: ['core'],
  sandbox: ['sandbox', 'core'],
  cli: ['cli'],
};

function faultsOf(file: string, imports: { target: string; typeOnly: boolean }[]): string[] {
  const layer = layerOf(file);
  return imports.flatMap(({ target }) => {
    const targetLayer = layerOf(target);
    if (targetLayer === 'main') return [`${file} imports ${target}, but nothing imports the process`];
    if (!layersBelow[layer]?.includes(targetLayer)) return [`${file} (${layer}) imports ${target} (${targetLayer})`];
    if (layer !== 'domains' || targetLayer !== 'domains') return [];
    const [, from] = file.split(path.sep);
    const [, to, name] = target.split(path.sep);
    if (from === to || domainArrows[from as string]?.includes(to as string)) return [];
    if (file.endsWith('graphql.ts') && name === 'graphql.ts') return [];
    return [`${file} imports ${target}: ${from} may only use ${domainArrows[from as string]?.join(', ') || 'no other domain'}`];
  });
}

describe('the structure', () => {
  it('has no import against the arrows', () => {
    expect(files.flatMap((file) => faultsOf(file, importsOf(file)))).toEqual([]);
  });

  it('is really checked: an import upwards, sideways and of the process is found', () => {
    expect(faultsOf('core/a.ts', [{ target: 'app/b.ts', typeOnly: false }])).toHaveLength(1);
    expect(faultsOf('domains/audit/a.ts', [{ target: 'domains/users/b.ts', typeOnly: false }])).toHaveLength(1);
    expect(faultsOf('app/a.ts', [{ target: 'main.ts', typeOnly: false }])).toHaveLength(1);
    expect(faultsOf('domains/executions/a.ts', [{ target: 'domains/audit/b.ts', typeOnly: false }])).toEqual([]);
  });

  it('lets only a domain’s own stores name its tables, and admission', () => {
    const faults = files.flatMap((file) => {
      const text = readFileSync(path.join(src, file), 'utf8');
      if (file === path.join('core', 'tables.ts')) return [];
      const named = Object.entries(tableOwners).flatMap(([owner, tables]) => tables.map((table) => ({ owner, table })));
      return named
        .filter(({ table }) => {
          const camel = table.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());
          const builderUse = new RegExp(`(selectFrom|insertInto|updateTable|deleteFrom|mergeInto|[jJ]oin)\\(\\s*\\[?['"\`]${camel}\\b`);
          const textUse = new RegExp(`\\b(from|join|into|update)\\s+(only\\s+)?${table}\\b(?!\\s*(,|\\.)?\\s*')`);
          const sqlText = /\bsql(<[^>]*>)?`|statement\(|`\s*(with|select|insert|update|delete)\b/.test(text);
          return builderUse.test(text) || (sqlText && textUse.test(text));
        })
        .filter(({ owner }) => !isStoreOf(owner, file) && !/^domains.executions.admission./.test(file))
        .map(({ table }) => `${file} names the table ${table}`);
    });
    expect(faults).toEqual([]);
  });

  it('has no folder of more than ten files', () => {
    const folders = Map.groupBy(files, (file) => path.dirname(file));
    const full = [...folders].filter(([, inside]) => inside.length > 10).map(([folder, inside]) => `${folder}: ${inside.length}`);
    expect(full).toEqual([]);
  });

  it('has no files whose names say nothing', () => {
    expect(files.filter((file) => /(^|[/\\])(index|utils?|helpers?|common|misc|service|manager)\.ts$/.test(file))).toEqual([]);
  });
});
