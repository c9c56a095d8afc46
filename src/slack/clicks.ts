// Buttons and the submission of the review: stored before Slack is answered, so that no click is lost.
import type { App, BlockAction, ButtonAction, RespondFn } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import type { Approval } from '../model/coxswain.ts';
import type { ReasonState } from './reason-modal.ts';
import type { Deed, InboxContext, Look, Wanted } from './inbox.ts';
import type { Submission } from './submission.ts';
import { actorOf, answered, mayLook, ofOne, storeInTime, tellLate, unlinked, whisper } from './inbox.ts';
import { approvalModal, readModalState } from './modal.ts';
import { slackError } from './posting.ts';
import { snoozeModal } from './silence/modal.ts';
import { faulty, listenToSubmission, submit } from './submission.ts';
import { driftModal, healModal, readReasonState, reasonInput, rejectModal, revertModal } from './reason-modal.ts';

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

async function show(client: WebClient, respond: RespondFn, triggerId: string, view: ModalView): Promise<void> {
  try {
    await client.views.open({ trigger_id: triggerId, view });
  } catch (error) {
    const reason = slackError(error);
    if (reason === 'exchanged_trigger_id') return; // a second delivery of the same click
    if (reason !== 'expired_trigger_id') throw error;
    await whisper(respond, '🚫 That took too long. Please press the button again.');
  }
}

/** Opens the review for the person who asked, unless it is known that they may not approve. */
export async function openReview(
  { context, client, deed, respond, triggerId }: Omit<Click, 'ack' | 'object'>,
  approval: Approval,
): Promise<void> {
  const { application, revision } = approval.spec;
  if (!(await mayLook(context, respond, deed, { verb: 'approve', application, values: true }))) return;
  const view = approvalModal(
    approval,
    context.effectOf(application),
    await context.places.of(application, revision),
    deed.channel,
  );
  await show(client, respond, triggerId, view);
}

async function onReview(click: Click): Promise<void> {
  await click.ack();
  await answered(click, async () => {
    const approval = click.context.store.approvals.get(click.object);
    if (approval) await openReview(click, approval);
    else await whisper(click.respond, gone);
  });
}

/** `asked`: undefined when what was clicked is gone. */
async function onDeed(click: Click, asked: Wanted | undefined): Promise<void> {
  const { context, deed, ack } = click;
  const wanted = ofOne(context.store, asked);
  const linked = actorOf(context, deed.user) !== undefined;
  const late = wanted && linked ? await storeInTime(click, wanted) : undefined;
  await ack().catch((error: unknown) => {
    // It is stored, or the person is told: Slack's sign of failure beside the button says too much, and a second press
    // does nothing more.
    context.log.debug({ err: error }, 'a click could not be acknowledged');
  });
  const why = !wanted ? gone : !linked ? `🚫 ${unlinked(deed.user)}` : late;
  if (why !== undefined) await tellLate(click, why);
}

/** The rejection, or the end by time, of exactly what the card shows. */
function onReopen(click: Click): Promise<void> {
  const spec = click.context.store.approvals.get(click.object)?.spec;
  return onDeed(
    click,
    spec && { verb: 'reopen', application: spec.application, digest: spec.digest, shown: true, args: {} },
  );
}

function onRetry(click: Click): Promise<void> {
  const report = click.context.store.reports.get(click.object);
  return onDeed(click, report && { verb: 'sync', application: report.spec.application, shown: true, args: {} });
}

interface Modal extends Look {
  view: ModalView;
}

/** Opens it for whoever may, unless it is known that they may not. */
export async function openModal(click: Omit<Click, 'object'>, find: () => Promise<Modal | undefined>): Promise<void> {
  const { context, client, deed, respond, triggerId } = click;
  await click.ack();
  await answered(click, async () => {
    const found = await find();
    if (!found) return whisper(respond, gone);
    const { view, ...look } = found;
    if (await mayLook(context, respond, deed, look)) await show(client, respond, triggerId, view);
  });
}

function onReject(click: Click): Promise<void> {
  return openModal(click, async () => {
    const approval = click.context.store.approvals.get(click.object);
    if (!approval) return undefined;
    const { application, revision } = approval.spec;
    const place = await click.context.places.of(application, revision);
    return { application, verb: 'approve', values: false, view: rejectModal(approval, place, click.deed.channel) };
  });
}

/** What would be put back, or all that differs for whoever may only look. */
function onDrift(click: Click, verb: 'heal' | 'diff'): Promise<void> {
  return openModal(click, async () => {
    const { places, store, driftNow } = click.context;
    const episode = store.episodes.get(click.object);
    if (!episode) return undefined;
    const { application } = episode.spec;
    const place = await places.of(application);
    const shown = { place, now: driftNow(application), channel: click.deed.channel };
    return {
      application,
      verb,
      values: true,
      view: verb === 'heal' ? healModal(episode, shown) : driftModal(episode, place),
    };
  });
}

/** Undefined when it is not known any more. */
export async function snoozeLook(
  { context, deed: { channel } }: Pick<Click, 'context' | 'deed'>,
  key: string,
): Promise<Modal | undefined> {
  const episode = context.store.episodes.get(key);
  if (!episode) return undefined;
  const { application } = episode.spec;
  const { timeZone } = context.store.settings().schedules;
  const view = snoozeModal(episode, { place: await context.places.of(application), channel, timeZone });
  return { application, verb: 'snooze', values: false, view };
}

function onUnsnooze(click: Click): Promise<void> {
  const episode = click.context.store.episodes.get(click.object);
  return onDeed(
    click,
    episode && {
      verb: 'unsnooze',
      application: episode.spec.application,
      shown: true,
      args: { episode: episode.metadata.name },
    },
  );
}

function onRevert(click: Click): Promise<void> {
  return openModal(click, async () => {
    const report = click.context.store.reports.get(click.object);
    if (!report) return undefined;
    const { application, revision } = report.spec;
    const place = await click.context.places.of(application, revision);
    return { application, verb: 'revert', values: false, view: revertModal(report, place, click.deed.channel) };
  });
}

/** What a modal that asked why wants; undefined when its object is gone. */
function wantedOf({ store }: InboxContext, { act, object, digest }: ReasonState, reason: string): Wanted | undefined {
  const shown = { shown: true, ...(digest !== undefined && { digest }) };
  if (act === 'reject') {
    const application = store.approvals.get(object)?.spec.application;
    return application === undefined ? undefined : { verb: 'reject', application, ...shown, args: { reason } };
  }
  if (act === 'revert') {
    const { application, revision = '' } = store.reports.get(object)?.spec ?? {};
    return application === undefined
      ? undefined
      : { verb: 'revert', application, ...shown, args: { reason, revision } };
  }
  const episode = store.episodes.get(object);
  const args = { reason, episode: episode?.metadata.name ?? '' };
  return episode && { verb: 'heal', application: episode.spec.application, ...shown, args };
}

/** The digest that was shown comes back with the reason, and is what it is done to. */
async function onReason(submission: Submission): Promise<void> {
  const { context, view } = submission;
  const state = readReasonState(view.private_metadata);
  const reason = view.state.values[reasonInput.block]?.[reasonInput.action]?.value?.trim() ?? '';
  if (reason === '') return faulty(submission, { [reasonInput.block]: 'Say why.' });
  const wanted = state && ofOne(context.store, wantedOf(context, state, reason));
  return submit(submission, { channel: state?.channel, wanted });
}

/** The digest that was shown comes back with the submission, and is what is approved. */
async function onSubmit(submission: Submission): Promise<void> {
  const state = readModalState(submission.view.private_metadata);
  const approval = state && submission.context.store.approvals.get(state.object);
  const application = approval?.spec.application ?? '';
  return submit(submission, {
    channel: state?.channel,
    wanted: approval && { verb: 'approve', application, digest: state.digest, shown: true, args: {} },
    gone: 'That approval is not known any more.',
    titles: { refused: 'Not approved', late: 'Not approved yet' },
  });
}

/** Registers the handlers of our buttons and of the review's submission. */
export function listenToClicks(app: App, context: InboxContext): void {
  const buttons = {
    approval_review: onReview,
    approval_reject: onReject,
    approval_reopen: onReopen,
    drift_heal: (click: Click) => onDrift(click, 'heal'),
    drift_diff: (click: Click) => onDrift(click, 'diff'),
    drift_snooze: (click: Click) => openModal(click, () => snoozeLook(click, click.object)),
    drift_unsnooze: onUnsnooze,
    report_retry: onRetry,
    report_revert: onRevert,
  };
  for (const [id, handle] of Object.entries(buttons)) {
    app.action<BlockAction<ButtonAction>>(
      { type: 'block_actions', action_id: id },
      async ({ ack, body, action, respond, client }) => {
        const ts = body.message?.ts;
        const deed: Deed = {
          user: body.user.id,
          at: context.clock.now(),
          channel: body.channel?.id ?? '',
          ...(ts && { ts }),
          once: `click ${ts ?? ''} ${body.user.id} ${action.action_ts}`,
        };
        await handle({
          context,
          client,
          deed,
          object: action.value ?? '',
          triggerId: body.trigger_id,
          respond,
          ack: () => ack(),
        });
      },
    );
  }
  listenToSubmission(app, context, 'reason_submit', onReason);
  listenToSubmission(app, context, 'approval_submit', onSubmit);
}
