// `cox app actions`: what can be done to an object beside Git, as Argo CD's built-in actions do it (Argo CD:
// resource_customizations/<group>/<kind>/actions), with the rights of the kubeconfig.
import type { Cluster } from '../../cluster/cluster.ts';
import type { Application } from '../../model/application.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { Column } from '../output.ts';
import type { Session } from '../session.ts';
import { systemClock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import { at, mapAt } from '../../model/read.ts';
import { usage } from '../options.ts';
import { isData, print } from '../output.ts';
import { openDestination } from '../workspace.ts';
import { objectsOf } from './objects.ts';
import { manager } from './write.ts';

/** A merge patch of the object, or another object to be made. */
type Act = { patch: Record<string, unknown> } | { create: KubeObject };

interface Action {
  kinds: readonly string[];
  /** Whether it can be done to the object as it is. */
  fits(object: KubeObject): boolean;
  act(object: KubeObject, now: Date): Act;
}

const restartedAt = 'kubectl.kubernetes.io/restartedAt';
const always = (): boolean => true;
const setting = (field: string, value: boolean) => (): Act => ({ patch: { spec: { [field]: value } } });
const is =
  (field: string, value: boolean) =>
  (object: KubeObject): boolean =>
    (at(object, 'spec', field) === true) === value;

/** A Job as its CronJob would make it (kubectl create job --from). */
function jobOf({ apiVersion, metadata, ...object }: KubeObject, now: Date): Act {
  const template = mapAt(object, 'spec', 'jobTemplate');
  const { name = '', namespace, uid } = metadata;
  const made = mapAt(template, 'metadata');
  return {
    create: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        ...(namespace !== undefined && { namespace }),
        name: `${name.slice(0, 40)}-${Math.floor(now.getTime() / 1000)}`,
        ...(made && { labels: mapAt(made, 'labels') as Record<string, string> }),
        annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
        ownerReferences: [{ apiVersion, kind: 'CronJob', name, uid: uid ?? '' }],
      },
      spec: mapAt(template, 'spec') ?? {},
    },
  };
}

const known: Readonly<Record<string, Action>> = {
  restart: {
    kinds: ['apps/Deployment', 'apps/StatefulSet', 'apps/DaemonSet'],
    fits: always,
    act: (_, now) => ({
      patch: { spec: { template: { metadata: { annotations: { [restartedAt]: now.toISOString() } } } } },
    }),
  },
  pause: { kinds: ['apps/Deployment'], fits: is('paused', false), act: setting('paused', true) },
  resume: {
    kinds: ['apps/Deployment', 'batch/CronJob', 'batch/Job'],
    fits: (object) => is(object.kind === 'Deployment' ? 'paused' : 'suspend', true)(object),
    act: (object) => setting(object.kind === 'Deployment' ? 'paused' : 'suspend', false)(),
  },
  suspend: { kinds: ['batch/CronJob', 'batch/Job'], fits: is('suspend', false), act: setting('suspend', true) },
  'create-job': { kinds: ['batch/CronJob'], fits: always, act: jobOf },
  terminate: {
    kinds: ['batch/Job'],
    fits: (object) => at(object, 'status', 'completionTime') === undefined,
    act: () => ({ patch: { spec: { activeDeadlineSeconds: 1 } } }),
  },
};

interface Offered {
  name: string;
  action: Action;
  key: ResourceKey;
  object: KubeObject;
}

async function offered(cluster: Cluster, keys: readonly ResourceKey[], signal: AbortSignal): Promise<Offered[]> {
  const wanted = keys.filter(({ group, kind }) =>
    Object.values(known).some(({ kinds }) => kinds.includes(`${group}/${kind}`)),
  );
  const objects = await Promise.all(
    wanted.map(async (key) => ({ key, object: await cluster.api.get(key, { signal }) })),
  );
  return objects.flatMap(({ key, object }) =>
    Object.entries(known).flatMap(([name, action]) =>
      object && action.kinds.includes(`${key.group}/${key.kind}`) ? [{ name, action, key, object }] : [],
    ),
  );
}

const columns: Column<Offered>[] = [
  { title: 'GROUP', of: ({ key }) => key.group },
  { title: 'KIND', of: ({ key }) => key.kind },
  { title: 'NAMESPACE', of: ({ key }) => key.namespace },
  { title: 'OBJECT', of: ({ key }) => key.name },
  { title: 'NAME', of: ({ name }) => name },
  { title: 'NOW', of: ({ action, object }) => (action.fits(object) ? 'yes' : 'no') },
];

function list({ options, out }: Session, app: Application, found: readonly Offered[]): number {
  const rows = found.map(({ name, action, key, object }) => ({ ...key, action: name, now: action.fits(object) }));
  if (found.length === 0 && !isData(options.format))
    out.note(`There are no actions for objects of ${app.metadata.name}.`);
  else out.result(print(options.format, rows, found, columns));
  return 0;
}

async function carryOut(session: Session, cluster: Cluster, { name, action, key, object }: Offered): Promise<void> {
  const { options, out, signal } = session;
  const dryRun = options.values['dry-run'] ?? false;
  const act = action.act(object, new Date(systemClock.now()));
  const version = { metadata: { resourceVersion: object.metadata.resourceVersion } };
  if ('create' in act) await cluster.api.create(act.create, { signal, manager, dryRun });
  else await cluster.api.patch(key, { type: 'merge', patch: { ...act.patch, ...version }, signal, manager, dryRun });
  out.result(`${key.kind} ${key.name}: ${name}${dryRun ? ' (tried, and not kept)' : ' done'}`);
}

/** Lists them without a name. Exit code 0. Throws Usage where it is not plain which object is meant. */
export async function actions(session: Session, app: Application, name: string | undefined): Promise<number> {
  const { options, out, signal } = session;
  if (name !== undefined && !Object.hasOwn(known, name))
    throw usage(`"${name}" is not an action; there is ${Object.keys(known).join(', ')}`);
  const { cluster } = await openDestination(session, app);
  const found = await offered(cluster, objectsOf(app, options), signal);
  if (name === undefined) return list(session, app, found);
  const meant = found.filter((each) => each.name === name);
  const able = meant.filter(({ action, object }) => action.fits(object));
  if (able.length === 0) {
    const why = meant.length > 0 ? `needs no ${name} as it is` : `has no object for ${name}`;
    throw new AppError('E_APPLICATION', `${app.metadata.name} ${why}`, {
      hint: `cox app actions ${app.metadata.name} tells what can be done to what.`,
    });
  }
  if (able.length > 1 && !options.values.all)
    throw usage(
      `${name} is for ${able.map(({ key }) => `${key.kind} ${key.name}`).join(', ')}: ` +
        '--resource names one, --all means them',
    );
  for (const each of able) await carryOut(session, cluster, each);
  if (app.spec.syncPolicy?.automated?.selfHeal && name !== 'restart' && name !== 'create-job')
    out.note(`cox: ${app.metadata.name} heals itself: what Git says otherwise comes back`);
  return 0;
}
