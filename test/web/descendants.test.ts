// What controllers made of an object, as often as anybody asks: the API server is asked once for each version of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../control-plane.ts';
import { stage } from '../engine/fixture.ts';
import { serve } from './serve.ts';

const deployment = (name: string): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: 6
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {containers: [{name: web, image: "nginx:1"}]}
`;

test('whoever asks again and again makes the API server answer once, and a few at a time', async (t) => {
  const s = await stage(t, { 'page-often/a.yaml': deployment('one'), 'page-often/b.yaml': deployment('two') });
  await s.apply('page-often', { syncPolicy: { automated: {} } });
  await s.until('page-often', 'Healthy', ({ status }) => status?.health?.status === 'Healthy' && !!status.history);
  const { live, api } = s.cluster;
  const uids = ['one', 'two'].map(
    (name) => live.get({ group: 'apps', kind: 'Deployment', namespace: s.namespace, name })?.uid ?? '',
  );
  const pods = () => uids.flatMap((uid) => live.childrenOf(uid)).flatMap((set) => live.childrenOf(set.uid));
  await eventually('their Pods', () => pods().length === 12 || undefined);
  let [asked, now, most] = [0, 0, 0];
  const get = api.get.bind(api);
  api.get = async (ref, options) => {
    if (ref.kind !== 'Pod' && ref.kind !== 'ReplicaSet') return get(ref, options);
    asked += 1;
    now += 1;
    most = Math.max(most, now);
    return get(ref, options).finally(() => (now -= 1));
  };
  const served = await serve(t, s);
  const look = async (): Promise<string[]> => {
    const path = `/applications/${s.namespace}/page-often/below`;
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => served.get(`${path}/${uids[at % 2] ?? ''}`)),
    );
    return answers.map(({ text }) => text);
  };
  const versions = () => pods().map(({ resourceVersion }) => resourceVersion);
  const before = versions();
  for (const text of await look()) assert.equal(text.match(/<li /g)?.length, 7);
  await look();
  assert.deepEqual(versions(), before, 'nothing changed meanwhile');
  assert.equal(asked, 14);
  assert.ok(most <= 8, `${most} at once`);

  const [pod] = pods();
  assert.ok(pod);
  await api.delete(pod.key, { uid: pod.uid });
  await eventually('another Pod', () => {
    const left = pods();
    return (left.length === 12 && left.every(({ uid }) => uid !== pod.uid)) || undefined;
  });
  const texts = await look();
  assert.ok(texts.every((text) => !text.includes(pod.key.name)));
  assert.ok(asked > 14, 'what changed is read');
});
