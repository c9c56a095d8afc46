// From people to the cluster: every command, click and submission becomes one Request, whatever arrives how often.
import type { RespondFn } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Found } from '../chatops/target.ts';
import type { Actor, Request } from '../model/coxswain.ts';
import type { Effect } from '../model/effect.ts';
import type { Store } from '../store/store.ts';
import type { Places } from './card-context.ts';
import { hashOf } from '../base/canonical.ts';
import { rfc3339 } from '../base/clock.ts';
import { errorMessage } from '../base/errors.ts';
import { coxGroup, coxVersion } from '../model/coxswain.ts';
import { slackError } from './posting.ts';
import { code, escapeMrkdwn } from './text.ts';

type Act = Exclude<Request['spec']['verb'], 'help'>;

export interface InboxContext {
  store: Store;
  places: Places;
  /** The effect behind an application's waiting approval, as last worked out. */
  effectOf(application: string): Effect | undefined;
  /** Fingerprint of the drift as it was last seen; undefined while that is not known. */
  driftNow(application: string): string | undefined;
  /** Why this person may not do that to the application, which was shown to them; undefined when they may. */
  refusal(actor: Actor, verb: Act, application: string): Promise<string | undefined>;
  /** Among the applications that may be named to this person: the one of that name, or all without a name. */
  find(actor: Actor, verb: Act, text: string): Promise<Found>;
  clock: Clock;
  log: Logger;
  /** How to answer a Request's own command or click; gone after a restart, then an ephemeral message does. */
  responses: Map<string, RespondFn>;
}

/** What a person did in Slack. */
export interface Deed {
  user: string;
  /** When it arrived, in milliseconds since the epoch. */
  at: number;
  channel: string;
  /** Of the message that was clicked. */
  ts?: string;
  /** Unique for this deed, the same in every delivery of it. */
  once: string;
}

export type Wanted = Pick<Request['spec'], 'verb' | 'args' | 'shown'> & { application?: string; digest?: string };

/** The GitHub id is looked up when the Request is carried out. */
export function actorOf({ store }: { store: Pick<Store, 'settings'> }, slackUser: string): Actor | undefined {
  const login = store.settings().slackIdentities.get(slackUser);
  return login === undefined ? undefined : { login, id: 0, via: 'slack', slackUser, known: true };
}

/** What somebody is told whose Slack account has no GitHub login; mrkdwn. */
export function unlinked(slackUser: string): string {
  return (
    'Your Slack account is not linked to a GitHub login, so nobody can tell what you may do. ' +
    `An administrator can add the line ${code(`${slackUser}: <your GitHub login>`)} ` +
    'to `slack.identities` in the ConfigMap `coxswain-cm`.'
  );
}

/** Stores the Request; a second delivery of the same deed finds the name taken. */
async function storeRequest(context: InboxContext, deed: Deed, wanted: Wanted, respond?: RespondFn): Promise<void> {
  const { store, clock, responses } = context;
  const actor = actorOf(context, deed.user);
  if (!actor) return;
  const name = `slack-${hashOf(deed.once).slice(0, 20)}`;
  if (store.requests.get(`${store.namespace}/${name}`)) return;
  if (respond) responses.set(name, respond);
  const request: Request = {
    apiVersion: `${coxGroup}/${coxVersion}`,
    kind: 'Request',
    metadata: { name, namespace: store.namespace },
    spec: {
      ...wanted,
      actor,
      origin: { kind: 'slack', channel: deed.channel, ...(deed.ts && { ts: deed.ts }) },
      createdAt: rfc3339(clock.now()),
    },
  };
  try {
    await store.requests.create(request);
  } catch (error) {
    responses.delete(name); // it is told by what came with the deed
    throw error;
  }
}

/**
 * As it is, where its application stands by exactly that key: what a card names is never taken for a pattern that
 * selects others. Undefined when it is gone.
 */
export function ofOne(
  store: { applications: Pick<Store['applications'], 'get'> },
  wanted: Wanted | undefined,
): Wanted | undefined {
  return wanted?.application !== undefined && store.applications.get(wanted.application) ? wanted : undefined;
}

/** Tells the person alone; the message that they clicked stays. */
export async function whisper(respond: RespondFn, mrkdwn: string): Promise<void> {
  await respond({ response_type: 'ephemeral', replace_original: false, text: mrkdwn });
}

/**
 * To the person alone, where they asked; where Slack does not let the app write, as in a channel without it, in their
 * conversation with the app.
 */
export async function tellAlone(
  client: WebClient,
  channel: string | undefined,
  user: string,
  text: string,
): Promise<void> {
  try {
    if (channel) return void (await client.chat.postEphemeral({ channel, user, text }));
  } catch (error) {
    if (slackError(error) === undefined) throw error;
  }
  await client.chat.postMessage({ channel: user, text, unfurl_links: false, unfurl_media: false });
}

/** Where a deed can be answered once Slack has its acknowledgement. */
interface AnswerPlace {
  context: InboxContext;
  client: WebClient;
  deed: Deed;
  /** Of a submission there is none. */
  respond?: RespondFn;
}

/** By the address that came with the deed, else by a message of our own; both failing is all that is logged. */
export async function tellLate(
  { context: { log }, client, deed, respond }: AnswerPlace,
  mrkdwn: string,
): Promise<void> {
  try {
    if (respond) return await whisper(respond, mrkdwn);
  } catch (error) {
    log.debug({ err: error }, 'the response address did not take the answer');
  }
  try {
    await tellAlone(client, deed.channel, deed.user, mrkdwn);
  } catch (error) {
    log.warn({ err: error }, 'reply in Slack failed');
  }
}

function notStored(error: unknown): string {
  return (
    `🚫 The cluster did not take it: ${escapeMrkdwn(errorMessage(error).slice(0, 300))}. Nothing was done; ` +
    'try again soon.'
  );
}

const notYetStored = '⏳ The cluster has not taken it yet. You are told when it has, or if it does not.';

/**
 * Stores the Request before Slack is answered, as long as Slack waits. Answers with mrkdwn when that did not succeed in
 * time; what comes of it later is told to the person.
 */
export async function storeInTime(place: AnswerPlace, wanted: Wanted): Promise<string | undefined> {
  const { context, deed, respond } = place;
  const storing = storeRequest(context, deed, wanted, respond).then(
    () => undefined,
    (error: unknown) => {
      context.log.warn({ err: error }, 'the Request of a Slack interaction could not be stored');
      return notStored(error);
    },
  );
  const first = await inTime(context, deed, storing);
  if (first) return first.value;
  void storing.then((why) => (why === undefined ? undefined : tellLate(place, why)));
  return notYetStored;
}

/** What fails after the acknowledgement is told: Slack shows the person nothing of it. */
export async function answered(place: AnswerPlace, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    place.context.log.warn({ err: error }, 'Slack interaction failed');
    await tellLate(place, `🚫 That did not work: ${escapeMrkdwn(errorMessage(error).slice(0, 300))}. Try again soon.`);
  }
}

/**
 * Slack's trigger of a click or command lives three seconds (docs.slack.dev: modals), the way here and back included.
 */
const patienceMs = 2_000;

/**
 * What was asked of GitHub, unless it fails or takes longer than the trigger of the deed lives: GitHub may limit us for
 * an hour.
 */
export async function inTime<T>(
  { clock, log }: Pick<InboxContext, 'clock' | 'log'>,
  { at }: Deed,
  asked: Promise<T>,
): Promise<{ value: T } | undefined> {
  let cancel: () => void = () => undefined;
  const late = new Promise<undefined>((resolve) => {
    cancel = clock.after(Math.max(0, at + patienceMs - clock.now()), () => resolve(undefined));
  });
  const answered = asked.then(
    (value) => ({ value }),
    (error: unknown) => {
      log.warn({ err: error }, 'the rights of a person could not be looked up');
      return undefined;
    },
  );
  const first = await Promise.race([answered, late]);
  cancel();
  return first;
}

/** What opens a modal for somebody. */
export interface Look {
  verb: Act;
  application: string;
  /** It shows values of the cluster or of Git: for whoever may `get`, whatever else they may. */
  values: boolean;
}

/** Said while nobody can tell what a person may see. */
export const untold = 'GitHub does not tell your teams now; try again soon';

/**
 * False for whoever may not, and they are told why. Where GitHub does not say so in time they may look at what they may
 * act on, for it is asked again at the act; values are shown to nobody whose right to them is not known.
 */
export async function mayLook(
  context: Pick<InboxContext, 'refusal' | 'clock' | 'log'> & { store: Pick<Store, 'settings'> },
  respond: RespondFn,
  deed: Deed,
  { verb, application, values }: Look,
): Promise<boolean> {
  const actor = actorOf(context, deed.user);
  if (!actor) {
    await whisper(respond, `🚫 ${unlinked(deed.user)}`);
    return false;
  }
  const ask = (each: Act): ReturnType<typeof inTime<string | undefined>> =>
    inTime(context, deed, context.refusal(actor, each, application));
  const [act, sight] = await Promise.all([ask(verb), values ? ask('diff') : { value: undefined }]);
  const why = act?.value ?? (sight ? sight.value : untold);
  if (why === undefined) return true;
  await whisper(respond, `🚫 ${escapeMrkdwn(why)}`);
  return false;
}
