// What comes back from the modal that asks until when.
import type { App } from '@slack/bolt';
import type { InboxContext, Wanted } from '../inbox.ts';
import type { Submission } from '../submission.ts';
import { rfc3339 } from '../../base/clock.ts';
import { endAsked } from '../../policy/until.ts';
import { ofOne } from '../inbox.ts';
import { faulty, listenToSubmission, submit } from '../submission.ts';
import { answersOf, inputs, readSilenceState } from './modal.ts';

/** The end is a moment from here on: whenever the Request is carried out, it is the one that the person meant. */
async function onSubmit(submission: Submission): Promise<void> {
  const { context, at, view } = submission;
  const { store } = context;
  const state = readSilenceState(view.private_metadata);
  const { until, from, reason } = answersOf(view.state.values);
  const end = endAsked({ until, reason }, { now: at, timeZone: store.settings().schedules.timeZone });
  if ('fault' in end) return faulty(submission, { [end.about === 'reason' ? inputs.reason : from]: `${end.fault}.` });
  const episode = state && store.episodes.get(state.object);
  const wanted: Wanted | undefined = episode && {
    verb: state.act,
    application: episode.spec.application,
    shown: true,
    args: { until: rfc3339(end.at), episode: episode.metadata.name, ...(reason && { reason }) },
  };
  return submit(submission, { channel: state?.channel, wanted: ofOne(store, wanted) });
}

/** Registers the handler of its submission. */
export function listenToSilence(app: App, context: InboxContext): void {
  listenToSubmission(app, context, 'silence_submit', onSubmit);
}
