// The table of error codes holds what is thrown, and tells of each what a person does next.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCodes } from '../../src/base/errors.ts';

const root = join(import.meta.dirname, '../..');

function sourceOf(folder: string): string {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('base/errors.ts') && !file.includes('node_modules'))
    .map((file) => readFileSync(join(root, folder, file), 'utf8'))
    .join('\n');
}

test('every error code of the table is used, and tells its meaning, where it is seen and what to do next', () => {
  const source = sourceOf('src') + sourceOf('tools');
  for (const [code, { meaning, seen, next }] of Object.entries(errorCodes)) {
    assert.ok(source.includes(`'${code}'`), `${code} is thrown nowhere`);
    assert.match(meaning, /^[A-Z].*\.$/, code);
    assert.match(seen, /\w[^.]$/, code);
    assert.match(next, /^[A-Z].*\.$/, code);
  }
});
