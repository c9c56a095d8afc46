// `cox app manifests` and `cox render`: the manifests of an application, of Git or as the cluster has them.
import type { Application } from '../../model/application.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { Session } from '../session.ts';
import { stringifyJson } from '../../base/json.ts';
import { maskObjects } from '../../diff/mask.ts';
import { usage } from '../options.ts';
import { manifestsYaml } from '../output.ts';
import { openRooms } from '../workspace.ts';

/** Secret values are masked: what is printed ends up in logs and tickets. */
function show({ options, out }: Session, objects: readonly KubeObject[]): number {
  const masked = objects.map((object) => maskObjects([object])[0]);
  out.result(options.format === 'json' ? stringifyJson(masked, 2) : manifestsYaml(masked));
  return 0;
}

/** The manifests that Git gives, rendered here with the operator's own rooms. */
export async function render(session: Session, app: Application): Promise<number> {
  const { desiring, revisions } = await openRooms(session, app);
  const { manifests, warnings } = await desiring.at(app, revisions, session.signal);
  for (const { message } of warnings) session.out.note(`cox: ${message}`);
  return show(session, manifests);
}

async function live(session: Session, app: Application): Promise<number> {
  const { cluster } = await openRooms(session, app);
  const objects: KubeObject[] = [];
  for (const { group = '', kind, namespace = '', name } of app.status?.resources ?? []) {
    const object = await cluster.api.get({ group, kind, namespace, name }, { signal: session.signal });
    if (!object) continue;
    const { managedFields: _managedFields, ...metadata } = object.metadata;
    objects.push({ ...object, metadata });
  }
  return show(session, objects);
}

/** `--source git` (the default) or `live`: the objects of status.resources that exist, without managedFields. */
export function manifests(session: Session, app: Application): Promise<number> {
  if (session.options.values.source !== 'live') return render(session, app);
  if (session.options.revision !== undefined) throw usage('--revision is of Git, not of the live objects');
  return live(session, app);
}
