// A hook right before it is created: only the manifest, in the phase, that people agreed to.
import type { Admission, AdmissionDeps } from '../../../src/engine/approval/admission.ts';
import type { KubeObject } from '../../../src/model/kube.ts';
import type { Write } from '../../../src/sync/sync.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeOf } from '../../../src/engine/approval/judge.ts';
import { configMap, world } from '../../compare/fixture.ts';

function hook(name: string, data: Record<string, string>, annotations: Record<string, string> = {}): KubeObject {
  return configMap(name, data, { 'argocd.argoproj.io/hook': 'PreSync', ...annotations });
}

function generated(data: Record<string, string>): KubeObject {
  const object = configMap('', data);
  const { name: _name, ...metadata } = object.metadata;
  return { ...object, metadata: { ...metadata, generateName: 'once-' } };
}

test('a hook, or what the sync names, that differs from the approved, or in another phase, is stopped', async (t) => {
  const w = await world(t);
  const tracking = `shop-${w.namespace}`;
  const target = [configMap('a', { x: '2' }), hook('migrate', { command: 'migrate' }), generated({ x: '1' })];
  const { operations } = await w.effect({ target });
  const approval = { metadata: { name: 'one' }, status: { phase: 'Approved' }, spec: { operations } };
  const deps = { store: { approvals: { of: () => [approval] } } } as unknown as AdmissionDeps;
  const admission = {
    subject: {
      app: w.app,
      project: undefined,
      others: { goesWith: () => [], takenAlong: () => [], ownersOf: () => [] },
      known: { tracking },
      target: { cluster: w.cluster, comparer: w.comparer },
    },
    desired: { manifests: target, warnings: [] },
    wanted: { manifests: target, warnings: [] },
    last: undefined,
  } as unknown as Admission;
  const judge = judgeOf(deps, admission, { rule: 'approved', approval: 'one' }, w.signal);
  const asked = async (manifest: KubeObject, phase = 'PreSync'): Promise<string | undefined> => {
    const { objects } = await w.compare([manifest]);
    const [found] = objects;
    assert.ok(found?.target);
    const write: Write = {
      kind: 'hook',
      key: found.key,
      when: 'now',
      hook: { key: found.key, manifest: found.target, phase },
    };
    return (await judge?.(write))?.do;
  };
  assert.equal(await asked(hook('migrate', { command: 'migrate' })), 'write');
  assert.equal(await asked(hook('migrate', { command: 'drop' })), 'stop');
  assert.equal(await asked(hook('migrate', { command: 'migrate' }, { 'argocd.argoproj.io/sync-wave': '1' })), 'stop');
  assert.equal(await asked(hook('migrate', { command: 'migrate' }), 'PostSync'), 'stop');
  assert.equal(await asked(hook('other', { command: 'migrate' })), 'stop');
  assert.equal(await asked(generated({ x: '1' }), 'Sync'), 'write');
  assert.equal(await asked(generated({ x: '2' }), 'Sync'), 'stop');
  assert.equal(await asked(generated({ x: '1' }), 'PreSync'), 'stop');
});
