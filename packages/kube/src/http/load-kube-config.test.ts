import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadKubeConfig } from './load-kube-config.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kube-config-'));
  await Promise.all(['one', 'two'].map((name) => writeFile(path.join(folder, name), configNamed(name))));
});
afterAll(() => rm(folder, { recursive: true }));

it('reads a file, and its current context', () => {
  expect(loadKubeConfig({ path: path.join(folder, 'one') }).getCurrentCluster()?.server).toBe('https://one:6443');
});

it('joins several as KUBECONFIG names them, and takes the context asked for', () => {
  const joined = [path.join(folder, 'one'), path.join(folder, 'two')].join(path.delimiter);
  expect(loadKubeConfig({ path: joined }).getCurrentCluster()?.name).toBe('one');
  expect(loadKubeConfig({ path: joined, context: 'two' }).getCurrentCluster()?.name).toBe('two');
});

it('says which context is missing', () => {
  expect(() => loadKubeConfig({ path: path.join(folder, 'one'), context: 'three' })).toThrow('"three"');
});

function configNamed(name: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: `https://${name}:6443` } }],
    users: [{ name, user: { token: 'x' } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  });
}
