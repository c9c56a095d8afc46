// What a branch may not read: whatever its files, and the Application in it, say, nothing but the repository reaches
// its manifests.
import type { Bench } from './bench.ts';
import type { ApplicationSource } from '../../src/model/application.ts';
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../src/base/errors.ts';
import { bench, configMap } from './bench.ts';
import { temporary } from '../git/origin.ts';

const secret = 'hunter2-of-the-operator';

interface Outside {
  /**
   * A folder of the operator, in the temporary folder: `secret`, `secret.yaml`, `secret.json`, and a kustomization and
   * a chart that hold the secret.
   */
  dir: string;
  /** The same, by way of more `..` than there are folders. */
  up: string;
}

type Source = Omit<ApplicationSource, 'repoURL'>;

/** Each row has a folder of its own in the repository of its kind, with the application in `a`. */
interface Row {
  what: string;
  /** In the row's folder; paths that begin with a slash are of the repository's root. */
  files: (outside: Outside) => Record<string, string>;
  /** Symbolic links: path → target. */
  links?: (outside: Outside) => Record<string, string>;
  source?: (outside: Outside) => Source;
  /** Default: any failure, or manifests without the secret. */
  refused?: RegExp;
}

function outside(t: TestContext): Outside {
  const dir = temporary(t);
  writeFileSync(join(dir, 'secret'), secret);
  writeFileSync(join(dir, 'secret.yaml'), configMap('stolen', { secret }));
  writeFileSync(join(dir, 'secret.json'), JSON.stringify({ const: secret }));
  writeFileSync(join(dir, 'kustomization.yaml'), 'resources: [secret.yaml]\n');
  mkdirSync(join(dir, 'templates'));
  writeFileSync(join(dir, 'Chart.yaml'), 'apiVersion: v2\nname: dep\nversion: 1.0.0\n');
  writeFileSync(join(dir, 'templates', 'secret.yaml'), configMap('stolen', { secret }));
  return { dir, up: `${'../'.repeat(24)}${dir.slice(1)}` };
}

const environ = `/proc/${process.pid}/environ`;
const program = (expression: string): Record<string, string> => ({
  'a/x.jsonnet': `{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { x: ${expression} } }`,
});
const variable = (code: string, kind: 'extVars' | 'tlas'): Source => ({
  directory: { jsonnet: { [kind]: [{ name: 'v', value: code, code: true }] } },
});
const leaves = /^jsonnet: import ".*" leaves the repository /;

const jsonnet: Row[] = [
  { what: 'an absolute path', files: ({ dir }) => program(`importstr '${dir}/secret'`), refused: leaves },
  { what: 'a path above the root', files: ({ up }) => program(`importstr '${up}/secret'`), refused: leaves },
  { what: 'the environment of the operator', files: () => program(`importstr '${environ}'`), refused: leaves },
  { what: 'its own environment', files: () => program("importstr '/proc/self/environ'"), refused: leaves },
  { what: 'bytes', files: ({ dir }) => program(`importbin '${dir}/secret'`), refused: leaves },
  {
    what: 'an escaped literal',
    files: ({ dir }) => program(`importstr '${dir.replaceAll('/', '\\u002f')}\\u002fsecret'`),
    refused: leaves,
  },
  { what: 'a verbatim literal', files: ({ up }) => program(`importstr @'${up}/secret'`), refused: leaves },
  {
    what: 'code of an external variable',
    files: () => program("std.extVar('v')"),
    source: ({ dir }) => variable(`importstr '${dir}/secret'`, 'extVars'),
    refused: leaves,
  },
  {
    what: 'code of an argument',
    files: () => ({ 'a/x.jsonnet': `function(v) ${program('v')['a/x.jsonnet'] ?? ''}` }),
    source: ({ up }) => variable(`importstr '${up}/secret'`, 'tlas'),
    refused: leaves,
  },
  {
    what: 'a library that imports',
    files: ({ up }) => ({ ...program("import 'l.libsonnet'"), 'a/l.libsonnet': `\n importstr '${up}/secret'` }),
    refused: leaves,
  },
  {
    what: 'a library folder above the root',
    files: () => program("importstr 'secret'"),
    source: ({ up }) => ({ directory: { jsonnet: { libs: [up] } } }),
    refused: /leaves the repository/,
  },
  {
    what: 'a link as import',
    files: () => program("importstr 'link'"),
    links: ({ dir }) => ({ 'a/link': `${dir}/secret` }),
    refused: /leaves the repository/,
  },
  {
    what: 'a link on the way',
    files: () => program("importstr 'link/secret'"),
    links: ({ up }) => ({ 'a/link': up }),
    refused: /leaves the repository/,
  },
  {
    what: 'a link as program',
    files: () => program('1'),
    links: ({ dir }) => ({ 'a/y.jsonnet': `${dir}/secret` }),
    refused: /leaves the repository/,
  },
];

const kustomization = (text: string): Record<string, string> => ({
  'a/kustomization.yaml': text,
  'a/x.yaml': configMap('x'),
});

const kustomize: Row[] = [
  ...(
    [
      'resources',
      'components',
      'generators',
      'transformers',
      'validators',
      'bases',
      'crds',
      'configurations',
      'patchesStrategicMerge',
    ] as const
  ).flatMap((field): Row[] => [
    { what: `an absolute path in ${field}`, files: ({ dir }) => kustomization(`${field}: ["${dir}"]\n`) },
    {
      what: `an absolute path in ${field}, which the repository has too`,
      files: ({ dir }) => ({
        ...kustomization(`${field}: ["${dir}/secret.yaml"]\n`),
        [`${dir}/secret.yaml`]: configMap('x'),
      }),
    },
    {
      what: `a path above the root in ${field}`,
      files: ({ up }) => kustomization(`${field}: ["${up}"]\n`),
      refused: /leaves the repository/,
    },
  ]),
  {
    what: 'a file of a generator',
    files: ({ dir }) => ({
      ...kustomization(`configMapGenerator: [{name: x, files: ["k=${dir}/secret"]}]\n`),
      [`${dir}/secret`]: '',
    }),
  },
  {
    what: 'a file of a generator by more than one equals sign',
    files: ({ dir }) => ({
      ...kustomization(`configMapGenerator: [{name: x, files: ["k=x.yaml=${dir}/secret"]}]\n`),
      'a/x.yaml=': '',
    }),
  },
  {
    what: 'its own environment',
    files: () => ({
      ...kustomization('configMapGenerator: [{name: x, envs: [/proc/self/environ]}]\n'),
      '/proc/self/environ': '',
    }),
  },
  {
    what: 'a built-in generator, inline',
    files: ({ dir }) =>
      kustomization(
        'generators:\n- |-\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n  metadata: {name: x}\n' +
          `  files: ["${dir}/secret"]\n`,
      ),
  },
  {
    what: 'a built-in patch, inline',
    files: ({ dir }) =>
      kustomization(
        'resources: [x.yaml]\ntransformers:\n- |-\n  apiVersion: builtin\n  kind: PatchTransformer\n' +
          `  metadata: {name: x}\n  path: "${dir}/secret.yaml"\n  target: {kind: ConfigMap}\n`,
      ),
  },
  {
    what: 'a function that is run',
    files: ({ dir }) => ({
      ...kustomization('generators: [g.yaml]\n'),
      'a/g.yaml':
        'apiVersion: v1\nkind: X\nmetadata:\n  name: g\n' +
        `  annotations: {config.kubernetes.io/function: "exec: {path: /bin/cat, args: [${dir}/secret.yaml]}"}\n`,
    }),
  },
  {
    what: 'a chart',
    files: ({ dir }) =>
      kustomization(`helmGlobals: {chartHome: ${dir}/..}\nhelmCharts: [{name: ${basename(dir)}, releaseName: x}]\n`),
    refused: /this kustomization has Helm render charts, which is not enabled/,
  },
  {
    what: 'replacements',
    files: ({ dir }) => ({
      ...kustomization(`resources: [x.yaml]\nreplacements: [{path: "${dir}/secret.yaml"}]\n`),
      [`${dir}/secret.yaml`]: '',
    }),
  },
  {
    what: 'a schema',
    files: ({ dir }) => ({
      ...kustomization(`resources: [x.yaml]\nopenapi: {path: "${dir}/secret.json"}\n`),
      [`${dir}/secret.json`]: '{}',
    }),
  },
  {
    what: 'a link as resource',
    files: () => kustomization('resources: [link.yaml]\n'),
    links: ({ dir }) => ({ 'a/link.yaml': `${dir}/secret.yaml` }),
    refused: /leaves the repository/,
  },
  {
    what: 'a link as base',
    files: () => kustomization('resources: [base]\n'),
    links: ({ up }) => ({ 'a/base': up }),
    refused: /leaves the repository/,
  },
  {
    what: 'a patch of the Application',
    files: () => kustomization('resources: [x.yaml]\n'),
    source: ({ up }) => ({ kustomize: { patches: [{ path: `${up}/secret.yaml` }] } }),
    refused: /leaves the repository/,
  },
];

const chart = 'apiVersion: v2\nname: shop\nversion: 1.0.0\n';
const showValues = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {x: {{ .Values | toJson | quote }}}\n';
const charted = (files: Record<string, string> = {}): Record<string, string> => ({
  'a/Chart.yaml': chart,
  'a/templates/x.yaml': showValues,
  ...files,
});
const template = (expression: string): Record<string, string> =>
  charted({
    'a/templates/x.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n' + `data: {x: {{ ${expression} | toString | quote }}}\n`,
  });

const helm: Row[] = [
  { what: '.Files by an absolute path', files: ({ dir }) => template(`.Files.Get "${dir}/secret"`) },
  { what: '.Files above the root', files: ({ up }) => template(`.Files.Get "${up}/secret"`) },
  {
    what: '.Files of a link',
    files: () => template('.Files.Get "link"'),
    links: ({ dir }) => ({ 'a/link': `${dir}/secret` }),
    refused: /leaves the repository/,
  },
  { what: 'the environment', files: () => template('env "PATH"'), refused: /function "env" not defined/ },
  {
    what: 'the environment, in the release name',
    files: () => charted(),
    source: () => ({ helm: { releaseName: '{{ env "HOME" }}' } }),
    refused: /release name/,
  },
  { what: 'the environment of the operator', files: () => template(`.Files.Get "${environ}"`) },
  { what: 'the cluster', files: () => template('lookup "v1" "Secret" "kube-system" ""') },
  {
    what: 'values by an absolute path',
    files: () => charted(),
    source: ({ dir }) => ({ helm: { valueFiles: [`${dir}/secret.yaml`] } }),
    refused: /does not exist/,
  },
  {
    what: 'values above the root',
    files: () => charted(),
    source: ({ up }) => ({ helm: { valueFiles: [`${up}/secret.yaml`] } }),
    refused: /leaves the repository/,
  },
  {
    what: 'values by the name of a folder with a comma',
    files: ({ dir }) => charted({ v: '{}', 'v,/x': '', [`v,${dir}/secret.yaml`]: 'a: 1\n' }),
    source: ({ dir }) => ({ helm: { valueFiles: ['../v', `../v,${dir}/secret.yaml`] } }),
  },
  {
    what: 'values by a link',
    files: () => charted(),
    links: ({ dir }) => ({ 'a/v.yaml': `${dir}/secret.yaml` }),
    source: () => ({ helm: { valueFiles: ['v.yaml'] } }),
    refused: /leaves the repository/,
  },
  {
    what: 'a parameter whose name holds another',
    files: () => charted({ 'a/v': 'x' }),
    source: ({ dir }) => ({ helm: { fileParameters: [{ name: `x=${dir}/secret,y`, path: 'v' }] } }),
    refused: /is no name of a parameter/,
  },
  {
    what: 'the same in an override of the branch',
    files: ({ dir }) =>
      charted({
        'a/v': 'x',
        'a/.argocd-source.yaml': `helm: {fileParameters: [{name: ["x=${dir}/secret,y"], path: v}]}`,
      }),
    refused: /is no name of a parameter/,
  },
  {
    what: 'a parameter whose file has a comma in its name',
    files: ({ dir }) => charted({ 'a/v': 'x', [`a/v,y=${dir}/secret`]: 'mine' }),
    source: ({ dir }) => ({ helm: { fileParameters: [{ name: 'x', path: `v,y=${dir}/secret` }] } }),
  },
  {
    what: 'a schema by its path',
    files: ({ dir }) => charted({ 'a/values.schema.json': JSON.stringify({ $ref: `file://${dir}/secret.json` }) }),
    refused: /permission denied/,
  },
  {
    what: 'a schema by an address',
    files: () => charted({ 'a/values.schema.json': JSON.stringify({ $ref: 'http://127.0.0.1:1/secret.json' }) }),
    refused: /permission denied/,
  },
  {
    what: 'a dependency by an absolute path',
    files: ({ dir }) =>
      charted({ 'a/Chart.yaml': `${chart}dependencies: [{name: dep, version: 1.0.0, repository: "file://${dir}"}]\n` }),
    refused: /does not exist/,
  },
  {
    what: 'a dependency above the root',
    files: ({ up }) =>
      charted({ 'a/Chart.yaml': `${chart}dependencies: [{name: dep, version: 1.0.0, repository: "file://${up}"}]\n` }),
    refused: /leaves the repository/,
  },
  {
    what: 'a dependency by a link',
    files: () => charted(),
    links: ({ dir }) => ({ 'a/charts/dep': dir }),
    refused: /leaves the repository/,
  },
];

const directory: Row[] = [
  {
    what: 'an absolute path',
    files: () => ({ 'a/x.yaml': configMap('x') }),
    source: ({ dir }) => ({ path: dir }),
    refused: /app path is absolute/,
  },
  {
    what: 'a path above the root',
    files: () => ({ 'a/x.yaml': configMap('x') }),
    source: ({ up }) => ({ path: up }),
    refused: /leaves the repository/,
  },
  {
    what: 'an absolute link',
    files: () => ({}),
    links: ({ dir }) => ({ 'a/x.yaml': `${dir}/secret.yaml` }),
    refused: /leaves the repository/,
  },
  {
    what: 'a relative link',
    files: () => ({}),
    links: ({ up }) => ({ 'a/x.yaml': `${up}/secret.yaml` }),
    refused: /leaves the repository/,
  },
  {
    what: 'the environment of the operator by a link',
    files: () => ({}),
    links: () => ({ 'a/x.yaml': environ }),
    refused: /leaves the repository/,
  },
  { what: 'a folder by a link', files: () => ({}), links: ({ dir }) => ({ a: dir }), refused: /leaves the repository/ },
  {
    what: 'a link through a link',
    files: () => ({}),
    links: ({ dir }) => ({ b: dir, 'a/x.yaml': '../b/secret.yaml' }),
    refused: /leaves the repository/,
  },
  {
    what: 'an override by a link',
    files: () => ({ 'a/x.yaml': configMap('x') }),
    links: ({ dir }) => ({ 'a/.argocd-source.yaml': `${dir}/secret.yaml` }),
    refused: /leaves the repository/,
  },
];

for (const [kind, rows] of Object.entries({ jsonnet, kustomize, helm, directory })) {
  test(`${kind}: a branch may not read what is outside`, async (t) => {
    const there = outside(t);
    const stage = await bench(
      t,
      Object.fromEntries(
        rows.flatMap(({ files }, row) =>
          Object.entries({ 'README.md': '', ...files(there) }).map(([path, text]) => [
            path.startsWith('/') ? path.slice(1) : `${row}/${path}`,
            text,
          ]),
        ),
      ),
    );
    const top = stage.origin.git('rev-parse', '--show-toplevel');
    rows.forEach(({ links }, row) =>
      Object.entries(links?.(there) ?? {}).forEach(([path, target]) => {
        const place = join(top, String(row), path);
        mkdirSync(dirname(place), { recursive: true });
        symlinkSync(target, place);
      }),
    );
    stage.origin.commit('links', { 'README.md': 'x' });
    for (const [row, { what, source, refused }] of rows.entries()) {
      await t.test(what, async () => {
        const said = await outcome(stage, { path: `${row}/a`, ...source?.(there) });
        if (refused) assert.match(said, refused);
        assert.ok(!said.includes(secret) && !said.includes('PATH='), said);
      });
    }
  });
}

/** Everything that a person gets to see. */
async function outcome(stage: Bench, source: Source): Promise<string> {
  try {
    return JSON.stringify((await stage.render(source)).manifests);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return `${error.message} ${JSON.stringify(error.place)}`;
  }
}

test('a refused import is told with its file and line', async (t) => {
  const { render } = await bench(t, {
    'a/x.jsonnet': "import 'lib/l.libsonnet'",
    'a/lib/l.libsonnet': "{\n  a: importstr '/etc/passwd',\n}",
  });
  await assert.rejects(render({ path: 'a' }), (error: unknown) => {
    assert.ok(error instanceof AppError);
    assert.deepEqual(
      [error.code, error.message, error.place?.file, error.place?.line],
      ['E_RENDER', 'jsonnet: import "/etc/passwd" leaves the repository', 'a/lib/l.libsonnet', 2],
    );
    return true;
  });
});

test('the name of a dependency is no path to write to', async (t) => {
  const target = join(temporary(t), 'written');
  const { render } = await bench(
    t,
    charted({
      'a/Chart.yaml':
        `${chart}dependencies: [{name: "${'../'.repeat(24)}${target.slice(1)}", version: 1.0.0, repository: ` +
        '"file://../dep"}]\n',
      'dep/Chart.yaml': 'apiVersion: v2\nname: dep\nversion: 1.0.0\n',
    }),
  );
  await assert.rejects(render({ path: 'a' }), /is no name of a chart/);
  assert.ok(!existsSync(target));
});
