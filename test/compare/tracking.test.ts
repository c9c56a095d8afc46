// By what live objects are known to belong to an application, as argocd-cm says.
import type { World } from './fixture.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { ComparedObject } from '../../src/compare/compare.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, mustGet, world } from './fixture.ts';

const method = 'application.resourceTrackingMethod';
const instance = 'app.kubernetes.io/instance';
const trackingId = 'argocd.argoproj.io/tracking-id';
const installationId = 'argocd.argoproj.io/installation-id';

function keyOf(w: World, name: string): ComparedObject['key'] {
  return { group: '', kind: 'ConfigMap', namespace: w.namespace, name };
}

/** Resolves when the watch tells it so, under the method that holds now. */
async function belongs(w: World, name: string, application: string | undefined): Promise<void> {
  await w.cluster.live.until(
    keyOf(w, name),
    (found) => found !== undefined && found.application === application,
    w.signal,
  );
}

async function tracks(w: World, name: string): Promise<unknown[]> {
  const { labels, annotations } = (await mustGet(w.cluster, keyOf(w, name))).metadata;
  return [labels?.[instance], annotations?.[trackingId], annotations?.[installationId]];
}

const git = [configMap('a', { x: '1' }), configMap('b', { x: '1' })];

interface Row {
  name: string;
  data: Record<string, string>;
  labels: string[];
  annotations: string[];
}

const rows: Row[] = [
  { name: 'annotation', data: {}, labels: [], annotations: [trackingId] },
  { name: 'a method that nobody knows', data: { [method]: 'lable' }, labels: [], annotations: [trackingId] },
  { name: 'label', data: { [method]: 'label' }, labels: [instance], annotations: [] },
  {
    name: 'a label of another key',
    data: { [method]: 'label', 'application.instanceLabelKey': 'example.com/app' },
    labels: ['example.com/app'],
    annotations: [],
  },
  {
    name: 'annotation and label',
    data: { [method]: 'annotation+label' },
    labels: [instance],
    annotations: [trackingId],
  },
  {
    name: 'annotation, with an installation',
    data: { installationID: 'one' },
    labels: [],
    annotations: [installationId, trackingId],
  },
  {
    name: 'label, with an installation',
    data: { [method]: 'label', installationID: 'one' },
    labels: [instance],
    annotations: [],
  },
];
for (const { name, data, labels, annotations } of rows) {
  test(`what is applied says whose it is, by ${name}`, async (t) => {
    const w = await world(t);
    w.say(data);
    const crd: KubeObject = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'x.y' },
    };
    const { objects } = await w.compare([configMap('a', {}, { [installationId]: 'of Git' }), crd]);
    const [map, definition] = objects.map(({ target }) => target?.metadata);
    const own = data[method] === 'label' ? [installationId] : [];
    assert.deepEqual(Object.keys(map?.labels ?? {}), labels);
    assert.deepEqual(Object.keys(map?.annotations ?? {}).toSorted(), [...annotations, ...own].toSorted());
    for (const key of labels) assert.equal(map?.labels?.[key], w.tracking);
    if (annotations.includes(installationId)) assert.equal(map?.annotations?.[installationId], 'one');
    assert.deepEqual(
      [definition?.labels, definition?.annotations],
      [undefined, undefined],
      'a definition says nothing',
    );
  });
}

test('a label that only tells is cut to what a label takes', async (t) => {
  const w = await world(t);
  w.say({ [method]: 'annotation+label' });
  const tracking = `${'a'.repeat(61)}-.${'b'.repeat(10)}`;
  const { objects } = await w.comparer.compare({ app: w.app, tracking, manifests: [configMap('a', {})] }, w.signal);
  assert.equal(objects[0]?.target?.metadata.labels?.[instance], 'a'.repeat(61));
  assert.ok(objects[0].target.metadata.annotations?.[trackingId]?.startsWith(`${tracking}:`));
});

test('what was synced by annotation stays where labels count, and is labelled by the next sync', async (t) => {
  const w = await world(t);
  await w.sync(git);
  w.say({ [method]: 'label' });
  await belongs(w, 'b', undefined);
  const [a, ...more] = (await w.compare(git.slice(0, 1))).objects;
  assert.deepEqual([a?.status, more], ['OutOfSync', []], 'what Git gave up is not known any more, and stays');
  await w.sync(git);
  assert.deepEqual(await tracks(w, 'b'), [w.tracking, undefined, undefined]);
  await belongs(w, 'b', w.tracking);
  assert.equal((await w.compare(git)).status, 'Synced');
  const [, extra] = (await w.compare(git.slice(0, 1))).objects;
  assert.deepEqual([extra?.key.name, extra?.requiresPruning], ['b', true]);
});

test('what was synced by label is in sync where annotations count, and annotated with the next change', async (t) => {
  const w = await world(t);
  w.say({ [method]: 'label' });
  await w.sync(git);
  w.say({});
  await belongs(w, 'b', undefined);
  const { status, objects } = await w.compare(git);
  assert.deepEqual([status, objects.length], ['Synced', 2]);
  assert.deepEqual((await w.effect({ last: git, target: git })).operations, []);
  assert.equal((await w.compare(git.slice(0, 1))).objects.length, 1, 'what Git gives up is not known, and stays');
  await w.sync([configMap('a', { x: '2' }), configMap('b', { x: '1' })], git);
  assert.deepEqual(await tracks(w, 'a'), [undefined, `${w.tracking}:/ConfigMap:${w.namespace}/a`, undefined]);
  assert.deepEqual(await tracks(w, 'b'), [w.tracking, undefined, undefined]);
  await belongs(w, 'a', w.tracking);
});

test('a label that a chart of somebody else set makes nobody’s object an extra one', async (t) => {
  const w = await world(t);
  w.say({ [method]: 'label' });
  const labelled = configMap('theirs', { x: '1' });
  await w.create({ ...labelled, metadata: { ...labelled.metadata, labels: { [instance]: w.tracking } } }, 'helm');
  await w.sync(git);
  assert.deepEqual(
    (await w.compare(git)).objects.map(({ key }) => key.name),
    ['a', 'b'],
  );
});

test('what another installation has is no extra object, and taken over where Git has it', async (t) => {
  const w = await world(t);
  w.say({ installationID: 'two' });
  await w.sync(git);
  await belongs(w, 'b', w.tracking);
  w.say({ installationID: 'one' });
  await belongs(w, 'b', undefined);
  const { objects, conditions } = await w.compare(git.slice(0, 1));
  assert.deepEqual([objects.map(({ key, status }) => [key.name, status]), conditions], [[['a', 'OutOfSync']], []]);
  w.say({});
  await w.sync(git.slice(0, 1));
  assert.deepEqual(await tracks(w, 'b'), [undefined, `${w.tracking}:/ConfigMap:${w.namespace}/b`, 'two']);
  assert.deepEqual(await tracks(w, 'a'), [undefined, `${w.tracking}:/ConfigMap:${w.namespace}/a`, undefined]);
});
