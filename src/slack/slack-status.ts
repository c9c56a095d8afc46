// What works of the Slack app and what does not, as Slack itself tells it now.
import type { Logger } from '../base/log.ts';
import type { Finding } from '../policy/finding.ts';
import { WebClient } from '@slack/web-api';
import { describeError } from '../base/errors.ts';
import { slackError } from './posting.ts';
import { slackLogger } from './socket.ts';

/** What deploy/slack-manifest.yaml asks for. */
export const botScopes = [
  'commands',
  'chat:write',
  'channels:read',
  'groups:read',
  'channels:history',
  'groups:history',
] as const;

interface SlackAccess {
  botToken: string;
  appToken: string;
  /** Ends with a slash. */
  apiUrl: string;
}

function refusal(what: string, error: unknown, next: string): Finding {
  const code = slackError(error);
  const detail = code === undefined ? describeError(error) : `Slack refuses it: ${code}.`;
  return { what, state: 'bad', detail, ...(code !== undefined && { next }) };
}

async function botFindings(client: WebClient): Promise<Finding[]> {
  const what = 'Slack bot token';
  try {
    const { user, team, response_metadata: more } = await client.auth.test();
    const known: Finding = { what, state: 'good', detail: `Slack knows it as ${user ?? '?'} of ${team ?? '?'}.` };
    if (!more?.scopes) return [known];
    const missing = botScopes.filter((scope) => !more.scopes?.includes(scope));
    const scopes: Finding =
      missing.length === 0
        ? { what: 'Slack scopes', state: 'good', detail: 'All that the manifest names are granted.' }
        : {
            what: 'Slack scopes',
            state: 'bad',
            detail: `The app lacks ${missing.join(', ')}.`,
            next:
              'Take deploy/slack-manifest.yaml again, or add them under OAuth & Permissions, and install the app ' +
              'once more; docs/permissions.md tells what goes without each.',
          };
    return [known, scopes];
  } catch (error) {
    const next = 'Put the Bot User OAuth Token of the app (xoxb-) into the Secret coxswain-slack, key bot-token.';
    return [refusal(what, error, next)];
  }
}

async function socketFinding(client: WebClient): Promise<Finding> {
  const what = 'Slack app token';
  try {
    await client.apps.connections.open({});
    return { what, state: 'good', detail: 'Slack opens a socket for it.' };
  } catch (error) {
    const next =
      'Make an app-level token (xapp-) with the scope connections:write, and put it into the Secret coxswain-slack, ' +
      'key app-token; Socket Mode must be on.';
    return refusal(what, error, next);
  }
}

/**
 * Never throws: a failure is what it tells. Nothing is posted. `own`: of the socket of this very process; without one,
 * Slack is asked for one, and it is not kept.
 */
export async function slackStatus(
  { botToken, appToken, apiUrl }: SlackAccess,
  log: Logger,
  own?: Finding,
): Promise<Finding[]> {
  const options = {
    slackApiUrl: apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: 10_000,
    logger: slackLogger(log),
  };
  const [bot, socket] = await Promise.all([
    botFindings(new WebClient(botToken, options)),
    own ?? socketFinding(new WebClient(appToken, options)),
  ]);
  return [...bot, socket];
}
