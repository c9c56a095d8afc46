// PreDelete and PostDelete hooks: when they run, what they leave, what keeps them, and that death changes nothing.
import type { Application } from '../../../src/model/application.ts';
import type { KubeObject } from '../../../src/model/kube.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../control-plane.ts';
import { agree, agreeTo, gate } from '../approval/fixture.ts';
import {
  approvalIn,
  automated,
  config,
  configMap,
  dataOf,
  hookJob,
  patchApp,
  person,
  push,
  synced,
} from '../manifests.ts';
import { stage } from '../fixture.ts';

const cascading = 'resources-finalizer.argocd.argoproj.io';
const pre = 'pre-delete-finalizer.argocd.argoproj.io';
const both = [person('bo', 2), person('cy', 3)];
const post = 'post-delete-finalizer.argocd.argoproj.io';

function failing(name: string, hook: string): string {
  return hookJob(name, hook).replace(
    '  template:\n',
    '  template:\n    metadata: {annotations: {sandbox.coxswain.dev/outcome: fail}}\n',
  );
}

async function leaves(s: Stage, name: string): Promise<void> {
  await s.untilStore(`${name} is gone`, () =>
    s.store.applications.get(`${s.namespace}/${name}`) === undefined ? true : undefined,
  );
}

function remove(s: Stage, name: string): Promise<unknown> {
  const { namespace } = s;
  return s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace, name });
}

function deletionError(app: Application): string {
  return app.status?.conditions?.find((item) => item.type === 'DeletionError')?.message ?? '';
}

async function jobs(s: Stage): Promise<KubeObject[]> {
  const found = await s.cluster.api.list({ group: 'batch', kind: 'Job' }, { namespace: s.namespace });
  return found.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

async function jobNames(s: Stage): Promise<string[]> {
  return (await jobs(s)).map(({ metadata }) => metadata.name ?? '').sort();
}

/** What the engine did to Jobs and ConfigMaps. */
function work(s: Stage): string[] {
  return s.fuse.log.filter((item) => /^(create|delete) (Job|ConfigMap)$/.test(item));
}

test('hooks of a deletion run before and after what goes, and stay or go by their policy', async (t) => {
  const s = await stage(t, {
    'web/a.yaml': config('web', '1'),
    'web/pre.yaml': hookJob('pre', 'PreDelete', 'HookSucceeded'),
    'web/post.yaml': hookJob('post', 'PostDelete', 'BeforeHookCreation'),
    'web/said.yaml': hookJob('said', 'PostDelete').replace(/, argocd.argoproj.io\/hook-delete-policy: \w+/, ''),
    'web/named.yaml': hookJob('named', 'PostDelete', 'HookSucceeded').replace('name: named', 'generateName: made-'),
  });
  await s.apply('web', { syncPolicy: automated }, { finalizers: [cascading] });
  const app = await synced(s, 'web');
  assert.deepEqual(app.metadata.finalizers, [cascading, pre, `${pre}/cleanup`, post, `${post}/cleanup`]);
  assert.deepEqual(await jobNames(s), [], 'no sync runs them');
  s.fuse.log.length = 0;
  await remove(s, 'web');
  await leaves(s, 'web');
  assert.equal(await s.cluster.api.get(configMap(s, 'web')), undefined);
  const done = work(s);
  assert.ok(done.indexOf('create Job') < done.indexOf('delete ConfigMap'), done.join());
  assert.ok(done.lastIndexOf('create Job') > done.indexOf('delete ConfigMap'), done.join());
  assert.equal(done.filter((item) => item === 'create Job').length, 4);
  assert.deepEqual(await jobNames(s), ['post']);
  const [kept] = await jobs(s);
  assert.equal(kept?.metadata.finalizers, undefined, 'nothing of ours holds it');
});

test('finalizers for delete hooks follow what Git has', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web', { syncPolicy: automated }, { finalizers: [cascading, pre, `${pre}/cleanup`] });
  await s.until('web', 'has its own alone', (app) => app.metadata.finalizers?.join() === cascading);
  await push(s, { 'web/post.yaml': hookJob('post', 'PostDelete') });
  await s.until(
    'web',
    'has those for the hook',
    (app) => app.metadata.finalizers?.join() === [cascading, post, `${post}/cleanup`].join(),
  );
  await push(s, { 'web/post.yaml': undefined });
  await s.until('web', 'has them no more', (app) => app.metadata.finalizers?.join() === cascading);
});

test('a hook that fails keeps everything and says why, and runs as Git has it by then', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1'), 'web/bye.yaml': failing('bye', 'PreDelete') });
  await s.apply('web', { syncPolicy: automated }, { finalizers: [cascading] });
  await synced(s, 'web');
  await remove(s, 'web');
  const held = await s.until('web', 'says why it waits', (app) => deletionError(app) !== '');
  assert.match(
    deletionError(held),
    new RegExp(
      `^PreDelete hook\\(s\\) failed: Job ${s.namespace}/bye \\(.+\\)\\. They are made anew until they succeed: ` +
        'correct them in Git, or remove the finalizer',
    ),
  );
  assert.deepEqual(await dataOf(s, 'web'), { value: '1' });
  await push(s, { 'web/bye.yaml': hookJob('bye', 'PreDelete') });
  await leaves(s, 'web');
  assert.equal(await s.cluster.api.get(configMap(s, 'web')), undefined);
});

test('a hook waits for the wave before it, and for a place that is taken', async (t) => {
  const wave = (text: string, number: number): string =>
    text.replace('annotations: {', `annotations: {argocd.argoproj.io/sync-wave: "${number}", `);
  const s = await stage(t, {
    'web/a.yaml': config('web', '1'),
    'web/first.yaml': wave(failing('first', 'PreDelete'), -1),
    'web/then.yaml': wave(config('taken', '1', 'argocd.argoproj.io/hook: PreDelete'), 0),
  });
  await s.cluster.api.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'taken', namespace: s.namespace },
    data: { of: 'somebody' },
  });
  await s.apply('web', { syncPolicy: automated }, { finalizers: [cascading] });
  await synced(s, 'web');
  await remove(s, 'web');
  await s.until('web', 'says that the first failed', (app) => deletionError(app).includes('/first'));
  await push(s, { 'web/first.yaml': wave(hookJob('first', 'PreDelete'), -1) });
  const held = await s.until('web', 'says that the place is taken', (app) => deletionError(app).includes('taken'));
  assert.equal(
    deletionError(held),
    `PreDelete hook ConfigMap ${s.namespace}/taken is not created: an object of that name exists ` +
      'that is no hook of this application. Delete it, or give the hook another name.',
  );
  assert.deepEqual(await dataOf(s, 'taken'), { of: 'somebody' });
  await s.cluster.api.delete(configMap(s, 'taken'));
  await leaves(s, 'web');
});

test('a hook that the project does not permit, or of the gate’s own kinds, is not created', async (t) => {
  const s = await stage(t, {
    'web/a.yaml': config('web', '1'),
    'web/role.yaml':
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: bye, annotations: ' +
      '{argocd.argoproj.io/hook: PreDelete}}\nrules: []\n',
    'app/a.yaml': config('app', '1'),
    'app/app.yaml':
      'apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: bye, annotations: ' +
      '{argocd.argoproj.io/hook: PreDelete}}\nspec: {project: default, destination: {name: in-cluster}}\n',
  });
  await s.project('plain', {}, { namespaceResourceBlacklist: [{ group: '*', kind: 'Role' }] });
  await s.apply('web', { project: 'plain', syncPolicy: automated }, { finalizers: [cascading] });
  await s.apply('app', { syncPolicy: automated }, { finalizers: [cascading] });
  for (const name of ['web', 'app']) {
    await s.until(name, 'has the finalizers', (app) => app.metadata.finalizers?.includes(pre) ?? false);
    await remove(s, name);
  }
  const denied = await s.until('web', 'says why', (app) => deletionError(app) !== '');
  assert.match(deletionError(denied), /is not created: resource rbac\.authorization\.k8s\.io:Role is not permitted/);
  const own = await s.until('app', 'says why', (app) => deletionError(app) !== '');
  assert.match(deletionError(own), /hooks at a deletion make no Applications\.$/);
});

test('under approval hooks of a deletion are asked about with what goes, and none runs before', async (t) => {
  const s = await stage(t, {
    'prod/a.yaml': config('prod', '1'),
    'prod/pre.yaml': hookJob('pre', 'PreDelete'),
    'prod/post.yaml': hookJob('post', 'PostDelete', 'HookSucceeded'),
  });
  const annotations = { ...gate, 'coxswain.dev/approvers': 'bo, cy' };
  await s.apply('prod', { syncPolicy: automated }, { annotations, finalizers: [cascading] });
  await agreeTo(s, 'prod', person('bo', 2));
  await synced(s, 'prod');
  await remove(s, 'prod');
  const asked = await approvalIn(s, 'prod', 'Pending');
  const named = asked.spec.operations.map(({ op, key, phase }) => `${op} ${key.kind} ${key.name} ${phase}`).sort();
  assert.deepEqual(named, ['delete ConfigMap prod Sync', 'hook Job post PostDelete', 'hook Job pre PreDelete']);
  assert.deepEqual(await jobNames(s), []);
  // Another hook than the one that people were asked about is another question.
  await agree(s, person('bo', 2));
  await push(s, { 'prod/post.yaml': hookJob('other', 'PostDelete', 'HookSucceeded') });
  const again = await approvalIn(s, 'prod', 'Pending', ({ spec }) =>
    spec.operations.some(({ key }) => key.name === 'other'),
  );
  assert.notEqual(again.metadata.name, asked.metadata.name);
});

test('under approval a hook that comes while a deletion goes on is asked about', async (t) => {
  const s = await stage(t, {
    'prod/a.yaml': config('prod', '1'),
    'prod/post.yaml': failing('post', 'PostDelete'),
  });
  const annotations = { ...gate, 'coxswain.dev/approvers': 'bo, cy' };
  await s.apply('prod', { syncPolicy: automated }, { annotations, finalizers: [cascading] });
  await agreeTo(s, 'prod', person('bo', 2));
  await synced(s, 'prod');
  await remove(s, 'prod');
  await approvalIn(s, 'prod', 'Pending');
  for (const actor of both) await agree(s, actor);
  await s.until('prod', 'says that the hook failed', (app) => deletionError(app).includes('hook(s) failed'));
  assert.equal(await s.cluster.api.get(configMap(s, 'prod')), undefined, 'what was agreed to is gone');
  // The gate that was remembered has ended with what it guarded, and its annotation goes too.
  await patchApp(s, 'prod', { metadata: { annotations: { 'coxswain.dev/approval': null } } });
  await push(s, { 'prod/post.yaml': hookJob('other', 'PostDelete') });
  const asked = await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(
    asked.spec.operations.map(({ op, key }) => `${op} ${key.name}`),
    ['hook other'],
  );
  assert.ok(!(await jobNames(s)).includes('other'));
  for (const actor of both) await agree(s, actor);
  await leaves(s, 'prod');
});

test('a deletion with hooks that is killed after any change ends all the same, each hook run once', async (t) => {
  const files = (name: string): Record<string, string> => ({
    [`${name}/a.yaml`]: config(name, '1'),
    [`${name}/pre.yaml`]: hookJob(`${name}-pre`, 'PreDelete', 'HookSucceeded'),
    [`${name}/post.yaml`]: hookJob(`${name}-post`, 'PostDelete', 'HookSucceeded'),
  });
  const deaths = [1, 2, 4, 5, 6, 7, 9, 10];
  const names = ['whole', ...deaths.map((at) => `crash${at}`)];
  const s = await stage(t, Object.assign({}, ...names.map(files)) as Record<string, string>);
  for (const name of names) await s.apply(name, { syncPolicy: automated }, { finalizers: [cascading] });
  for (const name of names) await synced(s, name);
  s.fuse.log.length = 0;
  await remove(s, 'whole');
  await leaves(s, 'whole');
  const changes = s.fuse.log.length;
  t.diagnostic(`${changes} changes: ${s.fuse.log.join(', ')}`);
  assert.ok(changes > Math.max(...deaths));
  for (const at of deaths) {
    const name = `crash${at}`;
    const died = Promise.withResolvers<void>();
    s.fuse.arm(at, 'after', died.resolve);
    await remove(s, name);
    await died.promise;
    await s.restart();
    await leaves(s, name);
    const made = s.fuse.log.filter((item) => item === 'create Job');
    assert.equal(made.length, 2, `killed at change ${at} (${s.fuse.log[at - 1] ?? ''}): each hook runs once`);
    assert.equal(await s.cluster.api.get(configMap(s, name)), undefined);
    await eventually('no hook is left', async () => ((await jobs(s)).length === 0 ? true : undefined));
  }
});
