// Health of an application whose desired state cannot be had: a broken commit or a repository that is away says nothing
// about what runs.
import type { JudgedResource } from '../../health/health.ts';
import type { Application, Health, ResourceStatus } from '../../model/application.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { Target } from './assess.ts';
import { applicationHealth, healthOf } from '../../health/health.ts';
import { argo } from '../../model/annotations.ts';
import { isApplication } from '../../model/argo-kinds.ts';

function keyOf({ group = '', kind, namespace = '', name }: ResourceStatus): ResourceKey {
  return { group, kind, namespace, name };
}

function judged({ metadata }: Application, row: ResourceStatus, live: KubeObject | undefined): JudgedResource {
  const key = keyOf(row);
  return {
    key,
    hook: row.hook === true,
    ignoreHealthcheck: live?.metadata.annotations?.[argo.ignoreHealthcheck] === 'true',
    live: live !== undefined,
    health: live && healthOf(live),
    self: isApplication(key) && key.name === metadata.name && key.namespace === metadata.namespace,
  };
}

/** Of the objects that were last compared, as they are now; as it was last seen where those cannot be read. */
export async function healthWithout(
  app: Application,
  target: Target | undefined,
  signal: AbortSignal,
): Promise<Health> {
  const { health: last, resources = [] } = app.status ?? {};
  const rows = resources.filter((row) => !row.requiresPruning);
  if (!target || rows.length === 0 || rows.some((row) => target.cluster.live.problemOf(keyOf(row)) !== undefined))
    return { status: last?.status ?? 'Unknown', ...(last && { message: 'as it was last seen' }) };
  const { api, live } = target.cluster;
  const found = await Promise.all(
    rows.map(async (row) => {
      const record = live.get(keyOf(row));
      return judged(app, row, record && (record.object ?? (await api.get(record.key, { signal }))));
    }),
  );
  const { status, message } = applicationHealth(found);
  return { status, message: [message, 'of the objects that were last compared'].filter(Boolean).join(', ') };
}
