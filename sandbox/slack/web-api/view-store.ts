// Opens, pushes, replaces and closes views, with the rules of the stack and of kept input.
import type { View } from '../workspace/model.ts';
import type { SlackState } from '../workspace/state.ts';
import { checkView, viewTooLarge } from '../block-kit/block-kit.ts';
import { withIds } from './content.ts';
import { initialValues, inputElements } from '../block-kit/inputs.ts';
import { isObject, objectsOf, stringOf, type Json, type JsonObject } from '../workspace/json.ts';
import { ApiError, refuse } from './method.ts';

/** docs.slack.dev: a modal may hold three views at a time. */
const stackLimit = 3;

/** Throws as views.* answer; returns the view with ids filled in. */
export function readView(state: SlackState, value: Json | undefined, kind: 'modal' | 'home'): JsonObject {
  refuse('invalid_arguments', checkView(value, kind));
  if (!isObject(value)) throw new ApiError('invalid_arguments', ['[ERROR] view is missing']);
  if (viewTooLarge(value)) throw new ApiError('view_too_large', ['[ERROR] the view is larger than 250 KB']);
  const externalId = stringOf(value['external_id']);
  return {
    ...value,
    blocks: withIds(state, objectsOf(value['blocks'])),
    ...(externalId && { external_id: externalId }),
  };
}

function newHash(state: SlackState): string {
  return `${state.ts()}.${state.next().toString(36)}`;
}

export function putView(state: SlackState, body: JsonObject, user: string, previous?: View): View {
  const id = state.id('V');
  const view: View = {
    id,
    user,
    kind: body['type'] === 'home' ? 'home' : 'modal',
    hash: newHash(state),
    rootViewId: previous?.rootViewId ?? id,
    body,
    values: initialValues(body),
    errors: {},
    ...(previous && { previousViewId: previous.id }),
  };
  state.views.set(id, view);
  return view;
}

export function openView(state: SlackState, body: JsonObject, user: string): View {
  state.closeModals(user);
  return putView(state, body, user);
}

export function pushView(state: SlackState, body: JsonObject, top: View): View {
  if (state.modalsOf(top.user).length >= stackLimit)
    throw new ApiError('push_limit_reached', ['[ERROR] a modal holds at most three views']);
  return putView(state, body, top.user, top);
}

/** Values stay where block_id and action_id are the same as before, as in Slack. */
export function replaceView(state: SlackState, view: View, body: JsonObject): View {
  const before = view.values;
  view.body = body;
  view.hash = newHash(state);
  view.errors = {};
  view.values = initialValues(body);
  for (const { blockId, actionId } of inputElements(body)) {
    const kept = before[blockId]?.[actionId];
    if (kept) (view.values[blockId] ??= {})[actionId] = kept;
  }
  return view;
}

export function closeView(state: SlackState, view: View): void {
  state.views.delete(view.id);
}
