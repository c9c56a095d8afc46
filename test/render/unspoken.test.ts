// What tools say of sources that make Secrets: no value of theirs, and still enough to find the fault.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unspokenIn, withoutValues } from '../../src/render/document/unspoken.ts';

function said(files: Record<string, string>, text: string, args: string[] = []): string {
  const contents = new Map(Object.entries(files).map(([name, content]) => [name, Buffer.from(content)]));
  return withoutValues(text, unspokenIn(contents, args), (word) => word in files);
}

const chart = {
  'secret.yaml': 'kind: Secret\n',
  'values.yaml': 'password: correcthorse\nlist:\n- "batterystaple"\nimage: nginx\n',
};

test('values of files and arguments are left out, whole, within a sentence and cut short', () => {
  assert.equal(
    said(chart, 'values.yaml: cannot unmarshal !!str `correct...` into int, batterystaple too'),
    'values.yaml: cannot unmarshal !!str `++++++++...` into int, ++++++++ too',
  );
  assert.equal(said(chart, 'bad s3cretparameter', ['--set-string', 'token=s3cretparameter']), 'bad ++++++++');
});

test('names of files, keys and words of the tool stay', () => {
  const text = 'execution error at (secret.yaml:3:4): password of values.yaml must be longer';
  assert.equal(said({ ...chart, 'values.yaml': 'password: values.yaml.and-more\n' }, text), text);
});

test('where no Secret is made nothing is left out', () => {
  assert.equal(
    said({ 'values.yaml': 'image: registry.example.com/web\n' }, 'no such image registry.example.com/web'),
    'no such image registry.example.com/web',
  );
});

test('what is too big to be looked through is an error of its own', () => {
  assert.throws(() => said({ 'values.yaml': `kind: Secret\n${'x'.repeat(2_000_001)}` }, 'x'), RangeError);
});
