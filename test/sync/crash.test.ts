// Being killed before or after any mutation of an operation changes nothing in the end: each object once, each Job run
// once.
import type { OperationState } from '../../src/model/application.ts';
import type { Bed, Killer, Scene, Stored } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Crash, Mortal, configMap, deployment, drive, job, makeBed } from './fixture.ts';

/** One run in which everything occurs: hooks of two phases, two waves, a prune, an unchanged object. */
async function scene(bed: Bed, name: string): Promise<Scene> {
  const ns = bed.facts.namespace;
  const same = configMap(ns, `${name}-same`);
  await drive({
    bed,
    name,
    manifests: [same, configMap(ns, `${name}-gone`), configMap(ns, `${name}-changed`)],
    operation: { sync: {} },
    revision: 'before0',
  });
  const manifests = [
    same,
    configMap(ns, `${name}-changed`, {}, { a: '2' }),
    deployment(ns, `${name}-api`),
    job(ns, { generateName: `${name}-once-` }, {}),
    configMap(ns, `${name}-late`, { 'argocd.argoproj.io/sync-wave': '1' }),
    job(ns, `${name}-migrate`, { 'argocd.argoproj.io/hook': 'PreSync' }),
    job(
      ns,
      { generateName: `${name}-report-` },
      { 'argocd.argoproj.io/hook': 'PostSync', 'argocd.argoproj.io/hook-delete-policy': 'HookSucceeded' },
    ),
  ];
  return { bed, name, manifests, operation: { sync: { prune: true } } };
}

/** The end as a user sees it, whatever the name of the application. */
function canonical(state: OperationState | undefined, name: string): unknown {
  return JSON.parse(
    JSON.stringify({
      phase: state?.phase,
      message: state?.message,
      retryCount: state?.retryCount,
      rows: state?.syncResult?.resources,
    }).replaceAll(`${name}-`, ''),
  );
}

async function objectsOf(bed: Bed, name: string): Promise<string[]> {
  const lists = await Promise.all(
    [
      ['', 'ConfigMap'],
      ['apps', 'Deployment'],
      ['batch', 'Job'],
    ].map(([group, kind]) =>
      bed.cluster.api.list({ group: group ?? '', kind: kind ?? '' }, { namespace: bed.facts.namespace }),
    ),
  );
  return lists
    .flat()
    .filter((object) => object.metadata.name?.startsWith(`${name}-`) && !object.metadata.deletionTimestamp)
    .map(
      (object) =>
        `${object.kind ?? ''}/${(object.metadata.name ?? '').replace(`${name}-`, '')} ` +
        `${(object.metadata.finalizers ?? []).join()}`,
    )
    .sort();
}

async function runWith(bed: Bed, name: string, killer?: Killer): Promise<{ stored: Stored; count: number }> {
  const staged = await scene(bed, name);
  const stored: Stored = { state: undefined, done: false, saves: [] };
  const mortal = new Mortal(killer);
  try {
    await drive(staged, { stored, mortal });
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    // A new process knows what was persisted, and nothing else. A finished operation is not begun again.
    if (!stored.done) await drive(staged, { stored });
  }
  return { stored, count: mortal.count };
}

test(
  'killed at any call, on either side of it, an operation ends as if nothing had been',
  { timeout: 300_000 },
  async (t) => {
    const bed = await makeBed(t);
    const { stored, count } = await runWith(bed, 'calm');
    const expected = canonical(stored.state, 'calm');
    assert.equal(stored.state?.phase, 'Succeeded', stored.state?.message ?? '');
    const objects = await objectsOf(bed, 'calm');
    assert.ok(count >= 10, `only ${count} mutations`);
    const cases: Killer[] = Array.from({ length: count }, (_, at) => at + 1).flatMap((at) => [
      { at, side: 'before' as const },
      { at, side: 'after' as const },
    ]);
    for (let at = 0; at < cases.length; at += 6) {
      await Promise.all(
        cases.slice(at, at + 6).map(async (killer) => {
          const name = `k${killer.at}${killer.side.charAt(0)}`;
          const run = await runWith(bed, name, killer);
          const where = `killed ${killer.side} mutation ${killer.at}`;
          assert.equal(run.stored.done, true, where);
          assert.deepEqual(canonical(run.stored.state, name), expected, where);
          assert.deepEqual(await objectsOf(bed, name), objects, where);
          for (const [birth, uids] of bed.births)
            if (birth.startsWith(`Job/${name}-`)) assert.equal(uids.size, 1, `${where}: ${birth}`);
        }),
      );
    }
  },
);
