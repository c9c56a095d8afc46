// The first parts: the cluster, what is remembered there, the Lease, and whether others could forge it.
import type { Logger } from '../base/log.ts';
import type { Permit } from '../base/permit.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ControllerWatch } from '../store/argocd-controller.ts';
import type { Store } from '../store/store.ts';
import type { Base, State } from './parts.ts';
import type { Waiting } from './preconditions.ts';
import { clock } from './parts.ts';
import { inClusterConfig } from '../cluster/wire/cluster-config.ts';
import { connectCluster } from '../cluster/cluster.ts';
import { loadKubeconfig } from '../cluster/wire/kubeconfig.ts';
import { watchController } from '../store/argocd-controller.ts';
import { createSchedules } from '../store/schedules.ts';
import { createGuard } from '../store/guard.ts';
import { adoptRecords } from '../store/adopt.ts';
import { openStore } from '../store/store.ts';
import { Lease } from './lease.ts';
import { tellLacking, tellMissingKinds } from './readiness.ts';
import { untilDone, requireNamespace } from './preconditions.ts';
import { requireRights } from './rights.ts';

async function home({ config, log, queues, signal }: Base, permit: Permit): Promise<Cluster> {
  const own = config.kubeconfig ? undefined : await inClusterConfig();
  const found = own ?? (await loadKubeconfig({ env: { KUBECONFIG: config.kubeconfig } })).config;
  const describing = config.argocd && (await import('../argocd/note.ts')).describing;
  return connectCluster(
    { name: 'in-cluster', config: found, clock, log, permit, describing, queues: queues.of },
    signal,
  );
}

/** Each once, and again when it comes back. */
function tellFaults(store: Store, log: Logger): () => void {
  let told: ReadonlySet<string> = new Set();
  const tell = (): void => {
    const { faults } = store.settings();
    for (const fault of faults) if (!told.has(fault)) log.warn({ fault }, 'a setting is wrong; its default stands in');
    told = new Set(faults);
  };
  tell();
  return store.onSettings(tell);
}

/** Known before the first application is looked at: two engines undo each other's work. */
async function followController(
  { config, log, signal, started }: Base,
  cluster: Cluster,
  { applications }: Store,
): Promise<ControllerWatch | undefined> {
  if (config.engine === 'argocd') return undefined;
  const controller = watchController({ cluster, applications, namespace: config.namespace, clock, log });
  started.add('controller', () => controller.stop());
  await controller.start(signal);
  return controller;
}

/**
 * Waits for cluster, namespace and rights as long as it takes; holds the Lease when it resolves. `onLost`: told once
 * the Lease is lost. What it began is in `base.started`, also where it throws.
 */
export async function openState(base: Base, onLost: () => void): Promise<State> {
  const { config, log, signal, started, starting } = base;
  const held: { lease?: Lease } = {};
  const permit: Permit = async () => held.lease?.confirm();
  const waiting: Waiting = { starting, clock, log, signal };
  const cluster = await untilDone(() => home(base, permit), waiting);
  started.add('cluster', () => cluster.stop());
  await untilDone(() => requireNamespace(cluster.api, config.namespace, signal), waiting);
  const denied = await untilDone(() => requireRights(cluster.api, config.namespace, signal), waiting);
  const store = await untilDone(
    () => openStore(cluster, config.namespace, signal, { denied }).finally(tellMissingKinds(cluster, starting, log)),
    waiting,
  );
  started.add('store', () => store.stop());
  started.add('settings', tellFaults(store, log));
  started.add('missing kinds', tellLacking(store, log));
  const lease = new Lease({ api: cluster.api, namespace: config.namespace, engine: config.engine, clock, log, onLost });
  starting.why = 'starting: waits for the Lease that another replica holds';
  await untilDone(() => lease.acquire(signal), waiting);
  held.lease = lease;
  starting.why = 'starting';
  started.add('lease', () => lease.release());
  await untilDone(() => adoptRecords(cluster, store, log, signal), waiting);
  const guard = createGuard({ api: cluster.api, namespace: config.namespace, clock, log });
  started.add('guard', () => guard.stop());
  await guard.start();
  const controller = await followController(base, cluster, store);
  const schedules = createSchedules(store, log);
  started.add('schedules', () => schedules.stop());
  return { cluster, store, schedules, guard, permit, controller };
}
