// Health of an application: of what was compared; or, where its desired state cannot be had, of what is live all the
// same: a broken commit or a repository that is away says nothing about what runs.
import type { Comparison } from '../../compare/compare.ts';
import type { JudgedResource } from '../../health/health.ts';
import type { Application, Health, ResourceStatus } from '../../model/application.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { Target } from './assess.ts';
import { applicationHealth } from '../../health/health.ts';
import { argo } from '../../model/annotations.ts';
import { isApplication } from '../../model/argo-kinds.ts';

function keyOf({ group = '', kind, namespace = '', name }: ResourceStatus): ResourceKey {
  return { group, kind, namespace, name };
}

interface Judged {
  key: ResourceKey;
  hook: boolean;
  live: KubeObject | undefined;
  /** As Git has it, where that is known. */
  target?: KubeObject | undefined;
}

type Judge = Target['healthOf'];

async function judged(
  { metadata }: Application,
  judge: Judge,
  { key, hook, live, target }: Judged,
): Promise<JudgedResource> {
  return {
    key,
    hook,
    ignoreHealthcheck: (target ?? live)?.metadata.annotations?.[argo.ignoreHealthcheck] === 'true',
    live: live !== undefined,
    health: live && (await judge(live)),
    self: isApplication(key) && key.name === metadata.name && key.namespace === metadata.namespace,
  };
}

/** The application by what is live now, without what a sync prunes or hands to another application. */
export async function healthOfAll(app: Application, judge: Judge, { objects }: Comparison): Promise<Health> {
  const staying = objects.filter((item) => !item.requiresPruning && item.movesTo === undefined);
  return applicationHealth(
    await Promise.all(
      staying.map(({ key, hook, live, target }) => judged(app, judge, { key, hook: hook.isHook, live, target })),
    ),
  );
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
      const object = record && (record.object ?? (await api.get(record.key, { signal })));
      return judged(app, target.healthOf, { key: keyOf(row), hook: row.hook === true, live: object });
    }),
  );
  const { status, message } = applicationHealth(found);
  return { status, message: [message, 'of the objects that were last compared'].filter(Boolean).join(', ') };
}
