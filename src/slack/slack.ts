// The Slack app: cards out, commands and clicks in; it only writes Requests, the engine acts on them.
import { App, LogLevel } from '@slack/bolt';
import type { AckFn, BlockAction, ButtonAction, RespondFn, SlashCommand } from '@slack/bolt';
import { WebClient } from '@slack/web-api';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Answer, Chat } from '../chatops/ports.ts';
import type { Actor, Request } from '../model/coxswain.ts';
import type { Effect } from '../model/effect.ts';
import type { Store } from '../store/store.ts';
import { hashOf } from '../base/canonical.ts';
import { rfc3339 } from '../base/clock.ts';
import { helpText } from '../chatops/carry-out.ts';
import { parseCommand } from '../chatops/command.ts';
import { coxGroup, coxVersion } from '../model/coxswain.ts';
import { isObject } from '../model/kube.ts';
import { approvalModal } from './modal.ts';
import { Outbox } from './outbox.ts';
import { escapeMrkdwn, unescapeText } from './text.ts';

export interface SlackOptions {
  config: { botToken: string; appToken: string; apiUrl: string };
  store: Store;
  /** The effect behind an application's waiting approval, as last worked out. */
  effectOf(application: string): Effect | undefined;
  /** Why this person may not do that to the application; undefined when they may. Asked at the click; chatops asks again at the act. */
  refusal(actor: Actor, verb: Request['spec']['verb'], application: string): Promise<string | undefined>;
  /** GitHub user id of a login; undefined when there is none. */
  userId(login: string): Promise<number | undefined>;
  publicUrl: string;
  clock: Clock;
  log: Logger;
}

export interface Slack extends Chat {
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface Click {
  user: string;
  channel: string;
  ts: string | undefined;
  /** Unique for this click, the same in every delivery of it. */
  once: string;
}

interface Context extends SlackOptions {
  app: App;
  /** How to answer a request's own command or click; gone after a restart, then an ephemeral message does. */
  responses: Map<string, RespondFn>;
}

async function actorOf(context: Context, slackUser: string): Promise<Actor | undefined> {
  const login = context.store.settings().slackIdentities.get(slackUser);
  if (!login) return undefined;
  const id = await context.userId(login).catch(() => undefined); // chatops asks again at the act
  return { login, id: id ?? 0, via: 'slack', slackUser };
}

const unlinked = 'Your Slack account is not linked to a GitHub login. Ask an administrator to add it to `slack.identities` in the ConfigMap `coxswain-cm`.';

type Wanted = Pick<Request['spec'], 'verb' | 'args'> & { application?: string; digest?: string };

/** Stores the Request; a second delivery of the same click finds the name taken. */
async function store(context: Context, click: Click, actor: Actor, wanted: Wanted): Promise<string> {
  const name = `slack-${hashOf(click.once).slice(0, 20)}`;
  await context.store.requests.create({
    apiVersion: `${coxGroup}/${coxVersion}`,
    kind: 'Request',
    metadata: { name, namespace: context.store.namespace },
    spec: {
      ...wanted,
      actor,
      origin: { kind: 'slack', channel: click.channel, ...(click.ts && { ts: click.ts }) },
      createdAt: rfc3339(context.clock.now()),
    },
  });
  return name;
}

async function onCommand(context: Context, command: SlashCommand, ack: AckFn<string>, respond: RespondFn): Promise<void> {
  const parsed = parseCommand(unescapeText(command.text));
  if (!parsed.ok) return ack(escapeMrkdwn(parsed.message));
  if (parsed.command.verb === 'help') return ack(escapeMrkdwn(helpText()));
  const actor = await actorOf(context, command.user_id);
  if (!actor) return ack(unlinked);
  const { verb, application, rest, options } = parsed.command;
  const click: Click = { user: command.user_id, channel: command.channel_id, ts: undefined, once: `command ${command.trigger_id}` };
  const args = { ...options, ...(rest && { reason: rest }) };
  context.responses.set(`slack-${hashOf(click.once).slice(0, 20)}`, respond);
  await store(context, click, actor, { verb, args, ...(application && { application }) });
  return ack();
}

function clickOf(body: BlockAction, action: ButtonAction): Click {
  return { user: body.user.id, channel: body.channel?.id ?? '', ts: body.message?.['ts'], once: `click ${body.message?.['ts'] ?? ''} ${body.user.id} ${action.action_ts}` };
}

async function refuse(respond: RespondFn, text: string): Promise<void> {
  await respond({ response_type: 'ephemeral', replace_original: false, text });
}

/** The person behind a click, if they are linked and have the right; else they are told why not. */
async function mayClick(context: Context, respond: RespondFn, click: Click, wanted: { verb: Request['spec']['verb']; application: string }): Promise<Actor | undefined> {
  const actor = await actorOf(context, click.user);
  const why = actor ? await context.refusal(actor, wanted.verb, wanted.application) : unlinked;
  if (why === undefined) return actor;
  await refuse(respond, actor ? escapeMrkdwn(why) : why);
  return undefined;
}

async function onReview(context: Context, body: BlockAction, action: ButtonAction, respond: RespondFn): Promise<void> {
  const approval = context.store.approvals.get(action.value ?? '');
  if (!approval) return refuse(respond, 'That approval is not known any more.');
  if (!(await mayClick(context, respond, clickOf(body, action), { verb: 'approve', application: approval.spec.application }))) return;
  await context.app.client.views.open({ trigger_id: body.trigger_id, view: approvalModal(approval, context.effectOf(approval.spec.application)) });
}

async function onReject(context: Context, body: BlockAction, action: ButtonAction, respond: RespondFn): Promise<void> {
  const approval = context.store.approvals.get(action.value ?? '');
  if (!approval) return refuse(respond, 'That approval is not known any more.');
  const { application, digest } = approval.spec;
  const click = clickOf(body, action);
  const actor = await mayClick(context, respond, click, { verb: 'reject', application });
  if (actor) context.responses.set(await store(context, click, actor, { verb: 'reject', application, digest, args: {} }), respond);
}

async function onRevert(context: Context, body: BlockAction, action: ButtonAction, respond: RespondFn): Promise<void> {
  const episode = context.store.episodes.get(action.value ?? '');
  if (!episode) return refuse(respond, 'That drift is not known any more.');
  const { application } = episode.spec;
  const click = clickOf(body, action);
  const actor = await mayClick(context, respond, click, { verb: 'revert-drift', application });
  if (actor) context.responses.set(await store(context, click, actor, { verb: 'revert-drift', application, args: { episode: episode.metadata.name } }), respond);
}

/** The digest that was shown comes back with the submission and is what is approved; stored before Slack is answered. */
async function onSubmit(context: Context, view: { id: string; private_metadata: string }, user: string): Promise<void> {
  const state: unknown = JSON.parse(view.private_metadata);
  if (!isObject(state) || typeof state['object'] !== 'string' || typeof state['digest'] !== 'string') return;
  const approval = context.store.approvals.get(state['object']);
  const actor = await actorOf(context, user);
  if (!approval || !actor) return;
  const channel = Object.keys(approval.status?.cards ?? {})[0] ?? '';
  await store(context, { user, channel, ts: undefined, once: `view ${view.id} ${user}` }, actor, { verb: 'approve', application: approval.spec.application, digest: state['digest'], args: {} });
}

function listen(context: Context): void {
  const { app } = context;
  app.command('/cox', ({ command, ack, respond }) => onCommand(context, command, ack, respond));
  const buttons = { approval_review: onReview, approval_reject: onReject, drift_revert: onRevert };
  for (const [id, handle] of Object.entries(buttons)) {
    app.action<BlockAction<ButtonAction>>({ type: 'block_actions', action_id: id }, async ({ ack, body, action, respond }) => {
      await ack();
      await handle(context, body, action, respond);
    });
  }
  app.view('approval_submit', async ({ ack, body, view }) => {
    await onSubmit(context, view, body.user.id);
    await ack();
  });
  app.error((error) => {
    context.log.error({ err: error }, 'a Slack event could not be handled');
    return Promise.resolve();
  });
}

/** Ephemeral: it concerns the person who asked; what concerns the channel is on the cards. */
async function answer(context: Context, client: WebClient, request: Request, given: Answer): Promise<void> {
  const links = Object.values(given.result ?? {}).filter((item) => /^https?:\/\//.test(item)).map((item) => `<${encodeURI(item)}>`);
  const text = [`${given.ok ? '✅' : '🚫'} ${escapeMrkdwn(given.text)}`, ...links].join('\n');
  const respond = context.responses.get(request.metadata.name);
  context.responses.delete(request.metadata.name);
  const { origin, actor } = request.spec;
  try {
    if (respond) await respond({ response_type: 'ephemeral', replace_original: false, text });
    else if (origin.kind === 'slack' && origin.channel && actor.slackUser) await client.chat.postEphemeral({ channel: origin.channel, user: actor.slackUser, text });
  } catch (error) {
    context.log.warn({ request: request.metadata.name, err: error }, 'the answer could not be told in Slack'); // it stands in the Request
  }
}

export function createSlack(options: SlackOptions): Slack {
  const { config, log } = options;
  const app = new App({
    token: config.botToken,
    appToken: config.appToken,
    socketMode: true,
    convoStore: false,
    logLevel: LogLevel.ERROR,
    clientOptions: { slackApiUrl: config.apiUrl, retryConfig: { retries: 1 }, rejectRateLimitedCalls: true },
  });
  const client = new WebClient(config.botToken, { slackApiUrl: config.apiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true, logLevel: LogLevel.ERROR });
  const context: Context = { ...options, app, responses: new Map() };
  const outbox = new Outbox({ store: options.store, client, publicUrl: options.publicUrl, clock: options.clock, log });
  listen(context);
  return {
    answer: (request, given) => answer(context, client, request, given),
    async start() {
      await app.start();
      outbox.start();
    },
    async stop() {
      await outbox.stop();
      await app.stop();
    },
  };
}
