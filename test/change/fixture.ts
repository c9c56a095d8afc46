// Applications over a real repository, rendered as plain YAML folders; what a sync would do is the difference of the
// manifests.
import type { TestContext } from 'node:test';
import type { Application } from '../../src/model/application.ts';
import type { Approval } from '../../src/model/coxswain.ts';
import type { AppProject } from '../../src/model/project.ts';
import type { ChangeDeps, Desired } from '../../src/change/deps.ts';
import type { Effect, ObjectDiff } from '../../src/model/effect.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { PullInput } from '../../src/change/pull.ts';
import { parseAllDocuments } from 'yaml';
import { AppError } from '../../src/base/errors.ts';
import { canonicalJson, hashOf } from '../../src/base/canonical.ts';
import { applicationKey, sourcesOf } from '../../src/model/application.ts';
import { keyOf, keyText } from '../../src/model/kube.ts';
import { inClusterServer } from '../../src/model/annotations.ts';
import { systemClock } from '../../src/base/clock.ts';
import { mirrors, origin as newOrigin, type Origin } from '../git/origin.ts';

export interface World {
  origin: Origin;
  apps: Map<string, Application>;
  approvals: Approval[];
  projects: AppProject[];
  deps: ChangeDeps;
  pull(branch: string, more?: Partial<PullInput>): PullInput;
}

/** An Application of the folder `apps/<name>` on main. */
export function application(
  origin: { url: string },
  name: string,
  more: Partial<Application> & { path?: string; revision?: string } = {},
): Application {
  const { path = `apps/${name}`, revision = 'main', ...rest } = more;
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: 'argocd' },
    spec: {
      project: 'shop',
      destination: { server: 'https://kubernetes.default.svc', namespace: 'shop' },
      source: { repoURL: origin.url, path, targetRevision: revision },
      syncPolicy: { automated: { prune: true } },
    },
    ...rest,
  };
}

/** Permits everything unless told otherwise. */
function project(name: string, spec: AppProject['spec'] = {}): AppProject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name, namespace: 'argocd' },
    spec: { sourceRepos: ['*'], destinations: [{ server: '*', namespace: '*' }], ...spec },
  };
}

export function configMap(name: string, value: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: shop}\ndata: {value: "${value}"}\n`;
}

/** Manifest of an Application whose folder is `path`. */
export function child(url: string, name: string, path = `apps/${name}`): string {
  return (
    'apiVersion: argoproj.io/v1alpha1\nkind: Application\n' +
    `metadata: {name: ${name}, namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}\n` +
    'spec: {project: shop, destination: {server: https://kubernetes.default.svc, namespace: shop}, source: ' +
    `{repoURL: ${url}, path: ${path}, targetRevision: main}}\n`
  );
}

function difference(before: readonly KubeObject[], after: readonly KubeObject[]): ObjectDiff[] {
  const byKey = (list: readonly KubeObject[]): Map<string, KubeObject> =>
    new Map(list.map((object) => [keyText(keyOf(object)), object]));
  const [old, now] = [byKey(before), byKey(after)];
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((key): ObjectDiff[] => {
    const [a, b] = [old.get(key), now.get(key)];
    const object = b ?? a;
    if (!object || canonicalJson(a) === canonicalJson(b)) return [];
    return [
      {
        key: keyOf(object),
        action: a && b ? 'change' : b ? 'create' : 'delete',
        changes: [],
        notes: [],
        ...(a && { before: a }),
        ...(b && { after: b }),
      },
    ];
  });
}

export function world(t: TestContext, files: Record<string, string>): World {
  const origin = newOrigin(t, files);
  const git = mirrors(t);
  const apps = new Map<string, Application>();
  const approvals: Approval[] = [];
  const projects: AppProject[] = [project('shop')];
  const mirror = git.repository(origin.url);
  const place = async (
    app: Application,
    revisions: (string | undefined)[],
  ): Promise<{ commit: string; path: string }> => {
    const source = sourcesOf(app.spec)[0];
    return { commit: revisions[0] ?? (await mirror.resolve(source?.targetRevision)), path: source?.path ?? '' };
  };
  const inputsKey: ChangeDeps['inputsKey'] = async (app, revisions) => {
    const { commit, path } = await place(app, revisions);
    const tree = await mirror.tree(commit, path);
    if (!tree) throw new AppError('E_PATH', `${path}: app path does not exist`);
    return tree;
  };
  const desired: ChangeDeps['desired'] = async (app, revisions, signal): Promise<Desired> => {
    const { commit, path } = await place(app, revisions);
    const key = await inputsKey(app, revisions, signal);
    const manifests: KubeObject[] = [];
    for (const file of await mirror.files(commit, path)) {
      for (const document of parseAllDocuments((await mirror.read(commit, file.path)).toString('utf8'))) {
        if (document.errors[0])
          throw new AppError('E_MANIFEST', document.errors[0].message, {
            place: { file: file.path, line: document.errors[0].linePos?.[0].line ?? 1 },
          });
        manifests.push(document.toJS() as KubeObject);
      }
    }
    return { manifests, revisions: [commit], key };
  };
  const effect: ChangeDeps['effect'] = ({ last, branch, target }): Promise<Effect> => {
    const change = difference(branch ?? target, target);
    return Promise.resolve({
      drift: [],
      waiting: difference(last ?? [], branch ?? target),
      change,
      total: difference(last ?? [], target),
      hooks: [],
      errors: [],
      risks: [],
      operations: [],
      destination: { server: 'https://kubernetes.default.svc', namespace: 'shop' },
      unwritten: [],
      digest: hashOf(target),
      notes: [],
    });
  };
  const deps: ChangeDeps = {
    applications: { get: (key) => apps.get(key), list: () => [...apps.values()] },
    formerPolicy: () => undefined,
    projects: {
      list: () => projects,
      get: (key) => projects.find((project) => `${project.metadata.namespace}/${project.metadata.name}` === key),
    },
    approvals: { of: (key) => approvals.filter((approval) => approval.spec.application === key) },
    clusterOf: ({ spec: { destination } }) =>
      destination.server === inClusterServer ? { server: inClusterServer, name: 'in-cluster' } : undefined,
    isHome: (server) => server === inClusterServer,
    namespace: 'argocd',
    git,
    clock: systemClock,
    lastSynced: ({ status }) => status?.history?.at(-1),
    rendered: () => undefined,
    inputsKey,
    desired,
    effect,
    keysOf: (_app, { manifests }) => Promise.resolve(manifests.map(keyOf)),
  };
  return {
    origin,
    apps,
    approvals,
    projects,
    deps,
    pull: (branch, more = {}) => ({
      repoUrl: origin.url,
      owner: 'acme',
      repo: 'infra',
      number: 7,
      base: { ref: 'main', sha: origin.git('rev-parse', 'main') },
      head: { ref: branch, sha: origin.git('rev-parse', branch) },
      defaultBranch: 'main',
      author: { login: 'ada', id: 1 },
      draft: false,
      fork: false,
      ...more,
    }),
  };
}

export function live(into: Map<string, Application>, ...apps: Application[]): void {
  for (const app of apps) into.set(applicationKey(app), app);
}
