// The destination of an application, what is wrong with a spec, and what a refresh looks at again.
import type { ApplicationSpec } from '../../../src/model/application.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked, automated, config, dataOf, ended, operate, patchApp, push, quiet, synced } from '../manifests.ts';
import { stage } from '../fixture.ts';

const server = 'https://kubernetes.default.svc';
const refresh = 'argocd.argoproj.io/refresh';

const invalid: [name: string, spec: (s: Stage) => Partial<ApplicationSpec>, message: string | RegExp][] = [
  [
    'both',
    ({ namespace }) => ({ destination: { server, name: 'in-cluster', namespace } }),
    `application destination can't have both name and server defined: in-cluster ${server}`,
  ],
  ['neither', ({ namespace }) => ({ destination: { namespace } }), 'Destination server missing from app spec'],
  [
    'unnamed',
    ({ namespace }) => ({ destination: { name: 'nowhere', namespace } }),
    'unable to find destination server: there are no clusters with this name: nowhere',
  ],
  [
    'unserved',
    ({ namespace }) => ({ destination: { server: 'https://nowhere.example.com', namespace } }),
    "cluster 'https://nowhere.example.com' has not been configured",
  ],
  [
    'pathless',
    ({ url }) => ({ source: { repoURL: url, targetRevision: 'main' } }),
    'spec.source.repoURL and either spec.source.path, spec.source.chart, or spec.source.ref are required',
  ],
  [
    'unversioned',
    () => ({ source: { repoURL: 'https://charts.example.com', chart: 'web' } }),
    'spec.source.targetRevision is required if the manifest source is a helm chart',
  ],
];

test('what is wrong with a spec is an InvalidSpecError, and nothing is synced until it is mended', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  for (const [name, spec] of invalid) await s.apply(`spec-${name}`, { ...spec(s), syncPolicy: automated });
  for (const [name, , message] of invalid) {
    const app = await s.until(`spec-${name}`, 'told', ({ status }) => (status?.conditions?.length ?? 0) > 0);
    assert.deepEqual(
      app.status?.conditions?.map((item) => [item.type, item.message]),
      [['InvalidSpecError', message]],
    );
    assert.deepEqual(
      [app.status.sync?.status, app.status.health?.status, app.operation],
      ['Unknown', 'Unknown', undefined],
    );
  }
  await operate(s, 'spec-neither', { sync: {} });
  const refused = await ended(s, 'spec-neither', 'Error');
  assert.equal(refused.status?.operationState?.message, 'InvalidSpecError: Destination server missing from app spec');
  const { namespace } = s;
  await s.apply('spec-neither', {
    destination: { name: 'in-cluster', namespace },
    source: { repoURL: s.url, path: 'web', targetRevision: 'main' },
    syncPolicy: automated,
  });
  assert.deepEqual((await synced(s, 'spec-neither')).status?.conditions, []);
  assert.deepEqual(await dataOf(s, 'web'), { value: '1' });
});

test('an operation with sources of its own syncs those, which the project must permit', async (t) => {
  const s = await stage(t, {
    'web/a.yaml': config('web', '1'),
    'one/a.yaml': config('web', 'one'),
    'two/b.yaml': config('two', '2'),
  });
  await s.project('ours', {}, { sourceRepos: [s.url] });
  await s.apply('sourced', { project: 'ours', source: { repoURL: s.url, path: 'web', targetRevision: 'main' } });
  await s.until('sourced', 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
  const one = { repoURL: s.url, path: 'one', targetRevision: 'main' };
  await operate(s, 'sourced', { sync: { source: one } });
  const first = await ended(s, 'sourced', 'Succeeded');
  assert.deepEqual(await dataOf(s, 'web'), { value: 'one' });
  assert.deepEqual([first.status?.history?.at(-1)?.source, first.status?.sync?.status], [one, 'OutOfSync']);
  const sources = [one, { repoURL: s.url, path: 'two', targetRevision: 'main' }];
  await operate(s, 'sourced', { sync: { sources } });
  const both = await s.until('sourced', 'second', (app) => !app.operation && app.status?.history?.length === 2);
  assert.deepEqual(both.status?.history?.at(-1)?.sources, sources);
  assert.deepEqual(await dataOf(s, 'two'), { value: '2' });
  await operate(s, 'sourced', { sync: { source: { ...one, repoURL: 'https://example.com/other' } } });
  const refused = await ended(s, 'sourced', 'Error');
  assert.equal(
    refused.status?.operationState?.message,
    "InvalidSpecError: application repo https://example.com/other is not permitted in project 'ours'",
  );
});

test('a refresh fetches and compares again; a hard one asks the server about each object anew', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('fresh', { source: { repoURL: s.url, path: 'web', targetRevision: 'main' } });
  await operate(s, 'fresh', { sync: {} });
  await synced(s, 'fresh');
  await quiet(s);
  // Nobody tells of it.
  s.commit({ 'web/a.yaml': config('web', '2') });
  await patchApp(s, 'fresh', { metadata: { annotations: { [refresh]: 'normal' } } });
  const found = await s.until('fresh', 'sees the commit', (app) => app.status?.sync?.status === 'OutOfSync');
  assert.equal(found.metadata.annotations?.[refresh], undefined);
  await push(s, { 'web/a.yaml': config('web', '1') });
  await synced(s, 'fresh');
  const asks = async (how: string): Promise<number> => {
    await quiet(s);
    const before = asked(s)['dryRun'] ?? 0;
    await patchApp(s, 'fresh', { metadata: { annotations: { [refresh]: how } } });
    await s.until('fresh', 'refreshed', (app) => app.metadata.annotations?.[refresh] === undefined);
    await quiet(s);
    return (asked(s)['dryRun'] ?? 0) - before;
  };
  assert.deepEqual([await asks('normal'), await asks('hard')], [0, 1]);
});
