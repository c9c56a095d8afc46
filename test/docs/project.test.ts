// What a stranger looks for in a repository: the licence, how to report a hole, and a check that runs what we run.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

test('the licence is named in package.json and its lock, and its whole text is in the repository', () => {
  assert.equal(JSON.parse(read('package.json')).license, 'Apache-2.0');
  assert.equal(JSON.parse(read('package-lock.json')).packages[''].license, 'Apache-2.0');
  const text = read('LICENSE');
  for (const part of ['Version 2.0, January 2004', 'Grant of Patent License', 'END OF TERMS AND CONDITIONS'])
    assert.ok(text.includes(part), part);
});

test('the workflow of pull requests runs the commands of .ci/run, and may read only', () => {
  const workflow = parse(read('.github/workflows/check.yml'));
  const commands = workflow.jobs.check.steps.flatMap(({ run }: { run?: string }) => run ?? []);
  const ours = [...read('.ci/run').matchAll(/^ *npm --silent ((?:test|run [\w:]+))/gm)].map(
    ([, name]) => `npm ${name}`,
  );
  assert.deepEqual(commands, ours);
  assert.deepEqual(workflow.permissions, { contents: 'read' });
});

test('every issue template is a form with a name, a description and what must be told', () => {
  const forms = readdirSync(join(root, '.github/ISSUE_TEMPLATE')).filter((file) => file !== 'config.yml');
  assert.ok(forms.length > 1);
  for (const file of forms) {
    const { name, description, body } = parse(read(`.github/ISSUE_TEMPLATE/${file}`));
    assert.ok(name && description, file);
    assert.ok(
      body.some((part: { validations?: { required?: boolean } }) => part.validations?.required),
      file,
    );
  }
});

test('SECURITY.md says where to report, and the pull request template names what is checked', () => {
  assert.match(read('SECURITY.md'), /\*Report a vulnerability\*/);
  assert.match(read('.github/pull_request_template.md'), /`npm test` is green/);
});
