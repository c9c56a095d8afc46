// What a modal sends back: stored as a Request before Slack is answered, so that no submission is lost.
import type { AckFn, App, ViewResponseAction, ViewSubmitAction } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import type { InboxContext, Wanted } from './inbox.ts';
import { actorOf, storeInTime, unlinked } from './inbox.ts';
import { noteModal } from './modal.ts';

export interface Submission {
  context: InboxContext;
  client: WebClient;
  /** When it came; clock ms. */
  at: number;
  view: ViewSubmitAction['view'];
  /** Slack's id of whoever sent it. */
  user: string;
  ack: AckFn<ViewResponseAction>;
}

interface Meant {
  /** Where the modal was opened; undefined: its metadata cannot be read. */
  channel: string | undefined;
  /** undefined: what it was about is not there any more. */
  wanted: Wanted | undefined;
  /** What is said then. */
  gone?: string;
  /** Titles of what stands in the modal's place when nothing is stored, and when it may be stored later. */
  titles?: { refused: string; late: string };
}

/** Says what is wrong beside the field, by its block; the modal stays open. */
export function faulty({ ack }: Submission, errors: Record<string, string>): Promise<void> {
  return ack({ response_action: 'errors', errors });
}

/** Stores what is meant, or says in the modal's place why that was not done. */
export async function submit(
  { context, client, at, view, user, ack }: Submission,
  { channel, wanted, gone = 'That is not known any more.', titles = { refused: 'Not done', late: 'Not done' } }: Meant,
): Promise<void> {
  const note = (title: string, mrkdwn: string): Promise<void> =>
    ack({ response_action: 'update', view: noteModal(title, mrkdwn) });
  if (channel === undefined || !wanted) return note(titles.refused, gone);
  if (!actorOf(context, user)) return note(titles.refused, unlinked(user));
  const deed = { user, at, channel, once: `view ${view.id} ${user}` };
  const late = await storeInTime({ context, client, deed }, wanted);
  return late === undefined ? ack() : note(titles.late, late);
}

/** Registers the handler of a modal's submission, by its callback_id. */
export function listenToSubmission(
  app: App,
  context: InboxContext,
  id: string,
  handle: (submission: Submission) => Promise<void>,
): void {
  app.view(id, ({ ack, body, client }) => {
    const { view, user } = body as ViewSubmitAction;
    const at = context.clock.now();
    return handle({ context, client, at, view, user: user.id, ack: ack as AckFn<ViewResponseAction> });
  });
}
