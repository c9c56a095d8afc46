// What is sealed is of one object: a copy of it, MAC and all, under another name, in another namespace or of another
// kind is none of ours.
import type { KubeObject } from '../../src/model/kube.ts';
import type { Sealing } from '../../src/store/seal.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasOurStatus, isOurs, sealed, sealedPatch, sealKey } from '../../src/store/seal.ts';

const kinds = ['Approval', 'DriftEpisode', 'Report', 'Request', 'SyncRecord'];

function sealing(kind: string): Sealing {
  return {
    key: sealKey(Buffer.alloc(32, 7)),
    kind,
    free: [],
    ...(kind === 'SyncRecord' && { bound: ['application'] }),
  };
}

/** As it stands in the cluster with what we wrote into it. */
function written(kind: string): KubeObject {
  const spec = { application: 'argocd/prod', policy: { gated: false } };
  const own = { apiVersion: 'coxswain.dev/v1alpha1', kind, metadata: { name: 'prod', namespace: 'argocd' }, spec };
  const made = sealed(sealing(kind), own);
  const stored = { ...made, metadata: { ...made.metadata, uid: 'u1', generation: 1 } };
  const filled = sealedPatch(sealing(kind), stored, { spec }, undefined) ?? {};
  const { annotations } = (filled['metadata'] ?? made.metadata) as KubeObject['metadata'];
  const generation = kind === 'SyncRecord' ? 2 : 1;
  const full = { ...stored, spec, metadata: { ...stored.metadata, generation, ...(annotations && { annotations }) } };
  const patch = sealedPatch(sealing(kind), full, { status: { phase: 'Done', message: 'was carried out' } }, 'status');
  return { ...full, status: patch?.['status'] };
}

const copies: Record<string, (object: KubeObject) => KubeObject> = {
  'another name': (object) => ({ ...object, metadata: { ...object.metadata, name: 'web' } }),
  'another namespace': (object) => ({ ...object, metadata: { ...object.metadata, namespace: 'elsewhere' } }),
  'another kind': (object) => ({ ...object, kind: object.kind === 'Report' ? 'Approval' : 'Report' }),
};

for (const kind of kinds)
  test(`a ${kind} that is copied counts for nothing, and neither does its status in another object`, () => {
    const own = written(kind);
    assert.ok(isOurs(sealing(kind), own));
    assert.ok(hasOurStatus(sealing(kind), own));
    for (const [what, copy] of Object.entries(copies)) {
      const copied = copy(own);
      assert.equal(isOurs(sealing(copied.kind ?? ''), copied), false, what);
      assert.equal(hasOurStatus(sealing(copied.kind ?? ''), copied), false, what);
    }
    const again = { ...own, metadata: { ...own.metadata, uid: 'u2' } };
    assert.equal(hasOurStatus(sealing(kind), again), false, 'made again');
    if (kind === 'SyncRecord') assert.equal(isOurs(sealing(kind), again), false, 'made again');
    const edited = { ...own, status: { ...(own['status'] as object), message: 'was refused' } };
    assert.equal(hasOurStatus(sealing(kind), edited), false, 'edited');
  });
