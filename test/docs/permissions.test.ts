// docs/permissions.md has a row for every permission of the GitHub App and every scope of the Slack app, and no other.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

function rows(heading: string): string[] {
  const part =
    read('docs/permissions.md')
      .split('\n## ')
      .find((each) => each.startsWith(heading)) ?? '';
  return [...part.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? '').sort();
}

test('every permission of app.yml has its row', () => {
  const app = parse(read('app.yml')) as { default_permissions: Record<string, string> };
  assert.deepEqual(
    rows('GitHub App'),
    Object.entries(app.default_permissions)
      .map(([name, level]) => `${name}: ${level}`)
      .sort(),
  );
});

test('every scope of the Slack manifest has its row', () => {
  const manifest = parse(read('deploy/slack-manifest.yaml')) as { oauth_config: { scopes: { bot: string[] } } };
  assert.deepEqual(rows('Slack app'), manifest.oauth_config.scopes.bot.toSorted());
});
