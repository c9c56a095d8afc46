// What comes back from the modal that asks until when: stored as a Request before Slack is answered.
import type { AckFn, App, ViewResponseAction, ViewSubmitAction } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import type { Deed, InboxContext, Wanted } from '../inbox.ts';
import { rfc3339 } from '../../base/clock.ts';
import { endAsked } from '../../policy/until.ts';
import { actorOf, ofOne, storeInTime, unlinked } from '../inbox.ts';
import { noteModal } from '../modal.ts';
import { answersOf, inputs, readSilenceState } from './modal.ts';

/** The end is a moment from here on: whenever the Request is carried out, it is the one that the person meant. */
async function onSubmit(
  context: InboxContext,
  client: WebClient,
  { view, user }: ViewSubmitAction,
  ack: AckFn<ViewResponseAction>,
): Promise<void> {
  const at = context.clock.now();
  const { store } = context;
  const state = readSilenceState(view.private_metadata);
  const { until, from, reason } = answersOf(view.state.values);
  const end = endAsked({ until, reason }, { now: at, timeZone: store.settings().schedules.timeZone });
  if ('fault' in end)
    return ack({
      response_action: 'errors',
      errors: { [end.about === 'reason' ? inputs.reason : from]: `${end.fault}.` },
    });
  const episode = state && store.episodes.get(state.object);
  const wanted: Wanted | undefined = episode && {
    verb: state.act,
    application: episode.spec.application,
    shown: true,
    args: { until: rfc3339(end.at), episode: episode.metadata.name, ...(reason && { reason }) },
  };
  const known = ofOne(store, wanted);
  const note = (mrkdwn: string): Promise<void> =>
    ack({ response_action: 'update', view: noteModal('Not done', mrkdwn) });
  if (!state || !known) return note('That is not known any more.');
  if (!actorOf(context, user.id)) return note(unlinked(user.id));
  const deed: Deed = { user: user.id, at, channel: state.channel, once: `view ${view.id} ${user.id}` };
  const late = await storeInTime({ context, client, deed }, known);
  return late === undefined ? ack() : note(late);
}

/** Registers the handler of its submission. */
export function listenToSilence(app: App, context: InboxContext): void {
  app.view('silence_submit', ({ ack, body, client }) =>
    onSubmit(context, client, body as ViewSubmitAction, ack as AckFn<ViewResponseAction>),
  );
}
