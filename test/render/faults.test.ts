// What goes wrong is told with file, line and cause, and nothing leaves the repository.
import type { ApplicationSource } from '../../src/model/application.ts';
import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../src/base/errors.ts';
import { bench, configMap } from './bench.ts';

const chart = 'apiVersion: v2\nname: shop\nversion: 1.0.0\n';

interface Row {
  what: string;
  files: Record<string, string>;
  source?: Omit<ApplicationSource, 'repoURL'>;
  code?: string;
  place?: { file: string; line?: number };
  message: RegExp;
}

const rows: Row[] = [
  {
    what: 'no such path',
    files: {},
    source: { path: 'nope' },
    code: 'E_PATH',
    place: { file: 'nope' },
    message: /app path does not exist/,
  },
  {
    what: 'a path above the root',
    files: {},
    source: { path: '../x' },
    code: 'E_PATH',
    message: /leaves the repository/,
  },
  { what: 'an absolute path', files: {}, source: { path: '/a' }, code: 'E_PATH', message: /absolute/ },
  {
    what: 'two types',
    files: { 'a/x': '' },
    source: { path: 'a', helm: { skipCrds: true }, directory: { recurse: true } },
    place: { file: 'a' },
    message: /multiple application sources defined: Helm,Directory/,
  },
  {
    what: 'a plugin',
    files: { 'a/x': '' },
    source: { path: 'a', plugin: { name: 'x' } },
    message: /plugins are not supported/,
  },
  {
    what: 'a missing resource',
    files: { 'a/kustomization.yaml': 'resources:\n  - there.yaml\n  - gone.yaml\n', 'a/there.yaml': configMap('x') },
    place: { file: 'a/kustomization.yaml', line: 3 },
    message: /^gone.yaml does not exist$/,
  },
  {
    what: 'a missing patch in a base',
    files: {
      'a/kustomization.yaml': 'resources: [../b]\n',
      'b/kustomization.yaml': '# base\npatches:\n  - path: gone.yaml\n',
    },
    place: { file: 'b/kustomization.yaml', line: 3 },
    message: /^gone.yaml does not exist$/,
  },
  {
    what: 'a base without kustomization',
    files: { 'a/kustomization.yaml': 'resources:\n- ../b\n', 'b/x.yaml': configMap('x') },
    place: { file: 'a/kustomization.yaml', line: 2 },
    message: /has no kustomization file/,
  },
  {
    what: 'a remote base where nothing is fetched',
    files: { 'a/kustomization.yaml': 'resources:\n- https://github.com/acme/base?ref=main\n' },
    place: { file: 'a/kustomization.yaml', line: 2 },
    message: /is not in the repository, and nothing is fetched here/,
  },
  {
    what: 'a remote base without scheme',
    files: { 'a/kustomization.yaml': 'resources:\n- github.com/acme/base//x\n' },
    place: { file: 'a/kustomization.yaml', line: 2 },
    message: /is not in the repository/,
  },
  {
    what: 'a resource above the root',
    files: { 'a/kustomization.yaml': 'resources:\n- ../../../etc/passwd\n' },
    place: { file: 'a/kustomization.yaml', line: 2 },
    message: /leaves the repository/,
  },
  {
    what: 'broken YAML in a resource',
    files: {
      'a/kustomization.yaml': 'resources: [x.yaml]\n',
      'a/x.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n data: {}\n',
    },
    code: 'E_MANIFEST',
    place: { file: 'a/x.yaml', line: 5 },
    message: /not valid YAML/,
  },
  {
    what: 'a patch without its object',
    files: {
      'a/kustomization.yaml': 'resources: [x.yaml]\npatches:\n- path: p.yaml\n',
      'a/x.yaml': configMap('x'),
      'a/p.yaml': configMap('y'),
    },
    place: { file: 'a/p.yaml', line: 1 },
    message: /no matches for Id ConfigMap/,
  },
  {
    what: 'a template that fails',
    files: { 'a/Chart.yaml': chart, 'a/templates/x.yaml': 'kind: x\n---\n{{ .Values.a.b }}\n' },
    place: { file: 'a/templates/x.yaml', line: 3 },
    message: /nil pointer/,
  },
  {
    what: 'a template of broken YAML',
    files: { 'a/Chart.yaml': chart, 'a/templates/x.yaml': 'kind: [x\n' },
    place: { file: 'a/templates/x.yaml' },
    message: /helm: .*YAML/,
  },
  {
    what: 'broken values',
    files: { 'a/Chart.yaml': chart, 'a/values-x.yaml': 'a: 1\nb: c: d\n' },
    source: { path: 'a', helm: { valueFiles: ['values-x.yaml'] } },
    code: 'E_MANIFEST',
    place: { file: 'a/values-x.yaml', line: 2 },
    message: /not valid YAML/,
  },
  {
    what: 'missing values',
    files: { 'a/Chart.yaml': chart },
    source: { path: 'a', helm: { valueFiles: ['gone.yaml'] } },
    place: { file: 'a' },
    message: /the value file gone.yaml does not exist/,
  },
  {
    what: 'values above the root',
    files: { 'a/Chart.yaml': chart },
    source: { path: 'a', helm: { valueFiles: ['../../x.yaml'] } },
    message: /leaves the repository/,
  },
  {
    what: 'a dependency that is not vendored',
    files: {
      'a/Chart.yaml':
        `${chart}dependencies:\n- name: redis\n  version: 1.0.0\n` + '  repository: https://charts.example/x\n',
    },
    place: { file: 'a/Chart.yaml' },
    message: /the dependency redis is not in the repository, and nothing is fetched here/,
  },
  {
    what: 'an import that is missing',
    files: { 'a/x.jsonnet': "{\n  a: import 'gone.libsonnet',\n}" },
    place: { file: 'a/x.jsonnet', line: 2 },
    message: /couldn't open import "gone.libsonnet": no match locally or in the Jsonnet library paths$/,
  },
  {
    what: 'a Jsonnet error in a library',
    files: { 'a/x.jsonnet': "(import 'y.libsonnet').f(1)", 'a/y.libsonnet': '{\n  f(x):: error "no",\n}' },
    place: { file: 'a/y.libsonnet', line: 2 },
    message: /^jsonnet: no$/,
  },
  {
    what: 'broken JSON',
    files: {
      'a/x.json': '{"apiVersion": "v1",\n "kind": "Secret",\n "metadata": {"name": "x"}, "data": {"a": hunter2" }',
    },
    code: 'E_MANIFEST',
    message: /not valid YAML/,
  },
  {
    what: 'a manifest without kind',
    files: { 'a/x.yaml': '# kind: none\napiVersion: v1\nmetadata:\n  name: x\n' },
    code: 'E_MANIFEST',
    place: { file: 'a/x.yaml', line: 2 },
    message: /has no kind/,
  },
];

for (const { what, files, source = { path: 'a' }, code = 'E_RENDER', place, message } of rows) {
  test(`${what} is told with its place`, async (t) => {
    const { render } = await bench(t, { 'README.md': '', ...files });
    await assert.rejects(render(source), (error: unknown) => {
      assert.ok(error instanceof AppError, String(error));
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /hunter|\/tmp|\n/);
      assert.equal(error.code, code);
      assert.equal(error.kind, 'terminal');
      if (place) assert.deepEqual({ file: error.place?.file, ...(place.line && { line: error.place?.line }) }, place);
      return true;
    });
  });
}

test('a link is followed inside of the repository, and refused when it leaves it', async (t) => {
  const { render, origin } = await bench(t, {
    'shared/x.yaml': configMap('x'),
    'a/y.yaml': configMap('other'),
    'k/kustomization.yaml': 'resources: [x.yaml]\n',
  });
  const top = origin.git('rev-parse', '--show-toplevel');
  symlinkSync('../shared/x.yaml', join(top, 'a/x.yaml'));
  symlinkSync('../shared/x.yaml', join(top, 'k/x.yaml'));
  origin.commit('links', {});
  assert.equal((await render({ path: 'a' })).manifests.length, 2);
  const before = await render({ path: 'k' });
  origin.commit('target', { 'shared/x.yaml': configMap('x', { changed: 'yes' }) });
  assert.notEqual((await render({ path: 'k' })).key, before.key, 'what a link points to is an input');
  symlinkSync('../../../../etc/passwd', join(top, 'a/z.yaml'));
  symlinkSync('loop', join(top, 'k/loop'));
  origin.commit('bad links', {});
  await assert.rejects(
    render({ path: 'a' }),
    (error: unknown) =>
      error instanceof AppError && error.place?.file === 'a/z.yaml' && /leaves the repository/.test(error.message),
  );
  await assert.rejects(render({ path: 'k' }), /circle/);
});

test('a file whose name is not UTF-8 is refused with its place where a tool would have to read it', async (t) => {
  const { render, origin } = await bench(t, { 'a/Chart.yaml': chart, 'a/templates/x.yaml': configMap('x') });
  writeFileSync(
    Buffer.concat([
      Buffer.from(join(origin.git('rev-parse', '--show-toplevel'), 'a/templates/')),
      Buffer.from([0xe4]),
      Buffer.from('.yaml'),
    ]),
    configMap('y'),
  );
  origin.commit('name', {});
  await assert.rejects(
    render({ path: 'a' }),
    (error: unknown) =>
      error instanceof AppError &&
      error.place?.file === 'a/templates/\ufffd.yaml' &&
      /is not UTF-8/.test(error.message),
  );
});
