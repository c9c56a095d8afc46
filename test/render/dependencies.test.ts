// Local and vendored dependencies of charts, as `helm dependency build` and `helm template` take them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, configMap, names } from './bench.ts';

const lib = {
  'lib/Chart.yaml': 'apiVersion: v1\nname: lib\nversion: 0.1.0\n',
  'lib/templates/x.yaml': configMap('from-lib'),
};
const needs = (repository: string): string =>
  `dependencies: [{name: lib, version: 0.1.0, repository: "${repository}"}]\n`;
const v1 = 'apiVersion: v1\nname: c\nversion: 0.1.0\n';

test('an old chart names its local dependencies in requirements.yaml', async (t) => {
  const { render } = await bench(t, { 'c/Chart.yaml': v1, 'c/requirements.yaml': needs('file://../lib'), ...lib });
  const rendered = await render({ path: 'c' });
  assert.deepEqual([names(rendered), rendered.inputs], [['ConfigMap/from-lib'], ['c', 'lib']]);
});

test('what requirements.yaml names and nobody has is told with that file', async (t) => {
  const { render } = await bench(t, {
    'c/Chart.yaml': v1,
    'c/requirements.yaml': needs('https://charts.example'),
    ...lib,
  });
  await assert.rejects(render({ path: 'c' }), { code: 'E_RENDER', place: { file: 'c/requirements.yaml' } });
});

for (const [what, file, chart] of [
  ['Chart.yaml', 'c/Chart.yaml', `apiVersion: v2\nname: c\nversion: 0.1.0\n${needs('https://charts.example')}`],
  ['requirements.yaml', 'c/requirements.yaml', needs('https://charts.example')],
] as const) {
  test(`a chart that ${what} needs may be vendored in a folder of another name`, async (t) => {
    const { render } = await bench(t, {
      'c/Chart.yaml': v1,
      [file]: chart,
      'c/charts/old-name/Chart.yaml': lib['lib/Chart.yaml'],
      'c/charts/old-name/templates/x.yaml': configMap('from-lib'),
    });
    assert.deepEqual(names(await render({ path: 'c' })), ['ConfigMap/from-lib']);
  });
}
