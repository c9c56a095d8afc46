// The token of the GitHub App reads all that the App is installed in: for which addresses in a repository it is used.
import type { GitServer } from './git-server.ts';
import type { Origin } from '../git/origin.ts';
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normaliseRepo } from '../../src/model/repository.ts';
import { origin } from '../git/origin.ts';
import { addModules, gitServer, putLarge } from './git-server.ts';
import { application, fetching, maps, secret, settingsOf, signal } from './fetching.ts';
import { chartFiles } from './servers.ts';

const map = (name: string, note: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {note: ${note}}\n`;
const kustomized = (path: string, name: string): Record<string, string> => ({
  [`${path}/kustomization.yaml`]: 'resources: [map.yaml]\n',
  [`${path}/map.yaml`]: map(name, 'read'),
});

const token = { username: 'x-access-token', password: 't0ken' };
const header = `Basic ${Buffer.from('x-access-token:t0ken').toString('base64')}`;

interface Scene {
  server: GitServer;
  /** Of the application; /acme/secrets.git and /acme/public.git are others that the App is installed in. */
  own: Origin;
  secrets: Origin;
  url: string;
  app: { credentials: (url: string) => Promise<typeof token | undefined> };
}

async function scene(t: TestContext): Promise<Scene> {
  const server = await gitServer(t, { login: 'x-access-token:t0ken' });
  const secrets = origin(t, {
    ...kustomized('base', 'secrets'),
    ...Object.fromEntries(Object.entries(chartFiles('web', '1.0.0')).map(([path, text]) => [`chart/${path}`, text])),
    'large/kustomization.yaml': 'resources: [map.yaml]\n',
    'large/map.yaml': putLarge(server, map('secrets', 'read')),
  });
  const own = origin(t, kustomized('base', 'own'));
  const publicFiles = {
    ...kustomized('base', 'public'),
    'large/kustomization.yaml': 'resources: [map.yaml]\n',
    'large/map.yaml': putLarge(server, map('large', 'read')),
  };
  server.repositories.set('/acme/app.git', own);
  server.repositories.set('/acme/secrets.git', secrets);
  server.repositories.set('/acme/public.git', origin(t, publicFiles));
  server.open.push('/acme/public.git', '/large/');
  const app = { credentials: async (at: string) => (at.startsWith(server.url) ? token : undefined) };
  return { server, own, secrets, url: `${server.url}/acme/app.git`, app };
}

const appOf = (repoURL: string, path: string, project = 'default') => {
  const made = application({ repoURL, path, targetRevision: 'main' });
  return { ...made, spec: { ...made.spec, project } };
};

const askedFor = ({ server }: Scene, path: string): (string | undefined)[] => [
  ...new Set(server.asked.filter((each) => each.path.startsWith(path)).map(({ authorization }) => authorization)),
];

/** Ways by which the content of a repository names another one, and the path where it does. */
const ways: Record<string, (from: Scene) => string> = {
  base({ own, server }) {
    own.commit('base', { 'k/kustomization.yaml': `resources: ["${server.url}/acme/secrets.git//base?ref=main"]\n` });
    return 'k';
  },
  submodule({ own, secrets }) {
    addModules(own, { 'sub/of': { url: '../secrets.git', commit: secrets.git('rev-parse', 'HEAD') } });
    return 'sub/of/base';
  },
  'chart in a submodule'({ own, secrets }) {
    addModules(own, { vendored: { url: '../secrets.git', commit: secrets.git('rev-parse', 'HEAD') } });
    return 'vendored/chart';
  },
  'file in Git LFS'({ own, server }) {
    own.commit('base', { 'k/kustomization.yaml': `resources: ["${server.url}/acme/secrets.git//large?ref=main"]\n` });
    return 'k';
  },
};

for (const [way, name] of Object.entries(ways))
  test(`a ${way} of another repository is read with the App’s token where the project names it`, async (t) => {
    const from = await scene(t);
    const path = name(from);
    // Without credentials: it says no more than that Git LFS is used.
    const settings = settingsOf([secret({ url: from.server.url, enableLfs: 'true' }, 'repo-creds')]);
    const secrets = `${from.server.url}/acme/secrets`;
    const refused = [['*'], [from.url], [`${from.server.url}/**`], ['*', `!${secrets}`], ['!http://x/y', '*']];
    for (const sourceRepos of refused) {
      const { desiring } = await fetching(t, settings, { sourceRepos, app: from.app });
      await assert.rejects(
        desiring.at(appOf(from.url, path), [], signal),
        (error: Error & { code?: string; hint?: string; place?: { file: string } }) => {
          assert.equal(error.code, 'E_GIT_AUTH', error.message);
          assert.match(error.hint ?? '', /sourceRepos of the AppProject.*Secret/);
          assert.match(error.place?.file ?? '', /k\/kustomization\.yaml|sub\/of|vendored/);
          return true;
        },
        String(sourceRepos),
      );
    }
    assert.deepEqual(askedFor(from, '/acme/secrets.git'), [undefined]);
    for (const sourceRepos of [['*', secrets], [`${from.server.url}/acme/*`]]) {
      const { desiring } = await fetching(t, settings, { sourceRepos, app: from.app });
      assert.equal((await desiring.at(appOf(from.url, path), [], signal)).manifests.length, 1, String(sourceRepos));
    }
    assert.deepEqual(askedFor(from, '/acme/secrets.git').slice(1), [header]);
  });

test('a public base needs no entry, nor does the own repository at another revision', async (t) => {
  const from = await scene(t);
  from.own.git('tag', 'v1');
  from.own.git('push', '-q', '--tags', 'origin');
  const open = `${from.server.url}/acme/public.git`;
  from.own.commit('bases', {
    'k/kustomization.yaml': `resources: ["${open}//base", "${open}//large", "${from.url}//base?ref=v1"]\n`,
    'base/map.yaml': undefined,
  });
  const withLarge = settingsOf([secret({ url: from.server.url, enableLfs: 'true' }, 'repo-creds')]);
  const { desiring } = await fetching(t, withLarge, { app: from.app });
  const { manifests } = await desiring.at(appOf(from.url, 'k'), [], signal);
  assert.deepEqual(maps(manifests), { public: { note: 'read' }, large: { note: 'read' }, own: { note: 'read' } });
  assert.deepEqual(askedFor(from, '/acme/public.git'), [undefined]);
  assert.deepEqual(askedFor(from, '/acme/app.git'), [header]);
});

test('what the token brought for one project is nothing that another one finds', async (t) => {
  const from = await scene(t);
  const path = ways['file in Git LFS']?.(from) ?? '';
  const settings = settingsOf([secret({ url: from.server.url, enableLfs: 'true' }, 'repo-creds')]);
  const options = { app: from.app, projects: { platform: [`${from.server.url}/acme/*`] } };
  const { desiring } = await fetching(t, settings, options);
  const read = () => desiring.at(appOf(from.url, path, 'platform'), [], signal);
  const { manifests, fetched } = await read();
  assert.deepEqual(maps(manifests), { secrets: { note: 'read' } });
  for (const pinned of [undefined, Object.fromEntries(fetched.map(({ what, is }) => [what, is]))])
    await assert.rejects(desiring.at(appOf(from.url, path), [], signal, { pinned }), { code: 'E_GIT_AUTH' });
  assert.deepEqual(maps((await read()).manifests), { secrets: { note: 'read' } });
});

test('an unmerged revision gets the token for exact entries of preview.egress, and nobody’s for a glob', async (t) => {
  const from = await scene(t);
  const base = ways['base']?.(from) ?? '';
  from.own.commit('public', { 'p/kustomization.yaml': `resources: ["${from.server.url}/acme/public.git//base"]\n` });
  const made = await fetching(t, settingsOf([]), { sourceRepos: [`${from.server.url}/acme/*`], app: from.app });
  const scope = { unmerged: [], repositories: new Set([normaliseRepo(from.url)]) };
  const at = (path: string, egress: string, url = from.url) => {
    made.settings = settingsOf([], { 'coxswain-cm': { 'preview.egress': egress } });
    return made.desiring.at(appOf(url, path), [], signal, scope);
  };
  const glob = `${from.server.url}/acme/*`;
  const secrets = `${from.server.url}/acme/secrets.git`;
  await assert.rejects(at(base, ''), { code: 'E_EGRESS' });
  await assert.rejects(at(base, glob), { code: 'E_GIT_AUTH' });
  // The Application itself may be what is changed.
  await assert.rejects(at('base', glob, secrets), { code: 'E_GIT_AUTH' });
  assert.deepEqual(maps((await at('p', glob)).manifests), { public: { note: 'read' } });
  assert.deepEqual(askedFor(from, '/acme/secrets.git'), [undefined]);
  for (const [path, url] of [[base], ['base', secrets]] as const)
    assert.deepEqual(maps((await at(path, secrets, url)).manifests), { secrets: { note: 'read' } });
});
