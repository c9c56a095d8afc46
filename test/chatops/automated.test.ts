// Turning automated sync off in the text of a manifest, whatever it looks like.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutAutomated } from '../../src/chatops/automated.ts';

const named = { name: 'web', namespace: 'argocd' };

function manifest(syncPolicy: string, name = 'web', more = ''): string {
  return (
    `# why it is here\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: ${name}\n${more}` +
    `spec:\n  project: "shop"\n${syncPolicy}  destination: {name: in-cluster}\n`
  );
}

const edits: [what: string, before: string, after: string][] = [
  ['an empty map', '  syncPolicy: {automated: {}}\n', '  syncPolicy: {automated: {enabled: false}}\n'],
  [
    'a flow map',
    '  syncPolicy:\n    automated: {prune: true}  # sure\n',
    '  syncPolicy:\n    automated: {enabled: false, prune: true}  # sure\n',
  ],
  [
    'a block, with its comments',
    '  syncPolicy:\n    automated:\n      # ours\n      prune: true # sure\n      selfHeal: true\n',
    '  syncPolicy:\n    automated:\n      # ours\n      enabled: false\n' +
      '      prune: true # sure\n      selfHeal: true\n',
  ],
  [
    'one that says so',
    '  syncPolicy:\n    automated: {enabled: true, prune: true}\n',
    '  syncPolicy:\n    automated: {enabled: false, prune: true}\n',
  ],
];

for (const [what, before, after] of edits)
  test(`of ${what} nothing else is touched`, () => {
    const other = manifest('  syncPolicy: {automated: {}}\n', 'other');
    for (const [head, tail] of [
      ['', ''],
      [`${other}---\n`, `---\n${other}`],
    ] as const) {
      const turned = withoutAutomated(`${head}${manifest(before)}${tail}`, named);
      assert.ok(typeof turned === 'object');
      assert.equal(turned.text, `${head}${manifest(after)}${tail}`);
    }
  });

const on = '  syncPolicy: {automated: {}}\n';

const others: [what: string, text: string, expected: 'off' | 'none' | undefined][] = [
  ['it is off there', manifest('  syncPolicy: {automated: {enabled: false}}\n'), 'off'],
  ['nothing turns it on there', manifest(''), 'none'],
  ['it is null there', manifest('  syncPolicy:\n    automated:\n'), 'none'],
  ['it is another application', manifest(on, 'other'), undefined],
  ['it is one of another namespace', manifest(on, 'web', '  namespace: elsewhere\n'), undefined],
  ['it stands there twice', `${manifest(on)}---\n${manifest(on)}`, undefined],
  ['it is a template', manifest('  syncPolicy:\n    automated: {{ .Values.automated }}\n'), undefined],
  ['it is no YAML', 'kind: [Application', undefined],
  ['it is empty', '', undefined],
];

for (const [what, text, expected] of others)
  test(`nothing is edited where ${what}`, () => assert.equal(withoutAutomated(text, named), expected));
