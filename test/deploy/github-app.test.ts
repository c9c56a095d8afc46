// app.yml asks of GitHub what the source calls, and nothing else.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { defaultManifest } from '../../sandbox/github/create.ts';
import { readManifest } from '../../sandbox/github/manifest.ts';
import { activityRoutes } from '../../sandbox/github/routes/activity-routes.ts';
import { appSetupRoutes } from '../../sandbox/github/routes/app-setup-routes.ts';
import { appRoutes } from '../../sandbox/github/routes/app-routes.ts';
import { checkRoutes } from '../../sandbox/github/routes/check-routes.ts';
import { gitRoutes } from '../../sandbox/github/routes/git-routes.ts';
import { pullRoutes } from '../../sandbox/github/routes/pull-routes.ts';

const root = join(import.meta.dirname, '../..');
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
const text = new Map(sources.map((file) => [`src/${file}`, readFileSync(join(root, 'src', file), 'utf8')]));
const manifest = readManifest();

/** Routes that the source calls, as `METHOD /path`. */
function calledRoutes(): string[] {
  return [
    ...new Set(
      [...text.values()].flatMap((source) =>
        [...source.matchAll(/\(\s*'((?:GET|POST|PUT|PATCH|DELETE) [^']+)'/g)].map((match) => match[1] ?? ''),
      ),
    ),
  ];
}

/** What each needs, as the sandbox asks it; git over HTTP needs contents, to push too. */
function neededPermissions(): string[][] {
  const routes = [...activityRoutes, ...appRoutes, ...appSetupRoutes, ...checkRoutes, ...gitRoutes, ...pullRoutes];
  const called = calledRoutes().map((route) => {
    const known = routes.find((each) => each.route === route);
    assert.ok(known, `the sandbox does not serve ${route}`);
    return known.needs === null || known.needs === 'jwt' ? [] : known.needs.split('|');
  });
  return [...called.filter((each) => each.length > 0), ['contents:read'], ['contents:write'], ['metadata:read']];
}

function grants(needed: string): boolean {
  const [name = '', level = ''] = needed.split(':');
  const granted = manifest.permissions[name];
  return granted === level || (granted === 'write' && level === 'read');
}

test('every call of the source is permitted', () => {
  assert.ok(calledRoutes().length > 20);
  for (const alternatives of neededPermissions()) assert.ok(alternatives.some(grants), alternatives.join(' or '));
});

test('no permission is asked that no call needs', () => {
  const needed = new Set(neededPermissions().flat());
  for (const [name, level] of Object.entries(manifest.permissions))
    assert.ok(needed.has(`${name}:${level}`), `${name}: ${level}`);
});

test('the events are those that the source handles; of installations GitHub tells unasked', () => {
  const registered = [
    ...(text.get('src/github/deliveries.ts') ?? '').matchAll(/probot\.on\(\s*\[?([^\]]*?)\]?,\s*heard/g),
  ];
  const handled = registered.flatMap(([, names = '']) => names.match(/\w+/g) ?? []);
  assert.deepEqual(manifest.events.toSorted(), handled.filter((event) => !event.startsWith('installation')).toSorted());
});

test('each permission names the files that need it', () => {
  for (const line of readFileSync(join(root, 'app.yml'), 'utf8')
    .split('\n')
    .filter((each) => /^ {2}\w+: (read|write)/.test(each))) {
    const files = [...line.matchAll(/src\/[\w/-]+\.ts/g)].map((match) => match[0]);
    assert.ok(files.length > 0, line);
    for (const file of files) assert.ok(existsSync(join(root, file)), file);
  }
});

test('the sandbox grants at least that by default', () => {
  for (const [name, level] of Object.entries(manifest.permissions))
    assert.ok(defaultManifest.permissions[name] === level || defaultManifest.permissions[name] === 'write', name);
});

test('it is a manifest that GitHub takes', () => {
  const parsed = parse(readFileSync(join(root, 'app.yml'), 'utf8')) as Record<string, unknown>;
  assert.deepEqual(Object.keys(parsed).toSorted(), [
    'default_events',
    'default_permissions',
    'description',
    'name',
    'public',
    'url',
  ]);
});
