// `cox app logs`: what the containers of an application's pods wrote, read with the rights of the kubeconfig.
import type { Cluster } from '../../cluster/cluster.ts';
import type { Application } from '../../model/application.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { Session } from '../session.ts';
import { AppError } from '../../base/errors.ts';
import { redactText } from '../../base/log.ts';
import { isStatus } from '../../cluster/api-error.ts';
import { withQuery } from '../../cluster/paths.ts';
import { gvkOf, keyOf, keyText } from '../../model/kube.ts';
import { mapsAt, textAt } from '../../model/read.ts';
import { parseDuration } from '../../policy/duration.ts';
import { usage } from '../options.ts';
import { plain } from '../output.ts';
import { openDestination } from '../workspace.ts';
import { objectsOf } from './objects.ts';

interface Container {
  pod: KubeObject;
  container: string;
}

const mostOwners = 8;

/** Whether the pod belongs to one of the objects, through whatever made it: a ReplicaSet, a Job of a CronJob. */
async function belongs(pod: KubeObject, roots: ReadonlySet<string>, known: Known): Promise<boolean> {
  let object: KubeObject | undefined = pod;
  for (let level = 0; object && level < mostOwners; level += 1) {
    const { namespace = '', ownerReferences = [] } = object.metadata;
    if (roots.has(keyText(keyOf(object)))) return true;
    const owner = ownerReferences.find(({ controller }) => controller) ?? ownerReferences[0];
    if (!owner) return false;
    const key = { ...gvkOf(owner), namespace, name: owner.name };
    if (roots.has(keyText(key))) return true;
    object = await known(key);
  }
  return false;
}

type Known = (key: ResourceKey) => Promise<KubeObject | undefined>;

async function podsOf(cluster: Cluster, keys: readonly ResourceKey[], signal: AbortSignal): Promise<KubeObject[]> {
  const roots = new Set(keys.map(keyText));
  const asked = new Map<string, Promise<KubeObject | undefined>>();
  const known: Known = (key) => {
    const found = asked.get(keyText(key)) ?? cluster.api.get(key, { signal });
    asked.set(keyText(key), found);
    return found;
  };
  const namespaces = [...new Set(keys.map(({ namespace }) => namespace))].filter((namespace) => namespace !== '');
  const pods = (
    await Promise.all(
      namespaces.map((namespace) => cluster.api.list({ group: '', kind: 'Pod' }, { namespace, signal })),
    )
  ).flat();
  const whole = pods.map((pod): KubeObject => ({ ...pod, apiVersion: 'v1', kind: 'Pod' }));
  const ours = await Promise.all(whole.map((pod) => belongs(pod, roots, known)));
  return whole.filter((_, index) => ours[index]);
}

function containersOf(pods: readonly KubeObject[], wanted: string | undefined): Container[] {
  return pods
    .flatMap((pod) =>
      [...mapsAt(pod, 'spec', 'initContainers'), ...mapsAt(pod, 'spec', 'containers')].map((container) => ({
        ...{ pod, container: textAt(container, 'name') },
      })),
    )
    .filter(({ container }) => wanted === undefined || container === wanted);
}

/** As the API server takes them (Kubernetes: PodLogOptions). Throws Usage. */
function queryOf({ options }: Session): Record<string, string | number | boolean | undefined> {
  const { tail, since, follow, previous } = options.values;
  const seconds = since === undefined ? undefined : parseDuration(since);
  if (since !== undefined && !seconds) throw usage(`--since is "${since}", but must be a duration such as 90s or 5m`);
  if (tail !== undefined && !/^\d{1,9}$/.test(tail)) throw usage(`--tail is "${tail}", but must be a number of lines`);
  return {
    ...(tail !== undefined && { tailLines: tail }),
    ...(seconds && { sinceSeconds: Math.max(1, Math.ceil(seconds / 1000)) }),
    ...(follow && { follow }),
    ...(previous && { previous }),
  };
}

/** False where the container has written nothing yet, and says so. */
async function read(
  session: Session,
  cluster: Cluster,
  { pod, container }: Container,
  { query, prefix }: { query: ReturnType<typeof queryOf>; prefix: string },
): Promise<boolean> {
  const { namespace = '', name = '' } = pod.metadata;
  const base = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/log`;
  const onLine = (line: string): void => session.out.result(`${prefix}${plain(redactText(line))}`);
  try {
    await cluster.readLines(withQuery(base, { container, ...query }), onLine, session.signal);
    return true;
  } catch (error) {
    // 400: it waits to start; 404: it is gone by now.
    if (!isStatus(error, 400) && !isStatus(error, 404)) throw error;
    session.out.note(`cox: ${name}/${container}: ${plain(error.message)}`);
    return false;
  }
}

/** Exit code 0, or 1 when no container has a log. With several containers each line begins with pod and container. */
export async function logs(session: Session, app: Application): Promise<number> {
  const { options, signal } = session;
  const query = queryOf(session);
  const keys = objectsOf(app, options);
  const { cluster } = await openDestination(session, app);
  const containers = containersOf(await podsOf(cluster, keys, signal), options.values.container);
  const { container } = options.values;
  const withIt = container === undefined ? '' : ` with a container ${container}`;
  if (containers.length === 0)
    throw new AppError('E_APPLICATION', `${app.metadata.name} has no pods${withIt}`, {
      hint: `cox app resources ${app.metadata.name} tells what it has, and its health.`,
    });
  const many = containers.length > 1;
  const reading = (each: Container): Promise<boolean> =>
    read(session, cluster, each, { query, prefix: many ? `${each.pod.metadata.name ?? ''}/${each.container}: ` : '' });
  if (options.values.follow) return (await Promise.all(containers.map(reading))).some(Boolean) ? 0 : 1;
  let some = false;
  for (const each of containers) some = (await reading(each)) || some;
  return some ? 0 : 1;
}
