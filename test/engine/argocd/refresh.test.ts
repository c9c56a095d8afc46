// Argo CD is told of a push at once: by its own annotation, and only on the applications that the push touches.
import type { TestContext } from 'node:test';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stage } from '../fixture.ts';
import { config, patchApp } from '../manifests.ts';
import { eventually } from '../../control-plane.ts';

const refresh = 'argocd.argoproj.io/refresh';
const names = ['told', 'left'];

/** As Argo CD leaves an application that it has compared with that commit. */
async function compared(s: Stage, name: string, revision: string): Promise<void> {
  const { source, destination } = s.store.applications.get(`${s.namespace}/${name}`)?.spec ?? {};
  const sync = { status: 'Synced', revision, comparedTo: { source, destination } };
  await patchApp(s, name, { status: { sync }, metadata: { annotations: { [refresh]: null } } });
}

async function beside(t: TestContext): Promise<{ s: Stage; asked: string[] }> {
  const files = Object.fromEntries(names.map((name) => [`${name}/a.yaml`, config(name, '1')]));
  const s = await stage(t, files, { engine: 'argocd' });
  const first = s.commit({ 'README.md': 'of nobody' });
  for (const name of names) await s.apply(name);
  for (const name of names) await compared(s, name, first);
  await eventually('both are rendered', () =>
    names.every((name) => s.engine.rendered(`${s.namespace}/${name}`)) && s.engine.pending === 0 ? true : undefined,
  );
  return { s, asked: follow(s) };
}

/** Applications on which the annotation appeared, in order. */
function follow(s: Stage): string[] {
  const asked: string[] = [];
  s.store.applications.onChange((_key, now, before) => {
    const annotation = now?.metadata.annotations?.[refresh];
    if (annotation !== undefined && before?.metadata.annotations?.[refresh] === undefined)
      asked.push(`${now?.metadata.name ?? ''} ${annotation}`);
  });
  return asked;
}

const quiet = (s: Stage): Promise<true> =>
  eventually('nothing runs', () => (s.engine.pending === 0 ? true : undefined));

/** While it waits for Argo CD, the application is looked at again later. */
const looked = (s: Stage, name: string, revision: string): Promise<true> =>
  eventually(`${name} is looked at`, () =>
    s.engine.rendered(`${s.namespace}/${name}`)?.revisions[0] === revision ? true : undefined,
  );

test('a push asks Argo CD to refresh what it touches, once, and nothing else', async (t) => {
  const { s, asked } = await beside(t);
  const writes = s.fuse.log.length;
  const second = s.commit({ 'told/a.yaml': config('told', '2') });
  await s.engine.onPush(s.url);
  await s.until('told', 'it is asked', (app) => app.metadata.annotations?.[refresh] === 'normal');
  await looked(s, 'told', second);
  assert.deepEqual(asked, ['told normal']);
  // While it stands, another push writes nothing more.
  const third = s.commit({ 'told/a.yaml': config('told', '3') });
  await s.engine.onPush(s.url);
  await looked(s, 'told', third);
  assert.deepEqual(asked, ['told normal']);
  assert.deepEqual(
    s.fuse.log.slice(writes).filter((what) => what === 'patch Application'),
    ['patch Application'],
  );
  // Taken without having seen the newest commit: it is asked again for that, and then no more.
  await compared(s, 'told', second);
  await s.until('told', 'it is asked again', (app) => app.metadata.annotations?.[refresh] === 'normal');
  await compared(s, 'told', third);
  await quiet(s);
  assert.deepEqual(asked, ['told normal', 'told normal']);
  s.commit({ 'README.md': 'nothing of theirs' });
  await s.engine.onPush(s.url);
  await quiet(s);
  assert.deepEqual(asked, ['told normal', 'told normal']);
});

test('what was asked is asked again where the comparison that took it had begun before the push', async (t) => {
  const { s, asked } = await beside(t);
  const second = s.commit({ 'told/a.yaml': config('told', '2') });
  await s.engine.onPush(s.url);
  await s.until('told', 'it is asked', (app) => app.metadata.annotations?.[refresh] === 'normal');
  await patchApp(s, 'told', { metadata: { annotations: { [refresh]: null } } });
  await s.until('told', 'it is asked again', (app) => app.metadata.annotations?.[refresh] === 'normal');
  await compared(s, 'told', second);
  await quiet(s);
  assert.deepEqual(asked, ['told normal', 'told normal']);
});

test('what stands there and is not taken is written once more, so that Argo CD sees it', async (t) => {
  const { s, asked } = await beside(t);
  s.commit({ 'told/a.yaml': config('told', '2') });
  await s.engine.onPush(s.url);
  await s.untilStore('it is asked twice', () => asked.length === 2 || undefined);
  await s.until('told', 'it stands there', (app) => app.metadata.annotations?.[refresh] === 'normal');
  assert.deepEqual(asked, ['told normal', 'told normal']);
});

test('where Argo CD has compared a commit that was not fetched yet, that is fetched, and nothing asked', async (t) => {
  const { s, asked } = await beside(t);
  const second = s.commit({ 'told/a.yaml': config('told', '2') });
  for (const name of names) await compared(s, name, second);
  await looked(s, 'told', second);
  await quiet(s);
  assert.deepEqual(asked, []);
});

test('what was pushed while nobody looked is made up for, on what it touches alone', async (t) => {
  const { s } = await beside(t);
  await s.stop();
  s.commit({ 'told/a.yaml': config('told', '2') });
  await s.restart();
  const asked = follow(s);
  await s.until('told', 'it is asked', (app) => app.metadata.annotations?.[refresh] === 'normal');
  await eventually('both are looked at', () =>
    names.every((name) => s.engine.rendered(`${s.namespace}/${name}`)) ? true : undefined,
  );
  assert.ok(
    asked.every((each) => each === 'told normal'),
    asked.join(),
  );
  assert.equal(s.store.applications.get(`${s.namespace}/left`)?.metadata.annotations?.[refresh], undefined);
});

test('an application that our engine has is not told of: nobody would take the annotation away', async (t) => {
  const { s, asked } = await beside(t);
  const annotations = { 'argocd.argoproj.io/skip-reconcile': 'true', 'coxswain.dev/engine': 'coxswain' };
  await s.apply('told', { syncPolicy: { automated: {} } }, { annotations });
  const second = s.commit({ 'told/a.yaml': config('told', '2') });
  await s.engine.onPush(s.url);
  await s.until('told', 'synced', ({ status }) => status?.sync?.status === 'Synced' && status.sync.revision === second);
  assert.deepEqual(asked, []);
});

test('what Argo CD refuses for a project that is there by now is asked to be compared again', async (t) => {
  const { s, asked } = await beside(t);
  const revision = s.commit({ 'README.md': 'still of nobody' });
  await patchApp(s, 'told', {
    spec: { project: 'late' },
    status: {
      sync: { status: 'Unknown', revision: '', comparedTo: null },
      conditions: [{ type: 'InvalidSpecError', message: 'Application referencing project late which does not exist' }],
    },
  });
  await quiet(s);
  assert.deepEqual(asked, []); // it does not
  await s.project('late');
  await s.until('told', 'it is asked', (app) => app.metadata.annotations?.[refresh] === 'normal');
  await patchApp(s, 'told', { status: { conditions: null } });
  await compared(s, 'told', revision);
  await quiet(s);
  assert.deepEqual(asked, ['told normal']);
});
