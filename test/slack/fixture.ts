// A Slack workspace with Coxswain in it: the real engine, store and git below, the forge a value.
import type { TestContext } from 'node:test';
import type { Channel, KillSwitch, Message, Slack as Sandbox } from '../../sandbox/slack/slack.ts';
import type { Chatops } from '../../src/chatops/chatops.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { Slack } from '../../src/slack/slack.ts';
import type { Stage } from '../engine/fixture.ts';
import type { Store } from '../../src/store/store.ts';
import type { TestForge } from '../chatops/fixture.ts';
import { sourcesOf } from '../../src/model/application.ts';
import { eventually } from '../control-plane.ts';
import { createChatops } from '../../src/chatops/chatops.ts';
import { createLogger } from '../../src/base/log.ts';
import { commitAuthors, commitMessage } from '../../src/git/git.ts';
import { createSlack } from '../../src/slack/slack.ts';
import { HealthScripts } from '../../src/health/scripts.ts';
import { render } from '../worker.ts';
import { illResources } from '../../src/engine/resource-view.ts';
import { stage as newStage } from '../engine/fixture.ts';
import { startSlack } from '../../sandbox/slack/slack.ts';
import { systemClock } from '../../src/base/clock.ts';
import { authorsOf, testForge } from '../chatops/fixture.ts';

const botToken = 'xoxb-sandbox';
const appToken = 'xapp-sandbox';

export interface Bed {
  stage: Stage;
  sandbox: Sandbox;
  channel: Channel;
  forge: TestForge;
  /** Our messages in the channel, oldest first, without what stands in threads. */
  cards(): Message[];
  /** The only card, once its text matches. */
  card(what: string, text: RegExp): Promise<Message>;
  /** What was last said to that person alone, once it matches. */
  said(who: string, text: RegExp): Promise<string>;
  /** What was last said to that person in their conversation with the app, once it matches. */
  saidDirectly(who: string, text: RegExp): Promise<string>;
  /** Ends our part without a word, and begins it anew: nothing but the cluster and Slack remember. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Everything that a reader sees of a message. */
export function textOf(message: { text: string; blocks: unknown }): string {
  const texts = (value: unknown): string[] =>
    Array.isArray(value)
      ? value.flatMap(texts)
      : typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([key, member]) =>
            key === 'text' && typeof member === 'string' ? [member] : texts(member),
          )
        : [];
  return texts(message.blocks).join('').replace(/\s+/g, ' ');
}

const policy = `p, role:all, applications, *, */*, allow
p, role:reader, applications, get, */*, allow
g, bob, role:all
g, ann, role:all
g, carol, role:reader
g, acme:leads, role:all`;

interface Options {
  files: Record<string, string>;
  clock?: Clock;
  killSwitch?: KillSwitch;
  /** Of coxswain-cm, beside what every test has. */
  settings?: Record<string, string>;
  /** Of argocd-cm. */
  argocd?: Record<string, string>;
  /** Awaited before a Request is stored; what it throws is what the cluster answers. */
  beforeStore?: () => Promise<void>;
}

/** The store as Slack's face sees it. */
function storeWith(store: Store, beforeStore: (() => Promise<void>) | undefined): Store {
  if (!beforeStore) return store;
  const create: Store['requests']['create'] = async (request) => {
    await beforeStore();
    return store.requests.create(request);
  };
  return { ...store, requests: { ...store.requests, create } };
}

async function settings(stage: Stage, sandbox: Sandbox, more: Record<string, string> = {}): Promise<void> {
  const id = (name: string): string => sandbox.actAs(name).user.id;
  const map = (name: string, part: string, data: Record<string, string>): Promise<unknown> =>
    stage.cluster.api.apply(
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: stage.namespace, labels: { 'app.kubernetes.io/part-of': part } },
        data,
      },
      { manager: 'test' },
    );
  await map('argocd-rbac-cm', 'argocd', { 'policy.csv': policy });
  const identities = ['bob', 'ann', 'carol', 'eve'].map((name) => `${id(name)}: ${name}`).join('\n');
  await map('coxswain-cm', 'coxswain', {
    'drift.settle': '50ms',
    'failure.settle': '50ms',
    'slack.channel': 'deploys',
    'slack.identities': identities,
    ...more,
  });
  await eventually(
    'the settings',
    () =>
      (stage.store.settings().slackChannel === 'deploys' && stage.store.settings().policyCsv === policy) || undefined,
  );
}

export async function bed(t: TestContext, options: Options): Promise<Bed> {
  const { clock = systemClock, killSwitch, beforeStore } = options;
  const sandbox = await startSlack({ botToken, appToken, clock, ...(killSwitch && { killSwitch }) });
  for (const name of ['ann', 'bob', 'carol', 'dan', 'eve']) sandbox.createUser({ name });
  const channel = sandbox.createChannel({ name: 'deploys' });
  t.after(() => sandbox.stop());
  const stage = await newStage(t, options.files, options.argocd ? { argocd: options.argocd } : {});
  await settings(stage, sandbox, options.settings);
  const scripts = new HealthScripts(render, () => stage.store.settings().healthScripts);
  t.after(() => scripts.stop());
  const forge = testForge(stage.url);
  const log = createLogger({ level: process.env['DEBUG_TEST'] ? 'debug' : 'silent' });
  let running: { slack: Slack; chatops: Chatops } | undefined;
  const start = (): void => {
    const chatops = createChatops({
      store: stage.store,
      git: stage.git,
      forge,
      authors: authorsOf(forge),
      driftNow: (application) => stage.engine.drift(application),
      inputsOf: (app) => Promise.resolve(sourcesOf(app.spec).map(({ path = '.' }) => [path])),
      clock,
      log,
    });
    const slack = createSlack({
      config: { botToken, appToken, apiUrl: sandbox.apiUrl },
      store: storeWith(stage.store, beforeStore),
      effectOf: (application) => stage.engine.effect(application),
      illOf: (application) => illResources(stage.engine.comparison(application), scripts.healthOf),
      driftNow: (application) => stage.engine.drift(application),
      refusal: chatops.refusal,
      find: chatops.find,
      commitMessage: (repoUrl, revision) => commitMessage(stage.git, repoUrl, revision),
      commitAuthors: (repoUrl, range) => commitAuthors(stage.git, repoUrl, range),
      publicUrl: 'https://cox.example.com',
      clock,
      log,
    });
    slack.start();
    chatops.start(slack);
    running = { slack, chatops };
  };
  const stop = async (): Promise<void> => {
    await running?.chatops.stop();
    await running?.slack.stop();
    running = undefined;
  };
  const connected = (): Promise<unknown> => sandbox.waitFor('a connection', () => sandbox.connected > 0);
  start();
  t.after(stop);
  await connected();
  const cards = (): Message[] =>
    channel.messages.filter((message) => message.user === sandbox.state.botUser.id && !message.threadTs);
  return {
    stage,
    sandbox,
    channel,
    forge,
    cards,
    stop,
    card: (what, text) => sandbox.waitFor(what, () => cards().find((message) => text.test(textOf(message)))),
    said: async (who, text) => {
      const found = await sandbox.waitFor(`${who} is told ${String(text)}`, () =>
        sandbox
          .actAs(who)
          .ephemerals('deploys')
          .map((message) => `${message.text} ${textOf(message)}`)
          .findLast((said) => text.test(said)),
      );
      return found;
    },
    saidDirectly: (who, text) =>
      sandbox.waitFor(`${who} is told ${String(text)} directly`, () =>
        sandbox.state
          .im(sandbox.actAs(who).user)
          .messages.map((message) => message.text)
          .findLast((said) => text.test(said)),
      ),
    async restart() {
      await stop();
      start();
      await connected();
    },
  };
}

/** Presses a button that asks why, and answers. */
export async function because(
  b: Bed,
  who: string,
  { ts, button, reason }: { ts: string; button: string; reason: string },
): Promise<void> {
  const person = b.sandbox.actAs(who);
  await person.click('deploys', ts, button);
  const view = await b.sandbox.waitFor(`the modal of ${button}`, () => person.openModals().at(-1));
  await person.submit(view.id, { reason });
}

export function configMap(name: string, value: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  value: "${value}"\n`;
}

/** A gated application whose first sync is approved behind Slack's back, and that then waits with a second change. */
export async function waiting(b: Bed, name = 'prod'): Promise<void> {
  const { stage } = b;
  await stage.project('gated', { 'coxswain.dev/approval': 'required', 'coxswain.dev/environment': 'production' });
  await stage.apply(name, { project: 'gated' });
  await stage.untilStore('an approval', () =>
    stage.store.approvals.list().find((item) => item.status?.phase === 'Pending'),
  );
}
