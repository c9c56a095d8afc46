// What `cox` looks at beside an application's own objects: orphans of its namespace, and global projects.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { argoSettings, automated, config, synced } from '../engine/manifests.ts';
import { bed } from './fixture.ts';

test('app resources --orphaned lists what belongs to no application, and says where nobody looks', async (t) => {
  const { stage: s, cox, url } = await bed(t, { 'web/a.yaml': config('web', '1') });
  const source = { repoURL: url, path: 'web', targetRevision: 'main' };
  await s.apply('web', { source, syncPolicy: automated });
  await synced(s, 'web');
  assert.deepEqual(await cox('app', 'resources', 'web', '--orphaned'), {
    code: 0,
    out: '',
    err: 'cox: orphanedResources of the AppProject default is not set: nothing is looked for\n',
  });
  const ignore = [
    { group: '', kind: '*', name: 'a*' },
    { group: '', kind: '*', name: 'coxswain*' },
    { group: 'argoproj.io', kind: '*' },
  ];
  await s.project('watched', {}, { orphanedResources: { ignore } });
  await s.apply('web', { project: 'watched', source, syncPolicy: automated });
  assert.deepEqual(await cox('app', 'resources', 'web', '--orphaned'), {
    code: 0,
    out: '',
    err: 'Nothing beside web is orphaned in its namespace.\n',
  });
  const { namespace } = s;
  await s.cluster.api.apply(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'stray', namespace }, data: {} },
    { manager: 'test' },
  );
  const { code, out } = await cox('app', 'resources', 'web', '--orphaned');
  assert.equal(code, 0);
  assert.deepEqual(
    out
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/)),
    [
      ['GROUP', 'KIND', 'NAMESPACE', 'NAME'],
      ['-', 'ConfigMap', namespace, 'stray'],
    ],
  );
  const json: unknown = JSON.parse((await cox('app', 'resources', 'web', '--orphaned', '-o', 'json')).out);
  assert.deepEqual(json, [{ group: '', kind: 'ConfigMap', namespace, name: 'stray' }]);
});

test('app diff leaves out what a global project denies, as the operator does', async (t) => {
  const { stage: s, cox, url } = await bed(t, { 'web/a.yaml': config('web', '1') });
  await s.project('no-maps', {}, { namespaceResourceBlacklist: [{ group: '', kind: 'ConfigMap' }] });
  await s.apply('web', { source: { repoURL: url, path: 'web', targetRevision: 'main' }, syncPolicy: automated });
  await synced(s, 'web');
  const stray = { 'argocd.argoproj.io/tracking-id': `web:/ConfigMap:${s.namespace}/old` };
  await s.apply('web', { source: { repoURL: url, path: 'web', targetRevision: 'main' } });
  await s.cluster.api.apply(
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'old', namespace: s.namespace, annotations: stray },
      data: {},
    },
    { manager: 'test' },
  );
  assert.match((await cox('app', 'diff', 'web')).out, /ConfigMap.*old.*deleted by a sync/);
  await argoSettings(s, { globalProjects: '- labelSelector: {}\n  projectName: no-maps\n' });
  assert.doesNotMatch((await cox('app', 'diff', 'web')).out, /old/);
});
