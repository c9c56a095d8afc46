// Where an application has its images, and to whom the token of GitHub goes.
import type { Application, ApplicationSource } from '../../src/model/application.ts';
import type { Session } from '../../src/cli/session.ts';
import type { Tree } from '../../src/cli/set-image/tree.ts';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { edited } from '../../src/cli/set-image/places.ts';
import { pullClient, tokenFor } from '../../src/cli/set-image/pull-client.ts';
import { wantedOf } from '../../src/cli/set-image/reference.ts';
import { treeOnDisk } from '../../src/cli/set-image/tree.ts';
import { temporary } from '../git/origin.ts';

type Source = { [Key in keyof ApplicationSource]?: ApplicationSource[Key] | undefined };

/** Files, the source, what is asked, and the files that change or the refusal. */
const places: [string, Record<string, string>, Source, string, Record<string, string> | RegExp][] = [
  [
    'a later value file sets the tag alone',
    {
      'a/Chart.yaml': '',
      'a/values.yaml': 'image: {repository: acme/web, tag: v0}\n',
      'a/prod.yaml': 'image: {tag: v1}\n',
    },
    { helm: { valueFiles: ['prod.yaml'] } },
    'acme/web=v2',
    { 'a/prod.yaml': 'image: {tag: v2}\n' },
  ],
  [
    'a parameter',
    { 'a/Chart.yaml': '', 'a/values.yaml': 'image: {repository: acme/web, tag: v0}\n' },
    { helm: { parameters: [{ name: 'image.tag', value: 'v1' }] } },
    'acme/web=v2',
    /the Application itself sets the image, in helm\.parameters \(image\.tag\)/,
  ],
  [
    'a parameter that names another repository',
    { 'a/Chart.yaml': '', 'a/values.yaml': 'image: {repository: acme/web, tag: v0}\n' },
    { helm: { parameters: [{ name: 'image.repository', value: 'other' }] } },
    'acme/web=v2',
    /in helm\.parameters \(image\.repository\)/,
  ],
  [
    'a value file of another source, for a chart of a registry',
    { 'v/prod.yaml': 'image: {repository: acme/web, tag: v1}\n', 'values.yaml': 'image: {repository: acme/web}\n' },
    { repoURL: 'https://charts.example', chart: 'web', path: undefined, helm: { valueFiles: ['$v/v/prod.yaml'] } },
    'acme/web=v2',
    { 'v/prod.yaml': 'image: {repository: acme/web, tag: v2}\n' },
  ],
  [
    'values of the Application',
    { 'a/Chart.yaml': '', 'a/values.yaml': 'image: {repository: acme/web, tag: v0}\n' },
    { helm: { valuesObject: { image: { tag: 'v1' } } } },
    'acme/web=v2',
    /in helm\.valuesObject/,
  ],
  [
    'images of the Application',
    { 'a/kustomization.yaml': 'images: [{name: acme/web}]\n' },
    { kustomize: { images: ['acme/web:v1'] } },
    'acme/web=v2',
    /in kustomize\.images \(acme\/web:v1\)/,
  ],
  [
    'a part of a name',
    { 'a/kustomization.yaml': 'images:\n- name: acme/web\n' },
    {},
    'web=v2',
    /no file .* names the image web/,
  ],
  [
    'an image that only a base names',
    {
      'a/kustomization.yaml': 'resources: [../b]\n',
      'b/kustomization.yaml': 'resources: [x.yaml]',
      'b/x.yaml': 'image: web',
    },
    {},
    'web=v2',
    { 'a/kustomization.yaml': 'resources: [../b]\nimages:\n- name: web\n  newTag: v2\n' },
  ],
  [
    'a folder with includes and a file that cannot be read',
    { 'a/x.yaml': 'image: web:v1\n', 'a/y.yaml': 'image: web:v1\n', 'a/z.yaml': 'a: {{ b }}: [\n' },
    { directory: { exclude: 'y.yaml' } },
    'web=v2',
    { 'a/x.yaml': 'image: web:v2\n' },
  ],
  [
    'a folder that is forced beside a kustomization',
    { 'a/kustomization.yaml': 'resources: [x.yaml]\n', 'a/x.yaml': 'image: web:v1\n' },
    { directory: { recurse: true } },
    'web=v2',
    { 'a/x.yaml': 'image: web:v2\n' },
  ],
  [
    'a reference alone',
    { 'x.yaml': 'image: web:v1\n' },
    { ref: 'v', path: undefined },
    'web=v2',
    /names the image web/,
  ],
  ['a plugin', { 'a/x.yaml': 'image: web:v1\n' }, { plugin: { name: 'p' } }, 'web=v2', /names the image web/],
  ['a path outside', { 'x.yaml': 'image: web:v1\n' }, { path: '../..' }, 'web=v2', /names the image web/],
];

for (const [what, files, source, wanted, expected] of places)
  test(`places: ${what}`, async () => {
    const names = Object.keys(files).sort();
    const tree: Tree = {
      list: async (folder, direct = false) =>
        names.filter((name) => {
          const rest = folder === '' ? name : name.startsWith(`${folder}/`) ? name.slice(folder.length + 1) : '';
          return rest !== '' && !(direct && rest.includes('/'));
        }),
      read: async (path) => files[path],
    };
    const repoURL = 'https://github.com/acme/infra';
    const sources = [{ repoURL, path: 'a', ...source }, ...(source.chart ? [{ repoURL, ref: 'v' }] : [])];
    const app = { metadata: { name: 'web' }, spec: { sources } } as unknown as Application;
    const found = edited(tree, app, [wantedOf(wanted)], new Set([repoURL]));
    if (expected instanceof RegExp) await assert.rejects(found, expected);
    else assert.deepEqual(Object.fromEntries(await found), expected);
  });

const enterprise = 'https://ghe.example.com';
/** [what, address, environment, whether its repository by https gets the token] */
const hosts: [string, string, Record<string, string>, boolean][] = [
  ['GitHub', 'https://github.com/acme/infra.git', {}, true],
  ['GitHub by the address of its API', 'https://github.com/a/b', { GITHUB_API_URL: 'https://api.github.com' }, true],
  ['a GitHub of their own', `${enterprise}/a/b`, { GITHUB_SERVER_URL: enterprise }, true],
  ['a GitHub of their own, by its API', `${enterprise}/a/b`, { GITHUB_API_URL: `${enterprise}/api/v3` }, true],
  ['on this machine', 'http://127.0.0.1:8/a/b', { GITHUB_API_URL: 'http://127.0.0.1:8/api' }, true],
  ['another port', 'http://127.0.0.1:9/a/b', { GITHUB_API_URL: 'http://127.0.0.1:8/api' }, false],
  ['another host', 'https://evil.example/acme/infra.git', {}, false],
  ['a host that begins alike', 'https://github.com.evil.example/acme/infra', {}, false],
  ['the host as a name of somebody', 'https://github.com@evil.example/acme/infra', {}, false],
  ['a plain address', 'http://github.com/acme/infra', {}, false],
  ['GitHub, with the token of another', 'https://github.com/a/b', { GITHUB_SERVER_URL: enterprise }, false],
];

for (const [what, url, env, given] of hosts)
  test(`the token: ${what}`, async () => {
    const own = { ...env, GITHUB_TOKEN: 'secret' };
    assert.equal(tokenFor(own, url), given ? 'secret' : undefined);
    const client = pullClient(own, url);
    if (given) assert.deepEqual(Object.keys(await client).sort(), ['open', 'standing']);
    else await assert.rejects(client, { code: 'E_CONFIG', hint: /--push/ });
  });

test('by ssh no token is given, and a pull request is opened where the host is that of the token', async () => {
  const env = { GITHUB_TOKEN: 'secret' };
  for (const url of ['git@github.com:acme/infra.git', 'ssh://git@github.com/acme/infra']) {
    assert.equal(tokenFor(env, url), undefined);
    assert.deepEqual(Object.keys(await pullClient(env, url)).sort(), ['open', 'standing']);
  }
  for (const url of [
    'git@evil.example:acme/infra',
    'file:///acme/infra',
    '/srv/acme/infra',
    'https://github.com/a/b/c',
  ])
    await assert.rejects(pullClient(env, url), { code: 'E_CONFIG', hint: /--push/ });
});

test('the configuration that a clone holds as a file is no configuration of the person', async (t) => {
  const root = temporary(t);
  writeFileSync(join(root, 'a.yaml'), 'a: 1\n');
  execFileSync('git', ['init', '-q', root]);
  // Git ends with an error where this file counts: its last line is none of a configuration.
  writeFileSync(join(root, '.gitconfig'), '[core\n');
  const session = { options: { env: { PATH: process.env['PATH'] } }, signal: new AbortController().signal };
  const tree = await treeOnDisk(session as unknown as Session, root);
  assert.deepEqual(await tree.list(''), ['.gitconfig', 'a.yaml']);
});
