// Another tag of an image in files of every layout: what is not its tag stays byte by byte.
import type { Session } from '../../src/cli/session.ts';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { parseAllDocuments } from 'yaml';
import { editKustomization, editManifests, editValues } from '../../src/cli/set-image/edit.ts';
import { pullClient, tokenFor } from '../../src/cli/set-image/pull-client.ts';
import { wantedOf } from '../../src/cli/set-image/reference.ts';
import { treeOnDisk } from '../../src/cli/set-image/tree.ts';
import { temporary } from '../git/origin.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const edits = { kustomization: editKustomization, values: editValues, manifests: editManifests };

/** [what, wanted, before, after]; undefined: the file does not name it, and stays. */
const layouts: Record<keyof typeof edits, [string, string, string, string | undefined][]> = {
  kustomization: [
    [
      'an entry',
      'web=2',
      'images:\n- name: web\n  newTag: "1" # ours\nresources: [a.yaml]\n',
      'images:\n- name: web\n  newTag: "2" # ours\nresources: [a.yaml]\n',
    ],
    [
      'a tag that reads as a number',
      'web=1.10',
      'images:\n  - name: web\n    newTag: v1\n',
      'images:\n  - name: web\n    newTag: "1.10"\n',
    ],
    [
      'single quotes, carriage returns',
      'web=2',
      "images:\r\n- newTag: '1'\r\n  name: web\r\n",
      "images:\r\n- newTag: '2'\r\n  name: web\r\n",
    ],
    [
      'a digest instead of a tag',
      `web=@${digest}`,
      'images:\n- name: web\n  newTag: v1\n',
      `images:\n- name: web\n  digest: ${digest}\n`,
    ],
    [
      'a tag instead of a digest',
      'web=v2',
      `images:\n- name: web\n  digest: ${digest}\n`,
      'images:\n- name: web\n  newTag: v2\n',
    ],
    [
      'another name',
      'web=ghcr.io/acme/web:v2',
      'images:\n- name: web\n  newTag: v1\n',
      'images:\n- name: web\n  newName: ghcr.io/acme/web\n  newTag: v2\n',
    ],
    [
      'the name that it had got stays one that is set',
      'web=v2',
      'images:\n- name: web\n  newName: other/web\n  newTag: v1\n',
      'images:\n- name: web\n  newName: web\n  newTag: v2\n',
    ],
    [
      'no entry yet',
      'web=v2',
      'images:\n- name: api\n  newTag: v1\n\n# the end\nresources:\n- a.yaml\n',
      'images:\n- name: api\n  newTag: v1\n- name: web\n  newTag: v2\n\n# the end\nresources:\n- a.yaml\n',
    ],
    ['no list yet', 'web=v2', 'resources:\n- a.yaml', 'resources:\n- a.yaml\nimages:\n- name: web\n  newTag: v2\n'],
    [
      'an empty list',
      'web=v2',
      'images: []\nresources: [a.yaml]\n',
      'images:\n- name: web\n  newTag: v2\nresources: [a.yaml]\n',
    ],
    ['a list in one line', 'web=v2', 'images: [{name: web, newTag: v1}]\n', 'images: [{name: web, newTag: v2}]\n'],
    [
      'a list in one line without it',
      'web=v2',
      'images: [{name: api, newTag: v1}]\n',
      'images: [{name: api, newTag: v1}, {"name":"web","newTag":"v2"}]\n',
    ],
    [
      'JSON',
      'web=v2',
      '{"images": [{"name": "web", "newTag": "v1"}]}',
      '{"images": [{"name": "web", "newTag": "v2"}]}',
    ],
    ['nothing to change', 'web=v1', 'images:\n- {name: web, newTag: v1}\n', 'images:\n- {name: web, newTag: v1}\n'],
  ],
  values: [
    [
      'repository and tag',
      'acme/web=2.0',
      'image:\n  repository: acme/web\n  tag: "1.0"   # by CI\n  pullPolicy: Always\n',
      'image:\n  repository: acme/web\n  tag: "2.0"   # by CI\n  pullPolicy: Always\n',
    ],
    [
      'a registry of its own',
      'ghcr.io/acme/web=v2',
      'web:\n  image: {registry: ghcr.io, repository: acme/web, tag: v1}\n',
      'web:\n  image: {registry: ghcr.io, repository: acme/web, tag: v2}\n',
    ],
    ['no tag yet', 'acme/web=v2', 'image:\n  repository: acme/web\n', 'image:\n  repository: acme/web\n  tag: v2\n'],
    [
      'a tag that is null',
      'acme/web=v2',
      'image:\n  repository: acme/web\n  tag: ""\n',
      'image:\n  repository: acme/web\n  tag: "v2"\n',
    ],
    [
      'one string',
      'acme/web=v2',
      'image: acme/web:v1\nother: acme/web:v1\n',
      'image: acme/web:v2\nother: acme/web:v1\n',
    ],
    [
      'twice',
      'acme/web=v2',
      'a: {repository: acme/web, tag: v1}\nb: {repository: acme/web, tag: v1}\n',
      'a: {repository: acme/web, tag: v2}\nb: {repository: acme/web, tag: v2}\n',
    ],
    ['another image', 'acme/web=v2', 'image: {repository: acme/api, tag: v1}\n', undefined],
  ],
  manifests: [
    [
      'a container',
      'web=v2',
      'kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - image: web:v1\n        name: web\n',
      'kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - image: web:v2\n        name: web\n',
    ],
    [
      'no tag, several documents, comments',
      'web=v2',
      '# one\nkind: A\n---\nspec: {image: "web"} # two\n---\n',
      '# one\nkind: A\n---\nspec: {image: "web:v2"} # two\n---\n',
    ],
    [
      'a registry with a port',
      'localhost:5000/web=v2',
      'image: localhost:5000/web:v1\n',
      'image: localhost:5000/web:v2\n',
    ],
    ['a tag and a digest', 'web=v2', `image: web:v1@${digest}\n`, 'image: web:v2\n'],
    [
      'an anchor',
      'web=v2',
      'a:\n  image: &image web:v1\nb:\n  image: *image\n',
      'a:\n  image: &image web:v2\nb:\n  image: *image\n',
    ],
    ['a folded block', 'web=v2', 'image: >-\n  web:v1\nname: x\n', 'image: web:v2\nname: x\n'],
    ['a longer name', 'web=v2', 'image: web-api:v1\n---\nimage: acme/web:v1\n', undefined],
  ],
};

for (const [kind, rows] of Object.entries(layouts) as [keyof typeof edits, (typeof layouts)['values']][])
  for (const [what, wanted, before, after] of rows)
    test(`${kind}: ${what}`, () => {
      const { text, met } = edits[kind]('x.yaml', before, wantedOf(wanted));
      assert.equal(text, after ?? before);
      assert.equal(met, after !== undefined);
      for (const { errors } of parseAllDocuments(text) as { errors: unknown[] }[]) assert.deepEqual(errors, []);
      assert.equal(edits[kind]('x.yaml', text, wantedOf(wanted)).text, text, 'a second time changes nothing');
    });

test('an image, and what it is to be, are read as registries write them', () => {
  for (const [text, to] of [
    [`web=v1.2.3@${digest}`, { name: 'web', tag: 'v1.2.3', digest }],
    ['web=v1.2.3', { name: 'web', tag: 'v1.2.3' }],
    ['localhost:5000/web=2', { name: 'localhost:5000/web', tag: '2' }],
    [`web=@${digest}`, { name: 'web', digest }],
    [`web=ghcr.io/a/web:v1@${digest}`, { name: 'ghcr.io/a/web', tag: 'v1', digest }],
  ] as const)
    assert.deepEqual(wantedOf(text).to, to);
  for (const text of [
    'web',
    '=v1',
    'web=',
    'web=a b',
    'web="',
    'web=other/name',
    'web=@sha256:12',
    'web=v1\nx',
    'web=1.2:3',
    'web=1@sha256:1',
  ])
    assert.throws(() => wantedOf(text), /is no image and what it is to be/);
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
    if (given) assert.equal(typeof (await client), 'function');
    else await assert.rejects(client, { code: 'E_CONFIG', hint: /--push/ });
  });

test('by ssh no token is given, and a pull request is opened where the host is that of the token', async () => {
  const env = { GITHUB_TOKEN: 'secret' };
  for (const url of ['git@github.com:acme/infra.git', 'ssh://git@github.com/acme/infra']) {
    assert.equal(tokenFor(env, url), undefined);
    assert.equal(typeof (await pullClient(env, url)), 'function');
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
