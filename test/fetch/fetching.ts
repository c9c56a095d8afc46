// A fetcher with settings of the test's own, and the rendering of applications with it.
import type { Desiring } from '../../src/engine/application/desired.ts';
import type { GitHubClient } from '../../src/github/client/client.ts';
import type { Git } from '../../src/git/git.ts';
import type { Fetcher } from '../../src/fetch/fetch.ts';
import type { Remotes } from '../../src/engine/remote/remotes.ts';
import type { Application, ApplicationSource } from '../../src/model/application.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { AppProject } from '../../src/model/project.ts';
import type { Settings } from '../../src/store/settings.ts';
import type { TestContext } from 'node:test';
import { binaries } from '../../tools/binaries.ts';
import { createDesiring } from '../../src/engine/application/desired.ts';
import { createRenderer } from '../../src/render/render.ts';
import { openFetching } from '../../src/operator/fetching.ts';
import { readSettings } from '../../src/store/settings.ts';
import { repositoryCredentials } from '../../src/github/client/credentials.ts';
import { accessOf } from '../../src/store/repository-secrets.ts';
import { systemClock } from '../../src/base/clock.ts';
import { mirrors } from '../git/origin.ts';
import { worker } from '../worker.ts';
import { folder } from './servers.ts';

export const { signal } = new AbortController();

interface Fetches {
  git: Git;
  desiring: Desiring;
  fetcher: Fetcher;
  remotes: Remotes;
  /** May be replaced at any time. */
  settings: Settings;
  /** Where the cache is. */
  dir: string;
}

/** A repository Secret, or one of repo-creds. */
export function secret(data: Record<string, string>, type = 'repository'): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `secret-${data['url'] ?? ''}`, labels: { 'argocd.argoproj.io/secret-type': type } },
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
  };
}

export function settingsOf(secrets: KubeObject[], maps: Record<string, Record<string, string>> = {}): Settings {
  const configMaps = new Map(
    Object.entries(maps).map(([name, data]) => [
      name,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data },
    ]),
  );
  return readSettings({ secrets, configMaps });
}

interface Options {
  /** Of the project `default`. */
  sourceRepos?: string[];
  /** `sourceRepos` of others, by name. */
  projects?: Record<string, string[]>;
  /** The GitHub App, as far as repositories are read with its tokens. */
  app?: Pick<GitHubClient, 'credentials'>;
  maxBytes?: number;
  dir?: string;
}

function projectOf(name: string, sourceRepos: string[]): AppProject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name, namespace: 'argocd' },
    spec: { sourceRepos },
  };
}

export async function fetching(
  t: TestContext,
  settings: Settings,
  { sourceRepos = ['*'], projects = {}, app, maxBytes, dir = folder(t) }: Options = {},
): Promise<Fetches> {
  const known = new Map(
    Object.entries({ default: sourceRepos, ...projects }).map(([name, repos]) => [name, projectOf(name, repos)]),
  );
  const made: Pick<Fetches, 'settings' | 'dir'> = { settings, dir };
  const git = mirrors(t, undefined, ['file', 'http'], {
    credentials: repositoryCredentials(app, (url, project) => accessOf(made.settings, url, project)),
  });
  const { fetcher, remotes } = openFetching({
    ...{ dataDir: dir, git, worker, clock: systemClock },
    ...(maxBytes !== undefined && { maxBytes }),
    settings: () => made.settings,
    projectOf: (name) => known.get(name),
  });
  t.after(() => fetcher.close());
  const renderer = await createRenderer({ worker, program: (await binaries(['manifests'])).manifests });
  const cluster = { version: '1.36.3', apiVersions: ['apps/v1', 'v1'] };
  const desiring = createDesiring({ merged: true, git, renderer, remotes, clusterOf: () => Promise.resolve(cluster) });
  return Object.assign(made, { desiring, git, fetcher, remotes });
}

export function application(...sources: ApplicationSource[]): Application {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'shop', namespace: 'argocd' },
    spec: { project: 'default', destination: { server: 'https://x', namespace: 'shop' }, sources },
  };
}

/** What the ConfigMaps hold, by name. */
export function maps(manifests: readonly KubeObject[]): Record<string, unknown> {
  return Object.fromEntries(
    manifests.filter(({ kind }) => kind === 'ConfigMap').map((each) => [each.metadata.name, each['data']]),
  );
}
