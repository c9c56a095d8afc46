// Secret values stay inside: what the mask shows and what it must not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../src/model/kube.ts';
import { maskObjects } from '../../src/diff/mask.ts';

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
const b64 = (text: string): string => Buffer.from(text).toString('base64');

function secret(fields: Record<string, unknown>, annotations?: Record<string, string>): KubeObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', ...(annotations && { annotations }) }, ...fields };
}

test('equal values of a key are equal, different ones differ, keys come and go', () => {
  const [live, next] = maskObjects([secret({ data: { same: b64('hunter2'), changed: b64('old'), gone: b64('x') } }), secret({ data: { same: b64('hunter2'), changed: b64('much longer than before'), fresh: b64('y') } })]);
  const [a, b] = [live?.['data'], next?.['data']] as Record<string, string>[];
  assert.equal(a?.['same'], b?.['same']);
  assert.deepEqual([a?.['changed'], b?.['changed']], ['++++++++', '++++++++++++']);
  assert.deepEqual([Object.keys(a ?? {}), Object.keys(b ?? {})], [['same', 'changed', 'gone'], ['same', 'changed', 'fresh']]);
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
  { name: 'the last-applied annotation', object: secret({}, { [lastApplied]: JSON.stringify({ kind: 'Secret', stringData: { k: 'hunter2' }, data: { l: b64('hunter2') } }) }) },
  { name: 'a broken last-applied annotation', object: secret({}, { [lastApplied]: '{"stringData":{"k":"hunter2"' }) },
];
for (const row of hiding) {
  test(`no value shows: ${row.name}`, () => {
    const text = JSON.stringify(maskObjects([row.object]));
    assert.ok(!text.includes('hunter2') && !text.includes(b64('hunter2')), text);
  });
}

test('other kinds are left as they are, and nothing given is changed', () => {
  const map: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: 'b' } };
  const given = secret({ data: { k: b64('v') } });
  assert.equal(maskObjects([map, given])[0], map);
  assert.deepEqual(given['data'], { k: b64('v') });
});
