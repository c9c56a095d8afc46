// Charts that kustomizations have Helm render: fetched before Kustomize runs, and equal to what its command makes.
import type { Origin } from '../git/origin.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { binaries } from '../../tools/binaries.ts';
import { origin } from '../git/origin.ts';
import { application, fetching, secret, settingsOf, signal } from './fetching.ts';
import { chartFiles, chartRepository, folder, push, registry, web, write } from './servers.ts';

const call = promisify(execFile);

const enabled = { 'argocd-cm': { 'kustomize.buildOptions': '--enable-helm' } };

const appOf = (from: Origin, more: object = {}) =>
  application({ repoURL: from.url, path: 'app', targetRevision: 'main', ...more });

/** As the commands of Kustomize and Helm render it, as Argo CD runs them. */
async function byCommand(t: TestContext, from: Origin): Promise<KubeObject[]> {
  const { kustomize, helm } = await binaries(['kustomize', 'helm']);
  const dir = folder(t);
  const env = { PATH: process.env['PATH'] ?? '', HOME: dir, TMPDIR: dir };
  await call('git', ['clone', '-q', from.url, join(dir, 'work')], { env });
  const flags = ['--enable-helm', '--helm-command', helm, '--helm-kube-version', '1.36.3'];
  const apis = ['--helm-api-versions', 'apps/v1', '--helm-api-versions', 'v1'];
  const { stdout } = await call(kustomize, ['build', join(dir, 'work/app'), ...flags, ...apis], { env });
  return parseAllDocuments(stdout).map((document) => document.toJS() as KubeObject);
}

const sorted = (objects: readonly KubeObject[]): KubeObject[] =>
  [...objects].sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));

const rich = (name: string, version: string): Record<string, string> =>
  chartFiles(name, version, {
    'values.yaml': 'note: none\nlist: [a, b]\ndeep: {one: 1, two: 2}\n',
    'templates/more.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: "{{ .Release.Name }}-more"\n' +
      '  namespace: "{{ .Release.Namespace }}"\n' +
      'data:\n  values: |\n    {{ .Values | toJson }}\n  kube: "{{ .Capabilities.KubeVersion.Version }}"\n' +
      '  has: "{{ .Capabilities.APIVersions.Has "apps/v1" }} {{ .Capabilities.APIVersions.Has "acme.io/v9" }}"\n',
    'templates/hook.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hook, annotations: {helm.sh/hook: pre-install}}\n',
    'templates/test.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {name: t, annotations: {helm.sh/hook: test}}\n',
    'crds/c.yaml':
      'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: xs.acme.io}\n',
  });

test('charts give what the command of Kustomize gives', async (t) => {
  const repository = await chartRepository(t);
  for (const version of ['1.0.0', '1.1.0']) await repository.publish(rich('web', version));
  const below = (at: string, files: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(files).map(([path, text]) => [`app/${at}/${path}`, text]));
  const item = (more: string): string => `helmCharts:\n- name: web\n  releaseName: r\n  ${more}\n`;
  const remote = `repo: ${repository.url}\n  version: 1.0.0`;
  const local = below('charts/web', rich('web', '7.0.0'));
  const inline = '\n  valuesInline: {note: inline, list: [c], deep: {two: 3, three: 3}}';
  const values = { 'app/v.yaml': 'note: file\ndeep: {two: 9}\n', 'app/w.yaml': 'note: more\n' };
  for (const [what, files] of [
    ['fetched', { 'app/kustomization.yaml': item(remote) }],
    ['the newest', { 'app/kustomization.yaml': item(`repo: ${repository.url}`) }],
    ['of the repository', { ...local, 'app/kustomization.yaml': item('namespace: other') }],
    [
      'in chartHome',
      {
        ...below('my/charts/web', rich('web', '7.0.0')),
        'app/kustomization.yaml': `helmGlobals: {chartHome: my/charts}\n${item('includeCRDs: true')}`,
      },
    ],
    ['without tests', { ...local, 'app/kustomization.yaml': item('skipTests: true') }],
    ['without hooks', { ...local, 'app/kustomization.yaml': item('skipHooks: true') }],
    ['valuesInline', { ...local, 'app/kustomization.yaml': item(`namespace: x${inline}`) }],
    ['merge', { ...local, 'app/kustomization.yaml': item(`valuesMerge: merge${inline}`) }],
    ['replace', { ...local, 'app/kustomization.yaml': item(`valuesMerge: replace${inline}`) }],
    [
      'files of values',
      {
        ...values,
        'app/kustomization.yaml': item(`${remote}\n  valuesFile: v.yaml\n  additionalValuesFiles: [w.yaml]${inline}`),
      },
    ],
    [
      'versions of its own',
      { ...local, 'app/kustomization.yaml': item('kubeVersion: "1.30"\n  apiVersions: [acme.io/v9]') },
    ],
    [
      'transformed, beside others, in a base',
      {
        ...below('base/charts/web', rich('web', '7.0.0')),
        'app/base/kustomization.yaml': `${item('namespace: x')}resources: [own.yaml]\nnamePrefix: p-\n`,
        'app/base/own.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\n',
        'app/kustomization.yaml':
          'resources: [base]\nnamespace: shop\ncommonLabels: {a: b}\n' +
          'configMapGenerator: [{name: made, literals: [a=b]}]\n' +
          'patches:\n- target: {kind: ConfigMap, name: web}\n  patch: |-\n' +
          '    - {op: add, path: /data/patched, value: "1"}\n',
      },
    ],
  ] as const) {
    const from = origin(t, files);
    const { desiring } = await fetching(t, settingsOf([secret({ url: repository.url })], enabled));
    const { manifests } = await desiring.at(appOf(from), [], signal);
    assert.deepEqual([what, sorted(manifests)], [what, sorted(await byCommand(t, from))]);
    assert.ok(manifests.length >= 2, what);
  }
});

test('charts of registries, of a remote version, and for the cluster that the Application names', async (t) => {
  const host = await registry(t);
  await push(t, host, rich('web', '3.0.0'));
  const from = origin(t, {
    'app/kustomization.yaml':
      'helmCharts:\n- {name: web, releaseName: r, version: 3.0.0, ' + `repo: "oci://${host}/charts"}\n`,
  });
  const oci = { url: `${host}/charts`, type: 'helm', enableOCI: 'true', insecureOCIForceHttp: 'true' };
  const { desiring } = await fetching(t, settingsOf([secret(oci)], enabled));
  const seen = async (kustomize: object): Promise<unknown[]> => {
    const { manifests, fetched } = await desiring.at(appOf(from, { kustomize }), [], signal);
    const data = manifests.find(({ metadata }) => metadata.name === 'r-more')?.['data'] as Record<string, string>;
    return [data['kube'], data['has'], fetched[0]?.is.split(' ')[0]];
  };
  assert.deepEqual(await seen({}), ['v1.36.3', 'true false', '3.0.0']);
  assert.deepEqual(await seen({ kubeVersion: '1.30' }), ['v1.30', 'true false', '3.0.0']);
  assert.deepEqual(await seen({ apiVersions: ['acme.io/v9'] }), ['v1.36.3', 'true true', '3.0.0']);
});

test('without --enable-helm, and where a chart is nowhere or leaves the repository, the place is told', async (t) => {
  for (const [text, options, message] of [
    ['helmCharts:\n- {name: web}\n', '', /which is not enabled/],
    ['helmCharts:\n- {name: web}\n', '--enable-helm=false', /which is not enabled/],
    ['helmCharts:\n- {name: web}\n', '--enable-helm', /the chart web is not there, and it has no repo/],
    ['helmCharts:\n- {name: ../web}\n', '--enable-helm', /is no name of a chart/],
    [
      'helmCharts:\n- {name: web, repo: "https://x.example", version: ../../../x}\n',
      '--enable-helm',
      /is no version of/,
    ],
    ['helmChartInflationGenerator:\n- {chartName: web}\n', '--enable-helm', /is not rendered/],
  ] as const) {
    const from = origin(t, { 'app/kustomization.yaml': text });
    const { desiring } = await fetching(t, settingsOf([], { 'argocd-cm': { 'kustomize.buildOptions': options } }));
    await assert.rejects(desiring.at(appOf(from), [], signal), {
      code: 'E_RENDER',
      message,
      place: { file: 'app/kustomization.yaml', line: 2 },
    });
  }
});

test('values outside of the kustomization are read only with LoadRestrictionsNone', async (t) => {
  const from = origin(t, {
    'app/kustomization.yaml': 'helmCharts:\n- {name: web, releaseName: r, valuesFile: ../v.yaml}\n',
    'v.yaml': 'note: above\n',
    ...Object.fromEntries(Object.entries(chartFiles('web', '1.0.0')).map(([p, text]) => [`app/charts/web/${p}`, text])),
  });
  const { desiring } = await fetching(t, settingsOf([], enabled));
  await assert.rejects(desiring.at(appOf(from), [], signal), { code: 'E_RENDER', message: /is not in or below/ });
  const any = { 'argocd-cm': { 'kustomize.buildOptions': '--enable-helm --load-restrictor LoadRestrictionsNone' } };
  const free = await fetching(t, settingsOf([], any));
  const { manifests } = await free.desiring.at(appOf(from), [], signal);
  assert.deepEqual(
    manifests.map((each) => each['data']),
    [{ version: '1.0.0', note: 'above' }],
  );
});

test('an unmerged revision takes another version of a chart that is merged, and no other chart', async (t) => {
  const [known, other] = [await chartRepository(t), await chartRepository(t)];
  for (const version of ['1.0.0', '2.0.0']) await known.publish(chartFiles('web', version));
  await known.publish(chartFiles('db', '1.0.0'));
  await other.publish(chartFiles('web', '1.0.0'));
  const uses = (repo: string, name: string, more: string): Origin =>
    origin(t, { 'app/kustomization.yaml': `helmCharts:\n- {name: ${name}, releaseName: r, repo: "${repo}"${more}}\n` });
  const secrets = [secret({ url: known.url }), secret({ url: other.url })];
  const made = await fetching(t, settingsOf(secrets, enabled));
  const merged = await made.desiring.at(appOf(uses(known.url, 'web', ', version: 1.0.0')), [], signal);
  const render = async (from: Origin) => {
    const repositories = new Set([from.url.replace(/\.git$/, '').toLowerCase()]);
    const scope = { unmerged: merged.fetched, repositories };
    return (await made.desiring.at(appOf(from), [], signal, scope)).manifests.map(({ data }) => data);
  };
  const two = [{ version: '2.0.0', note: 'none' }];
  assert.deepEqual(await render(uses(known.url, 'web', ', version: 2.0.0')), two);
  assert.deepEqual(await render(uses(known.url, 'web', '')), two);
  for (const [repo, name, more] of [
    [other.url, 'web', ', version: 1.0.0'],
    [other.url, 'web', ''],
    [known.url, 'db', ', version: 1.0.0'],
    [known.url, 'web', `, version: 1.0.0, valuesFile: "${other.url}/values.yaml"`],
    [known.url, 'web', `, version: 1.0.0, additionalValuesFiles: ["${other.url}/values.yaml"]`],
  ] as const)
    await assert.rejects(
      render(uses(repo, name, more)),
      { code: 'E_EGRESS', message: /fetched by nothing that is merged/ },
      name + more,
    );
  assert.deepEqual(other.asked, []);
});

test('values of a chart come from the web, as the command of Kustomize takes them', async (t) => {
  const site = folder(t);
  write(site, { 'v.yaml': 'note: web\n' });
  const { url } = await web(t, site);
  const local = Object.entries(rich('web', '7.0.0')).map(([path, text]) => [`app/charts/web/${path}`, text]);
  const from = (field: string): Origin =>
    origin(t, {
      'app/kustomization.yaml': `helmCharts:\n- {name: web, releaseName: r, ${field}}\n`,
      ...(Object.fromEntries(local) as Record<string, string>),
    });
  const { desiring } = await fetching(t, settingsOf([secret({ url })], enabled));
  const one = from(`valuesFile: "${url}/v.yaml"`);
  const { manifests, fetched } = await desiring.at(appOf(one), [], signal);
  assert.deepEqual(sorted(manifests), sorted(await byCommand(t, one)));
  assert.deepEqual(
    manifests.flatMap(({ metadata, data }) => (metadata.name === 'web' ? [data] : [])),
    [{ version: '7.0.0', note: 'web' }],
  );
  assert.deepEqual(
    fetched.map(({ of }) => of),
    [`file ${url}/v.yaml`],
  );
  const more = await desiring.at(appOf(from(`additionalValuesFiles: ["${url}/v.yaml"]`)), [], signal);
  assert.deepEqual(sorted(more.manifests), sorted(manifests));
});

test('the newest version of a chart is what it was when it was synced, and another one afterwards', async (t) => {
  const repository = await chartRepository(t);
  await repository.publish(chartFiles('web', '1.0.0'));
  const from = origin(t, {
    'app/kustomization.yaml': `helmCharts:\n- {name: web, releaseName: r, repo: "${repository.url}"}\n`,
  });
  const { desiring, remotes } = await fetching(t, settingsOf([secret({ url: repository.url })], enabled));
  const at = (pinned?: Record<string, string>) => desiring.at(appOf(from), [], signal, { pinned });
  const then = await at();
  const pinned = Object.fromEntries(then.fetched.map(({ what, is }) => [what, is]));
  assert.equal(Object.keys(pinned).length, 2); // as it was asked for, and as it was found
  await repository.publish(chartFiles('web', '1.1.0'));
  await remotes.renew(repository.url, Infinity, signal);
  const now = await at();
  const versions = [then, now, await at(pinned)].map(({ manifests }) => manifests.map(({ data }) => data));
  assert.deepEqual(
    versions,
    ['1.0.0', '1.1.0', '1.0.0'].map((version) => [{ version, note: 'none' }]),
  );
  assert.equal((await at(pinned)).key, then.key);
  assert.notEqual(now.key, then.key);
  assert.deepEqual(await Promise.all(then.fetched.map(async (each) => (await each.again(signal)) === each.is)), [
    false,
    true,
  ]);
});
