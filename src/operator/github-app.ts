// The GitHub App of this installation: as it is configured, as it was set up in clicks, or not there yet.
import type { Api } from '../cluster/api.ts';
import type { Config, GitHubConfig } from './config.ts';
import type { GitHub } from '../github/github.ts';
import type { Logger } from '../base/log.ts';
import type { SetupPages } from '../web/setup-page.ts';
import { AppError } from '../base/errors.ts';
import { readAppSecret } from '../github/setup/app-secret.ts';
import { createSetup } from '../github/setup/setup.ts';
import { webhookPath } from '../github/webhook/webhook.ts';

/** Throws E_CONFIG when the Secret holds the credentials in part. */
export async function githubOf(config: Config, api: Api, signal: AbortSignal): Promise<GitHubConfig | undefined> {
  if (config.github) return config.github;
  const { credentials } = await readAppSecret(api, config.namespace, signal);
  return credentials && { ...credentials, apiUrl: config.githubApiUrl };
}

interface SetupDeps {
  config: Config;
  api: Api;
  github: GitHub;
  log: Logger;
  signal: AbortSignal;
  onSetUp: () => void;
  installation: SetupPages['installation'];
}

/** With an App: what works of it. Without one: its set-up, which nothing else waits for. */
export async function setupPages(deps: SetupDeps): Promise<SetupPages> {
  const { config, api, github, log, signal, onSetUp, installation } = deps;
  const { namespace, publicUrl, githubApiUrl: apiUrl, webhookProxyUrl: hookUrl } = config;
  const pages = { publicUrl, onSetUp, installation };
  if (config.github) return { setup: undefined, status: github.status, ...pages };
  const setup = createSetup({ api, namespace, publicUrl, hookUrl, apiUrl, log });
  await setup
    .begin(signal)
    .catch((error: unknown) =>
      log.warn({ err: error }, 'GitHub cannot be set up in clicks: its Secret cannot be written'),
    );
  return { setup, status: undefined, ...pages };
}

/**
 * In development: passes on what a channel of smee.io is sent, as Probot does. Throws E_CONFIG when smee-client is not
 * installed: Probot would fetch it.
 */
export async function passWebhooksOn(channel: string, port: number, log: Logger): Promise<() => Promise<void>> {
  const { SmeeClient } = await import('smee-client').catch((error: unknown) => {
    throw new AppError('E_CONFIG', 'WEBHOOK_PROXY_URL is set, but smee-client is not installed', {
      cause: error,
      hint: 'It is for development: npm install. Where GitHub reaches Coxswain it is not needed.',
    });
  });
  const tell = (detail: unknown): void => log.debug({ detail: String(detail) }, 'webhook proxy');
  const client = new SmeeClient({
    source: channel,
    target: `http://127.0.0.1:${port}${webhookPath}`,
    logger: { info: tell, error: (detail: unknown) => log.warn({ detail: String(detail) }, 'webhook proxy') },
  });
  await client.start();
  log.info({ channel }, 'webhooks of that channel are passed on');
  return async () => client.stop();
}
