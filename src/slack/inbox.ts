// From people to the cluster: every command, click and submission becomes one Request, whatever arrives how often.
import type { RespondFn } from '@slack/bolt';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Actor, Request } from '../model/coxswain.ts';
import type { Effect } from '../model/effect.ts';
import type { Store } from '../store/store.ts';
import type { Places } from './place.ts';
import { hashOf } from '../base/canonical.ts';
import { rfc3339 } from '../base/clock.ts';
import { coxGroup, coxVersion } from '../model/coxswain.ts';
import { code, escapeMrkdwn } from './text.ts';

export interface InboxContext {
  store: Store;
  places: Places;
  /** The effect behind an application's waiting approval, as last worked out. */
  effectOf(application: string): Effect | undefined;
  /** Why this person may not do that to the application; undefined when they may. */
  refusal(actor: Actor, verb: Request['spec']['verb'], application: string): Promise<string | undefined>;
  clock: Clock;
  log: Logger;
  /** How to answer a Request's own command or click; gone after a restart, then an ephemeral message does. */
  responses: Map<string, RespondFn>;
}

/** What a person did in Slack. */
export interface Deed {
  user: string;
  channel: string;
  /** Of the message that was clicked. */
  ts?: string;
  /** Unique for this deed, the same in every delivery of it. */
  once: string;
}

export type Wanted = Pick<Request['spec'], 'verb' | 'args'> & { application?: string; digest?: string };

/** The GitHub id is looked up when the Request is carried out. */
export function actorOf({ store }: Pick<InboxContext, 'store'>, slackUser: string): Actor | undefined {
  const login = store.settings().slackIdentities.get(slackUser);
  return login === undefined ? undefined : { login, id: 0, via: 'slack', slackUser, known: true };
}

/** mrkdwn. */
export function unlinked(slackUser: string): string {
  return `Your Slack account is not linked to a GitHub login, so nobody can tell what you may do. An administrator can add the line ${code(`${slackUser}: <your GitHub login>`)} to \`slack.identities\` in the ConfigMap \`coxswain-cm\`.`;
}

/** Stores the Request; a second delivery of the same deed finds the name taken. */
export async function storeRequest(context: InboxContext, deed: Deed, wanted: Wanted, respond?: RespondFn): Promise<void> {
  const { store, clock, responses } = context;
  const actor = actorOf(context, deed.user);
  if (!actor) return;
  const name = `slack-${hashOf(deed.once).slice(0, 20)}`;
  if (store.requests.get(`${store.namespace}/${name}`)) return;
  if (respond) responses.set(name, respond);
  await store.requests.create({
    apiVersion: `${coxGroup}/${coxVersion}`,
    kind: 'Request',
    metadata: { name, namespace: store.namespace },
    spec: { ...wanted, actor, origin: { kind: 'slack', channel: deed.channel, ...(deed.ts && { ts: deed.ts }) }, createdAt: rfc3339(clock.now()) },
  });
}

/** Tells the person alone; the message that they clicked stays. */
export async function whisper(respond: RespondFn, mrkdwn: string): Promise<void> {
  await respond({ response_type: 'ephemeral', replace_original: false, text: mrkdwn });
}

/** The person, if they are linked and may; else they are told why not. Asked at the click, and again at the act. */
export async function mayAct(context: InboxContext, respond: RespondFn, slackUser: string, wanted: { verb: Request['spec']['verb']; application: string }): Promise<Actor | undefined> {
  const actor = actorOf(context, slackUser);
  if (!actor) {
    await whisper(respond, `🚫 ${unlinked(slackUser)}`);
    return undefined;
  }
  let why: string | undefined;
  try {
    why = await context.refusal(actor, wanted.verb, wanted.application);
  } catch (error) {
    context.log.warn({ err: error }, 'the rights of a person could not be looked up');
    why = 'GitHub cannot be asked for your teams at the moment; try again soon';
  }
  if (why === undefined) return actor;
  await whisper(respond, `🚫 ${escapeMrkdwn(why)}`);
  return undefined;
}
