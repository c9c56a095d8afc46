// What the libraries make in a process that goes on, against what the commands of the same versions print, byte for
// byte: one request after the other, hostile ones among them.
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../src/base/errors.ts';
import { findProgram, Workers, type ToolName } from '../../src/render/source/workers.ts';
import { binaries } from '../../tools/binaries.ts';
import { configMap } from './bench.ts';
import { temporary } from '../git/origin.ts';

const commands = await binaries(['helm', 'kustomize', 'manifests']);

interface Case {
  what: string;
  files: Record<string, string>;
  /** Of `helm template`, beside those of every case. */
  args?: string[];
  /** The same for the library. */
  options?: object;
}

const chart = 'apiVersion: v2\nname: shop\nversion: 1.2.3\nappVersion: "7"\n';
const named = (name: string, rest: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${rest}`;

const helm: Case[] = [
  {
    what: 'hooks, tests, notes, definitions and sub charts, in their order',
    files: {
      'Chart.yaml': `${chart}dependencies:\n- {name: sub, version: 0.1.0, condition: sub.enabled}\n`,
      'values.yaml': 'sub: {enabled: true, x: parent}\nlist: [1, 2]\n',
      'templates/b.yaml': configMap('b') + `---\n${named('c', 'data: {a: {{ .Values.list | toJson | quote }}}\n')}`,
      'templates/a.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n# nothing\n---\n',
      'templates/hook.yaml': named('hook', '  annotations: {helm.sh/hook: "pre-install,post-delete"}\n'),
      'templates/tests/t.yaml': named('t', '  annotations: {helm.sh/hook: test}\n'),
      'templates/NOTES.txt': 'Hello {{ .Release.Name }}, {{ .Values.sub.x }}\n',
      'templates/_help.tpl': '{{ define "n" }}{{ .Chart.Name }}-{{ .Chart.AppVersion }}{{ end }}',
      'templates/z.yaml': named('{{ include "n" . }}', ''),
      'crds/x.yaml': 'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x.y}\n',
      'charts/sub/Chart.yaml': 'apiVersion: v1\nname: sub\nversion: 0.1.0\n',
      'charts/sub/values.yaml': 'x: own\ny: own\n',
      'charts/sub/templates/s.yaml': named('s', 'data: {v: {{ .Values | toJson | quote }}}\n'),
      '.helmignore': 'templates/ignored*\n',
      'templates/ignored.yaml': '{{ fail "this is not read" }}',
    },
    args: ['--include-crds'],
    options: { includeCRDs: true },
  },
  {
    what: 'without tests and definitions',
    files: {
      'Chart.yaml': chart,
      'templates/tests/t.yaml': named('t', '  annotations: {helm.sh/hook: test}\n'),
      'templates/a.yaml': configMap('a'),
      'crds/x.yaml': 'kind: CustomResourceDefinition\n',
    },
    args: ['--skip-tests'],
    options: { skipTests: true },
  },
  {
    what: 'what the cluster can, and nothing of what it holds',
    files: {
      'Chart.yaml': `${chart}kubeVersion: ">=1.30.0-0"\n`,
      'templates/a.yaml': named(
        'a',
        'data:\n  c: {{ .Capabilities | toJson | quote }}\n' +
          '  has: {{ .Capabilities.APIVersions.Has "x.example/v1/X" }}\n' +
          '  l: {{ lookup "v1" "Secret" "default" "" | toJson | quote }}\n  r: {{ .Release | toJson | quote }}\n' +
          '  h: {{ getHostByName "localhost" | quote }}\n' +
          '  t: {{ dateInZone "15:04 MST" (toDate "2006-01-02" "2020-07-01") "Europe/Berlin" | quote }}\n',
      ),
    },
    args: ['--api-versions', 'x.example/v1/X,y/v2', '--api-versions', 'z/v1'],
    options: { apiVersions: ['x.example/v1/X,y/v2', 'z/v1'] },
  },
  {
    what: 'values of files and parameters, merged',
    files: {
      'Chart.yaml': chart,
      'values.yaml': 'a: {b: 1, c: 2}\nn: 12345678\nd: default\n',
      'x.yaml': 'a: {b: 3, d: null}\nm: 1e3\nd: null\n',
      'f.txt': 'of a file,\n',
      'templates/a.yaml': named('a', 'data: {v: {{ .Values | toJson | quote }}, n: "{{ .Values.n }}"}\n'),
      'values.schema.json': '{"type": "object", "properties": {"n": {"type": "number"}}}',
    },
    args: [
      ...['--values', 'x.yaml', '--set', 'a.e[1]=5,o\\,o=6', '--set-string', 's=7', '--set', 't={x,y}'],
      ...['--set-file', 'f=f.txt'],
    ],
    options: {
      values: ['/coxswain/source/x.yaml'],
      set: ['a.e[1]=5,o\\,o=6', 't={x,y}'],
      setString: ['s=7'],
      setFile: ['f=/coxswain/source/f.txt'],
    },
  },
];

const patched = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n';
const web =
  `${patched}spec:\n  template:\n    metadata: {labels: {a: b}}\n    spec:\n      containers:\n` +
  '      - {name: c, image: "nginx:1", env: [{name: A, value: b}]}\n      - {name: d, image: x}\n';

const kustomize: Case[] = [
  {
    what: 'generators, patches, labels, images, replicas and replacements',
    files: {
      'kustomization.yaml':
        'resources: [web.yaml]\nnamePrefix: p-\nnamespace: team\ncommonLabels: {l: m}\n' +
        'buildMetadata: [managedByLabel]\n' +
        'images: [{name: nginx, newTag: "2"}]\nreplicas: [{name: web, count: 4}]\n' +
        'configMapGenerator: [{name: g, literals: [a=b], envs: [x.env]}]\n' +
        'secretGenerator: [{name: s, literals: [a=b]}]\n' +
        'patches:\n- path: p.yaml\n- target: {kind: Deployment}\n' +
        '  patch: "- {op: add, path: /spec/paused, value: true}"\n' +
        'replacements:\n- source: {kind: ConfigMap, name: g, fieldPath: data.a}\n' +
        '  targets: [{select: {kind: Deployment}, fieldPaths: [spec.template.metadata.labels.a]}]\n',
      'web.yaml': web,
      'p.yaml': `${patched}spec: {template: {spec: {containers: [{name: d, $patch: delete}]}}}\n`,
      'x.env': 'X=y\n',
    },
  },
  {
    what: 'components and definitions of custom resources',
    files: {
      'kustomization.yaml': 'resources: [web.yaml, crd.yaml]\ncomponents: [c]\nsortOptions: {order: fifo}\n',
      'web.yaml': web,
      'crd.yaml': 'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x.y}\n',
      'c/kustomization.yaml':
        'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -c\nresources: [m.yaml]\n',
      'c/m.yaml': configMap('m', { date: '2020-01-01', yes: 'yes' }),
    },
  },
  {
    what: 'a merge by name, which a schema of another request would change',
    files: {
      'kustomization.yaml': 'resources: [web.yaml]\npatches: [{path: p.yaml}]\n',
      'web.yaml': web,
      'p.yaml': `${patched}spec: {template: {spec: {containers: [{name: c, image: y}]}}}\n`,
    },
  },
];

/** What the command prints, in a folder of its own and with the environment that it used to be given. */
function printed(t: TestContext, tool: 'helm' | 'kustomize', { files, args = [] }: Case): string {
  const dir = temporary(t);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  const all =
    tool === 'kustomize'
      ? ['build', '.']
      : ['template', '--namespace', 'ns', '--kube-version', '1.36.3', ...args, '--', 'shop', '.'];
  return execFileSync(commands[tool], all, {
    cwd: dir,
    env: { HOME: '/nonexistent', TZ: 'UTC' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

interface Asked {
  tool: ToolName;
  files: Record<string, string>;
  options?: object;
  merged?: boolean;
}

async function made(workers: Workers, { tool, files, options = {}, merged = true }: Asked): Promise<string> {
  const root = '/coxswain/source';
  const common = {
    helm: { chart: root, release: 'shop', namespace: 'ns', kubeVersion: '1.36.3' },
    kustomize: { path: root },
    jsonnet: { root, program: 'x.jsonnet' },
  }[tool];
  const { text } = await workers.make(tool, {
    merged,
    files: new Map(Object.entries(files).map(([path, content]) => [`${root}/${path}`, Buffer.from(content)])),
    options: { ...common, ...options },
  });
  return text;
}

const cases = [
  ...helm.map((each) => ({ tool: 'helm' as const, each })),
  ...kustomize.map((each) => ({ tool: 'kustomize' as const, each })),
];

for (const { tool, each } of cases) {
  test(`${tool} prints the same bytes as its command: ${each.what}`, async (t) => {
    const workers = new Workers(await findProgram(commands.manifests));
    assert.equal(await made(workers, { tool, ...each }), printed(t, tool, each));
  });
}

const asChart = (template: string, more: Record<string, string> = {}): Record<string, string> => ({
  'Chart.yaml': chart,
  'templates/x.yaml': template,
  ...more,
});
const kustomization = (text: string, more: Record<string, string> = {}): Record<string, string> => ({
  'kustomization.yaml': text,
  'web.yaml': web,
  ...more,
});
const schema = JSON.stringify({
  definitions: {
    'v1.Deployment': {
      type: 'object',
      properties: { spec: { type: 'object', properties: { template: { type: 'object' } } } },
      'x-kubernetes-group-version-kind': [{ group: 'apps', version: 'v1', kind: 'Deployment' }],
    },
  },
});

/** `web`: an address where nothing may arrive. */
const hostile = (web: string, secret: string): Asked[] => [
  {
    tool: 'kustomize',
    files: kustomization('resources: [web.yaml]\nopenapi: {path: s.json}\npatches: [{path: p.yaml}]\n', {
      's.json': schema,
      'p.yaml': `${patched}spec: {template: {spec: {containers: [{name: c, image: y}]}}}\n`,
    }),
  },
  { tool: 'kustomize', files: kustomization('resources: [web.yaml]\n"open\\u0061pi": {version: v1.21.2}\n') },
  { tool: 'kustomize', files: kustomization('resources: [web.yaml]\nopenapi: {path: s.json}\n', { 's.json': '[' }) },
  { tool: 'kustomize', files: kustomization(`resources: ["${web}/x.yaml"]\n`) },
  { tool: 'kustomize', files: kustomization(`resources: ["git::${web}/x.git"]\n`) },
  { tool: 'kustomize', files: kustomization(`resources: ["file://${secret}"]\n`) },
  { tool: 'kustomize', files: kustomization(`resources: ["${secret}"]\n`) },
  { tool: 'kustomize', files: kustomization(`configMapGenerator: [{name: x, files: ["../..${secret}"]}]\n`) },
  { tool: 'kustomize', files: kustomization('helmCharts: [{name: x, repo: "https://x.example"}]\n') },
  { tool: 'helm', files: asChart('{{ fail "no" }}') },
  { tool: 'helm', files: asChart('{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}') },
  { tool: 'helm', files: asChart(configMap('x'), { 'values.schema.json': `{"$ref": "${web}/schema.json"}` }) },
  { tool: 'helm', files: asChart(configMap('x'), { 'values.schema.json': `{"$ref": "file://${secret}"}` }) },
  { tool: 'helm', files: asChart(configMap('x')), options: { values: [secret] } },
  { tool: 'helm', files: asChart(configMap('x')), options: { values: [`${web}/values.yaml`] } },
  { tool: 'helm', files: asChart(configMap('x')), options: { setFile: [`a=${secret}`] } },
  { tool: 'helm', files: asChart(configMap('x')), options: { setFile: ['a=/proc/self/environ'] } },
  { tool: 'helm', files: { 'Chart.yaml': 'apiVersion: v2\nname: [x\n' } },
  { tool: 'jsonnet', files: { 'x.jsonnet': `importstr '${secret}'` } },
  { tool: 'jsonnet', files: { 'x.jsonnet': 'local f(x) = f(x + 1) + 1; f(0)' } },
  { tool: 'jsonnet', files: { 'x.jsonnet': "std.extVar('PATH')" } },
];

test('after each hostile request the honest ones are as the commands print them, and nothing got out', async (t) => {
  const arrived: string[] = [];
  const server = createServer((request, response) => {
    arrived.push(request.url ?? '');
    response.end('{"type": "object"}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const secret = join(temporary(t), 'secret.yaml');
  writeFileSync(secret, '{"const": "hunter2-of-the-operator"}');
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('kustomize-'));
  const workers = new Workers(await findProgram(commands.manifests));
  const honest = cases.map(({ tool, each }) => ({ tool, each, text: printed(t, tool, each) }));
  const requests = hostile(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, secret);
  for (const [at, request] of requests.entries()) {
    const said = await made(workers, request).catch((error: unknown) => {
      assert.ok(error instanceof AppError, String(error));
      return `${error.code} ${error.message}`;
    });
    assert.ok(!said.includes('hunter2') && !said.includes('PATH='), said);
    for (const step of [0, 1]) {
      const { tool, each, text } = honest[(at * 2 + step) % honest.length] ?? assert.fail();
      assert.equal(
        await made(workers, { tool, ...each }),
        text,
        `${each.what}, after ${JSON.stringify(request.files)}`,
      );
    }
  }
  assert.deepEqual(arrived, []);
  assert.deepEqual(
    readdirSync(tmpdir()).filter((name) => name.startsWith('kustomize-') && !before.includes(name)),
    [],
  );
});
