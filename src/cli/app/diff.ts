// `cox app diff`: what a sync would change, worked out here with the rooms that the operator uses.
import type { ComparedObject, Comparison } from '../../compare/compare.ts';
import type { DesiredState } from '../../engine/application/desired.ts';
import type { Application } from '../../model/application.ts';
import type { Rooms } from '../workspace.ts';
import type { Session } from '../session.ts';
import { leavesOut } from '../../cluster/discovery/exclusions.ts';
import { createComparer } from '../../compare/compare.ts';
import { lastSynced } from '../../engine/application/history.ts';
import { resourceViews } from '../../engine/resource-view.ts';
import { gvkOf, keyTitle } from '../../model/kube.ts';
import { kindDenied, resourceDenied } from '../../policy/project.ts';
import { trackingName } from '../../render/document/tracking.ts';
import { data, diffText, isData } from '../output.ts';
import { openRooms } from '../workspace.ts';

/** The kinds in which objects of the application can be; undefined when only a look at all of them tells. */
function kindsOf(app: Application, desired: DesiredState): { group: string; kind: string }[] | undefined {
  if (!app.status?.sync?.comparedTo) return undefined;
  return [
    ...(app.status.resources ?? []).map((row) => ({ group: row.group ?? '', kind: row.kind })),
    ...desired.manifests.map(gvkOf),
  ];
}

async function compare(session: Session, rooms: Rooms, app: Application): Promise<Comparison> {
  const { signal } = session;
  const { cluster, desiring, project } = rooms;
  const desired = await desiring.at(app, rooms.revisions, signal);
  const kinds = kindsOf(app, desired);
  const { tracking, kinds: filter } = rooms.comparison;
  cluster.live.configure({ tracking, excludes: leavesOut(filter, rooms.clusterServer) });
  await (kinds ? cluster.live.ensureKinds(kinds, signal) : cluster.live.start(signal));
  const last = await lastSynced(desiring, { last: undefined }, app, {
    desired,
    signal,
    entry: app.status?.history?.at(-1),
  });
  const named = { name: rooms.clusterName, server: rooms.clusterServer };
  // The key only serves digests of effects, which are not asked for here.
  const comparer = createComparer({
    ...{ cluster, jq: rooms.jq, worker: rooms.worker, server: named.server },
    macKey: Buffer.alloc(32),
    settings: () => rooms.comparison,
  });
  return comparer.compare(
    {
      app,
      tracking: trackingName(app, session.options.namespace),
      manifests: desired.manifests,
      warnings: desired.warnings,
      placeOf: desired.placeOf,
      ...(last && last !== 'gone' && last.key !== desired.key && { previous: last.manifests }),
      ...(project && {
        permitted: (key, namespaced) => resourceDenied(project, key, namespaced, named) === undefined,
        forbidden: (key, namespaced) => kindDenied(project, key, namespaced),
      }),
    },
    signal,
  );
}

function differs(item: ComparedObject): boolean {
  return !item.hook.isHook && !item.ignored && item.status !== 'Synced' && item.error === undefined;
}

/** Exit code 0 in sync, 1 something differs, 3 an object could not be compared. */
export async function diff(session: Session, app: Application): Promise<number> {
  const { options, out } = session;
  const rooms = await openRooms(session, app);
  const comparison = await compare(session, rooms, app);
  for (const { message } of comparison.input.warnings ?? []) out.note(`cox: ${message}`);
  const views = await resourceViews(
    { ...comparison, objects: comparison.objects.filter(differs) },
    rooms.scripts.healthOf,
  );
  if (isData(options.format))
    out.result(
      data(
        options.format,
        views.map(({ row, diff: text }) => ({ ...row, diff: text })),
      ),
    );
  else {
    for (const { row, diff: text } of views) {
      const title = keyTitle({
        group: row.group ?? '',
        kind: row.kind,
        namespace: row.namespace ?? '',
        name: row.name,
      });
      out.result(
        `===== ${title}${row.requiresPruning ? ' (deleted by a sync with --prune)' : ''} =====\n` +
          diffText(text, options.color),
      );
    }
  }
  for (const error of comparison.errors)
    out.note(
      `cox: ${error.place ? `${error.place.file}${error.place.line ? `:${error.place.line}` : ''}: ` : ''}` +
        `${keyTitle(error.key)}: ${error.message}`,
    );
  if (comparison.errors.length > 0) return 3;
  return views.length > 0 ? 1 : 0;
}
