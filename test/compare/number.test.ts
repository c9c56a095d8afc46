// Integers beyond 2^53 through comparison, drift and effect, and in everything that shows them.
import type { KubeObject } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applicationPage } from '../../src/web/application-page.ts';
import { crd } from '../cluster/connect.ts';
import { data, manifestsYaml } from '../../src/cli/output.ts';
import { driftFingerprint } from '../../src/engine/drift/drift.ts';
import { effectivePolicy } from '../../src/policy/policy.ts';
import { episodeCard } from '../../src/slack/drift-card.ts';
import { fieldText, objectSection } from '../../src/github/markdown/object-section.ts';
import { page } from '../../src/web/html.ts';
import { completeObjects } from '../../src/render/document/complete.ts';
import { parseDocuments } from '../../src/render/document/yaml.ts';
import { storedDrift } from '../../src/engine/drift/stored-drift.ts';
import { application, episode, placeOf } from '../slack/sample.ts';
import { worker } from '../worker.ts';
import { world } from './fixture.ts';

const large = 9007199254740993n;

async function ledger(apiVersion: string, offset: unknown): Promise<KubeObject> {
  const [manifest] = completeObjects(
    await parseDocuments(
      worker,
      `apiVersion: ${apiVersion}\nkind: Ledger\nmetadata: {name: one}\nspec: {offset: ${String(offset)}, other: 1}\n`,
      'ledger.yaml',
    ),
  );
  assert.ok(manifest);
  return manifest.object;
}

test('a large integer of Git is applied, in sync, and drifts by one', async (t) => {
  const w = await world(t);
  const group = `${w.namespace}.example`;
  await w.cluster.api.create(crd(group, 'Ledger'));
  await w.cluster.discovery.await({ group, version: 'v1', kind: 'Ledger' }, w.signal);
  const manifest = await ledger(`${group}/v1`, large);
  await w.sync([manifest]);
  assert.equal((await w.compare([manifest])).status, 'Synced');
  assert.deepEqual(
    (await w.cluster.api.get({ group, kind: 'Ledger', namespace: w.namespace, name: 'one' }))?.['spec'],
    { offset: large, other: 1 },
  );
  await w.edit(manifest, { spec: { offset: large - 1n } });
  const [drifted] = (await w.compare([manifest])).objects;
  assert.equal(drifted?.status, 'OutOfSync');
  assert.deepEqual(
    drifted.changes.map(({ text, before, after }) => [text, before, after]),
    [['spec.offset', large - 1n, large]],
  );
  const effect = await w.effect({ last: [manifest], target: [manifest] });
  assert.match(effect.digest, /^[0-9a-f]{64}$/);
  const again = await w.effect({ last: [manifest], target: [await ledger(`${group}/v1`, large + 1n)] });
  assert.notEqual(again.digest, effect.digest, 'one more is another effect');
  const [shown] = effect.total;
  assert.ok(shown);
  assert.match(objectSection(shown, 3).markdown, /-  offset: 9007199254740992\n\+  offset: 9007199254740993\n/);
});

test('whatever shows a large integer shows it whole', () => {
  const change = { path: ['spec', 'offset'], text: 'spec.offset', before: large, after: large - 1n };
  const list = { path: ['spec', 'offsets'], text: 'spec.offsets', before: [large], after: [] };
  const objects = [
    {
      key: { group: '', kind: 'Ledger', namespace: 'a', name: 'one' },
      kind: 'changed' as const,
      changes: [change, list],
    },
  ];
  assert.equal(fieldText(change), '`spec.offset`: `9007199254740993` → `9007199254740992`');
  assert.notEqual(
    driftFingerprint(objects),
    driftFingerprint([{ ...(objects[0] ?? assert.fail()), changes: [{ ...change, after: large - 2n }, list] }]),
  );
  assert.deepEqual(storedDrift(objects).objects, objects);
  const drift = episode({ objects });
  assert.match(JSON.stringify(episodeCard(drift, placeOf(application())).blocks), /9007199254740993/);
  const body = applicationPage(
    {
      app: application(),
      approvals: [],
      episodes: [drift],
      resources: [],
      policy: effectivePolicy(application(), undefined),
    },
    '',
  );
  assert.match(page({ title: '', body, up: '' }), /9007199254740993.*9007199254740992/s);
  assert.equal(data('json', { a: [large] }), '{\n  "a": [\n    9007199254740993\n  ]\n}');
  assert.equal(manifestsYaml([{ a: [large, 1] }]), 'a:\n  - 9007199254740993\n  - 1');
});
