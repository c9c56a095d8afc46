// What works of the GitHub App and what does not, as GitHub itself tells it now.
import type { Octokit } from '@octokit/core';
import type { Finding } from '../../policy/finding.ts';
import type { AppFile } from './manifest.ts';
import { describeError } from '../../base/errors.ts';
import { paginating } from '../client/api.ts';

export interface AppStatus {
  /** '' when GitHub does not know us. */
  name: string;
  /** GitHub's page on which the App is installed in repositories; '' when it is not known. */
  installUrl: string;
  findings: Finding[];
}

interface StatusOptions {
  app: Octokit;
  file: AppFile;
  /** Where GitHub should send webhooks. */
  hookUrl: string;
}

type Permissions = Record<string, string | undefined>;

function lacking(file: AppFile, granted: Permissions): string[] {
  return Object.entries(file.default_permissions)
    .filter(([name, level]) => granted[name] !== level && granted[name] !== 'write' && granted[name] !== 'admin')
    .map(([name, level]) => `${name}: ${level}`);
}

function permissionsFinding(file: AppFile, granted: Permissions): Finding {
  const missing = lacking(file, granted);
  return missing.length === 0
    ? { what: 'Permissions', state: 'good', detail: 'All that app.yml names are asked for.' }
    : {
        what: 'Permissions',
        state: 'bad',
        detail: `The App does not ask for ${missing.join(', ')}.`,
        next: 'Whoever owns the App adds them in its settings; docs/permissions.md tells what goes without each.',
      };
}

function eventsFinding(file: AppFile, events: readonly string[]): Finding {
  const missing = file.default_events.filter((event) => !events.includes(event));
  return missing.length === 0
    ? { what: 'Events', state: 'good', detail: 'All that app.yml names are sent.' }
    : {
        what: 'Events',
        state: 'bad',
        detail: `Not sent: ${missing.join(', ')}. What they tell is found by the next sweep.`,
        next: 'Whoever owns the App subscribes it to them in its settings.',
      };
}

async function installedFinding({ app, file }: StatusOptions): Promise<Finding> {
  const found = await paginating(app)('GET /app/installations', { per_page: 100 });
  const what = 'Installed';
  if (found.length === 0)
    return { what, state: 'waiting', detail: 'Nowhere yet.', next: 'Install it in your repositories.' };
  const names = found.map(({ account }) => (account && 'login' in account ? account.login : ''));
  const behind = found.flatMap(({ permissions, suspended_at: suspended }, index) =>
    suspended || lacking(file, permissions as Permissions).length > 0 ? [names[index] ?? ''] : [],
  );
  return behind.length === 0
    ? { what, state: 'good', detail: `In ${names.join(', ')}.` }
    : {
        what,
        state: 'bad',
        detail: `In ${names.join(', ')}; suspended, or without all permissions, in ${behind.join(', ')}.`,
        next: 'An owner of that account accepts what the App asks for.',
      };
}

async function webhookFinding({ app, hookUrl }: StatusOptions): Promise<Finding> {
  const what = 'Webhook';
  const { data: config } = await app.request('GET /app/hook/config');
  if (config.url !== hookUrl)
    return {
      what,
      state: 'bad',
      detail: `GitHub sends to ${config.url ?? 'nowhere'}, and not to ${hookUrl}.`,
      next: 'Correct the webhook URL in the settings of the App, or COX_PUBLIC_URL.',
    };
  const { data: deliveries } = await app.request('GET /app/hook/deliveries', { per_page: 10 });
  const [last] = deliveries;
  if (!last) return { what, state: 'waiting', detail: 'Nothing was sent yet.', next: 'Install the App, or push.' };
  const good = last.status_code >= 200 && last.status_code < 400;
  const told = `The last one, ${last.event} of ${last.delivered_at}, was answered ${last.status_code} ${last.status}.`;
  return good
    ? { what, state: 'good', detail: told }
    : {
        what,
        state: 'bad',
        detail: told,
        next: `GitHub must reach ${hookUrl}: the port of COX_LISTEN_PUBLIC. What is lost meanwhile is found by sweeps.`,
      };
}

async function told(what: string, ask: () => Promise<Finding>): Promise<Finding> {
  return ask().catch((error: unknown) => ({ what, state: 'bad' as const, detail: describeError(error) }));
}

/** Never throws: a failure is what it tells. */
export async function appStatus(options: StatusOptions): Promise<AppStatus> {
  const { app, file } = options;
  let data: Awaited<ReturnType<typeof app.request<'GET /app'>>>['data'];
  try {
    ({ data } = await app.request('GET /app'));
  } catch (error) {
    return { name: '', installUrl: '', findings: [{ what: 'App', state: 'bad', detail: describeError(error) }] };
  }
  if (!data) return { name: '', installUrl: '', findings: [] };
  return {
    name: data.name,
    installUrl: `${data.html_url}/installations/new`,
    findings: [
      { what: 'App', state: 'good', detail: `GitHub knows it as ${data.name}.` },
      permissionsFinding(file, data.permissions),
      eventsFinding(file, data.events),
      await told('Installed', () => installedFinding(options)),
      await told('Webhook', () => webhookFinding(options)),
    ],
  };
}
