// A merged pull request: deployments, approval and rollout checks, and the comment as a tracker.
import type { Approval } from '../../src/model/coxswain.ts';
import type { Bed } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../control-plane.ts';
import { SteppedClock } from '../../src/base/clock.ts';
import { bed, openPull, progressOf, repo } from './fixture.ts';
import { golden } from './markdown/golden.ts';
import { approvalCheck, diffCheck, rolloutCheck } from '../../src/github/markdown/check-content.ts';
import { bodyBudget, sizeOf } from '../../src/github/markdown/escape.ts';
import { renderTracker } from '../../src/github/markdown/tracker.ts';
import { app, preview } from './markdown/sample.ts';

const digest = `abcdef012345${'0'.repeat(52)}`;

function approval(namespace: string): Approval {
  return {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Approval',
    metadata: { name: 'web-prod-abcdef012345', namespace },
    spec: {
      application: `${namespace}/web-prod`,
      digest,
      revision: 'd'.repeat(40),
      operations: [
        {
          op: 'hook',
          key: { group: 'batch', kind: 'Job', namespace: 'shop', name: 'migrate' },
          phase: 'PreSync',
          wave: 0,
          mac: 'm',
        },
        {
          op: 'change',
          key: { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' },
          phase: 'Sync',
          wave: 0,
          fields: [['spec.template.spec.containers[name=web].image', 'm']],
        },
        { op: 'delete', key: { group: '', kind: 'ConfigMap', namespace: 'shop', name: 'old' }, phase: 'Sync', wave: 0 },
      ],
    },
  };
}

function rollout(b: Bed): { dev: string[]; prod: string[] } {
  const states = (name: string): string[] =>
    b.sandbox.world.repositories[0]?.deployments
      .filter((each) => each.task === `coxswain:argocd/${name}`)
      .flatMap((each) => each.statuses.map((status) => status.state)) ?? [];
  return { dev: states('web-dev'), prod: states('web-prod') };
}

function newest(b: Bed, name: string): (string | undefined)[] {
  return (
    b.sandbox.world.repositories[0]?.deployments
      .filter((each) => each.task === `coxswain:argocd/${name}`)
      .map((each) => each.statuses.at(-1)?.state) ?? []
  );
}

function check(b: Bed, name: string): string | null | undefined {
  return b.sandbox.world.repositories[0]?.checks.findLast((each) => each.name === name)?.conclusion;
}

async function merged(b: Bed): Promise<number> {
  const number = await openPull(b.sandbox);
  await b.quiet();
  await b.sandbox.actAs('ann').merge(repo, number);
  await b.quiet();
  return number;
}

async function look(b: Bed, number: number): Promise<void> {
  b.forge.refreshPull({ owner: 'acme', repo: 'infra', number });
  await b.quiet();
}

test('the gates that end with what waits stand in the comment and in the check', () => {
  const gates = [
    { application: 'argocd/web-prod', policy: { gated: false, approvals: 1, approvers: [] } },
    { application: 'argocd/*old*', gone: true as const, policy: { gated: false, approvals: 1, approvers: [] } },
  ];
  const { spec, ...rest } = approval('argocd');
  const apps = [progressOf('web-prod', 'waiting', { gated: true, approval: { ...rest, spec: { ...spec, gates } } })];
  const progress = { pull: { ...preview([]).pull, merged: { sha: 'e'.repeat(40) } }, apps, errors: [], final: false };
  const told = [
    renderTracker({ progress, activity: '', publicUrl: 'https://cox.example', refused: '' }),
    approvalCheck(progress)?.summary ?? '',
  ];
  for (const text of told) {
    assert.match(text, /🔓 .*after this application web-prod asks nobody/);
    assert.match(text, /after this the gate of application \\\*old\\\*, which is gone, holds no longer/);
  }
});

test('deployments follow each application, production waits for its approval', async (t) => {
  const b = await bed(t);
  const waiting = { gated: true, automated: false, approval: approval(b.store.namespace) };
  b.script.progress = [
    progressOf('web-dev', 'queued'),
    progressOf('web-prod', 'waiting', { ...waiting, message: '0 of 1 approvals' }),
  ];
  const number = await merged(b);
  assert.deepEqual(rollout(b), { dev: ['queued'], prod: ['pending'] });
  assert.equal(check(b, 'coxswain/approval'), 'action_required');
  assert.equal(check(b, 'coxswain/rollout'), null);
  assert.match(b.comments()[0] ?? '', /waits for approval · 3 operations[\s\S]*\/cox approve web-prod/);

  b.script.progress = [
    progressOf('web-dev', 'success', { message: 'Synced, Healthy' }),
    progressOf('web-prod', 'syncing', { gated: true }),
  ];
  await look(b, number);
  assert.equal(check(b, 'coxswain/approval'), 'success');
  b.script.progress = [
    progressOf('web-dev', 'success', { message: 'Synced, Healthy' }),
    progressOf('web-prod', 'success', { gated: true, message: 'Synced, Healthy' }),
  ];
  await look(b, number);
  assert.deepEqual(rollout(b), {
    dev: ['queued', 'in_progress', 'success'],
    prod: ['pending', 'in_progress', 'success'],
  });
  assert.equal(check(b, 'coxswain/rollout'), 'success');
  assert.deepEqual(
    b.sandbox.world.repositories[0]?.deployments.map((each) => each.environment),
    ['dev', 'prod'],
  );
});

test('cut answers make one deployment with its last status', async (t) => {
  const b = await bed(t);
  for (const end of ['/deployments', '/statuses', '/statuses']) {
    b.sandbox.faults.inject({
      match: ({ method, path }) => method === 'POST' && path.endsWith(end),
      answer: { cut: 'after' },
    });
  }
  b.script.progress = [progressOf('web-dev', 'success', { message: 'Synced, Healthy' })];
  const number = await openPull(b.sandbox);
  await b.sandbox.actAs('ann').merge(repo, number);
  await eventually('success', () => (rollout(b).dev.includes('success') ? true : undefined));
  await b.quiet();
  assert.equal(b.sandbox.world.repositories[0]?.deployments.length, 1);
  assert.equal(rollout(b).dev.at(-1), 'success');
});

test('a later deployment makes the former inactive, and a restart does not bring it back', async (t) => {
  const b = await bed(t);
  b.script.progress = [progressOf('web-dev', 'success', { message: 'Synced, Healthy' })];
  await merged(b);
  const second = await openPull(b.sandbox, 'second');
  await b.quiet();
  await b.sandbox.actAs('ann').merge(repo, second);
  await b.quiet();
  const before = b.comments();
  b.script.progress = [
    progressOf('web-dev', 'superseded', { message: 'applied as part of a later commit', revision: 'e'.repeat(40) }),
  ];
  await b.restart();
  const states = b.sandbox.world.repositories[0]?.deployments.map((each) => each.statuses.at(-1)?.state);
  assert.deepEqual(states, ['inactive', 'success']);
  assert.deepEqual(b.comments(), before);
});

test('a deployment that was deleted by hand is made anew in the same pass', async (t) => {
  const b = await bed(t);
  b.script.progress = [progressOf('web-dev', 'queued'), progressOf('api-dev', 'queued')];
  const number = await merged(b);
  b.sandbox.world.repositories[0]?.deployments.splice(0, 1);
  b.script.progress = [progressOf('web-dev', 'success'), progressOf('api-dev', 'success')];
  await look(b, number);
  assert.deepEqual([newest(b, 'web-dev'), newest(b, 'api-dev')], [['success'], ['success']]);
});

test('more deployments than GitHub takes at once hold up neither their tracker nor another pull request', async (t) => {
  const clock = new SteppedClock(Date.now());
  const b = await bed(t, { clock });
  const deployments = (): number => b.sandbox.world.repositories[0]?.deployments.length ?? 0;
  const all = (state: 'queued' | 'failure'): void => {
    b.script.progress = Array.from({ length: 72 }, (_, at) => progressOf(`web-${at}`, state));
  };
  all('queued');
  const number = await merged(b);
  assert.ok(deployments() < 72);
  all('failure');
  await look(b, number);
  assert.match(b.comments()[0] ?? '', /72 failed/);
  b.script.apps = [app('web-dev', { change: [] })];
  await openPull(b.sandbox, 'second');
  await b.quiet();
  assert.equal(b.comments().length, 2);
  await eventually('all deployments', () => {
    clock.step(5_000);
    return deployments() === 72 && b.app.idle ? true : undefined;
  });
  await b.quiet();
  assert.deepEqual(
    new Set(b.sandbox.world.repositories[0]?.deployments.map((each) => each.statuses.at(-1)?.state)),
    new Set(['failure']),
  );
  assert.equal(deployments(), 72);
});

test('every former deployment becomes inactive, the unfinished ones too; a failed one stays failed', async (t) => {
  const b = await bed(t);
  const merge = async (branch: string, state: ReturnType<typeof progressOf>['state']): Promise<void> => {
    b.script.progress = [progressOf('web-dev', state), progressOf('api-dev', 'success')];
    const number = await openPull(b.sandbox, branch);
    await b.sandbox.actAs('ann').merge(repo, number);
    await b.quiet();
  };
  await merge('one', 'success');
  await merge('two', 'failure');
  await merge('three', 'syncing');
  assert.deepEqual(newest(b, 'web-dev'), ['success', 'failure', 'in_progress']);
  // Killed after the first of the two: nothing is forgotten.
  b.sandbox.faults.inject({
    match: ({ method, path }) =>
      method === 'POST' &&
      path.endsWith(
        `/${b.sandbox.world.repositories[0]?.deployments.find((each) => each.task.endsWith('/web-dev'))?.id ?? 0}` +
          '/statuses',
      ),
    answer: { cut: 'before' },
  });
  await merge('four', 'success');
  await eventually('the last success', () =>
    newest(b, 'api-dev').length === 4 && newest(b, 'api-dev').at(-1) === 'success' ? true : undefined,
  );
  assert.deepEqual(newest(b, 'web-dev'), ['inactive', 'failure', 'inactive', 'success']);
  assert.deepEqual(newest(b, 'api-dev'), ['inactive', 'inactive', 'inactive', 'success']);
});

test('the tracker tells every application, and what exactly waits', () => {
  const { pull } = preview([]);
  const merged = { ...pull, merged: { sha: 'd'.repeat(40) } };
  const apps = [
    progressOf('web-dev', 'success', { message: 'Synced, Healthy', revision: 'd'.repeat(40) }),
    progressOf('web-stage', 'syncing', { message: 'waiting for wave 1', steps: { done: 2, all: 5 } }),
    progressOf('web-prod', 'waiting', { gated: true, message: '0 of 1 approvals', approval: approval('argocd') }),
    progressOf('api-prod', 'failure', {
      message: 'Degraded: Deployment "api" exceeded its progress deadline @everyone',
    }),
  ];
  golden(
    'tracker',
    renderTracker({
      progress: { pull: merged, apps, errors: [], final: false },
      activity: '',
      publicUrl: 'https://cox.example.com',
      refused: '',
    }),
  );
});

/** So many applications with names, messages and operations as long as they get. */
function crowd(count: number, waiting: number, operations: number): ReturnType<typeof progressOf>[] {
  const long = 'x'.repeat(100);
  const path = 'spec.template.spec.containers[name=web].env[name=A].'.repeat(4);
  const base = approval('argocd');
  const many = Array.from({ length: operations }, (_, at) => ({
    op: 'change' as const,
    key: { group: 'apps', kind: 'Deployment', namespace: long, name: `${long}${at}` },
    phase: 'Sync' as const,
    wave: 0,
    fields: Array.from({ length: 8 }, (_unused, each): [string, string] => [`${path}${each}`, 'm']),
  }));
  return Array.from({ length: count }, (_, at) =>
    progressOf(`${long}${at}`, at < waiting ? 'waiting' : 'failure', {
      gated: true,
      environment: long,
      message: '<ü> '.repeat(80),
      ...(at < waiting && { approval: { ...base, spec: { ...base.spec, operations: many } } }),
    }),
  );
}

test('tracker and checks keep within the limits of GitHub, however much waits', () => {
  const { pull } = preview([]);
  for (const [count, waiting, operations] of [
    [1, 1, 2000],
    [20, 20, 30],
    [900, 0, 0],
    [900, 900, 100],
    [101, 3, 40],
  ] as const) {
    const progress = {
      pull: { ...pull, merged: { sha: 'd'.repeat(40) } },
      apps: crowd(count, waiting, operations),
      errors: [],
      final: false,
    };
    const body = renderTracker({ progress, activity: '', publicUrl: 'https://cox.example.com', refused: '' });
    assert.ok(sizeOf(body) <= bodyBudget, `${count} applications, ${waiting} wait: ${sizeOf(body)}`);
    assert.equal((body.match(/<details/g) ?? []).length, (body.match(/<\/details>/g) ?? []).length);
    if (waiting > 0) assert.match(body, /\/cox approve/);
    for (const written of [approvalCheck(progress), rolloutCheck(progress)])
      assert.ok(sizeOf(written?.summary ?? '') <= bodyBudget + 300);
  }
  const diff = diffCheck(
    preview(
      Array.from({ length: 900 }, (_, at) =>
        app(`app-${at}`, undefined, { error: { code: 'E_RENDER', message: 'ü'.repeat(500) } }),
      ),
    ),
    '',
  );
  assert.ok(sizeOf(diff.summary) <= bodyBudget);
});

test('a merge of more than a comment can hold still gets its checks and deployments', async (t) => {
  const b = await bed(t);
  b.script.progress = crowd(60, 20, 30);
  await merged(b);
  assert.equal(check(b, 'coxswain/approval'), 'action_required');
  assert.equal(b.sandbox.world.repositories[0]?.deployments.length, 60);
});

test('what was rejected is called so, with what can be done about it', () => {
  const { pull } = preview([]);
  const progress = {
    pull: { ...pull, merged: { sha: 'd'.repeat(40) } },
    apps: [progressOf('web-prod', 'rejected', { gated: true, message: 'rejected by bob: not before Monday' })],
    errors: [],
    final: false,
  };
  const body = renderTracker({ progress, activity: '', publicUrl: 'https://cox.example.com', refused: '' });
  assert.match(body, /### ⛔ Merged · 1 rejected · 0 of 1 application done/);
  assert.match(body, /\*\*Next\*\*\n\n- What was rejected is not applied, but it is still on `main`/);
  assert.deepEqual(
    [rolloutCheck(progress)?.conclusion, rolloutCheck(progress)?.summary],
    ['failure', '- **web-prod**: rejected · rejected by bob: not before Monday'],
  );
});

test('the tracker names who may approve, and the buttons of the check tell long names apart', () => {
  const { pull } = preview([]);
  const waiting = (name: string): ReturnType<typeof progressOf> =>
    progressOf(name, 'waiting', {
      gated: true,
      message: '0 of 1 approval',
      approval: approval('argocd'),
      approvers: [['@acme/leads', 'grace']],
    });
  const progress = {
    pull: { ...pull, merged: { sha: 'd'.repeat(40) } },
    apps: [waiting('web-prod'), waiting('checkout-production-eu'), waiting('checkout-production-us')],
    errors: [],
    final: false,
  };
  assert.match(
    renderTracker({ progress, activity: '', publicUrl: 'https://cox.example.com', refused: '' }),
    /Needs one person of `@acme\/leads` or `grace` who did not write it: `\/cox approve web-prod`/,
  );
  const actions = approvalCheck(progress)?.actions ?? [];
  assert.deepEqual(
    actions.map((each) => each.label),
    ['Approve web-prod', 'checkout-p…uction-eu', 'checkout-p…uction-us'],
  );
  assert.ok(actions.every(({ label, description }) => label.length <= 20 && description.length <= 40));
});
