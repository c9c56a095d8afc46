// The repository that is measured: a third of its applications plain YAML, a third Kustomize, a third Helm; 8 objects
// each.
import type { AddressInfo } from 'node:net';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KubeObject } from '../src/model/kube.ts';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { once } from 'node:events';
import { askBackend, sendAnswer } from '../sandbox/github/git/backend.ts';

const kinds = ['plain', 'kustomize', 'helm'] as const;
const configs = 5;

export function objectsOf(name: string): KubeObject[] {
  const labels = { app: name };
  const container = {
    name: 'c',
    image: 'nginx:1',
    ports: [{ containerPort: 80 }],
    resources: { requests: { cpu: '100m' } },
  };
  const maps = Array.from({ length: configs }, (_, at) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `${name}-${at}` },
    data: { value: '0', pad: 'x'.repeat(200) },
  }));
  return [
    ...maps,
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [container] } },
      },
    },
    { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: labels, ports: [{ port: 80 }] } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } },
  ];
}

function yaml(objects: KubeObject[]): string {
  return `${objects.map((object) => JSON.stringify(object, null, 1)).join('\n---\n')}\n`;
}

function writeApplication(dir: string, name: string, kind: (typeof kinds)[number]): void {
  const text = yaml(objectsOf(name));
  mkdirSync(kind === 'helm' ? join(dir, 'templates') : dir, { recursive: true });
  if (kind === 'kustomize')
    writeFileSync(join(dir, 'kustomization.yaml'), 'resources: [all.yaml]\ncommonAnnotations: {team: bench}\n');
  if (kind !== 'helm') return writeFileSync(join(dir, 'all.yaml'), text);
  writeFileSync(join(dir, 'Chart.yaml'), `apiVersion: v2\nname: ${name}\nversion: 0.1.0\n`);
  writeFileSync(join(dir, 'values.yaml'), 'value: "0"\n');
  writeFileSync(
    join(dir, 'templates', 'all.yaml'),
    text.replaceAll('"value": "0"', '"value": {{ .Values.value | quote }}'),
  );
}

export function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `bench-${String(at).padStart(4, '0')}`);
}

/** Into `apps/<name>` of the folder. */
export function writeApplications(dir: string, names: string[]): void {
  names.forEach((name, at) => writeApplication(join(dir, 'apps', name), name, kinds[at % 3] ?? 'plain'));
}

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

export interface Workload {
  names: string[];
  url: string;
  /**
   * Sets the value of all ConfigMaps of a plain application, commits and pushes; answers the commits before and after.
   */
  change(name: string, value: number): { before: string; after: string; path: string };
  stop(): Promise<void>;
}

async function serveGit(dir: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
  const [, name = '', ...rest] = pathname.split('/');
  if (name !== 'mono.git') return void response.writeHead(404).end();
  sendAnswer(
    response,
    await askBackend({ dir: join(dir, name), path: rest.join('/'), query: search.slice(1), user: '' }, request),
  );
}

/** Makes the repository with one commit under `dir` and serves it on loopback. */
export async function startWorkload(dir: string, count: number): Promise<Workload> {
  const source = join(dir, 'src');
  const names = namesOf(count);
  writeApplications(source, names);
  git(source, 'init', '--quiet', '--initial-branch=main');
  git(source, 'add', '--all');
  git(source, 'commit', '--quiet', '--message=init');
  git(dir, 'clone', '--quiet', '--bare', source, join(dir, 'mono.git'));
  git(source, 'remote', 'add', 'origin', join(dir, 'mono.git'));
  const server = createServer(
    (request, response) => void serveGit(dir, request, response).catch(() => response.destroy()),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    names,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mono.git`,
    change(name, value) {
      const path = `apps/${name}/all.yaml`;
      const file = join(source, path);
      const before = git(source, 'rev-parse', 'HEAD');
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"value": "0"', `"value": "${value}"`));
      git(source, 'commit', '--quiet', '--all', `--message=change ${name}`);
      git(source, 'push', '--quiet', 'origin', 'main');
      return { before, after: git(source, 'rev-parse', 'HEAD'), path };
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
