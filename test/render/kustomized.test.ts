// What Kustomize reads comes out, or is refused with its place, or is named.
import type { Place } from '../../src/base/errors.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, configMap, flow, json, list, names, nested, refusal } from './bench.ts';

interface Lost {
  what: string;
  files: Record<string, string>;
  message: RegExp;
  place: Partial<Place>;
}

const second = /this is a second one$/;
const kustomization = 'resources: [x.yaml]\n';
const of = (text: string, file = 'x.yaml'): Record<string, string> => ({
  'a/kustomization.yaml': `resources: [${file}]\n`,
  [`a/${file}`]: text,
});
const patched = (patch: string): Record<string, string> => ({
  'a/kustomization.yaml': `${kustomization}patches: [{path: p.yaml}]\n`,
  'a/x.yaml': configMap('x'),
  'a/p.yaml': patch,
});

const lost: Lost[] = [
  {
    what: 'a second JSON value',
    files: of(`${json('x')}\n${json('y')}\n`, 'x.json'),
    message: second,
    place: { file: 'a/x.json', line: 2 },
  },
  {
    what: 'a second JSON value of a later document',
    files: of(`${configMap('x')}---\n${json('y')}\n\n${json('z')}\n`),
    message: second,
    place: { file: 'a/x.yaml', line: 9 },
  },
  {
    what: 'a second flow map',
    files: of(`${flow('x')}\n${flow('y')}\n`),
    message: second,
    place: { file: 'a/x.yaml', line: 2 },
  },
  {
    what: 'what follows a flow map',
    files: of(`${flow('x')}\nkind: Secret\n`),
    message: second,
    place: { file: 'a/x.yaml', line: 2 },
  },
  {
    what: 'a document behind three dots',
    files: of(`${configMap('x')}...\n${configMap('y')}`),
    message: second,
    place: { file: 'a/x.yaml', line: 7 },
  },
  {
    what: 'an empty item',
    files: of(list('List', flow('x'), 'null')),
    message: /^this item of a list is empty/,
    place: { file: 'a/x.yaml', line: 5 },
  },
  {
    what: 'an empty map for an item of a typed list',
    files: of(`${configMap('x')}---\n${list('ConfigMapList', '{}', flow('y'))}`),
    message: /^this item of a list is empty/,
    place: { file: 'a/x.yaml', line: 10 },
  },
  {
    what: 'an empty item of a list within a list',
    files: of(list('List', flow('x'), list('List', '~'))),
    message: /^this item of a list is empty/,
    place: { file: 'a/x.yaml', line: 8 },
  },
  {
    what: 'a list whose items are null',
    files: of('apiVersion: v1\nkind: List\nitems:\n'),
    message: /^the items of this list are missing$/,
    place: { file: 'a/x.yaml', line: 3 },
  },
  {
    what: 'an object whose kind ends with List',
    files: of('apiVersion: x.example/v1\nkind: AllowList\nmetadata: {name: x}\nitems: []\n'),
    message: /ends with List/,
    place: { file: 'a/x.yaml', line: 1 },
  },
  {
    what: 'a second patch',
    files: patched(`${json('x')}\n${json('x')}\n`),
    message: second,
    place: { file: 'a/p.yaml', line: 2 },
  },
  {
    what: 'a second generator',
    files: {
      'a/kustomization.yaml': 'generators: [g.json]\n',
      'a/g.json': ['one', 'two']
        .map((name) => JSON.stringify({ apiVersion: 'builtin', kind: 'ConfigMapGenerator', metadata: { name } }))
        .join('\n'),
    },
    message: second,
    place: { file: 'a/g.json', line: 2 },
  },
  {
    what: 'a second kustomization in its file',
    files: { ...of(configMap('x')), 'a/kustomization.yaml': `${kustomization}---\nresources: [y.yaml]\n` },
    message: /reads only the first document/,
    place: { file: 'a/kustomization.yaml', line: 3 },
  },
  {
    what: 'a second kustomization as JSON',
    files: { ...of(configMap('x')), 'a/kustomization.yaml': '{"resources": ["x.yaml"]}\n{"resources": []}\n' },
    message: /reads only the first document/,
    place: { file: 'a/kustomization.yaml', line: 2 },
  },
  {
    what: 'resources that are listed twice',
    files: {
      'a/kustomization.yaml': `${kustomization}namePrefix: p-\nresources: [y.yaml]\n`,
      'a/x.yaml': configMap('x'),
      'a/y.yaml': configMap('y'),
    },
    message: /^resources stands twice/,
    place: { file: 'a/kustomization.yaml', line: 3 },
  },
];

test('what Kustomize would leave out without a word is refused with its place', async (t) => {
  const { render } = await bench(
    t,
    Object.fromEntries(
      lost.flatMap(({ files }, row) =>
        Object.entries(files).map(([file, text]): [string, string] => [file.replace('a/', `${row}/`), text]),
      ),
    ),
  );
  for (const [row, { what, message, place }] of lost.entries()) {
    const error = await refusal(render({ path: `${row}` }), what);
    assert.equal(error.code, 'E_MANIFEST', what);
    assert.match(error.message, message, what);
    assert.deepEqual([error.place?.file, error.place?.line], [place.file?.replace('a/', `${row}/`), place.line], what);
  }
});

test('a fault in the YAML of a resource or a patch is told with its file and line, also from a base', async (t) => {
  const tab = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: x\n';
  const files: Record<string, string> = {
    'ok/kustomization.yaml': 'resources: [o.yaml]\n',
    'ok/o.yaml': configMap('o'),
    'b/kustomization.yaml': 'resources: [../ok, x.yaml]\n',
    'b/x.yaml': `${configMap('x')}${configMap('y')}`,
    'over/kustomization.yaml': 'resources: [../b]\n',
    'deep/kustomization.yaml': 'resources: [../ok, x.yaml]\n',
    'deep/x.yaml': `${configMap('x')}---\n${configMap('y').replace('{}', '')}\n  again: "1"\n  again: "2"\n`,
    'tab/kustomization.yaml': 'resources: [../ok, x.yaml]\n',
    'tab/x.yaml': `${configMap('x')}---\n${tab}`,
    'patch/kustomization.yaml': 'resources: [../ok]\npatches: [{path: p.yaml}]\n',
    'patch/p.yaml': tab,
  };
  const { render } = await bench(t, files);
  const lineOf = (file: string, text: string): number =>
    (files[file] ?? '').split('\n').findLastIndex((line) => line.includes(text)) + 1;
  const second = lineOf('b/x.yaml', 'apiVersion');
  const rows: [path: string, file: string, line: number, message: RegExp][] = [
    ['b', 'b/x.yaml', second, /^key "apiVersion" stands here a second time, which Kustomize refuses$/],
    ['over', 'b/x.yaml', second, /^key "apiVersion" stands here a second time/],
    ['deep', 'deep/x.yaml', lineOf('deep/x.yaml', 'again'), /^key "again" stands here a second time/],
    ['tab', 'tab/x.yaml', lineOf('tab/x.yaml', '\tname'), /^this is not valid YAML: found character/],
    ['patch', 'patch/p.yaml', 4, /^this is not valid YAML: found character/],
  ];
  for (const [path, file, line, message] of rows) {
    const error = await refusal(render({ path }), path);
    assert.deepEqual([error.code, error.place?.file, error.place?.line], ['E_MANIFEST', file, line], path);
    assert.match(error.message, message);
  }
});

test('what holds nothing, or is taken out by a patch, stays out of Kustomize without a word', async (t) => {
  const { render } = await bench(t, {
    'a/kustomization.yaml':
      'resources: [x.yaml, none.yaml, lists.yaml, ../base]\npatches:\n- path: none.yaml\n' +
      '- {target: {name: gone}, path: gone.yaml}\n',
    'a/x.yaml': `${configMap('x')}---\n# nothing\n---\n{}\n---\nnull\n---\n${configMap('gone')}`,
    'a/none.yaml': '# nothing\n',
    'a/lists.yaml': `apiVersion: v1\nkind: List\nitems: []\n---\n${nested}`.replaceAll(/name: "[xyz]/g, '$&-in'),
    'a/gone.yaml': 'kind: any\nmetadata: {name: any}\n$patch: delete\n',
    'base/kustomization.yaml': 'resources: []\n',
  });
  const rendered = await render({ path: 'a' });
  assert.deepEqual(names(rendered).sort(), ['ConfigMap/x', 'ConfigMap/x-in', 'ConfigMap/y-in', 'ConfigMap/z-in']);
  assert.deepEqual(rendered.warnings, []);
});

test('an object that is for Kustomize alone is named', async (t) => {
  const mark = (value: string): string => `  annotations: {config.kubernetes.io/local-config: "${value}"}\n`;
  const { render } = await bench(t, {
    'a/kustomization.yaml': kustomization,
    'a/x.yaml':
      `${configMap('x')}---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y\n${mark('true')}---\n` +
      `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: z\n${mark('false')}`,
  });
  const rendered = await render({ path: 'a' });
  assert.deepEqual(names(rendered), ['ConfigMap/x', 'ConfigMap/z']);
  assert.deepEqual(
    rendered.warnings.map(({ message }) => message),
    ['For Kustomize alone (config.kubernetes.io/local-config), left out: a/x.yaml:7'],
  );
});

const data = '  patch: |-\n    - {op: add, path: /data, value: {a: b}}\n';
const matching: { target: string; unmatched: boolean; extra?: string }[] = [
  { target: '{kind: ConfigMap}', unmatched: false },
  { target: '{kind: Config.*, name: "x|y"}', unmatched: false },
  { target: '{version: v1, kind: ConfigMap, namespace: default}', unmatched: false },
  { target: '{kind: ConfigMap, name: made}', unmatched: false },
  { target: '{kind: ConfigMap, name: x}', unmatched: false, extra: 'namePrefix: p-\n' },
  { target: '{kind: Deployment}', unmatched: true },
  { target: '{kind: ConfigMap, name: X}', unmatched: true },
  { target: '{kind: ConfigMap, name: x1}', unmatched: true, extra: 'namePrefix: p-\n' },
  { target: '{group: apps, kind: ConfigMap}', unmatched: true },
  { target: '{kind: ConfigMap, namespace: other}', unmatched: true },
];

test('a patch whose target matches no object is named', async (t) => {
  const { render, origin } = await bench(t, { 'a/x.yaml': configMap('x') });
  for (const { target, unmatched, extra = '' } of matching) {
    const file = `${kustomization}${extra}configMapGenerator: [{name: made}]\npatches:\n- target: ${target}\n${data}`;
    origin.commit(target, { 'a/kustomization.yaml': file });
    const rendered = await render({ path: 'a' });
    assert.equal(
      rendered.manifests.some((manifest) => 'data' in manifest && Object.hasOwn(Object(manifest['data']), 'a')),
      !unmatched,
      `as Kustomize does it: ${target}`,
    );
    const line = file.split('\n').findIndex((text) => text.startsWith('- target')) + 1;
    assert.deepEqual(
      rendered.warnings.map(({ type, message }) => [type, message.replace(/^.*: /, '')]),
      unmatched ? [['UnmatchedPatchWarning', `a/kustomization.yaml:${line}`]] : [],
      target,
    );
  }
  origin.commit('of the section', { 'a/kustomization.yaml': kustomization });
  const patches = [{ target: { kind: 'Secret' }, patch: '[{"op": "add", "path": "/data", "value": {"a": "b"}}]' }];
  const { warnings } = await render({ path: 'a', kustomize: { patches } });
  assert.deepEqual(
    warnings.map(({ message }) => message),
    ['Patches and replacements whose target matches no object, which change nothing: a'],
  );
});

test('a replacement whose target matches no object is named, inline or in a file of its own', async (t) => {
  const source = 'source: {kind: ConfigMap, name: x, fieldPath: metadata.name}';
  const to = (select: string): string => `{select: ${select}, fieldPaths: [data.a], options: {create: true}}`;
  const { render, origin } = await bench(t, { 'a/x.yaml': configMap('x') });
  for (const [select, unmatched] of [
    ['{kind: ConfigMap}', false],
    ['{kind: ConfigMap, name: "x|y"}', false],
    ['{kind: ConfigMap, name: X}', true],
    ['{kind: Secret}', true],
  ] as const) {
    const inline = `${kustomization}replacements:\n- ${source}\n  targets:\n  - ${to(select)}\n`;
    const list = `- ${source}\n  targets:\n  - ${to(select)}\n`;
    const single = `${source}\ntargets:\n- ${to(select)}\n`;
    for (const [files, place] of [
      [{ 'a/kustomization.yaml': inline }, `a/kustomization.yaml:${inline.split('\n').length - 1}`],
      [{ 'a/kustomization.yaml': `${kustomization}replacements: [{path: r.yaml}]\n`, 'a/r.yaml': list }, 'a/r.yaml:3'],
      [
        { 'a/kustomization.yaml': `${kustomization}replacements: [{path: r.yaml}]\n`, 'a/r.yaml': single },
        'a/r.yaml:3',
      ],
    ] as const) {
      origin.commit(select, files);
      const { manifests, warnings } = await render({ path: 'a' });
      assert.equal(
        manifests.some((manifest) => 'data' in manifest && Object.hasOwn(Object(manifest['data']), 'a')),
        !unmatched,
        `as Kustomize does it: ${select}`,
      );
      assert.deepEqual(
        warnings.map(({ type, message }) => [type, message.replace(/^.*: /, '')]),
        unmatched ? [['UnmatchedPatchWarning', place]] : [],
      );
    }
  }
});

test('a key that is no text, which Kustomize refuses without a place, is told with it', async (t) => {
  const object = (key: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: b\n  ${key}: y\n`;
  const inline = (patch: string): string =>
    `resources: [x.yaml]\npatches:\n- patch: |\n${patch.replace(/^/gm, '    ')}\n`;
  const rows: [string, Record<string, string>, string][] = [
    ['a number', of(object('1')), 'x.yaml:6'],
    ['a boolean', of(object('true')), 'x.yaml:6'],
    ['null', of(object('~')), 'x.yaml:6'],
    ['a later document', of(`${configMap('y')}---\n${object('1.5')}`), 'x.yaml:12'],
    ['a date', of(object('2024-01-02')), 'x.yaml:6'],
    ['a list', of(object('[c]')), 'x.yaml:6'],
    ['a patch', patched(object('1')), 'p.yaml:6'],
    [
      'a patch in the kustomization',
      { ...of(configMap('x')), 'a/kustomization.yaml': inline(object('1')) },
      'kustomization.yaml:9',
    ],
    [
      'the kustomization',
      { ...of(configMap('x')), 'a/kustomization.yaml': `${kustomization}commonLabels:\n  1: x\n` },
      'kustomization.yaml:3',
    ],
  ];
  const { render } = await bench(
    t,
    Object.fromEntries(
      rows.flatMap(([, files], row) =>
        Object.entries(files).map(([file, text]): [string, string] => [file.replace('a/', `${row}/`), text]),
      ),
    ),
  );
  for (const [row, [what, , place]] of rows.entries()) {
    const error = await refusal(render({ path: `${row}` }), what);
    assert.deepEqual(
      [error.code, `${error.place?.file}:${error.place?.line}`],
      ['E_MANIFEST', `${row}/${place}`],
      what,
    );
  }
});
