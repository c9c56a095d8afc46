// The server fails at one object: the others are judged all the same, and the one is asked again.
import type { KubeObject } from '../../src/model/kube.ts';
import type { World } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteppedClock } from '../../src/base/clock.ts';
import { isInternal } from '../../src/cluster/api-error.ts';
import { eventually } from '../control-plane.ts';
import { configMap, world } from './fixture.ts';

/**
 * A webhook that must agree to every ConfigMap of this namespace labelled `ask: yes`, and cannot be reached. Answers
 * what takes it away.
 */
async function brokenWebhook(w: World): Promise<() => Promise<void>> {
  const name = `broken-${w.namespace}`;
  const ref = { group: 'admissionregistration.k8s.io', kind: 'ValidatingWebhookConfiguration', namespace: '', name };
  await w.cluster.api.create({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: ref.kind,
    metadata: { name },
    webhooks: [
      {
        name: 'broken.example.com',
        clientConfig: { url: 'https://127.0.0.1:1/' },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': w.namespace } },
        objectSelector: { matchLabels: { ask: 'yes' } },
        failurePolicy: 'Fail',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  });
  const refused = (): Promise<boolean> =>
    w.cluster.api.create(asked('probe', {}, w.namespace), { dryRun: true }).then(() => false, isInternal);
  await eventually('the webhook to be asked', async () => (await refused()) || undefined);
  return async () => {
    await w.cluster.api.delete(ref);
    await eventually('the webhook to be forgotten', async () => !(await refused()) || undefined);
  };
}

function asked(name: string, data: Record<string, string>, namespace?: string): KubeObject {
  const object = configMap(name, data);
  return {
    ...object,
    metadata: { ...object.metadata, ...(namespace !== undefined && { namespace }), labels: { ask: 'yes' } },
  };
}

test('an object whose webhook cannot be reached is unknown, alone, and told again', async (t) => {
  const clock = new SteppedClock();
  const w = await world(t, {}, clock);
  await w.sync([configMap('a', { x: '1' }), asked('b', { x: '1' })]);
  const mend = await brokenWebhook(w);
  const manifests = [configMap('a', { x: '2' }), asked('b', { x: '2' })];
  const comparison = await w.compare(manifests);
  const [a, b] = comparison.objects;
  assert.deepEqual([comparison.status, a?.status, b?.status, b?.unanswered], ['Unknown', 'OutOfSync', 'Unknown', true]);
  assert.match(
    comparison.conditions.map(({ type, message }) => `${type}: ${message}`).join('\n'),
    /^UnknownError: ConfigMap \S+\/b: .*failed calling webhook "broken.example.com"/,
  );
  assert.deepEqual(b?.live?.['data'], { x: '1' });

  await mend();
  const told = new Promise<string[]>((resolve) =>
    w.cluster.live.onChange(
      (change) => change.key.name === 'b' && change.key.namespace === w.namespace && resolve([...change.applications]),
    ),
  );
  clock.step(10_000);
  assert.deepEqual(await told, [comparison.input.tracking]);
  assert.ok(b);
  const again = await w.comparer.compareObjects(comparison, [b.key], w.signal);
  assert.deepEqual(
    [again.status, again.conditions, again.objects.map(({ status }) => status)],
    ['OutOfSync', [], ['OutOfSync', 'OutOfSync']],
  );
});

test('an effect shows every object but the one that the server failed at, and has no digest', async (t) => {
  const w = await world(t);
  const last = [configMap('a', { x: '1' }), asked('b', { x: '1' })];
  await w.sync(last);
  const mend = await brokenWebhook(w);
  const effect = await w.effect({ last, target: [configMap('a', { x: '2' }), asked('b', { x: '2' }), asked('c', {})] });
  assert.deepEqual(
    [
      effect.total.filter(({ key }) => key.name === 'a').length,
      effect.errors.map(({ key, code }) => `${code} ${key.name}`),
      effect.digest,
    ],
    [1, ['E_API b', 'E_API c'], ''],
  );
  await mend();
});

test('a failure of the API as a whole fails the comparison', async (t) => {
  const w = await world(t);
  await w.sync([configMap('a', { x: '1' })]);
  await w.cluster.stop();
  await assert.rejects(w.compare([configMap('a', { x: '2' })]), { code: 'E_API_UNREACHABLE' });
});
