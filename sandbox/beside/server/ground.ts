// What the verbs stand on: the command line, the cluster behind it, and how its answers are read.
import type { Kube } from '../../kube.ts';
import type { Cli, Output } from './cli.ts';
import assert from 'node:assert/strict';
import { until } from '../../condition.ts';
import { controlNamespace } from '../../settings.ts';

export interface Ground {
  cli: Cli;
  kube: Kube;
  repoUrl: string;
  /** host:port of Argo CD's server, and the password of its admin. */
  server: string;
  password: string;
  /** host:port */
  redis: string;
  signal: AbortSignal;
}

export interface Verb {
  name: string;
  /** What was seen. Throws when that is not what it should be. */
  run(ground: Ground): Promise<string>;
}

/** Of the application, and the namespace that it is synced to. */
export const name = 'web';
export const applicationPath = `/apis/argoproj.io/v1alpha1/namespaces/${controlNamespace}/applications/${name}`;
export const objectPath = {
  deployment: `/apis/apps/v1/namespaces/${name}/deployments/web`,
  settings: `/api/v1/namespaces/${name}/configmaps/settings`,
  credentials: `/api/v1/namespaces/${name}/secrets/credentials`,
  service: `/api/v1/namespaces/${name}/services/web`,
  stray: `/api/v1/namespaces/${name}/configmaps/stray`,
  pods: `/api/v1/namespaces/${name}/pods`,
} as const;

function told(args: readonly string[], { code, stdout, stderr }: Output): string {
  return `argocd ${args.join(' ')} ended with ${code}\n${stdout}${stderr}`.trimEnd();
}

/** Of one that must end well. */
export async function ask({ cli }: Ground, ...args: string[]): Promise<string> {
  const output = await cli(...args);
  assert.equal(output.code, 0, told(args, output));
  return output.stdout;
}

/** Holds that the answer has each of the patterns, and none of the words. */
export function has(text: string, patterns: readonly RegExp[], words: readonly string[] = []): void {
  for (const pattern of patterns) assert.ok(pattern.test(text), `${pattern.source} is missing in:\n${text}`);
  for (const word of words) assert.ok(!text.includes(word), `"${word}" stands in:\n${text}`);
}

/** A command with one exit code and answer at last: what it shows may be a moment behind. */
export function become<T>(
  { signal, cli }: Ground,
  args: readonly string[],
  look: (output: Output) => T | undefined,
): Promise<T> {
  let last: Output | undefined;
  return until(
    `argocd ${args.join(' ')} shows it`,
    async () => {
      last = await cli(...args);
      return look(last);
    },
    { withinMs: 20_000, everyMs: 250, signal, instead: () => (last ? told(args, last) : 'nothing') },
  );
}

export async function liveObject<T>({ kube }: Ground, path: string): Promise<T | undefined> {
  const { status, body } = await kube.call('GET', path);
  return status === 200 ? (body as T) : undefined;
}

/** As somebody with kubectl, or another field manager. */
export async function edit({ kube }: Ground, path: string, patch: unknown, manager = 'kubectl-edit'): Promise<void> {
  const { status, body } = await kube.call(
    'PATCH',
    `${path}?fieldManager=${manager}`,
    patch,
    'application/merge-patch+json',
  );
  assert.equal(status, 200, JSON.stringify(body));
}

export interface Deployment {
  spec: {
    replicas: number;
    template: { metadata: { annotations?: Record<string, string> }; spec: { containers: { image: string }[] } };
  };
}

export async function imageOf(ground: Ground): Promise<string | undefined> {
  return (await liveObject<Deployment>(ground, objectPath.deployment))?.spec.template.spec.containers[0]?.image;
}
