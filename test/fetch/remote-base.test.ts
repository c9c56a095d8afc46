// Bases, components and files that kustomizations name elsewhere: fetched by us before Kustomize runs, which has no
// network.
import type { Origin } from '../git/origin.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { binaries } from '../../tools/binaries.ts';
import { origin } from '../git/origin.ts';
import { application, fetching, maps, secret, settingsOf, signal } from './fetching.ts';
import { folder, web, write } from './servers.ts';

/** The web that it asks is served by this process. */
const call = promisify(execFile);

const map = (name: string, note: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {note: ${note}}\n`;

const at = (from: Origin, path: string, ref: string): string => `file://${from.url}//${path}?ref=${ref}`;

const appOf = (from: Origin, more: object = {}) =>
  application({ repoURL: from.url, path: 'app', targetRevision: 'main', ...more });

/** As Kustomize itself renders it, which clones and asks the web. */
async function byCommand(t: TestContext, from: Origin): Promise<Record<string, unknown>> {
  const { kustomize } = await binaries(['kustomize']);
  const dir = folder(t);
  const env = { PATH: process.env['PATH'] ?? '', HOME: dir, TMPDIR: dir, GIT_ALLOW_PROTOCOL: 'file' };
  await call('git', ['clone', '-q', from.url, join(dir, 'work')], { env });
  const { stdout: text } = await call(kustomize, ['build', join(dir, 'work/app')], { env, timeout: 60_000 });
  return maps(parseAllDocuments(text).map((document) => document.toJS() as KubeObject));
}

test('bases, components and files of elsewhere, nested ones too, give what Kustomize gives', async (t) => {
  const site = folder(t);
  write(site, {
    'v1.0.0/install.yaml': map('install', 'from-the-web'),
    'v1.0.0/patch.yaml': map('own', 'patched'),
    'v1.0.0/app.conf': 'x=1\n',
  });
  const { url } = await web(t, site);
  const deep = origin(t, {
    'deep/kustomization.yaml': 'resources: [map.yaml]\nnamePrefix: deep-\n',
    'deep/map.yaml': map('base', 'deep'),
  });
  const shared = origin(t, {
    'base/kustomization.yaml': `resources:\n- ${at(deep, 'deep', 'v1')}\n- ../beside\n- ${url}/v1.0.0/install.yaml\n`,
    'beside/kustomization.yaml': 'resources: [map.yaml]\n',
    'beside/map.yaml': map('beside', 'one'),
    'part/kustomization.yaml': 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -part\n',
  });
  deep.git('tag', 'v1');
  deep.git('push', '-q', '--tags', 'origin');
  const from = origin(t, {
    'app/kustomization.yaml':
      `resources:\n- own.yaml\n- "${at(shared, 'base', 'main')}"\n` +
      `components:\n- ${at(shared, 'part', 'main')}\npatches:\n- path: ${url}/v1.0.0/patch.yaml\n` +
      `configMapGenerator:\n- {name: made, files: [${url}/v1.0.0/app.conf, other.conf=${url}/v1.0.0/app.conf]}\n`,
    'app/own.yaml': map('own', 'here'),
  });
  const { desiring } = await fetching(t, settingsOf([secret({ url })]));
  const { manifests, fetched, placeOf } = await desiring.at(appOf(from), [], signal);
  assert.deepEqual(maps(manifests), await byCommand(t, from));
  assert.equal(Object.keys(maps(manifests)).length, 5);
  const kinds = fetched.map(({ what }) => what.split(' ')[0]).sort();
  assert.deepEqual(kinds, ['file', 'file', 'file', 'git', 'git']);
  const install = manifests.find(({ metadata }) => metadata.name === 'install-part');
  assert.match((install && placeOf(install)?.file) ?? '', /\.remote\/127\.0\.0\.1-\d+\/v1\.0\.0\/install\.yaml$/);
});

test('an Application adds a component of elsewhere, and overrides what a remote base says', async (t) => {
  const shared = origin(t, {
    'part/kustomization.yaml':
      'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {part: "yes"}\n',
    'base/kustomization.yaml': 'resources: [map.yaml]\n',
    'base/map.yaml': map('base', 'one'),
  });
  const from = origin(t, { 'app/kustomization.yaml': `resources:\n- ${at(shared, 'base', 'main')}\n` });
  const { desiring } = await fetching(t, settingsOf([]));
  const kustomize = { components: [at(shared, 'part', 'main')], namePrefix: 'my-' };
  const { manifests } = await desiring.at(appOf(from, { kustomize }), [], signal);
  assert.deepEqual(
    manifests.map(({ metadata }) => [metadata.name, metadata.annotations]),
    [['my-base', { part: 'yes' }]],
  );
});

test('a base has a new key when what it reads moves, and the same one when only its repository does', async (t) => {
  const shared = origin(t, { 'base/kustomization.yaml': 'resources: [map.yaml]\n', 'base/map.yaml': map('x', 'one') });
  const from = origin(t, { 'app/kustomization.yaml': `resources:\n- ${at(shared, 'base', 'main')}\n` });
  const made = await fetching(t, settingsOf([]));
  const first = await made.desiring.at(appOf(from), [], signal);
  const [base] = first.fetched;
  const is = async () => base && (await base.again(signal)) === base.is;
  assert.equal(await is(), true);
  shared.commit('elsewhere', { 'README.md': 'two\n' });
  await made.git.repository(base?.address ?? '', base?.reach).fetch();
  assert.equal(await is(), false);
  assert.equal((await made.desiring.at(appOf(from), [], signal)).key, first.key);
  shared.commit('base', { 'base/map.yaml': map('x', 'two') });
  await made.git.repository(base?.address ?? '', base?.reach).fetch();
  const second = await made.desiring.at(appOf(from), [], signal);
  assert.notEqual(second.key, first.key);
  assert.deepEqual(maps(second.manifests), { x: { note: 'two' } });
  const pinned = Object.fromEntries(first.fetched.map((each) => [each.what, each.is]));
  const then = await made.desiring.at(appOf(from), [], signal, { pinned });
  assert.deepEqual([then.key, maps(then.manifests)], [first.key, { x: { note: 'one' } }]);
});

test('a revision is a branch, a tag or a commit, also one that was pushed after the mirror was brought', async (t) => {
  const shared = origin(t, { 'base/kustomization.yaml': 'resources: [map.yaml]\n', 'base/map.yaml': map('x', 'one') });
  const first = shared.git('rev-parse', 'HEAD');
  const { desiring } = await fetching(t, settingsOf([]));
  const noteAt = async (ref: string) => {
    const from = origin(t, { 'app/kustomization.yaml': `resources:\n- ${at(shared, 'base', ref)}\n` });
    return maps((await desiring.at(appOf(from), [], signal)).manifests);
  };
  assert.deepEqual(await noteAt('main'), { x: { note: 'one' } });
  shared.commit('two', { 'base/map.yaml': map('x', 'two') });
  for (const name of ['v1.2.9', 'v1.2']) {
    shared.git('tag', name, name === 'v1.2' ? first : 'HEAD');
    shared.git('push', '-q', 'origin', name);
  }
  assert.deepEqual(await noteAt('v1.2'), { x: { note: 'one' } }); // no constraint, though a tag would fit one
  assert.deepEqual(await noteAt(first), { x: { note: 'one' } });
  assert.deepEqual(await noteAt('v1.2.9'), { x: { note: 'two' } });
  await assert.rejects(noteAt('v7'), {
    code: 'E_REVISION',
    place: { file: 'app/kustomization.yaml', line: 2, column: 3 },
  });
});

test('an unmerged revision takes another version of a base that is merged, and no other base', async (t) => {
  const [known, other] = [1, 2].map(() =>
    origin(t, { 'base/kustomization.yaml': 'resources: [map.yaml]\n', 'base/map.yaml': map('x', 'one') }),
  ) as [Origin, Origin];
  known.git('tag', 'v2');
  known.git('push', '-q', '--tags', 'origin');
  const uses = (address: string) => origin(t, { 'app/kustomization.yaml': `resources:\n- ${address}\n` });
  const [merged, next, stranger] = [at(known, 'base', 'main'), at(known, 'base', 'v2'), at(other, 'base', 'main')].map(
    uses,
  ) as [Origin, Origin, Origin];
  const made = await fetching(t, settingsOf([]));
  const { fetched } = await made.desiring.at(appOf(merged), [], signal);
  const render = (from: Origin) =>
    made.desiring.at(appOf(from), [], signal, {
      unmerged: fetched,
      repositories: new Set([from.url.replace(/\.git$/, '').toLowerCase()]),
    });
  assert.deepEqual(maps((await render(next)).manifests), { x: { note: 'one' } });
  await assert.rejects(render(stranger), {
    code: 'E_EGRESS',
    place: { file: 'app/kustomization.yaml', line: 2, column: 3 },
  });
  made.settings = settingsOf([], { 'coxswain-cm': { 'preview.egress': `file://${other.url}` } });
  assert.deepEqual(maps((await render(stranger)).manifests), { x: { note: 'one' } });
});

test('what stands in a base reads nothing outside of its repository', async (t) => {
  const bases: Record<string, string>[] = [
    { 'base/kustomization.yaml': 'resources: [../../../../../app/secret.yaml]\n' },
    { 'base/kustomization.yaml': 'resources: [../../../../../../../app]\n' },
    { 'base/kustomization.yaml': 'resources: [../../../../app]\n' },
    { 'kustomization.yaml': 'resources: [../../../app]\n', 'base/kustomization.yaml': 'resources: [..]\n' },
  ];
  const { desiring } = await fetching(t, settingsOf([]));
  for (const files of bases) {
    const shared = origin(t, files);
    const from = origin(t, {
      'app/kustomization.yaml': `resources:\n- ${at(shared, 'base', 'main')}\n`,
      'app/secret.yaml': map('secret', 'secret'),
    });
    await assert.rejects(desiring.at(appOf(from), [], signal), { code: 'E_RENDER' }, JSON.stringify(files));
  }
  const linking = origin(t, { 'base/kustomization.yaml': 'resources: [map.yaml]\n' });
  symlinkSync('../../../../../app/secret.yaml', join(linking.git('rev-parse', '--show-toplevel'), 'base/map.yaml'));
  linking.commit('link', {});
  const from = origin(t, {
    'app/kustomization.yaml': `resources:\n- ${at(linking, 'base', 'main')}\n`,
    'app/secret.yaml': map('secret', 'secret'),
  });
  await assert.rejects(desiring.at(appOf(from), [], signal), { code: 'E_RENDER' });
  const direct = origin(t, {
    'app/kustomization.yaml': `resources:\n- ${at(linking, '', 'main')}\n- ../.remote${linking.url}@main/base\n`,
  });
  await assert.rejects(desiring.at(appOf(direct), [], signal), { code: 'E_RENDER' });
});

test('a base at a private address is refused, unless a repository Secret names the host', async (t) => {
  const site = await web(t, folder(t));
  const from = (url: string) => origin(t, { 'app/kustomization.yaml': `resources:\n- ${url}/acme/base.git//x\n` });
  const made = await fetching(t, settingsOf([]));
  for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '0x7f.1']) {
    const url = site.url.replace('127.0.0.1', host);
    await assert.rejects(made.desiring.at(appOf(from(url)), [], signal), { code: 'E_EGRESS' }, host);
  }
  assert.deepEqual(site.asked, []);
});

test('buildOptions let a kustomization read files beside its folder, and order what it makes', async (t) => {
  const from = origin(t, {
    'app/kustomization.yaml': 'resources: [../shared/z.yaml, ../shared/a.yaml]\n',
    'shared/z.yaml': map('z', 'one'),
    'shared/a.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n',
  });
  const made = await fetching(t, settingsOf([]));
  await assert.rejects(made.desiring.at(appOf(from), [], signal), { code: 'E_RENDER', message: /is not in or below/ });
  const kinds = async (flags: string) => {
    made.settings = settingsOf([], { 'argocd-cm': { 'kustomize.buildOptions': flags } });
    return (await made.desiring.at(appOf(from), [], signal)).manifests.map(({ kind }) => kind);
  };
  assert.deepEqual(await kinds('--load-restrictor LoadRestrictionsNone'), ['Namespace', 'ConfigMap']);
  assert.deepEqual(await kinds('--load-restrictor=LoadRestrictionsNone --reorder=none'), ['ConfigMap', 'Namespace']);
  await assert.rejects(kinds('--reorder none'), { code: 'E_RENDER' });
});

test('a password in an address is refused, and not repeated', async (t) => {
  const from = origin(t, {
    'app/kustomization.yaml': 'resources:\n- https://ana:s3cret@git.example/acme/base.git//x\n',
  });
  const { desiring } = await fetching(t, settingsOf([]));
  await assert.rejects(desiring.at(appOf(from), [], signal), (error: Error) => {
    assert.match(error.message, /holds a password/);
    assert.doesNotMatch(error.message, /s3cret/);
    return true;
  });
});
