// Drives what is measured through nothing but the Application API and a git server, and looks at it.
import type { Application } from '../src/model/application.ts';
import type { Stand } from './stand.ts';
import type { Workload } from './workload.ts';
import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Bench {
  stand: Stand;
  workload: Workload;
  /** Seconds of the idle phase. */
  idle: number;
  /** Edits in drift and heal. */
  probes: number;
  /** How often each commit phase commits. */
  commits: number;
}

export const applications = '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications';
const limitSeconds = 900;

export const namespaceOf = (name: string): string => `ns-${name}`;
export const seconds = (since: number): number => (performance.now() - since) / 1000;
export const round = (value: number, digits = 3): number => Number(value.toFixed(digits));
export const configMap = (name: string, at: number): string =>
  `/api/v1/namespaces/${namespaceOf(name)}/configmaps/${name}-${at}`;

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = 0, high = 0] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return (low + high) / 2;
}

/** Seconds until the condition holds, asked every `everyMs`. */
export async function until(what: string, everyMs: number, holds: () => Promise<boolean>): Promise<number> {
  const start = performance.now();
  while (!(await holds())) {
    if (seconds(start) > limitSeconds) throw new Error(`${what}: not reached within ${limitSeconds} s`);
    await sleep(everyMs);
  }
  return seconds(start);
}

export async function get<T>({ stand }: Bench, path: string): Promise<T> {
  return (await stand.access.must('GET', path)) as T;
}

export async function merge({ stand }: Bench, path: string, patch: unknown): Promise<void> {
  const answer = await stand.access.call('PATCH', path, patch, 'application/merge-patch+json');
  if (answer.status >= 300) throw new Error(`PATCH ${path} answered ${answer.status}`);
}

export async function all(bench: Bench): Promise<Application[]> {
  return (await get<{ items: Application[] }>(bench, applications)).items;
}

export async function valueOf(bench: Bench, name: string, at: number): Promise<string | undefined> {
  return (await get<{ data?: { value?: string } }>(bench, configMap(name, at))).data?.value;
}

export function applicationOf(name: string, url: string, selfHeal: boolean): unknown {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name },
    spec: {
      project: 'default',
      source: { repoURL: url, targetRevision: 'main', path: `apps/${name}` },
      destination: { server: 'https://kubernetes.default.svc', namespace: namespaceOf(name) },
      syncPolicy: { automated: { prune: true, selfHeal } },
    },
  };
}

export async function refreshAll(bench: Bench, first: string): Promise<void> {
  const annotation = { metadata: { annotations: { 'argocd.argoproj.io/refresh': 'normal' } } };
  for (const name of [first, ...bench.workload.names.filter((each) => each !== first)])
    await merge(bench, `${applications}/${name}`, annotation);
}

export async function deliver(
  { stand, workload }: Bench,
  name: string,
  pushed: { before: string; after: string; path: string },
): Promise<void> {
  const repository = {
    id: 1,
    name: 'mono',
    full_name: 'bench/mono',
    default_branch: 'main',
    html_url: workload.url.slice(0, -4),
    clone_url: workload.url,
    owner: { login: 'bench', name: 'bench' },
  };
  const commit = { id: pushed.after, added: [], removed: [], modified: [pushed.path] };
  const body = JSON.stringify({
    ref: 'refs/heads/main',
    before: pushed.before,
    after: pushed.after,
    head_commit: commit,
    commits: [commit],
    repository,
  });
  const signature = `sha256=${createHmac('sha256', stand.webhookSecret).update(body).digest('hex')}`;
  const headers = {
    'content-type': 'application/json',
    'x-github-event': 'push',
    'x-github-delivery': `${name} ${pushed.after}`,
    'x-hub-signature-256': signature,
  };
  const answer = await fetch(stand.webhook, { method: 'POST', headers, body });
  await answer.text();
  if (!answer.ok) throw new Error(`the delivery was answered with ${answer.status}`);
}
