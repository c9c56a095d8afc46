// `cox app create`, `set`, `unset`, `edit`: Applications written from the terminal.
import type { Application } from '../../src/model/application.ts';
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { described, without } from '../../src/cli/app/described.ts';
import { bed, runCox } from './fixture.ts';

const config = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n';
const kind = { group: 'argoproj.io', kind: 'Application' };
const place = ['--repo', 'https://git.example/infra.git', '--path', 'web', '--dest-namespace', 'web'];

const empty = { project: 'default', destination: { server: 'https://kubernetes.default.svc' } };
const source = { repoURL: 'r', path: 'p' };
type Case = [what: string, given: Parameters<typeof described>, expected: unknown];
const cases: Case[] = [
  [
    'a value of a chart replaces the one of its name, and others stay',
    [
      {
        ...empty,
        source: {
          ...source,
          helm: {
            parameters: [
              { name: 'a', value: '1' },
              { name: 'b', value: '1' },
            ],
          },
        },
      },
      { 'helm-set': ['b=2=2'] },
    ],
    {
      ...empty,
      source: {
        ...source,
        helm: {
          parameters: [
            { name: 'a', value: '1' },
            { name: 'b', value: '2=2' },
          ],
        },
      },
    },
  ],
  [
    'an image of a kustomization replaces the one of its name, whatever tag or registry port it has',
    [
      { ...empty, source: { ...source, kustomize: { images: ['reg:5000/web:1', 'api=x/api:1'] } } },
      { 'kustomize-image': ['reg:5000/web@sha256:00', 'api:2'] },
    ],
    { ...empty, source: { ...source, kustomize: { images: ['reg:5000/web@sha256:00', 'api:2'] } } },
  ],
  [
    'a cluster named by its name replaces its address',
    [empty, { 'dest-name': 'prod', 'dest-namespace': 'web' }],
    { project: 'default', destination: { name: 'prod', namespace: 'web' } },
  ],
  [
    'to sync by itself no longer takes pruning and healing along',
    [{ ...empty, syncPolicy: { automated: { prune: true }, syncOptions: ['A=1'] } }, { 'sync-policy': 'none' }],
    { ...empty, syncPolicy: { syncOptions: ['A=1'] } },
  ],
  [
    'of several sources the one at the position is changed',
    [
      { ...empty, sources: [source, source] },
      { 'source-position': '2', revision: 'v2' },
    ],
    { ...empty, sources: [source, { ...source, targetRevision: 'v2' }] },
  ],
];
for (const [what, [spec, values], expected] of cases)
  test(what, () => assert.deepEqual(described(spec, values), expected));

test('what is taken back is named as it was set, and the rest stays', () => {
  const spec = {
    ...empty,
    source: { ...source, helm: { valueFiles: ['a.yaml', 'b.yaml'] }, kustomize: { images: ['web=x/web:1', 'api:1'] } },
    syncPolicy: { syncOptions: ['Replace=true', 'Validate=false'] },
  };
  assert.deepEqual(without(spec, { values: ['a.yaml'], 'kustomize-image': ['web'], 'sync-option': ['Replace'] }), {
    ...empty,
    source: { ...source, helm: { valueFiles: ['b.yaml'] }, kustomize: { images: ['api:1'] } },
    syncPolicy: { syncOptions: ['Validate=false'] },
  });
});

const wrong: [line: string[], message: RegExp][] = [
  [['create', 'x', '--path', 'web'], /needs --repo, or --file/],
  [['create', 'x', '--repo', 'r'], /needs --path, or --helm-chart/],
  [['create', 'x', '--repo', 'r', '--helm-chart', 'redis'], /--helm-chart needs --revision/],
  [['create', ...place, '--file', '/nowhere'], /\/nowhere cannot be read: ENOENT/],
  [['create', 'x', ...place, '--dest-name', 'a', '--dest-server', 'b'], /by --dest-server or by --dest-name/],
  [['create', 'x', ...place, '--auto-prune'], /need an application that syncs by itself: --sync-policy auto/],
  [['create', 'x', ...place, '--helm-set', 'a'], /--helm-set is "a", but must be NAME=VALUE/],
];

test('an application is created, changed and changed back, and nothing else is written', async (t) => {
  const { stage, cox } = await bed(t, { 'web/a.yaml': config });
  const read = async (name: string): Promise<Application | undefined> =>
    (await stage.cluster.api.get({ ...kind, namespace: stage.namespace, name })) as Application | undefined;
  for (const [line, message] of wrong) {
    const ran = await cox('app', ...line);
    assert.deepEqual([ran.code, ran.out], [2, ''], line.join(' '));
    assert.match(ran.err, message);
  }
  const tried = await cox('app', 'create', 'web', ...place, '--dry-run', '-o', 'yaml');
  assert.equal(tried.code, 0, tried.err);
  const shown = parse(tried.out) as Application;
  assert.deepEqual([shown.spec.source?.path, shown.metadata.managedFields], ['web', undefined]);
  assert.equal(await read('web'), undefined);
  const unknown = await cox('app', 'create', 'web', ...place, '-p', 'nobody');
  assert.match(unknown.err, /there is no project \S+\/nobody \(E_PROJECT\)/);
  assert.equal((await cox('app', 'create', 'web', ...place, '--label', 'team=a')).out, 'web: created\n');
  assert.equal((await cox('app', 'create', 'web', ...place)).code, 0, 'the same again');
  const other = await cox('app', 'create', 'web', ...place, '--revision', 'v2');
  assert.match(other.err, /is there, and another \(E_APPLICATION\)[^]*--upsert/);
  assert.equal((await cox('app', 'create', 'web', ...place, '--revision', 'v2', '--upsert')).out, 'web: changed\n');
  const flags = ['--sync-policy', 'auto', '--self-heal', '--sync-option', 'CreateNamespace=true', '--label', 'team=b'];
  assert.equal((await cox('app', 'set', '-l', 'team=a', ...flags)).out, 'web: changed\n');
  assert.equal((await cox('app', 'set', 'web', ...flags)).out, 'web: unchanged\n');
  const set = await read('web');
  assert.deepEqual(set?.spec.syncPolicy, { automated: { selfHeal: true }, syncOptions: ['CreateNamespace=true'] });
  assert.deepEqual([set.metadata.labels, set.spec.source?.targetRevision], [{ team: 'b' }, 'v2']);
  assert.equal((await cox('app', 'unset', 'web', '--sync-option', 'CreateNamespace', '--label', 'team')).code, 0);
  const back = await read('web');
  assert.deepEqual([back?.spec.syncPolicy?.syncOptions, back?.metadata.labels ?? {}], [[], {}]);
});

test('one that another application keeps is changed with a warning that it comes back', async (t) => {
  const { stage, cox } = await bed(t, { 'web/a.yaml': config });
  await stage.apply('web', { source: { repoURL: 'https://git.example/r.git', path: 'web' } });
  await stage.cluster.api.patch(
    { ...kind, namespace: stage.namespace, name: 'web' },
    { type: 'merge', patch: { metadata: { annotations: { 'argocd.argoproj.io/tracking-id': 'root:x' } } } },
  );
  assert.match(
    (await cox('app', 'set', 'web', '--revision', 'v2')).err,
    /kept by the application root: change it in Git/,
  );
});

test('an editor changes the spec, and what cannot be saved is kept in a file that is named', async (t) => {
  const { stage, env } = await bed(t, { 'web/a.yaml': config });
  await stage.apply('web', { source: { repoURL: 'https://git.example/r.git', path: 'web' } });
  const dir = mkdtempSync(join(tmpdir(), 'cox-edit-test-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const editing = (script: string): ReturnType<typeof runCox> => {
    const editor = join(dir, 'editor');
    writeFileSync(editor, `#!/bin/sh\n${script}\n`);
    chmodSync(editor, 0o755);
    return runCox(['app', 'edit', 'web'], { env: { ...env, EDITOR: editor } });
  };
  assert.deepEqual(await editing('sed -i "s/path: web/path: other/" "$1"'), {
    code: 0,
    out: 'web: changed\n',
    err: '',
  });
  assert.match((await editing(': > "$1"')).err, /the file is empty: nothing is changed/);
  assert.match((await editing('exit 3')).err, /ended with 3: nothing is changed/);
  const refused = await editing('echo "project: [" > "$1"');
  assert.match(refused.err, /what was written is no YAML/);
  const kept = /kept in (\S+)/.exec(refused.err)?.[1] ?? '';
  assert.ok(existsSync(kept), refused.err);
  assert.equal(readFileSync(kept, 'utf8'), 'project: [\n');
  const app = (await stage.cluster.api.get({ ...kind, namespace: stage.namespace, name: 'web' })) as Application;
  assert.equal(app.spec.source?.path, 'other');
});
