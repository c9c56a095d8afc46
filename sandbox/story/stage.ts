// What every chapter of the story needs: looking at the cluster, GitHub and Slack, waiting for what must come, and
// acting once.
import type { Scene } from '../scene.ts';
import type { Delivery, Message } from '../slack/slack.ts';
import type { CheckRun, Comment, Deployment, Repository } from '../github/world.ts';
import type { Application } from '../../src/model/application.ts';
import type { Approval, DriftEpisode, Request } from '../../src/model/coxswain.ts';
import assert from 'node:assert/strict';
import { get, list } from '../kube.ts';
import { until } from '../condition.ts';
import { channel } from '../people.ts';
import { commentMarker } from '../../src/model/annotations.ts';

export interface Stage {
  scene: Scene;
  tell(line: string): void;
  /** How long any one thing may take; longer when Coxswain is killed again and again. */
  withinMs: number;
  signal: AbortSignal | undefined;
}

const argo = '/apis/argoproj.io/v1alpha1/namespaces/argocd';
const cox = '/apis/coxswain.dev/v1alpha1/namespaces/argocd';

export async function applications({ scene }: Stage): Promise<Application[]> {
  return list<Application>(scene.kube, `${argo}/applications`);
}

export async function application({ scene }: Stage, name: string): Promise<Application> {
  const found = await get(scene.kube, `${argo}/applications/${name}`);
  assert.ok(found, `Application ${name} is there`);
  return found as Application;
}

export async function approvalsOf({ scene }: Stage, name: string): Promise<Approval[]> {
  const all = await list<Approval>(scene.kube, `${cox}/approvals`);
  return all.filter((approval) => approval.spec.application === `argocd/${name}`);
}

export async function episodesOf({ scene }: Stage, name: string): Promise<DriftEpisode[]> {
  const all = await list<DriftEpisode>(scene.kube, `${cox}/driftepisodes`);
  return all.filter((episode) => episode.spec.application === `argocd/${name}`);
}

export async function requests({ scene }: Stage): Promise<Request[]> {
  return list<Request>(scene.kube, `${cox}/requests`);
}

export function repository({ scene }: Stage): Repository {
  const [found] = scene.github.world.repositories;
  assert.ok(found);
  return found;
}

/** Everything the App said in a pull request. */
function ownComments(stage: Stage, pull: number): Comment[] {
  return repository(stage).comments.filter(
    (comment) => comment.pull === pull && comment.app !== null && comment.body.startsWith(commentMarker),
  );
}

/** The living comment; fails when there are two. */
export function livingComment(stage: Stage, pull: number): Comment | undefined {
  const own = ownComments(stage, pull);
  assert.ok(own.length <= 1, `one living comment in #${pull}, not ${own.length}`);
  return own[0];
}

export function checkOn(stage: Stage, sha: string, name: string): CheckRun | undefined {
  return repository(stage).checks.findLast((check) => check.headSha === sha && check.name === name);
}

export function deploymentOf(stage: Stage, sha: string, name: string): Deployment | undefined {
  const found = repository(stage).deployments.filter(
    (deployment) => deployment.sha === sha && deployment.task === `coxswain:argocd/${name}`,
  );
  assert.ok(found.length <= 1, `one deployment of ${name} for ${sha.slice(0, 7)}, not ${found.length}`);
  return found[0];
}

export function cards({ scene }: Stage): Message[] {
  return scene.slack.state.channel(channel)?.messages ?? [];
}

/** All text of a message, markup and buttons included. */
export function textOf(message: { text: string; blocks: unknown }): string {
  return [message.text, ...strings(message.blocks)].join('\n');
}

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(strings);
}

/** The card of an Approval or DriftEpisode, by its key. */
export function cardOf(stage: Stage, kind: 'approval' | 'episode', name: string): Message | undefined {
  const found = cards(stage).filter((message) => strings(message.metadata).includes(`${kind} argocd/${name}`));
  assert.ok(found.length <= 1, `one card for ${kind} ${name}, not ${found.length}`);
  return found[0];
}

/** Waits for a condition; the sentence says what a person would expect to see. */
export function wait<T>(
  stage: Stage,
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  instead?: () => string | Promise<string>,
): Promise<T> {
  const { withinMs, signal } = stage;
  return until(what, look, { withinMs, everyMs: 20, ...(signal && { signal }), ...(instead && { instead }) });
}

/** Waits until every assertion of `check` holds; the last one that did not is the reason given. */
export function waitFor(stage: Stage, what: string, check: () => void | Promise<void>): Promise<true> {
  let last = '';
  return wait(
    stage,
    what,
    async () => {
      try {
        await check();
        return true;
      } catch (error) {
        last = error instanceof Error ? error.message : String(error);
        return undefined;
      }
    },
    () => shortened(last),
  );
}

/** Comments are long; what stands at both ends says most. */
function shortened(text: string): string {
  return text.length > 2_400 ? `${text.slice(0, 600)}\n[…]\n${text.slice(-1_600)}` : text;
}

/** Waits until the application says so; tells what it said instead. */
export function waitApp(
  stage: Stage,
  name: string,
  what: string,
  holds: (app: Application) => boolean | Promise<boolean>,
): Promise<Application> {
  return wait(
    stage,
    `${name} ${what}`,
    async () => {
      const app = await application(stage, name);
      return (await holds(app)) ? app : undefined;
    },
    async () => summary(await application(stage, name)),
  );
}

export function isSynced(app: Application): boolean {
  return (
    app.status?.sync?.status === 'Synced' &&
    app.status.health?.status === 'Healthy' &&
    app.operation === undefined &&
    app.status.operationState?.phase !== 'Running'
  );
}

function summary({ status, operation }: Application): string {
  const { sync, health, conditions, operationState } = status ?? {};
  const said = (conditions ?? []).map((condition) => `${condition.type}: ${condition.message}`).join('; ');
  return [
    `${sync?.status ?? '?'} at ${(sync?.revision ?? '').slice(0, 7)}, ${health?.status ?? '?'}`,
    operation ? 'an operation waits' : '',
    `operation ${operationState?.phase ?? 'never'}: ${operationState?.message ?? ''}`,
    said,
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Milliseconds that the wait took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return Math.round(performance.now() - began);
}

/** The newest thing that Slack told one person alone. */
function lastSaid({ scene }: Stage): string {
  const whispered = scene.slack.state.channel(channel)?.ephemerals.at(-1);
  const notice = scene.slack.state.notices.at(-1);
  return (
    [whispered && `"${textOf(whispered)}"`, notice && `"${notice.text}"`].filter(Boolean).join(' and ') ||
    'nothing was said'
  );
}

/** So long a person waits after Coxswain is back before they try again. */
const patienceMs = 5_000;

/** 'seen', or 'again' when Coxswain was away or died over it and nothing has happened since. */
function outcome(
  stage: Stage,
  what: string,
  done: { life: number; failed: boolean; seen: () => boolean | Promise<boolean> },
): Promise<'seen' | 'again'> {
  const { scene } = stage;
  let { life } = done;
  let disturbed = done.failed;
  let since = performance.now();
  const look = async (): Promise<'seen' | 'again' | undefined> => {
    if (await done.seen()) return 'seen';
    if (scene.coxswain.lives !== life || scene.slack.connected === 0) {
      life = scene.coxswain.lives;
      disturbed = true;
      since = performance.now();
    }
    return disturbed && performance.now() - since > patienceMs ? 'again' : undefined;
  };
  return wait(stage, what, look, () => lastSaid(stage));
}

/**
 * An act in Slack, as a person does it: when Coxswain was away or died over it and nothing has happened a while after
 * it is back, they do it again. Never repeated otherwise.
 */
export async function insist(
  stage: Stage,
  what: string,
  act: () => Promise<Delivery>,
  seen: () => boolean | Promise<boolean>,
): Promise<void> {
  const { scene } = stage;
  for (let tries = 1; ; tries += 1) {
    await wait(stage, 'Slack has a connection to Coxswain', () => scene.slack.connected > 0 || undefined);
    const life = scene.coxswain.lives;
    const failed = await act().then(
      ({ error }) => error !== undefined,
      (error: unknown) => {
        if (tries === 1) throw error;
        return true; // the button is gone because the act before this one did its work after all
      },
    );
    if ((await outcome(stage, what, { life, failed, seen })) === 'seen') return;
  }
}

/** Presses a button of a card and waits for what it is to do. */
export function press(
  stage: Stage,
  act: { who: keyof Scene['people']; card: () => Message | undefined; button: string },
  seen: () => boolean | Promise<boolean>,
): Promise<void> {
  const { who, card, button } = act;
  return insist(
    stage,
    `${who} presses ${button}`,
    async () => {
      const message = await wait(stage, `the card with ${button}`, card);
      return stage.scene.people[who].slack.click(channel, message.ts, button);
    },
    seen,
  );
}

/** The same with a button that asks why. */
export async function because(
  stage: Stage,
  act: { who: keyof Scene['people']; card: () => Message | undefined; button: string },
  seen: () => boolean | Promise<boolean>,
): Promise<void> {
  const { slack } = stage.scene.people[act.who];
  await press(stage, act, () => slack.openModals().length > 0);
  const view = slack.modal();
  // Slack closes it when the submission was taken.
  const taken = (): boolean => !slack.openModals().some((open) => open.id === view.id);
  const what = `${act.who} says why`;
  await insist(
    stage,
    what,
    () => slack.submit(view.id, { reason: 'as Git says' }),
    async () => taken() || (await seen()),
  );
  await waitFor(stage, `${act.button} has done its work`, async () => assert.ok(await seen()));
  // Carried out by a later life than the one that took it: its modal still stands.
  if (!taken()) await slack.close(view.id, true);
}
