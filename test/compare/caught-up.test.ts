// Fields and objects that the branch has come to say as they are live, while others still differ: no drift, and nothing
// that waits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, deployment, summary, world } from './fixture.ts';

test('what the branch says as it is live is told neither as drift nor as waiting, whatever else differs', async (t) => {
  const w = await world(t);
  const other = configMap('b', { x: '1' });
  await w.sync([configMap('a', { k: 'old', gone: '1', other: '1' }), other]);
  await w.edit(configMap('a', {}), { data: { k: 'hotfix', gone: null, other: 'by hand', added: 'yes' } });
  const effect = await w.effect({
    last: [configMap('a', { k: 'old', gone: '1', other: '1' }), other],
    branch: [configMap('a', { k: 'hotfix', added: 'yes', other: '1' }), configMap('b', { x: '2' })],
    target: [configMap('a', { k: 'hotfix', added: 'yes', other: '2' }), configMap('b', { x: '2' })],
  });
  assert.deepEqual(
    [summary(effect.drift), summary(effect.waiting), summary(effect.change)],
    [
      ['change ConfigMap/a: data.other "by hand" → "1"'],
      ['change ConfigMap/b: data.x "1" → "2"'],
      ['change ConfigMap/a: data.other "1" → "2"'],
    ],
  );
  assert.deepEqual(effect.drift[0]?.after?.['data'], effect.change[0]?.before?.['data']);
  assert.deepEqual(
    effect.operations.map((item) => [item.key.name, item.op === 'change' ? item.fields.map(([path]) => path) : []]),
    [
      ['a', ['data.other']],
      ['b', ['data.x']],
    ],
  );
});

test('the same of an entry of a list, and of a field that is another one in the pull request', async (t) => {
  const w = await world(t);
  const last = [deployment('api', { image: 'api:1', replicas: 1, env: { A: '1', B: '1' } })];
  await w.sync(last);
  const env = [
    { name: 'A', value: '2' },
    { name: 'B', value: '3' },
  ];
  await w.edit(
    deployment('api'),
    { spec: { template: { spec: { containers: [{ name: 'api', image: 'api:2', env }] } } } },
    { manager: 'kubectl-edit' },
  );
  const branch = [deployment('api', { image: 'api:2', replicas: 1, env: { A: '2', B: '1' } })];
  const target = [deployment('api', { image: 'api:3', replicas: 1, env: { A: '2', B: '1' } })];
  const effect = await w.effect({ last, branch, target });
  const changes = [effect.drift, effect.waiting, effect.change].map((fact) =>
    fact.flatMap((diff) => diff.changes.map(({ text, before, after }) => [text.split('.').at(-1), before, after])),
  );
  assert.deepEqual(changes, [[['value', '3', '1']], [], [['image', 'api:2', 'api:3']]]);
});

test('an object that was deleted by hand and then in Git is no difference, while others wait', async (t) => {
  const w = await world(t);
  const last = [configMap('a', { x: '1' }), configMap('gone', { x: '1' })];
  await w.sync(last);
  const key = { group: '', kind: 'ConfigMap', namespace: w.namespace, name: 'gone' };
  await w.cluster.api.delete(key);
  await w.cluster.live.until(key, (object) => object === undefined, w.signal);
  const branch = [configMap('a', { x: '2' })];
  const away = await w.effect({ last, branch, target: branch });
  assert.deepEqual([away.drift, summary(away.waiting)], [[], ['change ConfigMap/a: data.x "1" → "2"']]);
  const back = await w.effect({ last, branch, target: [...branch, configMap('gone', { x: '1' })] });
  assert.deepEqual([back.drift, summary(back.change)], [[], ['create ConfigMap/gone']]);
});
