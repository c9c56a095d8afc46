// What the projects keep from a pull request's preview, over a real comparison with a real cluster.
import type { Stage } from '../engine/fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diffCheck } from '../../src/github/markdown/check-content.ts';
import { renderComment } from '../../src/github/markdown/comment.ts';
import { preview, rowOf } from './on-stage.ts';
import { automated, config, synced } from '../engine/manifests.ts';
import { stage } from '../engine/fixture.ts';
import { origin } from '../git/origin.ts';

const child = (name: string, spec: string): string =>
  `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: ${name}}\nspec: ${spec}\n`;

/** Another team's namespace with a value that nobody here may see. */
async function otherTeam(s: Stage): Promise<string> {
  const name = `${s.namespace}-other`;
  await s.cluster.api.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { 'not-for': 'others-label' } } },
    { manager: 'test' },
  );
  await s.cluster.api.apply(
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'x', namespace: name },
      data: { password: 'others-value' },
    },
    { manager: 'test' },
  );
  return name;
}

test('objects that the project does not permit are errors that show nothing live, and the check fails', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  const other = await otherTeam(s);
  t.after(() =>
    s.cluster.api.delete({ group: '', kind: 'Namespace', namespace: '', name: other }).catch(() => undefined),
  );
  await s.project('narrow', {}, { clusterResourceWhitelist: [] });
  await s.apply('web', { project: 'narrow', syncPolicy: automated });
  await synced(s, 'web');
  const found = await preview(s, {
    'web/a.yaml': config('web', '2'),
    'web/b.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: ${other}}\ndata: {password: mine}\n`,
    'web/c.yaml': `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${other}, labels: {not-for: me}}\n`,
    'web/d.yaml':
      'apiVersion: v1\nkind: ConfigMap\n' +
      `metadata: {name: x, namespace: ${other}, annotations: {argocd.argoproj.io/hook: PreSync}}\n`,
  });
  const { effect } = rowOf(found, 'web');
  assert.deepEqual(
    effect?.change.map(({ key, action }) => `${action} ${key.name}`),
    ['change web'],
  );
  assert.deepEqual(
    effect?.errors.map(({ code, key, message, place }) => [code, key.kind, message, place?.file]),
    [
      ['E_PROJECT', 'ConfigMap', `namespace ${other} is not permitted in project 'narrow'`, 'web/b.yaml'],
      ['E_PROJECT', 'Namespace', 'resource :Namespace is not permitted in project narrow', 'web/c.yaml'],
      ['E_PROJECT', 'ConfigMap', `namespace ${other} is not permitted in project 'narrow'`, 'web/d.yaml'],
    ],
  );
  assert.deepEqual([effect?.digest, effect?.hooks], ['', []]);
  assert.doesNotMatch(JSON.stringify(found), /others-/);
  const { body } = await renderComment({
    preview: found,
    activity: '',
    publicUrl: 'https://cox.example.com',
    refused: '',
  });
  assert.match(
    body,
    /`web\/b\.yaml:1` · `E_PROJECT`\n\n```+\nConfigMap .*-other\/x: namespace .* is not permitted in project 'narrow'/,
  );
  const check = diffCheck(found, '');
  assert.equal(check.conclusion, 'failure');
  assert.deepEqual(
    check.annotations?.map(({ path }) => path),
    ['web/b.yaml', 'web/c.yaml', 'web/d.yaml'],
  );
  await s.project(
    'narrow',
    {},
    { destinations: [s.namespace, other].map((namespace) => ({ server: '*', namespace })) },
  );
  await s.untilStore('the wider project', () =>
    s.store.projects.get(`${s.namespace}/narrow`)?.spec.destinations?.[1]?.namespace === other ? true : undefined,
  );
  assert.match(
    JSON.stringify(
      (
        await preview(s, {
          'web/b.yaml':
            `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: ${other}}\n` + 'data: {password: mine}\n',
        })
      ).apps,
    ),
    /others-value/,
    'the test would see it',
  );
});

test('a new application is rendered from a source and compared with a destination of its project alone', async (t) => {
  const s = await stage(t, { 'root/keep.yaml': config('keep', '1'), 'web/a.yaml': config('web', '1') });
  const hidden = origin(t, { 'web/a.yaml': config('hidden', 'others-value') });
  await s.project('narrow', {}, { sourceRepos: [s.url] });
  await s.apply('root');
  await s.until('root', 'looked at', (app) => app.status?.sync?.status !== undefined);
  const destination = `{server: https://kubernetes.default.svc, namespace: ${s.namespace}}`;
  const found = await preview(s, {
    'root/a.yaml': child(
      'hidden',
      `{project: narrow, destination: ${destination}, source: {repoURL: "file://${hidden.url}", path: web, ` +
        'targetRevision: main}}',
    ),
    'root/b.yaml': child(
      'away',
      '{project: narrow, destination: {server: https://kubernetes.default.svc, namespace: kube-system}, source: ' +
        `{repoURL: "${s.url}", path: web, targetRevision: main}}`,
    ),
    'root/c.yaml': child(
      'orphan',
      `{project: nowhere, destination: ${destination}, source: {repoURL: "${s.url}", path: web, targetRevision: main}}`,
    ),
    'root/d.yaml': child(
      'fine',
      `{project: narrow, destination: ${destination}, source: {repoURL: "${s.url}", path: web, targetRevision: main}}`,
    ),
  });
  assert.deepEqual(
    found.apps.map(({ name, status, error, effect }) => [
      name,
      status,
      error?.code,
      error?.message,
      effect?.change.length,
    ]),
    [
      [
        'away',
        'new',
        'E_PROJECT',
        "application destination server 'https://kubernetes.default.svc' and namespace 'kube-system' do not match " +
          "any of the allowed destinations in project 'narrow'",
        undefined,
      ],
      ['fine', 'new', undefined, undefined, 1],
      [
        'hidden',
        'new',
        'E_PROJECT',
        `application repo file://${hidden.url} is not permitted in project 'narrow'`,
        undefined,
      ],
      ['orphan', 'new', 'E_PROJECT', 'Application referencing project nowhere which does not exist', undefined],
      ['root', 'changed', undefined, undefined, 4],
    ],
  );
  assert.doesNotMatch(JSON.stringify(found), /others-/);
});

test("applications that their parent's project does not permit are not followed, whichever they name", async (t) => {
  const s = await stage(t, { 'team/keep.yaml': config('keep', '1'), 'web/a.yaml': config('web', '1') });
  await s.project('team', {}, { namespaceResourceBlacklist: [{ group: 'argoproj.io', kind: '*' }] });
  await s.apply('team', { project: 'team' });
  await s.until('team', 'looked at', (app) => app.status?.sync?.status !== undefined);
  const found = await preview(s, {
    'team/a.yaml': child(
      'sneaky',
      `{project: default, destination: {server: https://kubernetes.default.svc, namespace: ${s.namespace}}, ` +
        `source: {repoURL: "${s.url}", path: web, targetRevision: main}}`,
    ),
  });
  assert.deepEqual(
    found.apps.map(({ name, effect }) => [name, effect?.change.length, effect?.errors[0]?.message]),
    [['team', 0, 'resource argoproj.io:Application is not permitted in project team']],
  );
});
