// Field sets, takeover and removals on values as the API server writes them.
import type { KubeObject, ManagedFieldsEntry } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { difference, fieldSet, holds, pathId, treeOf, union, withParents } from '../../src/diff/managed-fields.ts';
import { ownedChanges } from '../../src/diff/owned.ts';
import { pathText } from '../../src/diff/path.ts';
import { removalPatch, removals } from '../../src/diff/removals.ts';
import { takeover } from '../../src/diff/takeover.ts';

const containers = { 'f:containers': { 'k:{"name":"api"}': { '.': {}, 'f:name': {}, 'f:image': {} } } };

function entry(
  manager: string,
  operation: 'Apply' | 'Update',
  fieldsV1: Record<string, unknown>,
  subresource?: string,
): ManagedFieldsEntry {
  return {
    manager,
    operation,
    apiVersion: 'v1',
    time: '2026-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1,
    ...(subresource && { subresource }),
  };
}

function pod(managedFields: ManagedFieldsEntry[], spec: Record<string, unknown>): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'n', resourceVersion: '7', managedFields },
    spec,
  };
}

const texts = (set: ReturnType<typeof fieldSet>): string[] =>
  [...set.values()].map(({ path, leaf }) => pathText(path) + (leaf ? '' : ' .')).sort();

test('a FieldsV1 tree reads as paths with keys, leaves and members apart', () => {
  const set = fieldSet({ 'f:spec': containers, 'f:metadata': { 'f:finalizers': { '.': {}, 'v:"a/b"': {} } } });
  assert.deepEqual(texts(set), [
    'metadata.finalizers .',
    'metadata.finalizers[=a/b]',
    'spec.containers[name=api] .',
    'spec.containers[name=api].image',
    'spec.containers[name=api].name',
  ]);
});

test('a set turns back into the same tree', () => {
  const tree = { 'f:spec': containers, 'f:metadata': { 'f:labels': {}, 'f:finalizers': { '.': {}, 'v:"a/b"': {} } } };
  assert.deepEqual(treeOf(fieldSet(tree)), tree);
});

test('sets unite, subtract and know their parents', () => {
  const a = fieldSet({ 'f:data': { 'f:x': {}, 'f:y': {} } });
  const b = fieldSet({ 'f:data': { 'f:y': {}, 'f:z': {} } });
  assert.deepEqual(texts(union(a, b)), ['data.x', 'data.y', 'data.z']);
  assert.deepEqual(texts(difference(a, b)), ['data.x']);
  assert.ok(withParents(a).has(pathId(['data'])));
  assert.ok(holds(fieldSet({ 'f:data': {} }), ['data', 'x']), 'a whole map is held with its parts');
  assert.ok(!holds(fieldSet({ 'f:data': { '.': {}, 'f:x': {} } }), ['data', 'y']));
});

test('a takeover moves what manifests applied to our applies, and leaves the rest with its managers', () => {
  const manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', labels: { a: '1' } },
    spec: { containers: [{ name: 'api', image: 'x' }] },
  };
  const live = pod(
    [
      entry('kubectl-client-side-apply', 'Update', { 'f:spec': { ...containers, 'f:dnsPolicy': {} } }),
      entry('argocd-controller', 'Update', { 'f:metadata': { 'f:labels': { 'f:a': {} } } }),
      entry('kubectl-edit', 'Update', { 'f:metadata': { 'f:labels': { 'f:by-hand': {} } } }),
      entry('kubectl', 'Update', { 'f:status': { 'f:phase': {} } }, 'status'),
      entry('kubelet', 'Update', { 'f:status': { 'f:podIP': {} } }),
    ],
    {},
  );
  const annotated = {
    ...live,
    metadata: {
      ...live.metadata,
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(manifest) },
    },
  };
  const patch = takeover(annotated, { target: manifest });
  assert.equal(patch?.[1]?.value, '7');
  const entries = patch?.[0]?.value as ManagedFieldsEntry[];
  assert.deepEqual(
    entries.map(({ manager, operation }) => `${manager ?? ''} ${operation ?? ''}`),
    [
      'kubectl-client-side-apply Update',
      'kubectl-edit Update',
      'kubectl Update',
      'kubelet Update',
      'argocd-controller Apply',
    ],
  );
  assert.deepEqual(
    [entries[0]?.fieldsV1, entries[4]?.fieldsV1],
    [{ 'f:spec': { 'f:dnsPolicy': {} } }, { 'f:spec': containers, 'f:metadata': { 'f:labels': { 'f:a': {} } } }],
  );
  assert.deepEqual(
    takeover(live, { target: manifest, previous: manifest }),
    patch,
    'the last synced manifest tells as well',
  );
  assert.equal(takeover(live, { target: manifest }), undefined, 'nobody knows what was applied');
});

const untouched: { name: string; managedFields: ManagedFieldsEntry[] }[] = [
  {
    name: 'our apply is there already: what kubectl wrote since is drift',
    managedFields: [entry('argocd-controller', 'Apply', {}), entry('kubectl-edit', 'Update', { 'f:spec': containers })],
  },
  {
    name: 'only controllers wrote it',
    managedFields: [entry('kube-controller-manager', 'Update', { 'f:spec': containers })],
  },
  {
    name: 'only a scale by kubectl',
    managedFields: [entry('kubectl', 'Update', { 'f:spec': { 'f:replicas': {} } }, 'scale')],
  },
  { name: 'nothing is managed', managedFields: [] },
];
for (const row of untouched)
  test(`no takeover: ${row.name}`, () => {
    const previous = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { replicas: 1, containers: [{ name: 'api', image: 'x' }] },
    };
    assert.equal(takeover(pod(row.managedFields, {}), { target: previous, previous }), undefined);
  });

const ours = { 'f:data': { 'f:a': {} } };
const base = { apiVersion: 'v1', kind: 'ConfigMap' };
const removalRows: {
  name: string;
  holders: ManagedFieldsEntry[];
  previous?: Record<string, string>;
  remove: string[];
  kept: string[];
}[] = [
  {
    name: 'held by an edit alone',
    holders: [entry('kubectl-edit', 'Update', { 'f:data': { 'f:b': {} } })],
    previous: { a: '1', b: '1' },
    remove: ['data.b'],
    kept: [],
  },
  {
    name: 'never in Git',
    holders: [entry('kubectl-edit', 'Update', { 'f:data': { 'f:b': {} } })],
    previous: { a: '1' },
    remove: [],
    kept: [],
  },
  {
    name: 'nothing was applied before',
    holders: [entry('kubectl-edit', 'Update', { 'f:data': { 'f:b': {} } })],
    remove: [],
    kept: [],
  },
  {
    name: 'another applier holds it',
    holders: [entry('other', 'Apply', { 'f:data': { 'f:b': {} } })],
    previous: { a: '1', b: '1' },
    remove: [],
    kept: ['data.b other'],
  },
  {
    name: 'an edit and an applier hold it',
    holders: [
      entry('kubectl-edit', 'Update', { 'f:data': { 'f:b': {} } }),
      entry('other', 'Apply', { 'f:data': { 'f:b': {} } }),
    ],
    previous: { a: '1', b: '1' },
    remove: [],
    kept: ['data.b other'],
  },
  {
    name: 'a subresource holds it',
    holders: [entry('hpa', 'Update', { 'f:data': { 'f:b': {} } }, 'scale')],
    previous: { a: '1', b: '1' },
    remove: [],
    kept: ['data.b hpa (scale)'],
  },
];
for (const row of removalRows) {
  test(`a field that Git gave up: ${row.name}`, () => {
    const live: KubeObject = {
      ...base,
      metadata: { name: 'c', managedFields: [entry('argocd-controller', 'Apply', ours), ...row.holders] },
      data: { a: '1', b: '2' },
    };
    const previous = row.previous && { ...base, metadata: { name: 'c' }, data: row.previous };
    const found = removals({
      live,
      applied: live,
      target: { ...base, metadata: { name: 'c' }, data: { a: '1' } },
      previous,
    });
    assert.deepEqual(found.remove.map(pathText), row.remove);
    assert.deepEqual(
      found.kept.map(({ path, by }) => `${pathText(path)} ${by}`),
      row.kept,
    );
  });
}

test('list entries are taken out from the back, each tested first', () => {
  const applied = pod([], { containers: [{ name: 'a' }, { name: 'b', image: 'x' }, { name: 'c' }] });
  const patch = removalPatch(applied, [
    ['spec', 'containers', { key: { name: 'a' } }],
    ['spec', 'containers', { key: { name: 'c' } }],
    ['spec', 'containers', { key: { name: 'b' } }, 'image'],
  ]);
  assert.deepEqual(
    patch.filter(({ op }) => op === 'remove').map(({ path }) => path),
    ['/spec/containers/2', '/spec/containers/1/image', '/spec/containers/0'],
  );
});

test('a new order of entries that are ours is a change; foreign entries between them are not', () => {
  const fields = {
    'f:spec': {
      'f:initContainers': { 'k:{"name":"a"}': { '.': {}, 'f:name': {} }, 'k:{"name":"b"}': { '.': {}, 'f:name': {} } },
    },
  };
  const live = pod([entry('argocd-controller', 'Apply', fields)], { initContainers: [{ name: 'a' }, { name: 'b' }] });
  const swapped = { ...live, spec: { initContainers: [{ name: 'b' }, { name: 'a' }] } };
  const between = { ...live, spec: { initContainers: [{ name: 'a' }, { name: 'injected' }, { name: 'b' }] } };
  assert.deepEqual(
    ownedChanges(live, swapped).map(({ path }) => pathText(path)),
    ['spec.initContainers'],
  );
  assert.deepEqual(ownedChanges(live, between), []);
});
