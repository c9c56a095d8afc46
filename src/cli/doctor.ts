// `cox doctor`: what of an installation is not as it should be, above all whether one engine, and only one, is at work.
import type { Application } from '../model/application.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Engines } from '../policy/engine.ts';
import type { SeenController } from '../store/argocd-controller.ts';
import type { Session } from './session.ts';
import { systemClock } from '../base/clock.ts';
import { isStatus } from '../cluster/api-error.ts';
import { twoEngines } from '../engine/turns.ts';
import { cox } from '../model/annotations.ts';
import { applicationKey } from '../model/application.ts';
import { isObject } from '../model/kube.ts';
import { isTurnFault, turnOf } from '../policy/engine.ts';
import { seenSigns, seenWorkload } from '../store/argocd-controller.ts';
import { controllerWorkload, heartbeatOf, shardMap, statusWriteOf } from '../store/controller-sightings.ts';
import { parseProject } from '../store/parse.ts';
import { missingKinds } from '../store/store.ts';
import { isData, print } from './output.ts';

interface Finding {
  check: string;
  ok: boolean;
  found: string;
  /** What to do about it. */
  next?: string | undefined;
}

const leaseName = 'coxswain';

/** The engine that the process with the Lease was told to be; undefined where none is alive. */
interface Running {
  finding: Finding;
  chosen: Engines['chosen'] | undefined;
}

async function running({ cluster, options, signal }: Session): Promise<Running> {
  const { namespace } = options;
  const ref = { group: 'coordination.k8s.io', kind: 'Lease', namespace, name: leaseName };
  const lease = await cluster.api.get(ref, { signal });
  const spec = isObject(lease?.['spec']) ? lease['spec'] : {};
  const holder = String(spec['holderIdentity'] ?? '');
  const seconds = Number(spec['leaseDurationSeconds'] ?? 0);
  const silentMs = systemClock.now() - Date.parse(String(spec['renewTime']));
  const check = 'Coxswain';
  // Twice its time: clocks differ.
  if (!lease || holder === '' || !(silentMs < seconds * 2000))
    return {
      chosen: undefined,
      finding: {
        check,
        ok: false,
        found: `does not work in the namespace ${namespace}: nobody holds its Lease`,
        next: `kubectl -n ${namespace} get deployment coxswain; name another namespace with -n`,
      },
    };
  const chosen = lease.metadata.annotations?.[cox.engine] === 'argocd' ? 'argocd' : 'coxswain';
  return { chosen, finding: { check, ok: true, found: `${holder.split(':')[0] ?? ''} works, COX_ENGINE=${chosen}` } };
}

function definitions({ cluster }: Session): Finding {
  const check = 'Definitions';
  const missing = missingKinds(cluster.discovery);
  return missing.length === 0
    ? { check, ok: true, found: 'all are installed' }
    : { check, ok: false, found: `missing: ${missing.join(', ')}`, next: 'kubectl apply -f deploy/crds' };
}

/** What the person may not read tells nothing. */
async function readable<T>(read: Promise<T>, without: T): Promise<T> {
  return read.catch((error: unknown) => {
    if (isStatus(error, 403)) return without;
    throw error;
  });
}

async function controller(
  { cluster, options, signal }: Session,
  applications: readonly Application[],
): Promise<SeenController | undefined> {
  const { namespace } = options;
  const of = (kind: string): Promise<KubeObject[]> =>
    readable(cluster.api.list({ group: 'apps', kind }, { namespace, signal }), []);
  const workloads = (await Promise.all([of('StatefulSet'), of('Deployment')]))
    .flat()
    .flatMap((object) => controllerWorkload(object) ?? []);
  const working = seenWorkload(workloads, namespace);
  if (working || workloads.length > 0) return working;
  const map = { group: '', kind: 'ConfigMap', namespace, name: shardMap };
  const shards = await readable(cluster.api.get(map, { signal }), undefined);
  const writes = applications.map((app) => statusWriteOf(app) ?? -Infinity);
  const signs = { heartbeat: (shards && heartbeatOf(shards)) ?? -Infinity, write: Math.max(-Infinity, ...writes) };
  return seenSigns(signs, systemClock.now())?.seen;
}

function engines(chosen: Engines['chosen'] | undefined, seen: SeenController | undefined): Finding {
  const check = 'Engine';
  if (chosen === 'coxswain' && seen) {
    const { message, hint } = twoEngines(seen);
    return { check, ok: false, found: message, next: hint };
  }
  if (chosen === 'argocd' && !seen)
    return {
      check,
      ok: false,
      found: 'COX_ENGINE=argocd leaves the work to Argo CD, and no application controller of it is seen here',
      next: 'Start that controller, or set COX_ENGINE=coxswain.',
    };
  const at = seen ? `Argo CD (${seen.what})` : 'no application controller of Argo CD is seen here';
  return { check, ok: true, found: chosen === 'coxswain' ? `Coxswain; ${at}` : at };
}

async function turns(
  { cluster, options, signal }: Session,
  applications: readonly Application[],
  engines: Engines,
): Promise<Finding[]> {
  const kind = { group: 'argoproj.io', kind: 'AppProject' };
  const projects = (await cluster.api.list(kind, { namespace: options.namespace, signal })).flatMap(
    (object) => parseProject(object) ?? [],
  );
  return applications.flatMap((app) => {
    const project = projects.find(({ metadata }) => metadata.name === app.spec.project);
    const turn = turnOf(app, project, engines);
    // What holds for all is said once.
    return isTurnFault(turn) && turn.rule !== 'two-engines'
      ? [{ check: applicationKey(app), ok: false, found: turn.why }]
      : [];
  });
}

async function findings(session: Session): Promise<Finding[]> {
  const defined = definitions(session);
  const { finding, chosen } = await running(session);
  if (!defined.ok) return [defined, finding];
  const applications = await session.applications();
  const seen = await controller(session, applications);
  const asked = chosen && (await turns(session, applications, { chosen, controller: seen?.what }));
  return [defined, finding, engines(chosen, seen), ...(asked ?? [])];
}

const columns = [
  { title: 'CHECK', of: ({ check }: Finding) => check },
  { title: 'STATE', of: ({ ok }: Finding) => (ok ? 'ok' : 'wrong') },
  { title: 'FOUND', of: ({ found }: Finding) => found },
];

/** Exit code 0 when all is as it should be, else 1. */
export async function doctor(session: Session): Promise<number> {
  const { options, out } = session;
  const found = await findings(session);
  const wrong = found.filter(({ ok }) => !ok);
  out.result(print(options.format, found, found, columns));
  if (!isData(options.format)) for (const { check, next } of wrong) if (next) out.result(`\n${check}: ${next}`);
  return wrong.length > 0 ? 1 : 0;
}
