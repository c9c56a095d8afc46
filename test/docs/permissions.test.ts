// docs/permissions.md has a row for every permission of the GitHub App, every scope of the Slack app and every right in
// Kubernetes, and no other.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { grantedBy, ofSomeMoments, roles } from '../granted.ts';

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

for (const name of roles)
  test(`every right of the Role ${name} has its row with its verbs and what it is for`, () => {
    const text = read('docs/permissions.md');
    const from = text.indexOf(`### Role \`${name}\``);
    const part = text.slice(from, text.indexOf('\n### ', from + 1));
    const told = [...part.matchAll(/^\| `([^`]+)`(?: named `([^`]+)`)? \| ([a-z, ]+) \| .{8,} \|$/gm)];
    assert.deepEqual(
      told.map(([, resource = '', object, verbs]) => [object ? `${resource} ${object}` : resource, verbs]).sort(),
      grantedBy(name)
        .map(({ resource, verbs }) => [resource, verbs.join(', ')])
        .sort(),
    );
  });

test('a right that only some moments need is granted, and a test that exists shows it', () => {
  const granted = roles.flatMap((name) => grantedBy(name));
  const moments = ofSomeMoments();
  assert.ok(moments.length > 10);
  for (const { right, test: file } of moments) {
    const [verb = '', ...resource] = right.split(' ');
    assert.ok(
      granted.some((each) => each.resource === resource.join(' ') && each.verbs.includes(verb)),
      right,
    );
    assert.ok(existsSync(join(root, file)), file);
  }
});
