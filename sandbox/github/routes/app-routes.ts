// REST of the App itself, its installations and deliveries, people and teams.
import type { Json } from '../present/present.ts';
import type { Call, Reply, Route } from './router.ts';
import type { Delivery } from '../webhook.ts';
import type { Account, Installation } from '../world.ts';
import { Failure } from '../failure.ts';
import {
  api,
  presentApp,
  presentInstallation,
  presentPermission,
  presentProfile,
  presentRepository,
  presentUser,
} from '../present/present.ts';
import { numberIn, paged } from './router.ts';
import { mayRead, mintToken } from '../tokens.ts';
import { findAccount, findTeam, timestamp } from '../world.ts';
import { installationOf } from '../installation.ts';

function installationIn(call: Call): Installation {
  const found = call.site.world.installations.find((each) => each.id === numberIn(call, 'installation_id'));
  if (!found) throw new Failure(404, 'Not Found');
  return found;
}

function accessToken(call: Call): Reply {
  const { world } = call.site;
  const installation = installationIn(call);
  const names = call.body['repositories'] as string[] | undefined;
  const ids = call.body['repository_ids'] as number[] | undefined;
  const own = world.repositories.filter((repository) => installationOf(world, repository) === installation);
  const chosen =
    names || ids ? own.filter((repository) => names?.includes(repository.name) || ids?.includes(repository.id)) : null;
  if (chosen !== null && chosen.length < (names?.length ?? ids?.length ?? 0)) {
    throw new Failure(
      422,
      'There is at least one repository that does not exist or is not accessible to the parent installation.',
    );
  }
  const permissions = (call.body['permissions'] as Record<string, string> | undefined) ?? null;
  for (const [name, level] of Object.entries(permissions ?? {})) {
    const granted = world.app.permissions[name];
    if (granted === level || (granted === 'write' && level === 'read')) continue;
    throw new Failure(422, 'The permissions requested are not granted to this installation.');
  }
  const token = mintToken(world, installation, {
    repositories: chosen?.map((repository) => repository.id) ?? null,
    permissions,
  });
  return {
    status: 201,
    body: {
      token: token.token,
      expires_at: timestamp(token.expiresAt),
      permissions: token.permissions,
      repository_selection: chosen ? 'selected' : 'all',
      ...(chosen ? { repositories: chosen.map((repository) => presentRepository(world, repository)) } : {}),
    },
  };
}

async function installationRepositories(call: Call): Promise<Reply> {
  const { world } = call.site;
  if (call.caller.kind !== 'installation')
    throw new Failure(
      403,
      'You must authenticate with an installation access token in order to list repositories for an installation.',
    );
  const own = world.repositories.filter((repository) => mayRead(world, call.caller, repository));
  const page = await paged(call, own, (repository) => presentRepository(world, repository));
  return { ...page, body: { total_count: own.length, repository_selection: 'all', repositories: page.body } };
}

function presentDelivery(delivery: Delivery): Json {
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: delivery.deliveredAt,
    redelivery: delivery.redelivery,
    duration: delivery.duration,
    status: delivery.status,
    status_code: delivery.statusCode,
    event: delivery.event,
    action: delivery.action,
    installation_id: delivery.installationId,
    repository_id: delivery.repositoryId,
    throttled_at: null,
  };
}

/** Deliveries are paged by an opaque cursor: here the id after which the page starts. */
function deliveries(call: Call): Reply {
  const size = Math.min(Number(call.query['per_page']) || 30, 100);
  const all = call.site.hooks.deliveries().filter((delivery) => {
    const wanted = call.query['status'];
    return wanted === undefined || (wanted === 'success') === (delivery.statusCode >= 200 && delivery.statusCode < 400);
  });
  const after =
    call.query['cursor'] === undefined ? -1 : all.findIndex((delivery) => delivery.id === Number(call.query['cursor']));
  const page = all.slice(after + 1, after + 1 + size);
  const more = all.length > after + 1 + size;
  const next = new URL(call.url);
  next.searchParams.set('cursor', String(page.at(-1)?.id ?? ''));
  return { status: 200, body: page.map(presentDelivery), headers: more ? { link: `<${next.href}>; rel="next"` } : {} };
}

function deliveryIn(call: Call): Delivery {
  const found = call.site.hooks.deliveries().find((delivery) => delivery.id === numberIn(call, 'delivery_id'));
  if (!found) throw new Failure(404, 'Not Found');
  return found;
}

function oneDelivery(call: Call): Reply {
  const delivery = deliveryIn(call);
  const request = { headers: delivery.requestHeaders, payload: delivery.payload };
  const response = { headers: delivery.responseHeaders, payload: delivery.response };
  return { status: 200, body: { ...presentDelivery(delivery), url: '', request, response } };
}

function redeliver(call: Call): Reply {
  call.site.hooks.redeliver(deliveryIn(call));
  return { status: 202, body: {} };
}

function profile(call: Call, account: Account | undefined): Reply {
  if (!account) throw new Failure(404, 'Not Found');
  return { status: 200, body: presentProfile(call.site.world, account) };
}

function teamIn(call: Call): { members: Account[]; logins: Set<string>; url: string } {
  const { world } = call.site;
  const { org = '', team_slug: slug = '' } = call.path;
  const team = findTeam(world, org, slug);
  if (!team) throw new Failure(404, 'Not Found');
  const members = [...team.members]
    .map((login) => findAccount(world, login))
    .filter((account) => account !== undefined);
  return { members, logins: team.members, url: api(world, `/orgs/${org}/teams/${slug}`) };
}

function membership(call: Call): Reply {
  const team = teamIn(call);
  const account = findAccount(call.site.world, call.path['username'] ?? '');
  if (!account || !team.members.includes(account)) throw new Failure(404, 'Not Found');
  return { status: 200, body: { url: `${team.url}/memberships/${account.login}`, role: 'member', state: 'active' } };
}

function permission(call: Call): Reply {
  const account = findAccount(call.site.world, call.path['username'] ?? '');
  if (!account) throw new Failure(404, `${call.path['username'] ?? ''} is not a user`);
  return { status: 200, body: presentPermission(call.site.world, call.repository(), account) };
}

function rateLimit(): Reply {
  const core = { limit: 5000, remaining: 5000, reset: Math.floor(Date.now() / 1000) + 3600, used: 0 };
  return { status: 200, body: { resources: { core, search: core, graphql: core }, rate: core } };
}

export const appRoutes: Route[] = [
  {
    route: 'GET /app',
    needs: 'jwt',
    handle: ({ site }) => ({ status: 200, body: presentApp(site.world, site.world.app) }),
  },
  {
    route: 'GET /app/installations',
    needs: 'jwt',
    handle: (call) => paged(call, call.site.world.installations, (each) => presentInstallation(call.site.world, each)),
  },
  {
    route: 'GET /app/installations/{installation_id}',
    needs: 'jwt',
    handle: (call) => ({ status: 200, body: presentInstallation(call.site.world, installationIn(call)) }),
  },
  { route: 'POST /app/installations/{installation_id}/access_tokens', needs: 'jwt', handle: accessToken },
  { route: 'GET /app/hook/deliveries', needs: 'jwt', handle: deliveries },
  { route: 'GET /app/hook/deliveries/{delivery_id}', needs: 'jwt', handle: oneDelivery },
  { route: 'POST /app/hook/deliveries/{delivery_id}/attempts', needs: 'jwt', handle: redeliver },
  {
    route: 'GET /repos/{owner}/{repo}/installation',
    needs: 'jwt',
    handle: (call: Call): Reply => {
      const { world } = call.site;
      const repository = world.repositories.find(
        (each) => each.owner.login === call.path['owner'] && each.name === call.path['repo'],
      );
      const installation = repository && installationOf(world, repository);
      if (!installation) throw new Failure(404, 'Not Found');
      return { status: 200, body: presentInstallation(world, installation) };
    },
  },
  { route: 'GET /installation/repositories', needs: null, handle: installationRepositories },
  { route: 'GET /rate_limit', needs: null, handle: rateLimit },
  {
    route: 'GET /user',
    needs: null,
    handle: (call: Call): Reply => {
      if (call.caller.kind !== 'person') throw new Failure(403, 'Resource not accessible by integration');
      return profile(call, call.caller.actor.account);
    },
  },
  {
    route: 'GET /user/{account_id}',
    needs: null,
    handle: (call: Call): Reply =>
      profile(
        call,
        [...call.site.world.accounts.values()].find((each) => each.id === numberIn(call, 'account_id')),
      ),
  },
  {
    route: 'GET /users/{username}',
    needs: null,
    handle: (call) => profile(call, findAccount(call.site.world, call.path['username'] ?? '')),
  },
  {
    route: 'GET /orgs/{org}/teams/{team_slug}/members',
    needs: 'members:read',
    handle: (call) => paged(call, teamIn(call).members, (account) => presentUser(call.site.world, account)),
  },
  { route: 'GET /orgs/{org}/teams/{team_slug}/memberships/{username}', needs: 'members:read', handle: membership },
  {
    route: 'GET /repos/{owner}/{repo}/collaborators/{username}/permission',
    needs: 'metadata:read',
    handle: permission,
  },
];
