// A Bolt app in Socket Mode against a sandbox workspace, as tests need it.
import type { TestContext } from 'node:test';
import type { Clock } from '../../../src/base/clock.ts';
import { App, LogLevel, SocketModeReceiver } from '@slack/bolt';
import { startSlack, type Channel, type KillSwitch, type Slack } from '../../../sandbox/slack/slack.ts';

const botToken = 'xoxb-sandbox';
const appToken = 'xapp-sandbox';

interface Workspace {
  slack: Slack;
  channel: Channel;
  app: App;
}

interface WorkspaceOptions {
  clock?: Clock;
  killSwitch?: KillSwitch;
  /** Listeners are registered before the app connects. */
  listen?(app: App): void;
  /** Times that the client sends a failed call again; default none. */
  retries?: number;
  /**
   * Milliseconds of silence after which the client takes its connection for lost, and that it waits before the next
   * one; default 5,000.
   */
  pingTimeoutMs?: number;
}

/**
 * A workspace with the channel #deploys, the people ana and ben, and a connected app; all of it ends with the test,
 * which fails on violations.
 */
export async function workspace(t: TestContext, options: WorkspaceOptions = {}): Promise<Workspace> {
  const { clock, killSwitch, retries = 0, pingTimeoutMs = 5_000 } = options;
  const slack = await startSlack({ botToken, appToken, ...(clock && { clock }), ...(killSwitch && { killSwitch }) });
  slack.createUser({ name: 'ana' });
  slack.createUser({ name: 'ben' });
  const channel = slack.createChannel({ name: 'deploys' });
  const clientOptions = { slackApiUrl: slack.apiUrl, retryConfig: { retries, minTimeout: 1 } };
  const receiver = new SocketModeReceiver({
    appToken,
    logLevel: LogLevel.ERROR,
    clientPingTimeout: pingTimeoutMs,
    installerOptions: { clientOptions },
  });
  const app = new App({ token: botToken, receiver, clientOptions, logLevel: LogLevel.ERROR, convoStore: false });
  options.listen?.(app);
  await app.start();
  t.after(async () => {
    await app.stop();
    if (slack.violations.length === 0) await slack.waitFor('the end of the connection', () => slack.connected === 0);
    await slack.stop();
  });
  return { slack, channel, app };
}

/** The message a test posted last. Throws when there is none. */
export function lastMessage(channel: Channel): Channel['messages'][number] {
  const message = channel.messages.at(-1);
  if (!message) throw new Error(`#${channel.name} is empty`);
  return message;
}
