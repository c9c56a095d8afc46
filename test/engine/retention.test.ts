// What has ended is deleted 30 days later, under a clock that only moves by steps; what has not, stays.
import type { Approval, DriftEpisode, Request } from '../../src/model/coxswain.ts';
import type { Recurring } from '../../src/store/schedules.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339, SteppedClock, systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { connectCluster } from '../../src/cluster/cluster.ts';
import { startRetention } from '../../src/engine/retention.ts';
import { openStore } from '../../src/store/store.ts';
import { eventually, testCluster } from '../control-plane.ts';
import { applyCrds } from './fixture.ts';

const day = 24 * 3_600_000;

test('finished Approvals, DriftEpisodes and Requests go after 30 days; open ones stay', async (t) => {
  const plane = await testCluster(t);
  const cluster = await connectCluster({
    config: { server: plane.server, ca: plane.ca, token: plane.token },
    clock: systemClock,
    log: silentLogger(),
  });
  t.after(() => cluster.stop());
  await applyCrds(cluster);
  const { namespace } = plane;
  const store = await openStore(cluster, namespace);
  t.after(() => store.stop());
  const clock = new SteppedClock(Date.now() + 100 * day);
  const ago = (days: number): string => rfc3339(clock.now() - days * day);
  const head = (kind: string, name: string) => ({
    apiVersion: 'coxswain.dev/v1alpha1',
    kind,
    metadata: { name, namespace },
  });
  const end = { subresource: 'status' } as const;
  const approvals: [string, NonNullable<Approval['status']>][] = [
    ['old', { phase: 'Applied', endedAt: ago(31) }],
    ['rejected', { phase: 'Rejected', endedAt: ago(31) }],
    ['undated', { phase: 'Superseded' }],
    ['refused', { phase: 'Rejected', endedAt: ago(31) }],
    ['young', { phase: 'Superseded', endedAt: ago(29) }],
    ['open', { phase: 'Pending' }],
    ['agreed', { phase: 'Approved' }],
  ];
  await cluster.api.apply({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'kept', namespace },
    spec: {
      project: 'default',
      source: { repoURL: 'https://git.example/a.git', path: '.' },
      destination: { name: 'in-cluster' },
    },
  });
  await eventually('the application is known', () => store.applications.get(`${namespace}/kept`));
  for (const [name, status] of approvals) {
    await store.approvals.create({
      ...head('Approval', name),
      spec: {
        application: `${namespace}/${name === 'refused' ? 'kept' : 'web'}`,
        digest: 'a',
        revision: 'b',
        operations: [],
      },
    });
    await store.approvals.patch(`${namespace}/${name}`, { status }, end);
  }
  const episodes: [string, NonNullable<DriftEpisode['status']>][] = [
    ['old', { phase: 'Healed', objects: [], endedAt: ago(31) }],
    ['young', { phase: 'Reverted', objects: [], endedAt: ago(29) }],
    ['open', { phase: 'Open', objects: [] }],
    ['snoozed', { phase: 'Snoozed', objects: [], endedAt: ago(31) }],
  ];
  for (const [name, status] of episodes) {
    await store.episodes.create({
      ...head('DriftEpisode', name),
      spec: { application: `${namespace}/web`, fingerprint: 'f', openedAt: ago(60) },
    });
    await store.episodes.patch(`${namespace}/${name}`, { status }, end);
  }
  const requests: [string, Request['status']][] = [
    ['old', { phase: 'Done', finishedAt: ago(31) }],
    ['young', { phase: 'Refused', finishedAt: ago(29) }],
    ['open', undefined],
  ];
  for (const [name, status] of requests) {
    await store.requests.create({
      ...head('Request', name),
      spec: {
        verb: 'sync',
        args: {},
        actor: { login: 'ana', id: 1, via: 'cli' },
        origin: { kind: 'cli' },
        createdAt: ago(60),
      },
    });
    if (status) await store.requests.patch(`${namespace}/${name}`, { status }, end);
  }
  const names = (): string[][] =>
    [store.approvals, store.episodes, store.requests].map((collection) =>
      collection
        .list()
        .map((item) => item.metadata.name)
        .sort(),
    );
  const left = (what: string, wanted: string[][]): Promise<true> =>
    eventually(what, () => (JSON.stringify(names()) === JSON.stringify(wanted) ? true : undefined));

  let look: () => unknown = () => undefined;
  // As a version without MACs wrote it, or somebody else.
  await cluster.api.create({
    ...head('Report', 'foreign'),
    spec: { application: `${namespace}/web`, about: 'failure', since: ago(60) },
  });
  await eventually('it is seen', () => store.foreign().length === 1 || undefined);

  const every: Recurring = (name, begin) => {
    assert.equal(name, 'retention');
    look = begin;
    return () => (look = () => undefined);
  };
  const deps = { store, every, clock, log: silentLogger() };
  const stop = startRetention(deps);
  await left('what ended 31 days ago is gone', [
    ['agreed', 'open', 'refused', 'young'],
    ['open', 'snoozed', 'young'],
    ['open', 'young'],
  ]);
  await eventually('what nobody of us wrote is gone', () => store.foreign().length === 0 || undefined);
  clock.step(day - 2 * 3_600_000);
  await stop();
  assert.deepEqual(
    names(),
    [
      ['agreed', 'open', 'refused', 'young'],
      ['open', 'snoozed', 'young'],
      ['open', 'young'],
    ],
    '29 days and 22 hours are not enough',
  );
  const again = startRetention(deps);
  await again();
  const third = startRetention(deps);
  await eventually('a look of the schedule takes the rest', async () => {
    clock.step(3_600_000);
    await look();
    return JSON.stringify(names()) === JSON.stringify([['agreed', 'open', 'refused'], ['open', 'snoozed'], ['open']])
      ? true
      : undefined;
  });
  await third();
});
