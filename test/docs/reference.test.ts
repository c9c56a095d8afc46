// The reference pages say what the source says; UPDATE_GOLDEN=1 writes them anew.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cox } from '../../src/model/annotations.ts';
import { policyAnnotations, referencePages, settingKeys } from '../../tools/reference.ts';

const root = join(import.meta.dirname, '../..');
const source = (path: string): string => readFileSync(join(root, path), 'utf8');

for (const [path, text] of Object.entries(referencePages())) {
  test(`${path} equals its source`, () => {
    if (process.env['UPDATE_GOLDEN']) writeFileSync(join(root, path), text);
    assert.equal(source(path), text);
  });
}

/** Of src/store/customizations.ts, which reads keys by what they begin with. */
const customizations = [
  'resource.customizations',
  ...['health', 'useOpenLibs', 'ignoreDifferences', 'knownTypeFields'].map(
    (type) => `resource.customizations.${type}.<group>_<Kind>`,
  ),
];

test('every key of a ConfigMap that is read is documented, and no other', () => {
  const files = ['settings', 'schedule-settings', 'comparison-settings', 'kustomize-settings'];
  const settings = files.map((name) => source(`src/store/${name}.ts`)).join('');
  const words = { 'coxswain-cm': 'own', 'argocd-cm': 'argocd', 'argocd-rbac-cm': 'rbac' } as const;
  for (const [map, variable] of Object.entries(words)) {
    const direct = [...settings.matchAll(new RegExp(`\\b${variable}\\['([^']+)'\\]`, 'g'))].map((match) => match[1]);
    const durations = [...settings.matchAll(new RegExp(`duration\\(${variable}, '([^']+)'`, 'g'))].map(
      (match) => match[1],
    );
    const patterns = { rbac: ['policy.csv'], argocd: customizations, own: [] }[variable];
    const documented = Object.entries(settingKeys).find(([name]) => name === map)?.[1] ?? {};
    assert.deepEqual([...direct, ...durations, ...patterns].toSorted(), Object.keys(documented).toSorted(), map);
  }
});

test('every annotation of the policy is documented, and no other', () => {
  const policy = source('src/policy/policy.ts') + source('src/policy/engine.ts');
  const read = [...policy.matchAll(/(?:text\(|annotations\?\.\[)cox\.(\w+)/g)].map((match) => match[1] ?? '');
  assert.deepEqual([...new Set(read)].toSorted(), Object.keys(policyAnnotations).toSorted());
  for (const name of Object.keys(policyAnnotations))
    assert.ok(
      Object.values(cox).some((key) => key === `coxswain.dev/${name}`),
      name,
    );
});
