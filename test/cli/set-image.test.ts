// Another tag of an image in values and manifests of every layout: what is not its tag stays byte by byte.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { parseAllDocuments } from 'yaml';
import { valuesOf } from '../../src/cli/set-image/change.ts';
import { editLayers, editManifests } from '../../src/cli/set-image/edit.ts';
import { editKustomization } from '../../src/cli/set-image/kustomization.ts';
import { wantedOf } from '../../src/cli/set-image/reference.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const editValues: typeof editManifests = (name, text, wanted) => {
  const { changed, met } = editLayers([{ name, text, values: valuesOf(name, text)[0] }], wanted);
  return { text: changed.get(name) ?? text, met };
};
const edits = { kustomization: editKustomization, values: editValues, manifests: editManifests };

/** [what, wanted, before, after]; undefined: the file does not name it, and stays. */
const layouts: Record<'values' | 'manifests', [string, string, string, string | undefined][]> = {
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
    [
      'a repository on the next line',
      'acme/web=v2',
      'image:\n  repository:\n    acme/web\n',
      'image:\n  repository:\n    acme/web\n  tag: v2\n',
    ],
    [
      'a repository as a block',
      'acme/web=v2',
      'image:\n  repository: >-\n    acme/web\n  x: 1\n',
      'image:\n  repository: >-\n    acme/web\n  tag: v2\n  x: 1\n',
    ],
    [
      'a tag as a block goes',
      `acme/web=@${digest}`,
      'image:\n  repository: acme/web\n  tag: |-\n    v1\n  digest: ""\n',
      `image:\n  repository: acme/web\n  digest: "${digest}"\n`,
    ],
    ...['~', '', '*v'].map((tag): [string, string, string, string] => [
      `a tag that is written ${tag || 'as nothing'}`,
      'acme/web=v2',
      `v: &v v1\nimage:\n  repository: acme/web\n  tag: ${tag}\n`.replace(' \n', '\n'),
      'v: &v v1\nimage:\n  repository: acme/web\n  tag: v2\n',
    ]),
    ['a tag beside', 'acme/web=v2', 'a: {image: acme/web, tag: v1}\n', 'a: {image: acme/web, tag: v2}\n'],
    [
      'merged from elsewhere',
      'acme/web=v2',
      'base: &b {repository: acme/web, tag: v1}\nc:\n  <<: *b\n  x: 1\n',
      'base: &b {repository: acme/web, tag: v2}\nc:\n  <<: *b\n  x: 1\n',
    ],
    ['a repository of Git', 'acme/web=v2', 'git: {repository: acme/web, branch: main}\n', undefined],
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

for (const [kind, rows] of Object.entries(layouts) as [keyof typeof layouts, (typeof layouts)['values']][])
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

/** [what, kind, wanted, text] */
const refused: [string, keyof typeof edits, string, string][] = [
  ['an anchor used elsewhere', 'manifests', 'web=v2', 'image: &i web:v1\nother: *i\n'],
  [
    'a dropped tag that others refer to',
    'kustomization',
    `web=@${digest}`,
    'images:\n- name: web\n  newTag: &t v1\nx: *t\n',
  ],
  ['an entry that stands elsewhere', 'kustomization', 'web=v2', 'x: &w {name: web, newTag: v1}\nimages:\n- *w\n'],
  ['a kustomization that is a list', 'kustomization', 'web=v2', '- a\n'],
  ['a digest where none is known', 'values', `acme/web=@${digest}`, 'image: {repository: acme/web, tag: v1}\n'],
  ['a tag that is a map', 'values', 'acme/web=v2', 'image: {repository: acme/web, tag: {a: 1}}\n'],
];

for (const [what, kind, wanted, text] of refused)
  test(`${kind}, refused: ${what}`, () => {
    assert.throws(() => edits[kind]('x.yaml', text, wantedOf(wanted)), {
      code: 'E_MANIFEST',
      place: { file: 'x.yaml' },
    });
  });
