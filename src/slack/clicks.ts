// Buttons and the submission of the review: stored before Slack is answered, so that no click is lost.
import type { AckFn, App, BlockAction, ButtonAction, RespondFn, ViewResponseAction, ViewSubmitAction } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import type { Approval } from '../model/coxswain.ts';
import type { Deed, InboxContext } from './inbox.ts';
import { actorOf, mayLook, storeRequest, unlinked, whisper } from './inbox.ts';
import { approvalModal, noteModal, readModalState } from './modal.ts';
import { slackError } from './posting.ts';

interface Click {
  context: InboxContext;
  client: WebClient;
  deed: Deed;
  /** Key of the Approval or DriftEpisode. */
  object: string;
  triggerId: string;
  respond: RespondFn;
  ack: () => Promise<void>;
}

const gone = '🚫 That is not known any more.';

/** Opens the review for the person who asked, unless it is known that they may not approve. */
export async function openReview({ context, client, deed, respond, triggerId }: Omit<Click, 'ack' | 'object'>, approval: Approval): Promise<void> {
  const { application, revision } = approval.spec;
  if (!(await mayLook(context, respond, deed, { verb: 'approve', application }))) return;
  const view = approvalModal(approval, context.effectOf(application), await context.places.of(application, revision), deed.channel);
  try {
    await client.views.open({ trigger_id: triggerId, view });
  } catch (error) {
    const reason = slackError(error);
    if (reason === 'exchanged_trigger_id') return; // a second delivery of the same click
    if (reason !== 'expired_trigger_id') throw error;
    await whisper(respond, '🚫 That took too long. Please press *Review* again.');
  }
}

async function onReview(click: Click): Promise<void> {
  await click.ack();
  const approval = click.context.store.approvals.get(click.object);
  if (approval) await openReview(click, approval);
  else await whisper(click.respond, gone);
}

async function onReject({ context, deed, object, respond, ack }: Click): Promise<void> {
  const spec = context.store.approvals.get(object)?.spec;
  if (spec) await storeRequest(context, deed, { verb: 'reject', application: spec.application, digest: spec.digest, shown: true, args: {} }, respond);
  await ack();
  if (!spec) await whisper(respond, gone);
  else if (!actorOf(context, deed.user)) await whisper(respond, `🚫 ${unlinked(deed.user)}`);
}

async function onRevert({ context, deed, object, respond, ack }: Click): Promise<void> {
  const episode = context.store.episodes.get(object);
  if (episode) await storeRequest(context, deed, { verb: 'revert-drift', application: episode.spec.application, shown: true, args: { episode: episode.metadata.name } }, respond);
  await ack();
  if (!episode) await whisper(respond, gone);
  else if (!actorOf(context, deed.user)) await whisper(respond, `🚫 ${unlinked(deed.user)}`);
}

/** The digest that was shown comes back with the submission, and is what is approved. */
async function onSubmit(context: InboxContext, { view, user }: ViewSubmitAction, ack: AckFn<ViewResponseAction>): Promise<void> {
  const state = readModalState(view.private_metadata);
  const approval = state && context.store.approvals.get(state.object);
  const note = (mrkdwn: string): Promise<void> => ack({ response_action: 'update', view: noteModal('Not approved', mrkdwn) });
  if (!state || !approval) return note('That approval is not known any more.');
  if (!actorOf(context, user.id)) return note(unlinked(user.id));
  const deed: Deed = { user: user.id, at: context.clock.now(), channel: state.channel, once: `view ${view.id} ${user.id}` };
  await storeRequest(context, deed, { verb: 'approve', application: approval.spec.application, digest: state.digest, shown: true, args: {} });
  return ack();
}

export function listenToClicks(app: App, context: InboxContext): void {
  const buttons = { approval_review: onReview, approval_reject: onReject, drift_revert: onRevert };
  for (const [id, handle] of Object.entries(buttons)) {
    app.action<BlockAction<ButtonAction>>({ type: 'block_actions', action_id: id }, async ({ ack, body, action, respond, client }) => {
      const ts = body.message?.ts;
      const deed: Deed = { user: body.user.id, at: context.clock.now(), channel: body.channel?.id ?? '', ...(ts && { ts }), once: `click ${ts ?? ''} ${body.user.id} ${action.action_ts}` };
      await handle({ context, client, deed, object: action.value ?? '', triggerId: body.trigger_id, respond, ack: () => ack() });
    });
  }
  app.view('approval_submit', ({ ack, body }) => onSubmit(context, body as ViewSubmitAction, ack as AckFn<ViewResponseAction>));
}
