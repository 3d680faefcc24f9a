/** What runs it elsewhere: read by the linters of each form, with settings that there are and paths that there are. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { validate } from 'dockerfile-utils';
import { Deployment } from 'kubernetes-models/apps/v1';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Secret, Service } from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readConfig } from '../../src/core/config/config.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const known = readConfig({ SKILLETT_MASTER_KEY: Buffer.alloc(32).toString('base64') }).settingNames;
/** Of others: of Node, of glibc, of the image. */
const foreign = ['NODE_ENV', 'MALLOC_ARENA_MAX'];
const unknownOf = (names: readonly string[]) => names.filter((name) => !known.includes(name) && !foreign.includes(name));

describe('the Dockerfile', () => {
  const text = read('Dockerfile');

  it('is sound, and the linter finds what is not', () => {
    expect(validate(text)).toEqual([]);
    expect(validate(text.replace('USER node', 'USR node')).length).toBeGreaterThan(0);
  });

  it('copies what a package holds, and nothing that is not there', () => {
    const copied = [...text.matchAll(/^COPY --from=build (.+) \S+$/gm)].flatMap(([, from]) => (from as string).split(' '));
    const paths = copied.map((one) => one.replace('/skillett/', ''));
    const { files } = JSON.parse(read('package.json')) as { files: string[] };
    // A container is no place to read documents in.
    expect(files.filter((file) => !['docs', '.env.example'].includes(file) && !paths.includes(file))).toEqual([]);
    for (const one of paths) expect([one, existsSync(path.join(root, one))]).toEqual([one, true]);
  });

  it('sets what there is, and does not run as root', () => {
    const [, set = ''] = /^ENV (.+)$/m.exec(text) ?? [];
    expect(unknownOf(set.split(' ').map((one) => one.split('=')[0] as string))).toEqual([]);
    expect(text).toMatch(/^USER node$/m);
  });
});

describe('the compose file', () => {
  const { services } = parse(read('deploy/compose.yaml')) as {
    services: Record<string, { environment: Record<string, string>; read_only?: boolean; ports?: string[] }>;
  };

  it('sets what there is, without a way to write beside /tmp, open to this machine alone', () => {
    const { environment = {}, read_only, ports } = services.skillett ?? {};
    expect(unknownOf(Object.keys(environment))).toEqual([]);
    expect([read_only, ports]).toEqual([true, ['127.0.0.1:4000:4000']]);
  });
});

describe('the manifests', () => {
  const models = { Secret, ConfigMap, Deployment, Service, PodDisruptionBudget, Ingress };
  // biome-ignore lint/suspicious/noExplicitAny: of six kinds
  const manifests = parseAllDocuments(read('deploy/kubernetes.yaml')).map((one) => one.toJS() as any);

  it('are as Kubernetes has them, and one that is not is found', () => {
    expect(manifests.map(({ kind }) => kind)).toEqual(Object.keys(models));
    for (const manifest of manifests) expect(() => new models[manifest.kind as 'Secret'](manifest).validate()).not.toThrow();
    const [, , deployment] = structuredClone(manifests);
    deployment.spec.replicas = 'two';
    expect(() => new Deployment(deployment).validate()).toThrow('replicas must be integer');
  });

  it('set what there is, run as no one and write nowhere but in /tmp', () => {
    const [secret, config, { spec }] = manifests;
    expect(unknownOf([...Object.keys(secret.stringData), ...Object.keys(config.data)])).toEqual([]);
    const [{ securityContext }] = spec.template.spec.containers;
    expect(securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true });
    expect(spec.template.spec.securityContext.runAsNonRoot).toBe(true);
  });
});

describe('the unit', () => {
  const text = read('deploy/skillett.service');
  const verify = (unit: string) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'skillett-unit-'));
    const file = path.join(folder, 'skillett.service');
    // As if it were installed: what it runs must be there.
    writeFileSync(file, unit.replaceAll('/opt/skillett/node_modules/.bin/node', process.execPath).replaceAll('/opt/skillett', root));
    const { stderr, status } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    return { status, stderr };
  };

  it.runIf(existsSync('/usr/bin/systemd-analyze'))('is sound, and the linter finds what is not', () => {
    expect(verify(text)).toEqual({ status: 0, stderr: '' });
    expect(verify(text.replace('Restart=on-failure', 'Restart=sometimes')).stderr).toContain('restart specifier');
  });

  it('sets what there is, and starts as npm start does', () => {
    const [, set = ''] = /^Environment=(.+)$/m.exec(text) ?? [];
    expect(unknownOf(set.split(' ').map((one) => one.split('=')[0] as string))).toEqual([]);
    const { scripts } = JSON.parse(read('package.json')) as { scripts: { start: string } };
    const flags = (line: string) => line.match(/--max-\S+/g);
    for (const line of [text, read('Dockerfile')]) expect(flags(line.replaceAll(/[",]/g, ' '))).toEqual(flags(scripts.start));
  });
});

it('docs/hosting.md has a word on every file there', () => {
  const text = read('docs/hosting.md');
  for (const file of ['Dockerfile', ...readdirSync(path.join(root, 'deploy')).map((name) => `deploy/${name}`)])
    expect([file, text.includes(file)]).toEqual([file, true]);
});
