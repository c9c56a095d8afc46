// Projects whose lists others take over: what a global project forbids, or adds, counts in all that its selector names.
import type { ProjectSpec } from '../../../src/model/project.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { argoSettings, config, configMap, operate, synced } from '../manifests.ts';
import { stage } from '../fixture.ts';

const labelled = '- labelSelector: {matchLabels: {opt: prod}}\n  projectName: all-of-prod\n';

async function project(s: Stage, name: string, labels: Record<string, string>, spec: ProjectSpec): Promise<void> {
  const { namespace } = s;
  await s.known(
    await s.cluster.api.apply(
      { apiVersion: 'argoproj.io/v1alpha1', kind: 'AppProject', metadata: { name, namespace, labels }, spec },
      { manager: 'test' },
    ),
  );
}

function say(s: Stage, globalProjects: string): Promise<void> {
  return argoSettings(s, { globalProjects });
}

function own(s: Stage): ProjectSpec {
  return { sourceRepos: ['*'], destinations: [{ server: '*', namespace: s.namespace }] };
}

async function refused(s: Stage, message: RegExp): Promise<void> {
  await operate(s, 'web', { sync: {} });
  await s.until('web', String(message), ({ operation, status }) => {
    const { message: text = '', syncResult } = status?.operationState ?? {};
    const texts = [text, ...(syncResult?.resources ?? []).map((row) => row.message ?? '')];
    return (
      texts.some((each) => message.test(each)) &&
      (operation === undefined || status?.operationState?.phase === 'Running')
    );
  });
  assert.equal(await s.cluster.api.get(configMap(s, 'one')), undefined);
}

test('what a global project denies is denied in those that its selector names, and in them alone', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('one', '1') }, { argocd: { globalProjects: labelled } });
  await project(s, 'all-of-prod', {}, { namespaceResourceBlacklist: [{ group: '', kind: 'ConfigMap' }] });
  await project(s, 'shops', { opt: 'prod' }, own(s));
  await s.apply('web', { project: 'shops' });
  await refused(s, /resource :ConfigMap is not permitted in project shops/);
  await project(s, 'shops', { opt: 'test' }, own(s));
  await operate(s, 'web', { sync: {} });
  await synced(s, 'web');
});

test('lists that permit are taken over too, and a global project that changes counts at once', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('one', '1') }, { argocd: { globalProjects: labelled } });
  await project(s, 'all-of-prod', {}, {});
  await project(s, 'shops', { opt: 'prod' }, {});
  await s.apply('web', { project: 'shops' });
  await s.until('web', 'no source is permitted', ({ status }) =>
    Boolean(status?.conditions?.some(({ type }) => type === 'InvalidSpecError')),
  );
  await project(s, 'all-of-prod', {}, own(s));
  await s.until('web', 'compared', ({ status }) => status?.sync?.status === 'OutOfSync' && !status.conditions?.length);
  await operate(s, 'web', { sync: {} });
  await synced(s, 'web');
  const stored = await s.cluster.api.get({
    ...{ group: 'argoproj.io', kind: 'AppProject' },
    ...{ namespace: s.namespace, name: 'shops' },
  });
  assert.deepEqual(stored?.['spec'], {}, 'nothing of it is stored');
});

for (const { name, text, why } of [
  { name: 'cannot be read', text: '- labelSelector: {matchLabels: [opt]}', why: 'must be a list in YAML' },
  { name: 'names a project that does not exist', text: labelled, why: 'names all-of-prod, which does not exist' },
]) {
  test(`where globalProjects ${name} nothing is synced until it is mended, by hand neither`, async (t) => {
    const s = await stage(t, { 'web/a.yaml': config('one', '1') }, { argocd: { globalProjects: text } });
    await project(s, 'shops', { opt: 'prod' }, own(s));
    await s.apply('web', { project: 'shops' });
    await refused(s, /blocked by sync window/);
    const found = s.store.projects.get(`${s.namespace}/shops`);
    assert.ok(found?.spec.syncWindows?.some(({ description }) => description?.includes(why)));
    await say(s, '');
    await synced(s, 'web');
  });
}
