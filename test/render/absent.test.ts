// Submodules and files in Git LFS are refused by name wherever a rendering would read them, and nowhere else.
import type { ApplicationSource } from '../../src/model/application.ts';
import type { Bench } from './bench.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../src/base/errors.ts';
import { bench, configMap, names } from './bench.ts';

const pointer =
  'version https://git-lfs.github.com/spec/v1\n' +
  'oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n';
const chart = 'apiVersion: v2\nname: shop\nversion: 1.0.0\n';
const files = 'data: {{ .Files.Get "logo.png" | quote }}\n';

interface Row {
  what: string;
  files: Record<string, string>;
  source?: Omit<ApplicationSource, 'repoURL'>;
  /** Path of what is refused; undefined = it is rendered. */
  refused: string | undefined;
}

async function check(
  { render }: Bench,
  { what, source = { path: 'a' }, refused }: Row,
  message: RegExp,
): Promise<void> {
  const error: unknown = await render(source).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (refused === undefined) return assert.equal(error, undefined, `${what}: ${String(error)}`);
  assert.ok(error instanceof AppError, `${what}: ${String(error)}`);
  assert.deepEqual([error.code, error.place?.file], ['E_RENDER', refused], `${what}: ${error.message}`);
  assert.match(error.message, message, what);
  assert.match(error.hint ?? '', /^Commit /, what);
}

const inLfs: Row[] = [
  { what: 'a plain manifest', files: { 'a/x.yaml': pointer }, refused: 'a/x.yaml' },
  { what: 'plain JSON', files: { 'a/x.json': pointer.replace('git-lfs', 'hawser') }, refused: 'a/x.json' },
  {
    what: 'what a program imports',
    files: { 'a/x.jsonnet': "importstr 'y.txt'", 'a/y.txt': pointer },
    refused: 'a/y.txt',
  },
  {
    what: 'a file that is no manifest',
    files: { 'a/x.yaml': configMap('x'), 'a/logo.png': pointer },
    refused: undefined,
  },
  {
    what: 'a resource',
    files: { 'a/kustomization.yaml': 'resources: [x.yaml]\n', 'a/x.yaml': pointer },
    refused: 'a/x.yaml',
  },
  {
    what: 'the file of a generator',
    files: { 'a/kustomization.yaml': 'configMapGenerator: [{name: x, files: [logo.png]}]\n', 'a/logo.png': pointer },
    refused: 'a/logo.png',
  },
  {
    what: 'a patch of a base',
    files: {
      'a/kustomization.yaml': 'resources: [../b]\n',
      'b/kustomization.yaml': 'resources: [x.yaml]\npatches: [{path: p.yaml}]\n',
      'b/x.yaml': configMap('x'),
      'b/p.yaml': pointer,
    },
    refused: 'b/p.yaml',
  },
  { what: 'a kustomization', files: { 'a/kustomization.yaml': pointer }, refused: 'a/kustomization.yaml' },
  {
    what: 'what Kustomize does not read',
    files: { 'a/kustomization.yaml': 'resources: [x.yaml]\n', 'a/x.yaml': configMap('x'), 'a/logo.png': pointer },
    refused: undefined,
  },
  {
    what: 'a template',
    files: { 'a/Chart.yaml': chart, 'a/templates/x.yaml': pointer },
    refused: 'a/templates/x.yaml',
  },
  {
    what: 'a definition of a chart',
    files: { 'a/Chart.yaml': chart, 'a/crds/x.yaml': pointer },
    refused: 'a/crds/x.yaml',
  },
  { what: 'Chart.yaml', files: { 'a/Chart.yaml': pointer }, refused: 'a/Chart.yaml' },
  { what: 'values.yaml', files: { 'a/Chart.yaml': chart, 'a/values.yaml': pointer }, refused: 'a/values.yaml' },
  {
    what: 'a value file',
    files: { 'a/Chart.yaml': chart, 'v.yaml': pointer },
    source: { path: 'a', helm: { valueFiles: ['../v.yaml'] } },
    refused: 'v.yaml',
  },
  {
    what: 'a parameter by file',
    files: { 'a/Chart.yaml': chart, 'v.txt': pointer },
    source: { path: 'a', helm: { fileParameters: [{ name: 'x', path: '/v.txt' }] } },
    refused: 'v.txt',
  },
  {
    what: 'a value file in a folder of the chart',
    files: { 'a/Chart.yaml': chart, 'a/env/prod.yaml': pointer },
    source: { path: 'a', helm: { valueFiles: ['env/prod.yaml'] } },
    refused: 'a/env/prod.yaml',
  },
  {
    what: 'a parameter by file in a folder of the chart',
    files: { 'a/Chart.yaml': chart, 'a/certs/ca.pem': pointer },
    source: { path: 'a', helm: { fileParameters: [{ name: 'x', path: 'certs/ca.pem' }] } },
    refused: 'a/certs/ca.pem',
  },
  {
    what: 'a packed dependency',
    files: {
      'a/Chart.yaml': `${chart}dependencies: [{name: lib, version: 1.0.0, repository: "https://charts.example"}]\n`,
      'a/charts/lib-1.0.0.tgz': pointer,
    },
    refused: 'a/charts/lib-1.0.0.tgz',
  },
  {
    what: 'a picture that a template asks for',
    files: {
      'a/Chart.yaml': chart,
      'a/logo.png': pointer,
      'a/templates/x.yaml': configMap('x').replace(/data: .*\n/, files),
    },
    refused: 'a/logo.png',
  },
  {
    what: 'a picture that none asks for',
    files: { 'a/Chart.yaml': chart, 'a/logo.png': pointer, 'a/templates/x.yaml': configMap('x') },
    refused: undefined,
  },
  {
    what: 'an override of the source',
    files: { 'a/x.yaml': configMap('x'), 'a/.argocd-source.yaml': pointer },
    refused: 'a/.argocd-source.yaml',
  },
];

for (const row of inLfs) {
  test(`in Git LFS: ${row.what}`, async (t) => {
    await check(await bench(t, { 'README.md': '', ...row.files }), row, /is kept in Git LFS/);
  });
}

const recurse = { path: 'a', directory: { recurse: true } };
const submodules: Row[] = [
  {
    what: 'in a folder that is read as a whole',
    files: { 'a/x.yaml': configMap('x') },
    source: recurse,
    refused: 'a/ext',
  },
  { what: 'in a folder that is read flat', files: { 'a/x.yaml': configMap('x') }, refused: undefined },
  {
    what: 'that is excluded',
    files: { 'a/x.yaml': configMap('x') },
    source: { path: 'a', directory: { recurse: true, exclude: 'ext/**' } },
    refused: undefined,
  },
  {
    what: 'beside what is included',
    files: { 'a/x.yaml': configMap('x') },
    source: { path: 'a', directory: { recurse: true, include: 'ext/deep/*.yaml' } },
    refused: 'a/ext',
  },
  { what: 'as the path itself', files: {}, source: { path: 'a/ext' }, refused: 'a/ext' },
  { what: 'above the path', files: {}, source: { path: 'a/ext/deep/er' }, refused: 'a/ext' },
  { what: 'as a base', files: { 'a/kustomization.yaml': 'resources: [ext]\n' }, refused: 'a/ext' },
  { what: 'that holds a resource', files: { 'a/kustomization.yaml': 'resources: [ext/x.yaml]\n' }, refused: 'a/ext' },
  {
    what: 'that no kustomization names',
    files: { 'a/kustomization.yaml': 'resources: [x.yaml]\n', 'a/x.yaml': configMap('x') },
    refused: undefined,
  },
  {
    what: 'inside of a chart',
    files: { 'a/Chart.yaml': chart, 'a/templates/x.yaml': configMap('x') },
    refused: 'a/ext',
  },
  {
    what: 'as a local dependency',
    files: { 'c/Chart.yaml': `${chart}dependencies: [{name: ext, version: 1.0.0, repository: "file://../a/ext"}]\n` },
    source: { path: 'c' },
    refused: 'a/ext',
  },
  {
    what: 'that holds a value file',
    files: { 'c/Chart.yaml': chart },
    source: { path: 'c', helm: { valueFiles: ['../a/ext/values.yaml'], ignoreMissingValueFiles: true } },
    refused: 'a/ext',
  },
  {
    what: 'below a pattern of value files',
    files: { 'c/Chart.yaml': chart },
    source: { path: 'c', helm: { valueFiles: ['/a/**/values.yaml'] } },
    refused: 'a/ext',
  },
  {
    what: 'that holds what a program imports',
    files: { 'j/x.jsonnet': "import '../a/ext/y.libsonnet'" },
    source: { path: 'j' },
    refused: 'a/ext',
  },
];

for (const row of submodules) {
  test(`a git submodule ${row.what}`, async (t) => {
    const b = await bench(t, {
      'README.md': '',
      '.gitmodules':
        '[submodule "other"]\n\tpath = other\n\turl = https://nowhere.example/x\n[submodule "ext"]\n' +
        '\tpath = a/ext\n\turl = https://ada:hunter2@git.example/ext.git\n',
      ...row.files,
    });
    b.origin.git('update-index', '--add', '--cacheinfo', `160000,${b.origin.git('rev-parse', 'HEAD')},a/ext`);
    b.origin.git('commit', '-qm', 'a submodule');
    b.origin.git('push', '-q', 'origin', 'HEAD');
    await check(
      b,
      row,
      /^a\/ext is a git submodule \(https:\/\/\*\*\*@git\.example\/ext\.git\), and submodules are not checked out$/,
    );
  });
}

test('an override of the source that is no map is refused, and an empty one is none', async (t) => {
  const { render, origin } = await bench(t, { 'a/x.yaml': configMap('x'), 'a/.argocd-source.yaml': '# nothing\n' });
  assert.deepEqual(names(await render({ path: 'a' })), ['ConfigMap/x']);
  origin.commit('a list', { 'a/.argocd-source.yaml': '- directory\n' });
  await assert.rejects(render({ path: 'a' }), /is no map/);
});
