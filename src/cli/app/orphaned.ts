// `cox app resources --orphaned`: what is in an application's namespace and belongs to no application.
import type { Application } from '../../model/application.ts';
import type { ResourceKey } from '../../model/kube.ts';
import type { Column } from '../output.ts';
import type { Session } from '../session.ts';
import { leavesOut } from '../../cluster/discovery/exclusions.ts';
import { orphansOf } from '../../engine/orphans.ts';
import { trackingName } from '../../render/document/tracking.ts';
import { isData, print } from '../output.ts';
import { openDestination } from '../workspace.ts';

const columns: Column<ResourceKey>[] = [
  { title: 'GROUP', of: ({ group }) => group },
  { title: 'KIND', of: ({ kind }) => kind },
  { title: 'NAMESPACE', of: ({ namespace }) => namespace },
  { title: 'NAME', of: ({ name }) => name },
];

/** Answers the exit code. */
export async function orphaned(session: Session, app: Application): Promise<number> {
  const { options, out, signal } = session;
  const { cluster, clusterServer, comparison, project } = await openDestination(session, app);
  const { name } = app.metadata;
  if (!project?.spec.orphanedResources) {
    out.note(`cox: orphanedResources of the AppProject ${app.spec.project} is not set: nothing is looked for`);
    return 0;
  }
  const { tracking, kinds } = comparison;
  cluster.live.configure({ tracking, excludes: leavesOut(kinds, clusterServer) });
  await cluster.live.start(signal);
  const names = new Set((await session.applications()).map((each) => trackingName(each, options.namespace)));
  const rows = orphansOf({
    live: cluster.live,
    app,
    project,
    own: (app.status?.resources ?? []).map(({ group = '', kind, namespace = '', name: object }) => ({
      ...{ group, kind, namespace, name: object },
    })),
    isApplication: (each) => names.has(each),
  }).map(({ key }) => key);
  if (rows.length === 0 && !isData(options.format)) out.note(`Nothing beside ${name} is orphaned in its namespace.`);
  else out.result(print(options.format, rows, rows, columns));
  return 0;
}
