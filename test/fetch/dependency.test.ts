// Charts in Git whose dependencies stand in repositories: fetched and laid down before Helm runs, which has no network.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { origin } from '../git/origin.ts';
import { application, fetching, maps, secret, settingsOf, signal } from './fetching.ts';
import { chartFiles, chartRepository, folder, push, registry, web, write } from './servers.ts';

const needs = (repository: string, version: string, more = ''): string =>
  `dependencies:\n- {name: lib, version: "${version}", repository: "${repository}"${more}}\n`;

test('dependencies are fetched by version, constraint, lock and name, as helm dependency build does', async (t) => {
  const repository = await chartRepository(t);
  for (const version of ['1.0.0', '1.1.0']) await repository.publish(chartFiles('lib', version));
  const host = await registry(t);
  await push(t, host, chartFiles('lib', '3.0.0'));
  const lock = `dependencies:\n- {name: lib, version: 1.0.0, repository: "${repository.url}"}\n`;
  const { desiring } = await fetching(
    t,
    settingsOf([
      secret({ url: repository.url, name: 'ours' }),
      secret({ url: `${host}/charts`, type: 'helm', enableOCI: 'true', insecureOCIForceHttp: 'true' }),
    ]),
  );
  for (const [what, files, version] of [
    ['a version', chartFiles('web', '0.1.0', { 'Chart.yaml': needs(repository.url, '1.0.0') }), '1.0.0'],
    ['a constraint', chartFiles('web', '0.1.0', { 'Chart.yaml': needs(repository.url, '^1.0.0') }), '1.1.0'],
    [
      'a lock',
      chartFiles('web', '0.1.0', { 'Chart.yaml': needs(repository.url, '^1.0.0'), 'Chart.lock': lock }),
      '1.0.0',
    ],
    ['the name of a Secret', chartFiles('web', '0.1.0', { 'Chart.yaml': needs('@ours', '1.x') }), '1.1.0'],
    ['a registry', chartFiles('web', '0.1.0', { 'Chart.yaml': needs(`oci://${host}/charts`, '3.x') }), '3.0.0'],
    [
      'a chart of apiVersion v1',
      {
        'Chart.yaml': 'apiVersion: v1\nname: web\nversion: 0.1.0\n',
        'requirements.yaml': needs(repository.url, '1.1.0'),
        'templates/map.yaml': chartFiles('web', '0.1.0')['templates/map.yaml'] ?? '',
        'values.yaml': 'note: none\n',
      },
      '1.1.0',
    ],
  ] as const) {
    const from = origin(t, files);
    const state = await desiring.at(application({ repoURL: from.url, path: '.', targetRevision: 'main' }), [], signal);
    const both = { web: { version: '0.1.0', note: 'none' }, lib: { version, note: 'none' } };
    assert.deepEqual([what, maps(state.manifests)], [what, both]);
    assert.equal(state.fetched[0]?.is.split(' ')[0], version);
  }
});

test('a dependency of a neighbour is laid down where the neighbour stands', async (t) => {
  const repository = await chartRepository(t);
  await repository.publish(chartFiles('lib', '1.0.0'));
  const from = origin(t, {
    ...prefixed('apps/web', chartFiles('web', '0.1.0', { 'Chart.yaml': local })),
    ...prefixed('apps/mid', chartFiles('mid', '0.1.0', { 'Chart.yaml': needs(repository.url, '1.0.0') })),
  });
  const { desiring } = await fetching(t, settingsOf([secret({ url: repository.url })]));
  const app = application({ repoURL: from.url, path: 'apps/web', targetRevision: 'main' });
  const names = Object.keys(maps((await desiring.at(app, [], signal)).manifests)).sort();
  assert.deepEqual(names, ['lib', 'mid', 'web']);
});

const local = 'dependencies:\n- {name: mid, version: 0.1.0, repository: "file://../mid"}\n';

function prefixed(folderName: string, files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folderName}/${path}`, text]));
}

test('a lock that is out of date is refused at the chart that asks otherwise', async (t) => {
  const repository = await chartRepository(t);
  const from = origin(
    t,
    chartFiles('web', '0.1.0', {
      'Chart.yaml': needs(repository.url, '^2.0.0'),
      'Chart.lock': `dependencies:\n- {name: lib, version: 1.0.0, repository: "${repository.url}"}\n`,
    }),
  );
  const { desiring } = await fetching(t, settingsOf([secret({ url: repository.url })]));
  const app = application({ repoURL: from.url, path: '.', targetRevision: 'main' });
  await assert.rejects(desiring.at(app, [], signal), {
    code: 'E_RENDER',
    message: /lock of this chart is out of date/,
  });
});

test('what cannot be fetched is told at the file that asks for it', async (t) => {
  const repository = await chartRepository(t);
  const from = origin(t, chartFiles('web', '0.1.0', { 'Chart.yaml': needs(repository.url, '1.0.0') }));
  const { desiring } = await fetching(t, settingsOf([secret({ url: repository.url })]));
  const app = application({ repoURL: from.url, path: '.', targetRevision: 'main' });
  await assert.rejects(desiring.at(app, [], signal), { code: 'E_FETCH', place: { file: 'Chart.yaml' } });
});

test('value files come from the web by the schemes that helm.valuesFileSchemes lists', async (t) => {
  const dir = folder(t);
  write(dir, { 'values/prod.yaml': 'note: from the web\n' });
  const site = await web(t, dir);
  const from = origin(t, { ...chartFiles('web', '0.1.0'), 'own.yaml': 'note: own\n' });
  const url = `${site.url}/values/prod.yaml`;
  const app = (...valueFiles: string[]) =>
    application({ repoURL: from.url, path: '.', targetRevision: 'main', helm: { valueFiles } });
  const { desiring } = await fetching(t, settingsOf([secret({ url: site.url })]));
  for (const [files, note] of [
    [['own.yaml', url], 'from the web'],
    [[url, 'own.yaml'], 'own'],
  ] as const) {
    const { manifests } = await desiring.at(app(...files), [], signal);
    assert.deepEqual(maps(manifests), { web: { version: '0.1.0', note } });
  }
  const only = settingsOf([secret({ url: site.url })], { 'argocd-cm': { 'helm.valuesFileSchemes': 'https' } });
  const strict = await fetching(t, only);
  await assert.rejects(strict.desiring.at(app(url), [], signal), { code: 'E_RENDER', message: /valuesFileSchemes/ });
});
