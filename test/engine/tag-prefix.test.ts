// Applications that follow the versions of one part of a repository by the prefix of its tags.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { automated, config, dataOf, synced, syncedTo } from './manifests.ts';
import { stage } from './fixture.ts';

test('with tagPrefix a new tag of that part is synced, and one of another part is none', async (t) => {
  const s = await stage(t, { 'a/map.yaml': config('prefixed', 'one') });
  const tag = (name: string) => {
    execFileSync('git', ['tag', name], { cwd: s.clone });
    execFileSync('git', ['push', '-q', 'origin', name], { cwd: s.clone });
    return s.engine.onPush(s.url);
  };
  await tag('a/1.0.0');
  const source = { repoURL: s.url, path: 'a', targetRevision: '1.x', tagPrefix: 'a/' };
  await s.apply('prefixed', { syncPolicy: automated, source });
  const first = await synced(s, 'prefixed');
  const second = s.commit({ 'a/map.yaml': config('prefixed', 'two') });
  await tag('b/1.5.0');
  await s.engine.onPush(s.url);
  assert.equal((await synced(s, 'prefixed')).status?.sync?.revision, first.status?.sync?.revision);
  await tag('a/1.1.0');
  await syncedTo(s, 'prefixed', second);
  assert.match(JSON.stringify(await dataOf(s, 'prefixed')), /two/);
});
