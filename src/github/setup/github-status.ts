// What works of the GitHub App, asked with its credentials by whoever holds them, without the rest of Coxswain.
import type { Logger } from '../../base/log.ts';
import type { Finding } from '../../policy/finding.ts';
import type { AppCredentials } from './app-secret.ts';
import { systemClock } from '../../base/clock.ts';
import { webhookPath } from '../webhook/webhook.ts';
import { appStatus } from './app-status.ts';
import { readAppFile } from './manifest.ts';

interface Asking {
  publicUrl: string;
  /** Where GitHub should send webhooks instead. */
  hookUrl: string | undefined;
  log: Logger;
}

/** What is told of an installation without an App. */
export const noApp: Finding = {
  what: 'GitHub app',
  state: 'waiting',
  detail: 'there is none yet: pull requests are not looked at',
  next: 'cox setup github prints the address of the page that makes it.',
};

/** As they are called among all others. */
export function named(findings: readonly Finding[]): Finding[] {
  return findings.map((found) => ({ ...found, what: `GitHub ${found.what.toLowerCase()}` }));
}

/** Never throws for what GitHub answers: it is what it tells. */
export async function githubStatus(
  app: AppCredentials & { apiUrl: string },
  { publicUrl, hookUrl, log }: Asking,
): Promise<Finding[]> {
  const { openHost } = await import('../client/probot.ts');
  const host = await openHost({ ...app, clock: systemClock, random: Math.random, log });
  const expected = hookUrl ?? `${publicUrl}${webhookPath}`;
  const { findings } = await appStatus({ app: host.app, file: readAppFile(), hookUrl: expected });
  return named(findings);
}
