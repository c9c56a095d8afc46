// The Web API's views methods.
import type { JsonObject } from '../workspace/json.ts';
import type { Trigger, View } from '../workspace/model.ts';
import { ApiError, type Api, type Arguments, type Method } from './method.ts';
import { openView, pushView, putView, readView, replaceView } from './view-store.ts';
import { viewJson } from '../workspace/wire.ts';

/** Spends the trigger; the order of checks is Slack's. */
function spend(api: Api, args: Arguments): Trigger {
  const trigger = api.state.triggers.get(args.need('trigger_id'));
  if (!trigger) throw new ApiError('invalid_trigger_id');
  if (trigger.used) throw new ApiError('exchanged_trigger_id');
  if (api.state.clock.now() > trigger.expires) throw new ApiError('expired_trigger_id');
  return trigger;
}

function answer(api: Api, view: View): JsonObject {
  return { view: viewJson(api.state, view) };
}

function find(api: Api, args: Arguments): View {
  const id = args.text('view_id');
  const external = args.text('external_id');
  const view = id
    ? api.state.views.get(id)
    : [...api.state.views.values()].find((candidate) => external && candidate.body['external_id'] === external);
  if (!view) throw new ApiError('not_found');
  return view;
}

function checkHash(args: Arguments, view: View): void {
  const hash = args.text('hash');
  if (hash !== undefined && hash !== view.hash) throw new ApiError('hash_conflict');
}

const open: Method = {
  args: { view: 'json', trigger_id: 'string' },
  token: 'bot',
  mutates: true,
  handle(args, api) {
    const body = readView(api.state, args.json('view'), 'modal');
    const trigger = spend(api, args);
    trigger.used = true;
    return answer(api, openView(api.state, body, trigger.user));
  },
};

const push: Method = {
  args: { view: 'json', trigger_id: 'string' },
  token: 'bot',
  mutates: true,
  handle(args, api) {
    const body = readView(api.state, args.json('view'), 'modal');
    const trigger = spend(api, args);
    const top = api.state.modalsOf(trigger.user).at(-1);
    if (!trigger.viewId || !top) throw new ApiError('not_found');
    trigger.used = true;
    return answer(api, pushView(api.state, body, top));
  },
};

const update: Method = {
  args: { view: 'json', view_id: 'string', external_id: 'string', hash: 'string' },
  token: 'bot',
  mutates: true,
  handle(args, api) {
    const view = find(api, args);
    const body = readView(api.state, args.json('view'), view.kind);
    checkHash(args, view);
    return answer(api, replaceView(api.state, view, body));
  },
};

const publish: Method = {
  args: { view: 'json', user_id: 'string', hash: 'string' },
  token: 'bot',
  mutates: true,
  handle(args, api) {
    const user = args.need('user_id');
    if (!api.state.users.has(user)) throw new ApiError('user_not_found');
    const body = readView(api.state, args.json('view'), 'home');
    const home = [...api.state.views.values()].find((view) => view.kind === 'home' && view.user === user);
    if (home) checkHash(args, home);
    return answer(api, home ? replaceView(api.state, home, body) : putView(api.state, body, user));
  },
};

export const viewMethods: Record<string, Method> = {
  'views.open': open,
  'views.push': push,
  'views.update': update,
  'views.publish': publish,
};
