// What is verified of a deletion by Argo CD is what was known before: whoever deletes the Application does not choose.
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { config, patchApp, quiet } from '../manifests.ts';
import { compared, deployed, ref, reportIn } from './fixture.ts';

const files = { 'gates/a.yaml': config('gates', '1'), 'gates/b.yaml': config('gates-b', '1') };
const past = 'was deleted past the gate. Nobody has approved it here.';

function bothThere(s: Stage): string {
  const left = ['gates', 'gates-b'].map((name) => `ConfigMap ${s.namespace}/${name}`);
  return `${past} Still there, though its finalizer asks for them to go: ${left.join(', ')}.`;
}

const emptied = { spec: { source: { path: 'empty' } } };
const untracked = { metadata: { annotations: { 'argocd.argoproj.io/tracking-id': null } } };

for (const [what, does] of Object.entries<(s: Stage) => Promise<unknown>>({
  'its status is emptied': (s) => patchApp(s, 'gates', { status: { resources: [], history: [] } }),
  'it is pointed at a cluster that nobody knows': (s) =>
    patchApp(s, 'gates', { spec: { destination: { server: 'https://elsewhere.invalid' } } }),
  'its source is emptied and its objects lose their tracking': async (s) => {
    await patchApp(s, 'gates', emptied);
    for (const name of ['gates', 'gates-b'])
      await s.cluster.api.patch(ref(s, 'ConfigMap', name), { type: 'merge', patch: untracked });
    await patchApp(s, 'gates', { status: { resources: [] } });
  },
})) {
  test(`what is verified is what it had, where ${what} before it is deleted`, async (t) => {
    const { s } = await deployed(t, { ...files, 'empty/readme.md': 'nothing' });
    await compared(s);
    await does(s);
    await quiet(s);
    await s.cluster.api.delete(ref(s, 'Application', 'gates'));
    await reportIn(s, 'Open');
    await patchApp(s, 'gates', { metadata: { finalizers: null } });
    assert.equal((await reportIn(s, 'Deleted')).status?.message, bothThere(s));
  });
}
