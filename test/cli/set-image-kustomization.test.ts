// Another tag of an image in kustomizations of every layout: what is not its tag stays byte by byte.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { editKustomization } from '../../src/cli/set-image/kustomization.ts';
import { wantedOf } from '../../src/cli/set-image/reference.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

/** [what, wanted, before, after] */
const rows: [string, string, string, string][] = [
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
  ['JSON', 'web=v2', '{"images": [{"name": "web", "newTag": "v1"}]}', '{"images": [{"name": "web", "newTag": "v2"}]}'],
  ['a null with a comment', 'web=v2', 'images: # ours\nb: 1\n', 'images: # ours\n- name: web\n  newTag: v2\nb: 1\n'],
  ['a tag that is null', 'web=v2', 'images:\n- name: web\n  newTag:\n', 'images:\n- name: web\n  newTag: v2\n'],
  [
    'a tag that is an alias',
    'web=v2',
    'x: &t v1\nimages:\n- name: web\n  newTag: *t\n',
    'x: &t v1\nimages:\n- name: web\n  newTag: v2\n',
  ],
  ['a comma at the end', 'web=v2', 'images: [{name: web,}]\n', 'images: [{name: web, newTag: "v2",}]\n'],
  [
    'JSON without a list',
    'web=v2',
    '{"resources": ["a.yaml"]}',
    '{"resources": ["a.yaml"], "images": [{"name":"web","newTag":"v2"}]}',
  ],
  ['JSON with an empty list', 'web=v2', '{"images": []}', '{"images": [{"name":"web","newTag":"v2"}]}'],
  ['JSON without a tag', 'web=v2', '{"images": [{"name": "web"}]}', '{"images": [{"name": "web", "newTag": "v2"}]}'],
  [
    'a dash on a line of its own',
    'web=v2',
    'images:\n  -\n    name: api\n  - # b\n    name: b\nx: 1\n',
    'images:\n  -\n    name: api\n  - # b\n    name: b\n  - name: web\n    newTag: v2\nx: 1\n',
  ],
  [
    'a last entry in braces',
    'web=v2',
    'images:\n- name: api\n- {name: b}\n',
    'images:\n- name: api\n- {name: b}\n- name: web\n  newTag: v2\n',
  ],
  [
    'a last entry that is an alias',
    'web=v2',
    'x: &w {name: b}\nimages:\n- *w\n',
    'x: &w {name: b}\nimages:\n- *w\n- name: web\n  newTag: v2\n',
  ],
  ['farther to the right', 'web=v2', '  a: 1\n', '  a: 1\n  images:\n  - name: web\n    newTag: v2\n'],
  ['an end of the document', 'web=v2', 'a: 1\n...\n', 'a: 1\nimages:\n- name: web\n  newTag: v2\n...\n'],
  ['one document more', 'web=v2', 'a: 1\n---\n', 'a: 1\nimages:\n- name: web\n  newTag: v2\n---\n'],
  [
    'two entries of the name',
    'web=v2',
    'images:\n- {name: web, newTag: v1}\n- {name: web, newTag: v0}\n',
    'images:\n- {name: web, newTag: v2}\n- {name: web, newTag: v2}\n',
  ],
  [
    'the name that an entry gives',
    'acme/web=v2',
    'images:\n- {name: web, newName: acme/web, newTag: v1}\n',
    'images:\n- {name: web, newName: acme/web, newTag: v2}\n',
  ],
  [
    'a tag on the next line goes',
    `web=@${digest}`,
    'images:\n- name: web\n  newTag:\n    v1\n  digest: ""\n',
    `images:\n- name: web\n  digest: "${digest}"\n`,
  ],
  ['a word of YAML 1.1', 'web=on', 'images:\n- name: web\n  newTag: v1\n', 'images:\n- name: web\n  newTag: "on"\n'],
  ['digits', 'web=1_0', 'images:\n- name: web\n  newTag: v1\n', 'images:\n- name: web\n  newTag: "1_0"\n'],
  ['nothing to change', 'web=v1', 'images:\n- {name: web, newTag: v1}\n', 'images:\n- {name: web, newTag: v1}\n'],
];

for (const [what, wanted, before, after] of rows)
  test(`kustomization: ${what}`, () => {
    const { text } = editKustomization('x.yaml', before, wantedOf(wanted));
    assert.equal(text, after);
    assert.equal(editKustomization('x.yaml', text, wantedOf(wanted)).text, text, 'a second time changes nothing');
  });
