// `/cox` in Slack: the same words as in a pull request, answered to the person alone; approving always shows first.
import type { AckFn, App, RespondArguments, RespondFn, SlashCommand } from '@slack/bolt';
import type { KnownBlock } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import type { Command } from '../chatops/command.ts';
import type { Application } from '../model/application.ts';
import type { Approval } from '../model/coxswain.ts';
import type { Deed, InboxContext, Wanted } from './inbox.ts';
import { helpText, parseCommand, verbs } from '../chatops/command.ts';
import { isStanding } from '../chatops/heal.ts';
import { isOpen } from '../engine/approval/approval.ts';
import { closedNote } from '../engine/request.ts';
import { applicationKey } from '../model/application.ts';
import { approvalSummary } from './approval-card.ts';
import { button } from './card.ts';
import { openModal, openReview, snoozeLook } from './clicks.ts';
import { actorOf, answered, inTime, storeInTime, unlinked, untold, whisper } from './inbox.ts';
import { escapeMrkdwn, facts, line, list, rich, unescapeText } from './text.ts';

interface Slash {
  context: InboxContext;
  client: WebClient;
  deed: Deed;
  triggerId: string;
  respond: RespondFn;
}

function help(): RespondArguments {
  const rows = Object.values(verbs).map(({ usage, does }) => [{ code: usage }, `  ${does}`]);
  const blocks: KnownBlock[] = [
    rich(line({ bold: 'What Coxswain can do' }), list(rows)),
    facts('The same commands work in pull request comments. Only you see the answers.'),
  ];
  return { response_type: 'ephemeral', text: escapeMrkdwn(helpText()), blocks };
}

function openOf({ store }: InboxContext, apps: Application[]): Approval[] {
  return apps.flatMap((app) => store.approvals.of(applicationKey(app))).filter(isOpen);
}

/** Approvals that the words could mean, among what may be named to the person, or why there are none (plain text). */
async function waiting({ context, deed }: Slash, name: string): Promise<{ approvals: Approval[]; why?: string }> {
  const actor = actorOf(context, deed.user);
  const found = actor && (await inTime(context, deed, context.find(actor, 'approve', name)));
  if (!found)
    return {
      approvals: [],
      why:
        'GitHub does not tell your teams at the moment, so nobody can say what you may see; ' +
        'press Review on the card, or try again soon',
    };
  if (!found.value.ok) return { approvals: [], why: found.value.message };
  const approvals = openOf(context, found.value.apps);
  return { approvals, ...(approvals.length === 0 && { why: nothingWaits(context, found.value.apps, name) }) };
}

/** What was rejected or has expired is asked for again. */
function nothingWaits({ store }: InboxContext, apps: Application[], name: string): string {
  const closed = apps.flatMap((app) =>
    name !== '' || app.status?.sync?.status === 'OutOfSync' ? (closedNote(store, applicationKey(app)) ?? []) : [],
  );
  return [`${name === '' ? '' : `${name}: `}nothing waits for approval`, ...closed.slice(0, 5)]
    .join('\n')
    .replaceAll('`', '');
}

const mostListed = 20;

function choice(approvals: Approval[]): RespondArguments {
  const rows = approvals.slice(0, mostListed).map((approval): KnownBlock => {
    const value = `${approval.metadata.namespace}/${approval.metadata.name}`;
    return {
      type: 'section',
      text: { type: 'mrkdwn', text: approvalSummary(approval), verbatim: true },
      accessory: button({ id: 'approval_review', text: 'Review', value, style: 'primary' }),
    };
  });
  return {
    response_type: 'ephemeral',
    text: `${approvals.length} approvals wait`,
    blocks: [rich(line({ bold: `${approvals.length} approvals wait` })), ...rows],
  };
}

/** Never blind: without a digest the review opens. */
async function approve(slash: Slash, { application }: Command): Promise<void> {
  const { approvals, why } = await waiting(slash, application);
  const [only] = approvals;
  if (why !== undefined || !only) await whisper(slash.respond, `🚫 ${escapeMrkdwn(why ?? '')}`);
  else if (approvals.length === 1) await openReview(slash, only);
  else await slash.respond(choice(approvals));
}

/** Without an end it is asked for. */
async function snooze(slash: Slash, { application }: Command): Promise<void> {
  const { context, deed } = slash;
  const actor = actorOf(context, deed.user);
  const found = actor && (await inTime(context, deed, context.find(actor, 'snooze', application)));
  if (!found) return whisper(slash.respond, `🚫 ${untold}, or press Snooze on the card`);
  if (!found.value.ok) return whisper(slash.respond, `🚫 ${escapeMrkdwn(found.value.message)}`);
  const episodes = found.value.apps.flatMap((app) => context.store.episodes.of(applicationKey(app)).filter(isStanding));
  const [only, ...more] = episodes;
  const name = escapeMrkdwn(application);
  if (!only)
    return whisper(slash.respond, `🚫 ${name ? `${name}: ` : ''}nothing was edited in the cluster for long enough`);
  if (more.length > 0)
    return whisper(slash.respond, `🚫 ${episodes.length} applications have drifted; name the one that you mean`);
  const key = `${only.metadata.namespace}/${only.metadata.name}`;
  return openModal({ ...slash, ack: () => Promise.resolve() }, () => snoozeLook(slash, key));
}

/**
 * What waits at this moment is what is rejected, not what waits later. Whether the person may know of it is asked at
 * the act.
 */
function wantedOf({ context }: Slash, { verb, application, rest, options }: Command): Wanted {
  const args = { ...options, ...(rest && { reason: rest }) };
  const named = context.store.applications
    .list()
    .filter((app) => [app.metadata.name, applicationKey(app), ''].includes(application));
  const [only, ...more] = verb === 'reject' && options['digest'] === undefined ? openOf(context, named) : [];
  return {
    verb,
    args,
    ...(application && { application }),
    ...(only && more.length === 0 && { digest: only.spec.digest }),
  };
}

async function onCommand(
  context: InboxContext,
  {
    command,
    client,
    ack,
    respond,
  }: { command: SlashCommand; client: WebClient; ack: AckFn<string | RespondArguments>; respond: RespondFn },
): Promise<void> {
  const parsed = parseCommand(unescapeText(command.text));
  if (!parsed.ok) return ack(`🤔 ${escapeMrkdwn(parsed.message.replaceAll('`', ''))}`);
  if (parsed.command.verb === 'help') return ack(help());
  if (!actorOf(context, command.user_id)) return ack(`🚫 ${unlinked(command.user_id)}`);
  const deed: Deed = {
    user: command.user_id,
    at: context.clock.now(),
    channel: command.channel_id,
    once: `command ${command.trigger_id}`,
  };
  const slash: Slash = { context, client, deed, triggerId: command.trigger_id, respond };
  const { command: asked } = parsed;
  if (asked.verb === 'approve' && asked.options['digest'] === undefined) {
    await ack();
    return answered(slash, () => approve(slash, asked));
  }
  if (asked.verb === 'snooze' && asked.options['until'] === undefined) {
    await ack();
    return answered(slash, () => snooze(slash, asked));
  }
  const late = await storeInTime(slash, wantedOf(slash, asked));
  return late === undefined ? ack() : ack(late);
}

/** Registers the handler of `/cox`. */
export function listenToCommands(app: App, context: InboxContext): void {
  app.command('/cox', ({ command, client, ack, respond }) => onCommand(context, { command, client, ack, respond }));
}
