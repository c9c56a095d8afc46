// docs/security/gate.md names a test for each way to a gated application, and each of them is there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

interface Row {
  way: string;
  file: string;
  name: string;
}

function rows(): Row[] {
  return read('docs/security/gate.md')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| What is tried') && !line.startsWith('| ---'))
    .map((line) => {
      const [, way = '', , named = ''] = line.split('|').map((cell) => cell.trim());
      const found = /^`(test\/[\w/.-]+)`: (.+)$/.exec(named);
      return { way, file: found?.[1] ?? '', name: found?.[2] ?? '' };
    });
}

/** Names of tests as they are written; of those that a table makes, anything stands where a value is put in. */
function has(source: string, name: string): boolean {
  const written = [
    ...source.matchAll(/\b(?:test|it)\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"([^"\\\n]*)"|`((?:[^`\\\n]|\\.)*)`)/g),
  ];
  return written.some(([, single, double, template]) => {
    if (template === undefined) return (double ?? single?.replaceAll("\\'", "'")) === name;
    const parts = template.split(/\$\{[^}]*\}/);
    return (
      name.startsWith(parts[0] ?? '') && name.endsWith(parts.at(-1) ?? '') && parts.every((part) => name.includes(part))
    );
  });
}

test('each way to a gated application is tried by the test that its row names', () => {
  const all = rows();
  assert.ok(all.length >= 30, `${all.length} rows`);
  const lost = all.filter(({ file, name }) => file === '' || name === '' || !has(read(file), name));
  assert.deepEqual(lost, []);
});

test('each section has a row', () => {
  const empty = read('docs/security/gate.md')
    .split('\n## ')
    .slice(1)
    .filter((section) => section.trim().endsWith('| --- | --- | --- |'));
  assert.deepEqual(
    empty.map((section) => section.split('\n')[0]),
    [],
  );
});
