// What Git names is rendered, or refused with its place, or named as left out: it never goes missing in silence.
import type { ApplicationSource } from '../../src/model/application.ts';
import type { Place } from '../../src/base/errors.ts';
import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bench, configMap, names, refusal } from './bench.ts';

const claim = 'apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\n';

interface Fault {
  what: string;
  text: string;
  message: RegExp;
  line?: number;
}

/** Documents of which Kubernetes could make no object, though they were meant as one. */
const incomplete: Fault[] = [
  { what: 'a misspelt kind', text: claim.replace('kind', 'knd'), message: /has no kind$/, line: 1 },
  {
    what: 'a misspelt apiVersion',
    text: `# first\n${claim.replace('apiVersion', 'apiversion')}`,
    message: /has no apiVersion$/,
    line: 2,
  },
  { what: 'a misspelt metadata', text: claim.replace('metadata', 'metdata'), message: /has no metadata$/, line: 1 },
  { what: 'only metadata', text: 'metadata:\n  name: data\n', message: /has no apiVersion$/ },
  { what: 'an empty kind', text: claim.replace(' PersistentVolumeClaim', ''), message: /has no kind$/ },
  { what: 'a kind that is a number', text: claim.replace('PersistentVolumeClaim', '7'), message: /^kind is no text$/ },
  {
    what: 'a name that is a number',
    text: claim.replace('name: data', 'name: 2024'),
    message: /^metadata.name is no text$/,
  },
  {
    what: 'a name that YAML takes for a boolean',
    text: claim.replace('name: data', 'name: on'),
    message: /^metadata.name is no text$/,
  },
  { what: 'an empty name', text: claim.replace('name: data', 'name: ""'), message: /has no metadata.name$/ },
  { what: 'no name at all', text: claim.replace('name: data', 'labels: {}'), message: /has no metadata.name$/ },
  {
    what: 'an empty name beside a generateName',
    text: claim.replace('name: data', 'name: ""\n  generateName: data-'),
    message: /has no metadata.name$/,
  },
  {
    what: 'a namespace that is a number',
    text: `${claim}  namespace: 7\n`,
    message: /^metadata.namespace is no text$/,
  },
  {
    what: 'an annotation that is a number',
    text: `${claim}  annotations:\n    argocd.argoproj.io/sync-wave: 5\n`,
    message: /^metadata.annotations\["argocd.argoproj.io\/sync-wave"\] is no text$/,
  },
  { what: 'labels that are a list', text: `${claim}  labels: [a]\n`, message: /^metadata.labels is no map$/ },
  {
    what: 'one bad item of a List',
    text:
      'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: x}}\n' +
      '- {apiVersion: v1, knd: ConfigMap, metadata: {name: y}}\n',
    message: /has no kind$/,
  },
  {
    what: 'an empty item of a List',
    text: 'apiVersion: v1\nkind: List\nitems:\n-\n',
    message: /no Kubernetes object$/,
  },
  {
    what: 'a List without items',
    text: 'apiVersion: v1\nkind: List\nitems:\n',
    message: /^the items of this list are missing$/,
  },
  {
    what: 'a named List whose items are null',
    text: 'apiVersion: v1\nkind: ConfigMapList\nmetadata: {name: x}\nitems:\n',
    message: /^the items of this list are missing$/,
  },
  {
    what: 'objects in a list',
    text: `- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: x}\n`,
    message: /is a list, no Kubernetes object$/,
    line: 1,
  },
  {
    what: 'objects in a list of lists',
    text: `- - apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: x}\n`,
    message: /is a list, no Kubernetes object$/,
    line: 1,
  },
  {
    what: 'JSON behind a comment that YAML does not know',
    text: '// ours\n{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}\n',
    message: /is no Kubernetes object$/,
    line: 1,
  },
  {
    what: 'two objects without a line --- between them',
    text: `${configMap('x')}${claim}`,
    message: /^apiVersion, kind and metadata stand twice: these are two objects$/,
    line: configMap('x').split('\n').length,
  },
  {
    what: 'two items of a List in one',
    text:
      'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: x}\n' +
      '  apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: y}\n',
    message: /^apiVersion, kind and metadata stand twice: these are two objects$/,
    line: 7,
  },
  {
    what: 'a second document',
    text: `${configMap('x')}---\n${claim.replace('kind', 'knd')}`,
    message: /has no kind$/,
    line: 7,
  },
];

/**
 * Neither objects nor meant as such: in a plain file they are left out, in the output of a tool there is no place for
 * them.
 */
const unrelated: Fault[] = [
  { what: 'a map of values', text: 'image: nginx\n', message: /has no apiVersion$/ },
  { what: 'an empty map', text: '{}\n', message: /has no apiVersion$/ },
  { what: 'a text', text: 'hello\n', message: /no Kubernetes object$/ },
  { what: 'a list of texts', text: '- a\n- b\n', message: /is a list, no Kubernetes object$/ },
];

const chart = {
  'a/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
  'a/templates/other.yaml': configMap('other'),
};
const forms: { form: string; files: (text: string) => Record<string, string>; file: string }[] = [
  { form: 'a plain file', files: (text) => ({ 'a/x.yaml': text }), file: 'a/x.yaml' },
  { form: 'a Helm template', files: (text) => ({ ...chart, 'a/templates/x.yaml': text }), file: 'a/templates/x.yaml' },
  {
    form: 'a definition in crds/ of a chart',
    files: (text) => ({ ...chart, 'a/crds/x.yaml': text }),
    file: 'a/crds/x.yaml',
  },
];

for (const { form, files, file } of forms) {
  test(`${form} that holds an incomplete object is refused with its place`, async (t) => {
    const { render, origin } = await bench(t, { 'README.md': '' });
    for (const { what, text, message, line } of form === 'a plain file' ? incomplete : [...incomplete, ...unrelated]) {
      origin.commit(what, files(text));
      const error = await refusal(render({ path: 'a' }));
      if (form === 'a plain file' || error.code !== 'E_RENDER') assert.equal(error.code, 'E_MANIFEST', what);
      // some of them Helm refuses itself
      assert.match(error.message, error.code === 'E_RENDER' ? /^helm: / : message, what);
      const place: Place | undefined = error.place;
      assert.equal(place?.file, file, what);
      if (form === 'a plain file' && line !== undefined) assert.equal(place.line, line, what);
    }
  });
}

test('a Jsonnet program that makes an incomplete object is refused with its file, and null is no object', async (t) => {
  const { render, origin } = await bench(t, {
    'a/x.jsonnet': "[{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } }, null]",
  });
  assert.deepEqual(names(await render({ path: 'a' })), ['ConfigMap/x']);
  for (const text of [
    "{ apiVersion: 'v1', knd: 'ConfigMap', metadata: { name: 'x' } }",
    '{}',
    "['text']",
    '[[]]',
    "{ apiVersion: 'v1', kind: 'List', items: null }",
  ]) {
    origin.commit(text, { 'a/x.jsonnet': text });
    assert.deepEqual((await refusal(render({ path: 'a' }))).place, { file: 'a/x.jsonnet' }, text);
  }
});

test('a key that stands twice is told with its template, and the last one counts', async (t) => {
  const labels = 'metadata:\n  name: x\n  labels:\n    app: one\n    team: a\n    app: two\n';
  const { render } = await bench(t, {
    ...chart,
    'a/templates/x.yaml': `apiVersion: v1\nkind: ConfigMap\n${labels}`,
    'b/x.yaml': `apiVersion: v1\nkind: ConfigMap\n${labels}`,
  });
  for (const [path, place] of [
    ['a', 'a/templates/x.yaml'],
    ['b', 'b/x.yaml:8'],
  ] as const) {
    const { manifests, warnings } = await render({ path });
    assert.deepEqual(manifests.find(({ metadata }) => metadata.name === 'x')?.metadata.labels, {
      app: 'two',
      team: 'a',
    });
    assert.deepEqual(warnings, [
      {
        type: 'RepeatedKeyWarning',
        message: `Keys that stand twice in one map, of which the last counts: "app" in ${place}`,
      },
    ]);
  }
});

test('a Helm template that gives nothing, or nothing but comments, is no document', async (t) => {
  const { render } = await bench(t, {
    ...chart,
    'a/templates/none.yaml': '{{ if false }}x{{ end }}\n\n',
    'a/templates/comment.yaml': '# nothing\n---\n# at all\n',
    'a/templates/list.yaml': 'apiVersion: v1\nkind: List\nitems: []\n',
  });
  const { manifests, warnings } = await render({ path: 'a' });
  assert.deepEqual([manifests.length, warnings], [1, []]);
});

test('a plain file without any object is left out and named', async (t) => {
  const { render, origin } = await bench(t, {
    'a/x.yaml': configMap('x'),
    'a/values.yaml': 'image: nginx\n',
    'a/z.yaml': '# only a comment\n',
    'a/c.json': '{"name": "web"}',
    'a/t.yaml': 'a: [b\n',
    'a/two.yaml': `${configMap('two')}---\nhello\n`,
    'a/s.yml': `# +argocd:skip-file-rendering\n${configMap('s')}`,
  });
  const { manifests, warnings } = await render({ path: 'a' });
  assert.equal(manifests.length, 2);
  assert.deepEqual(warnings, [
    {
      type: 'ExcludedResourceWarning',
      message:
        'No Kubernetes objects, left out: a/c.json, a/s.yml (+argocd:skip-file-rendering), a/t.yaml (no YAML), ' +
        'a/two.yaml:7, a/values.yaml',
    },
  ]);
  for (const { text } of unrelated) {
    origin.commit('other', { 'a/values.yaml': text });
    assert.match((await render({ path: 'a' })).warnings[0]?.message ?? '', /a\/values.yaml$/, text);
  }
  assert.deepEqual(
    (await render({ path: 'a', directory: { include: 'x.yaml' } })).warnings,
    [],
    'who excludes a file knows of it',
  );
});

test('a file that is no YAML is refused if it was meant as an object', async (t) => {
  const { render, origin } = await bench(t, { 'README.md': '' });
  for (const text of ['kind: PersistentVolumeClaim\n bad\n', '{"kind": ConfigMap\n', 'metadata : {\n']) {
    origin.commit(text, { 'a/x.yaml': text });
    const error = await refusal(render({ path: 'a' }));
    assert.match(error.hint ?? '', /directory.exclude/);
    assert.equal(error.place?.file, 'a/x.yaml');
  }
});

test('many files that are left out make one short warning', async (t) => {
  const files = Array.from({ length: 25 }, (_, index): [string, string] => [
    `a/v${String(index).padStart(2, '0')}.yaml`,
    'a: 1\n',
  ]);
  const { warnings } = await (await bench(t, Object.fromEntries(files))).render({ path: 'a' });
  assert.deepEqual(
    warnings.map(({ message }) => message.slice(-30)),
    ['v18.yaml, a/v19.yaml and 5 more'.slice(-30)],
  );
});

test('a link in the place of a manifest or of a folder is followed, named or refused', async (t) => {
  const source: Omit<ApplicationSource, 'repoURL'> = { path: 'a', directory: { recurse: true } };
  const { render, origin } = await bench(t, {
    'a/x.yaml': configMap('x'),
    'a/sub/y.yaml': configMap('y'),
    'other/y.yaml': configMap('y'),
  });
  const top = origin.git('rev-parse', '--show-toplevel');
  origin.commit('the folder goes', { 'a/sub': undefined });
  symlinkSync('../other', join(top, 'a/sub'));
  origin.commit('a link to a folder', {});
  assert.deepEqual(
    (await render(source)).warnings.map(({ message }) => message),
    ['No Kubernetes objects, left out: a/sub (a link to a folder)'],
  );
  assert.deepEqual((await render({ path: 'a', directory: { recurse: true, exclude: 'sub' } })).warnings, []);
  symlinkSync('../gone.yaml', join(top, 'a/z.yaml'));
  origin.commit('a link to nothing', {});
  const error = await refusal(render(source));
  assert.deepEqual([error.message, error.place], ['this link leads nowhere', { file: 'a/z.yaml' }]);
});

test('a file with a byte order mark, and one in UTF-16, are read', async (t) => {
  const { render, origin } = await bench(t, { 'a/x.yaml': `\uFEFF${configMap('bom')}` });
  const top = origin.git('rev-parse', '--show-toplevel');
  writeFileSync(join(top, 'a/y.yml'), Buffer.from(`\uFEFF${configMap('wide')}`, 'utf16le'));
  origin.commit('wide', {});
  assert.deepEqual(names(await render({ path: 'a' })), ['ConfigMap/bom', 'ConfigMap/wide']);
});
