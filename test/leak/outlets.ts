// Everything that leaves Coxswain, as text: what GitHub and Slack were sent, pages, metrics, log, command line, and
// objects in the cluster.
import type { Scene } from '../../sandbox/scene.ts';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { get } from '../../sandbox/kube.ts';

const cli = join(import.meta.dirname, '../../src/cli/cli.ts');

/** Members of the sandboxes' worlds point at each other. */
function plain(value: unknown): string {
  const seen = new WeakSet<object>();
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== 'object' || member === null) return typeof member === 'bigint' ? String(member) : member;
    if (seen.has(member)) return undefined;
    seen.add(member);
    return member instanceof Map || member instanceof Set ? [...member] : member;
  });
}

async function pages({ coxswain }: Scene, names: readonly string[]): Promise<Record<string, string>> {
  const paths = [
    '/',
    '/api/applications',
    ...names.flatMap((name) => [`/applications/argocd/${name}`, `/api/applications/argocd/${name}`]),
  ];
  const urls = [
    ...paths.map((path) => `${coxswain.url}${path}`),
    `${coxswain.healthUrl}/metrics`,
    `${coxswain.healthUrl}/readyz`,
  ];
  return Object.fromEntries(
    await Promise.all(urls.map(async (url) => [`page ${url}`, await (await fetch(url)).text()] as const)),
  );
}

/** Both streams, whatever the exit code. */
async function command(scene: Scene, args: readonly string[]): Promise<string> {
  const { PATH = '', HOME = '' } = process.env;
  const env = {
    PATH,
    HOME,
    KUBECONFIG: scene.kubeconfigs.admin,
    GIT_ASKPASS: scene.askpass,
    NO_COLOR: '1',
    COX_TOOLS_DIR: join(scene.dir, 'tools'),
  };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [cli, ...args], {
    env,
    maxBuffer: 2 ** 26,
  }).catch((error: unknown) => error as { stdout: string; stderr: string });
  return `${stdout}\n${stderr}`;
}

async function commands(scene: Scene, names: readonly string[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of names)
    for (const args of [
      ['app', 'get', name],
      ['app', 'diff', name],
    ])
      found[`cox ${args.join(' ')}`] = await command(scene, args);
  return found;
}

const kinds = [
  '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications',
  '/apis/coxswain.dev/v1alpha1/namespaces/argocd/approvals',
  '/apis/coxswain.dev/v1alpha1/namespaces/argocd/driftepisodes',
  '/apis/coxswain.dev/v1alpha1/namespaces/argocd/reports',
  '/apis/coxswain.dev/v1alpha1/namespaces/argocd/requests',
  '/apis/coxswain.dev/v1alpha1/namespaces/argocd/syncrecords',
  '/api/v1/namespaces/argocd/events',
  '/api/v1/namespaces/argocd/configmaps',
];

async function objects({ kube }: Scene): Promise<Record<string, string>> {
  return Object.fromEntries(
    await Promise.all(kinds.map(async (path) => [`objects ${path}`, JSON.stringify(await get(kube, path))] as const)),
  );
}

/** By where it was found. `names`: of the applications. */
export async function outlets(scene: Scene, names: readonly string[]): Promise<Record<string, string>> {
  const { github, slack, coxswain } = scene;
  const [repository] = github.world.repositories;
  return {
    'GitHub: comments, checks, deployments': plain([repository?.comments, repository?.checks, repository?.deployments]),
    'Slack: channels, views and every request': plain([
      [...slack.state.channels.values()],
      [...slack.state.views.values()],
      slack.state.requests,
      slack.state.notices,
    ]),
    log: coxswain.logs(),
    ...(await pages(scene, names)),
    ...(await objects(scene)),
    ...(await commands(scene, names)),
  };
}

/** As it may be written: plain, cut as Go's YAML reader cuts what it quotes, and in base64 wherever it begins. */
export function formsOf(secret: string): string[] {
  const shifted = [0, 1, 2].map((by) =>
    Buffer.from(`${'x'.repeat(by)}${secret}`)
      .toString('base64')
      .slice(by === 0 ? 0 : 4, -4),
  );
  return [secret, secret.slice(0, 7), ...shifted];
}
