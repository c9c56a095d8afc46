// Killed at any request that changes something, and started again: the operation ends as if nothing had happened.
import type { Application } from '../../../src/model/application.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approve } from '../../../src/engine/request.ts';
import { approvalIn, automated, config, hookJob, isSynced, person, push, requests } from '../manifests.ts';
import { stage } from '../fixture.ts';

/** Everything of the status that an undisturbed run leaves too; names of the application are made equal. */
function canonical(app: Application): string {
  const { name, namespace } = app.metadata;
  const { sync, operationState, history, resources, health, conditions } = app.status ?? {};
  const rows = operationState?.syncResult?.resources?.map(({ message, ...row }) => ({
    ...row,
    message: message?.replace(/ (unchanged|serverside-applied)$/, ' applied'),
  }));
  const seen = {
    sync: sync?.status,
    phase: operationState?.phase,
    message: operationState?.message,
    rows,
    history: history?.map((entry) => [entry.id, entry.revision]),
    resources,
    health: health?.status,
    conditions,
    operation: app.operation,
  };
  return JSON.stringify(seen, null, 1).replaceAll(namespace, 'NS').replaceAll(name, 'APP');
}

function files(name: string): Record<string, string> {
  return {
    [`${name}/a.yaml`]: config(name, '1'),
    [`${name}/pre.yaml`]: hookJob(`${name}-pre`, 'PreSync'),
  };
}

async function jobsOf(s: Stage, name: string): Promise<string[]> {
  const jobs = await s.cluster.api.list({ group: 'batch', kind: 'Job' }, { namespace: s.namespace });
  return jobs
    .map((job) => job.metadata.name ?? '')
    .filter((job) => job.startsWith(`${name}-`))
    .map((job) => job.slice(name.length + 1));
}

/**
 * Dead after a change and dead before the next are one state of the world; the sync room's own test tries both sides of
 * all.
 */
const deaths = [1, 2, 3, 5, 7, 9];

test('an operation with a hook, killed after any change, ends like the undisturbed one with one Job', async (t) => {
  const names = ['whole', ...deaths.map((at) => `crash${at}`)];
  const s = await stage(t, Object.assign({}, ...names.map(files)) as Record<string, string>);
  const [undisturbed = '', ...others] = names;
  s.fuse.log.length = 0;
  await s.apply(undisturbed, { syncPolicy: automated });
  const expected = canonical(await s.until(undisturbed, 'Synced', isSynced));
  const changes = s.fuse.log.length;
  t.diagnostic(`${changes} changes: ${s.fuse.log.join(', ')}`);
  assert.ok(changes > Math.max(...deaths));
  for (const [index, name] of others.entries()) {
    const at = deaths[index] ?? 0;
    const died = Promise.withResolvers<void>();
    s.fuse.arm(at, 'after', died.resolve);
    await s.apply(name, { syncPolicy: automated });
    await died.promise;
    const before = [...s.fuse.log];
    await s.restart();
    const app = await s.until(name, `Synced after a death at change ${at} (${before.at(-1) ?? ''})`, isSynced);
    assert.equal(canonical(app), expected, `killed at change ${at}`);
    assert.equal(
      [...before, ...s.fuse.log].filter((item) => item === 'delete Job').length,
      0,
      `killed at change ${at}: the Job is not run again`,
    );
    assert.deepEqual(await jobsOf(s, name), ['pre']);
  }
});

test('an approved sync, killed after one change or another, needs no second approval', async (t) => {
  const s = await stage(t, {
    'prod/a.yaml': config('first', '0'),
    'prod/b.yaml': config('second', '0', 'argocd.argoproj.io/sync-wave: "1"'),
  });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  await s.apply('prod', { project: 'gated' });
  const bob = person('bob', 2);
  for (const at of [1, 2, 3, 4]) {
    const value = String(at);
    const sha = await push(s, {
      'prod/a.yaml': config('first', value),
      'prod/b.yaml': config('second', value, 'argocd.argoproj.io/sync-wave: "1"'),
    });
    await approvalIn(s, 'prod', 'Pending', (item) => item.spec.revision === sha);
    const died = Promise.withResolvers<void>();
    // The approval itself is the first change.
    s.fuse.arm(at + 1, 'after', died.resolve);
    // the answer may die with the process
    await approve(requests(s), { application: `${s.namespace}/prod`, actor: bob, teams: [] }).catch(() => undefined);
    await Promise.race([died.promise, approvalIn(s, 'prod', 'Applied', (item) => item.spec.revision === sha)]);
    await s.restart();
    await s.until(
      'prod',
      `synced after a death at change ${at}`,
      (app) => isSynced(app) && app.status?.history?.at(-1)?.revision === sha,
    );
    await approvalIn(s, 'prod', 'Applied', (item) => item.spec.revision === sha);
  }
  assert.equal(s.store.approvals.list().length, 4, 'nobody was asked twice');
});
