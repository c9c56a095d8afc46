// What an Application adds to a kustomization is read by Kustomize as it is meant.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, configMap } from './bench.ts';

test('texts that YAML readers take for numbers stay texts', async (t) => {
  const values = ['0o14', '0X1F', '0B1', '1234e567', '012', '1_000', '12:30:45', '2024-01-01', 'y', 'NO', '~', '.5'];
  const { render } = await bench(t, { 'a/kustomization.yaml': 'resources: [x.yaml]\n', 'a/x.yaml': configMap('x') });
  const commonAnnotations = Object.fromEntries(values.map((value, at) => [`a${at}`, value]));
  const {
    manifests: [made],
  } = await render({ path: 'a', kustomize: { commonAnnotations } });
  assert.deepEqual(made?.metadata.annotations, commonAnnotations);
});
