// REST of what moved the branches and who did it.
import type { Activity, World } from '../world.ts';
import type { Call, Reply, Route } from './router.ts';
import type { Json } from '../present/present.ts';
import { nodeId, presentUser } from '../present/present.ts';

function present(world: World, activity: Activity): Json {
  const { id, before, after, ref, at, type, actor } = activity;
  return {
    id,
    node_id: nodeId('Push', id),
    before,
    after,
    ref,
    timestamp: at,
    activity_type: type,
    actor: presentUser(world, actor),
  };
}

/** Newest first; pages by a cursor, the id of the last one shown. */
function list(call: Call): Reply {
  const { ref, after, actor, activity_type: type } = call.query;
  const size = Math.min(Math.max(Number(call.query['per_page']) || 30, 1), 100);
  const found = call
    .repository()
    .activities.toReversed()
    .filter((each) => ref === undefined || each.ref === ref || each.ref === `refs/heads/${ref}`)
    .filter((each) => (actor === undefined || each.actor.login === actor) && (type === undefined || each.type === type))
    .filter((each) => after === undefined || each.id < Number(after));
  const shown = found.slice(0, size);
  const next = new URL(call.url);
  next.searchParams.set('after', String(shown.at(-1)?.id ?? 0));
  return {
    status: 200,
    body: shown.map((each) => present(call.site.world, each)),
    headers: found.length > size ? { link: `<${next.href}>; rel="next"` } : {},
  };
}

export const activityRoutes: Route[] = [
  { route: 'GET /repos/{owner}/{repo}/activity', needs: 'contents:read', handle: list },
];
