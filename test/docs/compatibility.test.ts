// docs/compatibility.md claims only what a test shows, and the links of all documents lead somewhere.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../..');

function rows(): string[][] {
  const lines =
    readFileSync(join(root, 'docs/compatibility.md'), 'utf8').split('\n## Differences on purpose')[0]?.split('\n') ??
    [];
  const cells = lines
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  return cells.filter(([what]) => what !== 'What' && !what?.startsWith('---'));
}

/** A file, or a command of this repository with one of its options, for what needs the programs of others. */
function isThere(test: string): boolean {
  const [, name = '', option = ''] = /^`npm run (\w+) -- (--\w+)`$/.exec(test) ?? [];
  if (!name) return existsSync(join(root, test));
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const file = scripts[name]?.split(' ').at(-1) ?? '';
  return file !== '' && readFileSync(join(root, file), 'utf8').includes(`  ${option} `);
}

test('every row that works names tests that exist, and no other row hides behind one that does not', () => {
  assert.ok(rows().length > 60);
  for (const [what = '', state = '', tests = ''] of rows()) {
    const named = tests
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== '');
    if (state.startsWith('works') || state.startsWith('always')) assert.ok(named.length > 0, what);
    for (const test of named) assert.ok(isThere(test), `${what}: ${test}`);
  }
});

test('every row has a state that the page explains', () => {
  for (const [what = '', state = ''] of rows())
    assert.match(state, /^(works|untested|not yet|not planned|not needed|always so|treated as)/, what);
});

test('links between documents lead to files', () => {
  const documents = [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md'))
      .map((file) => join('docs', file)),
  ];
  for (const document of documents) {
    const links = [...readFileSync(join(root, document), 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(
      (match) => match[1] ?? '',
    );
    for (const link of links) assert.ok(existsSync(join(root, dirname(document), link)), `${document}: ${link}`);
  }
});
