// Field changes and unified diffs of objects.
import type { KubeObject } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diffFields, diffObjects, sameObject } from '../../src/diff/diff.ts';
import { foldStringData } from '../../src/diff/secret-data.ts';
import { ignoreRulesFor, ignoredIn, ignoredPaths } from '../../src/diff/ignore.ts';
import { withIgnoredFrom } from '../../src/diff/ignored-from.ts';
import { pathText } from '../../src/diff/path.ts';

function deployment(spec: Record<string, unknown>, metadata: Record<string, unknown> = {}): KubeObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'api', ...metadata }, spec };
}

const container = {
  name: 'api',
  image: 'api:1',
  env: [{ name: 'A', value: '1' }],
  ports: [{ containerPort: 80, protocol: 'TCP' }],
};
const rows: { name: string; before: Record<string, unknown>; after: Record<string, unknown>; texts: string[] }[] = [
  {
    name: 'a list entry by its name',
    before: { containers: [container] },
    after: { containers: [{ ...container, image: 'api:2' }] },
    texts: ['spec.containers[name=api].image'],
  },
  {
    name: 'an entry in front moves nothing',
    before: { containers: [container] },
    after: { containers: [{ name: 'proxy' }, container] },
    texts: ['spec.containers[name=proxy]'],
  },
  {
    name: 'environment variables',
    before: { containers: [container] },
    after: { containers: [{ ...container, env: [{ name: 'A', value: '2' }] }] },
    texts: ['spec.containers[name=api].env[name=A].value'],
  },
  {
    name: 'ports by number and protocol',
    before: { containers: [container] },
    after: { containers: [{ ...container, ports: [{ containerPort: 80, protocol: 'TCP', name: 'web' }] }] },
    texts: ['spec.containers[name=api].ports[containerPort=80,protocol=TCP].name'],
  },
  { name: 'scalar lists as a whole', before: { args: ['a', 'b'] }, after: { args: ['a'] }, texts: ['spec.args'] },
  {
    name: 'entries without keys by index',
    before: { rules: [{ verbs: ['get'] }] },
    after: { rules: [{ verbs: ['list'] }] },
    texts: ['spec.rules[0].verbs'],
  },
  {
    name: 'order alone',
    before: { containers: [{ name: 'a' }, { name: 'b' }] },
    after: { containers: [{ name: 'b' }, { name: 'a' }] },
    texts: ['spec.containers'],
  },
  { name: 'a key that is no plain word', before: {}, after: { 'a.b/c': 1 }, texts: ['spec["a.b/c"]'] },
  { name: 'nothing', before: { x: { y: [1] } }, after: { x: { y: [1] } }, texts: [] },
];
for (const row of rows) {
  test(`fields that differ: ${row.name}`, () =>
    assert.deepEqual(
      diffFields(deployment(row.before), deployment(row.after)).map(({ text }) => text),
      row.texts,
    ));
}

test('status, server fields and the last-applied annotation are no difference', () => {
  const noisy = {
    ...deployment(
      {},
      {
        uid: 'u',
        resourceVersion: '1',
        generation: 3,
        managedFields: [],
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
      },
    ),
    status: { replicas: 1 },
  };
  assert.ok(sameObject(noisy, deployment({})));
});

test('a unified diff names the fields that each hunk stands in', () => {
  const before = deployment({
    replicas: 1,
    template: {
      spec: {
        containers: [{ name: 'api', image: 'api:1', args: ['1', '2', '3', '4', '5', '6', '7', '8'], tty: false }],
      },
    },
  });
  const after = deployment({
    replicas: 2,
    template: {
      spec: {
        containers: [{ name: 'api', image: 'api:2', args: ['1', '2', '3', '4', '5', '6', '7', '8'], tty: true }],
      },
    },
  });
  const text = diffObjects(before, after);
  assert.match(text, /^@@ -3,\d+ \+3,\d+ @@ spec$/m);
  assert.match(text, /^@@ .* @@ spec\.template\.spec\.containers\[name=api\]/m);
  assert.match(text, /^-\s+replicas: 1$/m);
  assert.equal(diffObjects(before, before), '');
  assert.ok(
    diffObjects(undefined, after)
      .split('\n')
      .slice(1)
      .every((line) => line.startsWith('+')),
  );
});

test('stringData is folded into data and wins', () => {
  const secret: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    data: { a: 'eA==', b: 'eQ==' },
    stringData: { a: 'new' },
  };
  const folded = foldStringData(secret);
  assert.deepEqual([folded['data'], 'stringData' in folded], [{ a: 'bmV3', b: 'eQ==' }, false]);
  assert.equal(foldStringData(deployment({})).kind, 'Deployment');
});

test('ignored fields keep what is live', () => {
  const live = {
    ...deployment({ replicas: 6, paused: true }),
    metadata: {
      name: 'api',
      managedFields: [{ manager: 'vpa', operation: 'Update' as const, fieldsV1: { 'f:spec': { 'f:paused': {} } } }],
    },
  };
  const predicted = deployment({ replicas: 2, x: 1 });
  const rules = ignoreRulesFor(
    [{ group: 'apps', kind: '*', jsonPointers: ['/spec/replicas'], managedFieldsManagers: ['vpa'] }],
    { group: 'apps', kind: 'Deployment', namespace: 'n', name: 'api' },
  );
  const forms = { live, other: predicted };
  const ignored = ignoredIn(rules, forms, { live: [], other: [] });
  assert.deepEqual(ignoredPaths(forms, ignored).map(pathText).sort(), ['spec.paused', 'spec.replicas']);
  assert.deepEqual(withIgnoredFrom(predicted, live, ignored)['spec'], { replicas: 6, x: 1, paused: true });
  assert.deepEqual(
    ignoreRulesFor([{ kind: 'Deployment' }], { group: 'apps', kind: 'Deployment', namespace: 'n', name: 'api' }),
    [],
    'no group is the core group',
  );
});
