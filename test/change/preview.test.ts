// Which applications a pull request touches, and what is said of each, over a real repository.
import type { World } from './fixture.ts';
import type { AppPreview, PullPreview } from '../../src/change/pull.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createChange } from '../../src/change/change.ts';
import { application, child, configMap, live, world } from './fixture.ts';

const signal = new AbortController().signal;

function preview(w: World, branch = 'change'): Promise<PullPreview> {
  return createChange(w.deps).preview(w.pull(branch), signal);
}

function told(apps: AppPreview[]): [string, string, string][] {
  return apps.map((app) => [
    app.name,
    app.status,
    (app.effect?.change ?? []).map((diff) => `${diff.action} ${diff.key.name}`).join(', '),
  ]);
}

test('only applications whose inputs differ are touched', async (t) => {
  const w = world(t, {
    'apps/web/web.yaml': configMap('web', '1'),
    'apps/api/api.yaml': configMap('api', '1'),
    'README.md': 'x',
  });
  live(
    w.apps,
    application(w.origin, 'web'),
    application(w.origin, 'api'),
    application(w.origin, 'other', { revision: 'stable' }),
    application({ url: 'https://elsewhere.example/x' }, 'foreign'),
  );
  w.origin.commit('change', { 'apps/web/web.yaml': configMap('web', '2'), 'README.md': 'y' }, 'change');
  const found = await preview(w);
  assert.deepEqual(told(found.apps), [['web', 'changed', 'change web']]);
  assert.equal(found.considered, 2);
});

test('who was rendered from far away is not looked at; who was not, or from where something changed, is', async (t) => {
  const w = world(
    t,
    Object.fromEntries(
      ['web', 'api', 'docs', 'late', 'forced', 'shared/base'].map((name) => [
        `apps/${name}/a.yaml`,
        configMap(name.replace('/', '-'), '1'),
      ]),
    ),
  );
  const first = w.origin.git('rev-parse', 'main');
  w.origin.commit('late', { 'apps/late/a.yaml': configMap('late', '2') });
  const base = w.origin.git('rev-parse', 'main');
  live(w.apps, ...['web', 'api', 'docs', 'late', 'forced'].map((name) => application(w.origin, name)));
  const source = { repoURL: w.origin.url, targetRevision: 'main' };
  const lends = application(w.origin, 'lends');
  live(w.apps, {
    ...lends,
    spec: {
      project: 'shop',
      destination: lends.spec.destination,
      sources: [
        { ...source, path: 'apps/api' },
        { ...source, ref: 'v', path: 'apps/late' },
      ],
    },
  });
  const rendered: Record<string, { revisions: string[]; inputs: string[][] }> = {
    api: { revisions: [base], inputs: [['apps/api']] },
    web: { revisions: [base], inputs: [['apps/web', 'apps/shared/base']] },
    late: { revisions: [first], inputs: [['apps/late']] },
    lends: {
      revisions: [base, base],
      inputs: [
        ['apps/api', '$v/apps/shared/base/a.yaml'],
        ['apps/shared/base/a.yaml', 'apps/late'],
      ],
    },
    forced: { revisions: ['f'.repeat(40)], inputs: [['apps/forced']] },
  };
  const looked = new Set<string>();
  const deps = {
    ...w.deps,
    rendered: (key: string) => rendered[key.replace('argocd/', '')],
    inputsKey: (...args: Parameters<typeof w.deps.inputsKey>) => {
      looked.add(args[0].metadata.name);
      return w.deps.inputsKey(...args);
    },
  };
  w.origin.commit(
    'change',
    { 'apps/shared/base/a.yaml': configMap('shared-base', '2'), 'apps/docs/a.yaml': configMap('docs', '2') },
    'change',
  );
  const found = await createChange(deps).preview(w.pull('change'), signal);
  assert.deepEqual([...looked].sort(), ['docs', 'forced', 'late', 'lends', 'web']);
  assert.deepEqual([told(found.apps), found.considered], [[['docs', 'changed', 'change docs']], 6]);
});

test('the result is the merge, not the head: what the branch got since is no change of the pull request', async (t) => {
  const w = world(t, { 'apps/web/web.yaml': configMap('web', '1'), 'apps/api/api.yaml': configMap('api', '1') });
  live(w.apps, application(w.origin, 'web', { revision: 'HEAD' }), application(w.origin, 'api'));
  w.origin.commit('change', { 'apps/web/new.yaml': configMap('extra', '1') }, 'change');
  w.origin.git('checkout', '-q', 'main');
  w.origin.commit('meanwhile', { 'apps/api/api.yaml': configMap('api', '2') });
  const found = await preview(w);
  assert.deepEqual(told(found.apps), [['web', 'changed', 'create extra']]);
  assert.equal(found.base, w.origin.git('rev-parse', 'main'));
});

test('what an open or merged pull request touches is told without its effects', async (t) => {
  const w = world(t, { 'apps/web/web.yaml': configMap('web', '1'), 'apps/api/api.yaml': configMap('api', '1') });
  live(w.apps, application(w.origin, 'web'), application(w.origin, 'api'));
  w.origin.commit('change', { 'apps/web/web.yaml': configMap('web', '2') }, 'change');
  const change = createChange({ ...w.deps, effect: () => Promise.reject(new Error('not asked for')) });
  const open = w.pull('change');
  assert.deepEqual(await change.touched(open, signal), ['argocd/web']);
  w.origin.git('checkout', '-q', 'main');
  w.origin.git('merge', '-q', '--no-ff', '-m', 'merge', 'change');
  w.origin.git('push', '-q', 'origin', 'main');
  const sha = w.origin.git('rev-parse', 'main');
  w.origin.commit('later', { 'apps/api/api.yaml': configMap('api', '2') });
  assert.deepEqual(await change.touched({ ...open, merged: { sha } }, signal), ['argocd/web']);
  w.origin.git('checkout', '-q', '-B', 'clash', open.base.sha);
  w.origin.commit('clash', { 'apps/web/web.yaml': configMap('web', '3') }, 'clash');
  assert.deepEqual(await change.touched(w.pull('clash'), signal), []);
});

test('conflicts are told with their files, and nothing is claimed', async (t) => {
  const w = world(t, { 'apps/web/web.yaml': configMap('web', '1') });
  live(w.apps, application(w.origin, 'web'));
  w.origin.commit('change', { 'apps/web/web.yaml': configMap('web', '2') }, 'change');
  w.origin.git('checkout', '-q', 'main');
  w.origin.commit('meanwhile', { 'apps/web/web.yaml': configMap('web', '3') });
  const found = await preview(w);
  assert.deepEqual([found.conflicts, found.apps], [['apps/web/web.yaml'], []]);
});

test("a manifest error stands in its application's row, with file and line; one of before does not", async (t) => {
  const w = world(t, { 'apps/web/web.yaml': configMap('web', '1'), 'README.md': 'x' });
  live(w.apps, application(w.origin, 'web'), application(w.origin, 'gone'));
  w.origin.commit(
    'change',
    { 'apps/web/web.yaml': 'kind: ConfigMap\nmetadata: {name: web}\nkind: Twice\n', 'README.md': 'y' },
    'change',
  );
  const found = await preview(w);
  assert.equal(found.apps.length, 1);
  assert.deepEqual(found.apps[0]?.error?.place, { file: 'apps/web/web.yaml', line: 3 });
  assert.equal(found.apps[0]?.error?.code, 'E_MANIFEST');
});

test('applications of applications are followed: new, removed and changed ones', async (t) => {
  const w = world(t, {
    'apps/web/web.yaml': configMap('web', '1'),
    'apps/old/old.yaml': configMap('old', '1'),
    'apps/api/api.yaml': configMap('api', '1'),
    'apps/api2/api.yaml': configMap('api', '2'),
  });
  const { url } = w.origin;
  w.origin.commit('root', {
    'root/web.yaml': child(url, 'web'),
    'root/old.yaml': child(url, 'old'),
    'root/api.yaml': child(url, 'api'),
  });
  const finalizers = ['resources-finalizer.argocd.argoproj.io'];
  live(
    w.apps,
    application(w.origin, 'root', { path: 'root' }),
    application(w.origin, 'web'),
    application(w.origin, 'old', { metadata: { name: 'old', namespace: 'argocd', finalizers } }),
    application(w.origin, 'api'),
  );
  w.origin.commit(
    'change',
    {
      'root/old.yaml': undefined,
      'root/fresh.yaml': child(url, 'fresh'),
      'apps/fresh/fresh.yaml': configMap('fresh', '1'),
      'root/api.yaml': child(url, 'api', 'apps/api2'),
    },
    'change',
  );
  const found = await preview(w);
  assert.deepEqual(told(found.apps), [
    ['api', 'changed', 'change api'],
    ['fresh', 'new', 'create fresh'],
    ['old', 'removed', 'delete old'],
    ['root', 'changed', 'change api, create fresh, delete old'],
  ]);
});

test('an application of applications that holds itself ends', async (t) => {
  const w = world(t, { 'README.md': 'x' });
  const { url } = w.origin;
  w.origin.commit('root', { 'root/root.yaml': child(url, 'root', 'root') });
  live(w.apps, application(w.origin, 'root', { path: 'root' }));
  w.origin.commit(
    'change',
    { 'root/root.yaml': child(url, 'root', 'root').replace('name: root', 'name: root, labels: {a: b}') },
    'change',
  );
  assert.deepEqual(told((await preview(w)).apps), [['root', 'changed', 'change root']]);
});

test('the gate that is shown is the live one, even if the pull request would open it', async (t) => {
  const w = world(t, { 'apps/web/web.yaml': configMap('web', '1') });
  const { url } = w.origin;
  const gated = child(url, 'web').replace(
    'finalizers',
    'annotations: {coxswain.dev/approval: required, coxswain.dev/environment: prod}, finalizers',
  );
  w.origin.commit('root', { 'root/web.yaml': gated });
  live(
    w.apps,
    application(w.origin, 'root', { path: 'root' }),
    application(w.origin, 'web', {
      metadata: {
        name: 'web',
        namespace: 'argocd',
        annotations: { 'coxswain.dev/approval': 'required', 'coxswain.dev/environment': 'prod' },
      },
    }),
  );
  w.origin.commit(
    'change',
    { 'root/web.yaml': gated.replace('required', 'none'), 'apps/web/web.yaml': configMap('web', '2') },
    'change',
  );
  const web = (await preview(w)).apps.find((app) => app.name === 'web');
  assert.deepEqual([web?.gated, web?.approvals, web?.environment], [true, 1, 'prod']);
});

test('who deletes a gated application waits under its gate; what is deleted goes with it', async (t) => {
  const w = world(t, { 'apps/web/web.yaml': configMap('web', '1') });
  const { url } = w.origin;
  w.origin.commit('root', { 'root/web.yaml': child(url, 'web') });
  const annotations = { 'coxswain.dev/approval': 'required', 'coxswain.dev/approvers': '@acme/leads' };
  const root = application(w.origin, 'root', { path: 'root' });
  live(
    w.apps,
    {
      ...root,
      status: { history: [{ id: 0, revision: w.origin.git('rev-parse', 'main'), deployedAt: '2024-01-01T00:00:00Z' }] },
    },
    application(w.origin, 'web', {
      metadata: {
        name: 'web',
        namespace: 'argocd',
        annotations,
        finalizers: ['resources-finalizer.argocd.argoproj.io'],
      },
    }),
  );
  w.origin.commit('change', { 'root/web.yaml': undefined, 'root/keep.yaml': configMap('keep', '1') }, 'change');
  const { apps } = await preview(w);
  assert.deepEqual(
    apps.map((app) => [app.name, app.status, app.gated, app.approvals, app.approvers, app.parent]),
    [
      ['root', 'changed', true, 1, [['@acme/leads']], undefined],
      ['web', 'removed', false, 0, [], 'argocd/root'],
    ],
  );
});

test('a superseded preview ends with the reason of its signal', async (t) => {
  const w = world(t, { 'apps/web/web.yaml': configMap('web', '1') });
  live(w.apps, application(w.origin, 'web'));
  w.origin.commit('change', { 'apps/web/web.yaml': configMap('web', '2') }, 'change');
  const abort = new AbortController();
  const running = createChange({
    ...w.deps,
    effect: () =>
      Promise.resolve().then(() => {
        abort.abort(new Error('the head moved'));
        throw new Error('a request was cut');
      }),
  }).preview(w.pull('change'), abort.signal);
  await assert.rejects(running, /the head moved/);
});
