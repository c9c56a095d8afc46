// Integers beyond 2^53 from a file of Git to the manifest: exact, or refused with their place; by each tool.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, refusal } from '../bench.ts';

const ledger = (offset: string): string =>
  `apiVersion: x.example/v1\nkind: Ledger\nmetadata:\n  name: one\nspec:\n  offset: ${offset}\n  other: 1\n`;
const chart = (value: string, template: string): Record<string, string> => ({
  'Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
  'values.yaml': `# first\noffset: ${value}\n`,
  'templates/a.yaml': ledger(template),
});
const kustomized = (patch: string, offset = '9007199254740993'): Record<string, string> => ({
  'kustomization.yaml': `resources: [x.yaml]\npatches:\n- target: {kind: Ledger}\n  patch: |-\n${patch}`,
  'x.yaml': ledger(offset),
});
const operation = '    [{"op": "replace", "path": "/spec/other", "value": 2}]\n';

interface Row {
  what: string;
  files: Record<string, string>;
  /** What the manifest has, or where it is refused. */
  offset?: bigint | number | string;
  line?: string;
}

const rows: Row[] = [
  { what: 'plain YAML', files: { 'x.yaml': ledger('9007199254740993') }, offset: 9007199254740993n },
  { what: 'plain YAML, hexadecimal', files: { 'x.yaml': ledger('0x20000000000001') }, offset: 9007199254740993n },
  {
    what: 'Kustomize',
    files: { 'kustomization.yaml': 'resources: [x.yaml]\n', 'x.yaml': ledger('18446744073709551615') },
    offset: 18446744073709551615n,
  },
  {
    what: 'a strategic merge patch',
    files: kustomized(
      '    apiVersion: x.example/v1\n    kind: Ledger\n    metadata: {name: one}\n    spec: {other: 2}\n',
    ),
    offset: 9007199254740993n,
  },
  { what: 'a JSON 6902 patch of another field', files: kustomized(operation), line: 'x.yaml:6' },
  { what: 'the same, of a negative', files: kustomized(operation, '-9007199254740993'), line: 'x.yaml:6' },
  { what: 'the same, hexadecimal', files: kustomized(operation, '0x20000000000001'), line: 'x.yaml:6' },
  { what: 'the same, of 64 bits', files: kustomized(operation, '18446744073709551615'), line: 'x.yaml:6' },
  {
    what: 'the value of a JSON 6902 patch',
    files: kustomized(operation.replace('2}', '9007199254740995}'), '1'),
    line: 'kustomization.yaml:5',
  },
  {
    what: 'a JSON 6902 patch where the next double stands as well',
    files: {
      ...kustomized(operation),
      'x.yaml': `${ledger('9007199254740992')}  third: 9007199254740993\n`,
    },
    line: 'x.yaml:8',
  },
  {
    what: 'a JSON 6902 patch beside what a double holds',
    files: kustomized(operation, '9007199254740992'),
    offset: 9007199254740992n,
  },
  { what: 'a template of Helm', files: chart('1', '9007199254740993'), offset: 9007199254740993n },
  { what: 'a value of Helm', files: chart('9007199254740993', '{{ .Values.offset }}'), line: 'values.yaml:2' },
  {
    what: 'a value as integer',
    files: chart('9007199254740993', '{{ .Values.offset | int64 }}'),
    line: 'values.yaml:2',
  },
  { what: 'a value as text', files: chart('9007199254740993', '{{ .Values.offset | quote }}'), line: 'values.yaml:2' },
  {
    what: 'a value as JSON',
    files: chart('1234567890123456789', '{{ toJson .Values.offset }}'),
    line: 'values.yaml:2',
  },
  {
    what: 'a value that is text',
    files: chart('"9007199254740993"', '{{ .Values.offset }}'),
    offset: 9007199254740993n,
  },
  { what: 'a small value of Helm', files: chart('1000000', '{{ .Values.offset }}'), offset: 1000000 },
  {
    what: 'Jsonnet',
    files: {
      'x.jsonnet': `{apiVersion: 'v1', kind: 'Ledger', metadata: {name: 'one'},\n spec: {offset: 9007199254740993}}`,
    },
    line: 'x.jsonnet:2',
  },
  {
    what: 'text of Jsonnet',
    files: {
      'x.jsonnet': `{apiVersion: 'v1', kind: 'Ledger', metadata: {name: 'one'}, spec: {offset: '9007199254740993'}}`,
    },
    offset: '9007199254740993',
  },
];

test('an integer beyond 2^53 comes out as it is written, or is refused with its line, by every tool', async (t) => {
  const { render } = await bench(
    t,
    Object.fromEntries(
      rows.flatMap(({ files }, row) => Object.entries(files).map(([file, text]) => [`${row}/${file}`, text])),
    ),
  );
  for (const [row, { what, offset, line }] of rows.entries()) {
    if (line === undefined) {
      const { manifests } = await render({ path: `${row}` });
      assert.deepEqual((manifests[0]?.['spec'] as { offset: unknown }).offset, offset, what);
      continue;
    }
    const error = await refusal(render({ path: `${row}` }), what);
    assert.deepEqual([error.code, `${error.place?.file}:${error.place?.line}`], ['E_RENDER', `${row}/${line}`], what);
    assert.match(
      error.message,
      /^an integer beyond 2\^53 comes out of (kustomize|helm|jsonnet) as another number$/,
      what,
    );
    assert.ok(error.hint, what);
  }
});

test('what the Application itself gives is refused as well, and a parameter of Helm is exact', async (t) => {
  const { render } = await bench(t, chart('1', '{{ .Values.offset }}'));
  const error = await refusal(render({ path: '.', helm: { valuesObject: { offset: 9007199254740993n } } }), 'values');
  assert.match(error.message, /^an integer of the Application itself beyond 2\^53/);
  const { manifests } = await render({
    path: '.',
    helm: { parameters: [{ name: 'offset', value: '9007199254740993' }] },
  });
  assert.deepEqual((manifests[0]?.['spec'] as { offset: unknown }).offset, 9007199254740993n);
});
