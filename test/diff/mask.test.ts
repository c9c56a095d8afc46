// Secret values stay inside: what the mask shows and what it must not.
import type { KubeObject } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskObjects } from '../../src/diff/mask.ts';

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
const b64 = (text: string): string => Buffer.from(text).toString('base64');

function secret(fields: Record<string, unknown>, annotations?: Record<string, string>): KubeObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', ...(annotations && { annotations }) }, ...fields };
}

test('equal values of a key are equal, different ones differ, keys come and go', () => {
  const [live, next] = maskObjects([
    secret({ data: { same: b64('hunter2'), changed: b64('old'), gone: b64('x') } }),
    secret({ data: { same: b64('hunter2'), changed: b64('much longer than before'), fresh: b64('y') } }),
  ]);
  const [a, b] = [live?.['data'], next?.['data']] as Record<string, string>[];
  assert.equal(a?.['same'], b?.['same']);
  assert.deepEqual([a?.['changed'], b?.['changed']], ['++++++++', '++++++++++++']);
  assert.deepEqual(
    [Object.keys(a ?? {}), Object.keys(b ?? {})],
    [
      ['same', 'changed', 'gone'],
      ['same', 'changed', 'fresh'],
    ],
  );
});

test('stringData and data of one value are equal', () => {
  const [a, b] = maskObjects([secret({ data: { k: b64('v') } }), secret({ stringData: { k: 'v' } })]);
  assert.deepEqual(a?.['data'], b?.['data']);
});

const hiding: { name: string; object: KubeObject }[] = [
  { name: 'data', object: secret({ data: { k: b64('hunter2') } }) },
  { name: 'stringData', object: secret({ stringData: { k: 'hunter2' } }) },
  { name: 'stringData beside a value that is no string', object: secret({ stringData: { k: 'hunter2', n: 5 } }) },
  { name: 'binaryData', object: secret({ binaryData: { k: b64('hunter2') } }) },
  { name: 'data that is no map', object: secret({ data: 'hunter2' }) },
  { name: 'a value that is a list', object: secret({ data: { k: ['hunter2'] } }) },
  {
    name: 'the last-applied annotation',
    object: secret(
      {},
      { [lastApplied]: JSON.stringify({ kind: 'Secret', stringData: { k: 'hunter2' }, data: { l: b64('hunter2') } }) },
    ),
  },
  { name: 'a misspelt field', object: secret({ stringdata: { k: 'hunter2' } }) },
  {
    name: 'a field in the wrong place',
    object: { ...secret({}), metadata: { name: 's', stringData: { k: 'hunter2' } } as KubeObject['metadata'] },
  },
  { name: 'a field of the wrong type', object: secret({ type: { k: 'hunter2' }, immutable: 'hunter2' }) },
  { name: 'an annotation that no tool is known to write', object: secret({}, { note: 'hunter2' }) },
  {
    name: 'a label that no tool is known to write',
    object: { ...secret({}), metadata: { name: 's', labels: { note: 'hunter2' } } },
  },
  {
    name: 'annotations that are no map',
    object: { ...secret({}), metadata: { name: 's', annotations: 'hunter2' as never } },
  },
  {
    name: 'a kind of other letters',
    object: { ...secret({ stringData: { k: 'hunter2' } }), kind: 'secrets', apiVersion: 'v1beta1' },
  },
  {
    name: 'a misspelt kind',
    object: { ...secret({ data: { k: b64('hunter2') }, stringData: { k: 'hunter2' } }), kind: 'Secrte' },
  },
  {
    name: 'a misspelt kind and field, in a version that is not there',
    object: { ...secret({ stringdata: { k: 'hunter2' } }), kind: 'Sercet', apiVersion: 'v2' },
  },
  {
    name: 'a misspelt field in the last-applied annotation',
    object: secret(
      {},
      {
        [lastApplied]: JSON.stringify({
          kind: 'Secret',
          stringdata: { k: 'hunter2' },
          metadata: { annotations: { note: 'hunter2' } },
        }),
      },
    ),
  },
  { name: 'a broken last-applied annotation', object: secret({}, { [lastApplied]: '{"stringData":{"k":"hunter2"' }) },
];
for (const row of hiding) {
  test(`no value shows: ${row.name}`, () => {
    const text = JSON.stringify(maskObjects([row.object]));
    assert.ok(!text.includes('hunter2') && !text.includes(b64('hunter2')), text);
  });
}

test('what tools write and read is shown', () => {
  const [shown] = maskObjects([
    {
      ...secret({ type: 'Opaque', immutable: true }, { 'argocd.argoproj.io/sync-wave': '1' }),
      metadata: {
        name: 's',
        namespace: 'n',
        labels: { app: 'web', 'app.kubernetes.io/name': 'web' },
        annotations: { 'argocd.argoproj.io/sync-wave': '1' },
      },
    },
  ]);
  assert.deepEqual(shown, {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    immutable: true,
    metadata: {
      name: 's',
      namespace: 'n',
      labels: { app: 'web', 'app.kubernetes.io/name': 'web' },
      annotations: { 'argocd.argoproj.io/sync-wave': '1' },
    },
  });
});

test('other kinds are left as they are, and nothing given is changed', () => {
  const map: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: 'b' } };
  const given = secret({ data: { k: b64('v') } });
  assert.equal(maskObjects([map, given])[0], map);
  assert.deepEqual(given['data'], { k: b64('v') });
});
