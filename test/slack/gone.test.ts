// Where it is told what became of an application that is gone: as it was told where it was.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Places } from '../../src/slack/card-context.ts';
import { deployed } from '../engine/argocd/fixture.ts';
import { config, isSynced, patchApp } from '../engine/manifests.ts';

const failed = 'notifications.argoproj.io/subscribe.on-sync-failed.slack';
const team = 'coxswain.dev/slack';

test('an application that went while nobody looked is told where its annotations said, then its project', async (t) => {
  const { s } = await deployed(t, { 'gates/a.yaml': config('gates', '1') });
  const key = `${s.namespace}/gates`;
  const unused = (): Promise<never> => Promise.reject(new Error('no commit is asked for'));
  const channels = (): string[] => {
    const places = new Places({ store: s.store, publicUrl: '', commitMessage: unused, effectOf: () => undefined });
    return places.channelsOf(key, 'failure');
  };
  const annotate = async (annotations: Record<string, string | null>): Promise<void> => {
    await patchApp(s, 'gates', { metadata: { annotations } });
    const kept = Object.fromEntries(Object.entries(annotations).filter(([, value]) => value !== null));
    await s.untilStore('its places are remembered', () => {
      const { told } = s.store.records.get(key)?.spec ?? {};
      return Object.entries(annotations).every(([name]) => told?.annotations[name] === kept[name]) || undefined;
    });
  };
  await annotate({ [team]: '#team', [failed]: 'ops' });
  await s.until('gates', 'synced', isSynced);
  s.fuse.dead = true;
  await s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name: 'gates' });
  await s.untilStore('it is gone', () => (s.store.applications.get(key) === undefined ? true : undefined));
  await s.restart();
  await s.untilStore('it is told', () => (s.store.reports.of(key).length > 0 ? true : undefined));
  assert.deepEqual(channels(), ['team', 'ops']);
  // Made anew, and no word of its own any more.
  await s.apply('gates', { project: 'gated' });
  await annotate({ [team]: null, [failed]: null });
  const project = { group: 'argoproj.io', kind: 'AppProject', namespace: s.namespace, name: 'gated' };
  await s.cluster.api.patch(project, { type: 'merge', patch: { metadata: { annotations: { [team]: 'theirs' } } } });
  await s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name: 'gates' });
  await s.untilStore('it is gone', () => (s.store.applications.get(key) === undefined ? true : undefined));
  await s.untilStore('the project is known', () => channels()[0] === 'theirs' || undefined);
});
