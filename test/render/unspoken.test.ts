// What tools say of sources that make Secrets: no value of theirs, and still enough to find the fault.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unspokenIn, withoutValues } from '../../src/render/document/unspoken.ts';

async function said(
  t: { after(fn: () => void): void },
  files: Record<string, string>,
  text: string,
  args: string[] = [],
): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'cox-unspoken-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content);
  return withoutValues(text, await unspokenIn([dir], args), (word) => word in files);
}

const chart = {
  'secret.yaml': 'kind: Secret\n',
  'values.yaml': 'password: correcthorse\nlist:\n- "batterystaple"\nimage: nginx\n',
};

test('values of files and arguments are left out, whole, within a sentence and cut short', async (t) => {
  assert.equal(
    await said(t, chart, 'values.yaml: cannot unmarshal !!str `correct...` into int, batterystaple too'),
    'values.yaml: cannot unmarshal !!str `++++++++...` into int, ++++++++ too',
  );
  assert.equal(await said(t, chart, 'bad s3cretparameter', ['--set-string', 'token=s3cretparameter']), 'bad ++++++++');
});

test('names of files, keys and words of the tool stay', async (t) => {
  const text = 'execution error at (secret.yaml:3:4): password of values.yaml must be longer';
  assert.equal(await said(t, { ...chart, 'values.yaml': 'password: values.yaml.and-more\n' }, text), text);
});

test('where no Secret is made nothing is left out', async (t) => {
  assert.equal(
    await said(t, { 'values.yaml': 'image: registry.example.com/web\n' }, 'no such image registry.example.com/web'),
    'no such image registry.example.com/web',
  );
});

test('what is too big to be looked through is an error of its own', async (t) => {
  await assert.rejects(said(t, { 'values.yaml': `kind: Secret\n${'x'.repeat(2_000_001)}` }, 'x'), RangeError);
});
