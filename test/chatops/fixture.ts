// The command room over the real store and real git; the forge is a value that remembers what it was asked.
import type { TestContext } from 'node:test';
import type { Answer, Forge } from '../../src/chatops/ports.ts';
import type { Chatops } from '../../src/chatops/chatops.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import type { Approval, DriftEpisode, Request } from '../../src/model/coxswain.ts';
import type { Application } from '../../src/model/application.ts';
import type { Turn } from '../../src/policy/engine.ts';
import type { Git } from '../../src/git/git.ts';
import type { KillSwitch } from '../../sandbox/mutation-counter.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { Origin } from '../git/origin.ts';
import type { Store } from '../../src/store/store.ts';
import type { Authors } from '../../src/engine/application/pass.ts';
import type { Clock } from '../../src/base/clock.ts';
import { readFileSync, readdirSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { connectCluster } from '../../src/cluster/cluster.ts';
import { AppError } from '../../src/base/errors.ts';
import { createChatops } from '../../src/chatops/chatops.ts';
import { sourcesOf } from '../../src/model/application.ts';
import { coxGroup, coxVersion } from '../../src/model/coxswain.ts';
import { eventually, testCluster } from '../control-plane.ts';
import { mirrors, origin as newOrigin } from '../git/origin.ts';
import { openStore } from '../../src/store/store.ts';
import { sealed, sealKey } from '../../src/store/seal.ts';
import { rfc3339, systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { startProxy } from '../../sandbox/cluster/proxy.ts';

const crds = new URL('../../deploy/crds/', import.meta.url);

export interface TestForge extends Forge {
  ids: Record<string, number>;
  /** `org:team` by login. */
  members: Record<string, string[]>;
  authors: { login: string; id: number }[] | undefined;
  pulls: { number: number; url: string; base: string; head: string; title: string; body: string }[];
  refreshed: number[];
  /** What pull requests touch, by number. */
  touched: Record<number, string[]>;
  /** What became of pull requests, by number; 7 is merged as the commit of an Approval that says nothing else. */
  merges: Record<number, Awaited<ReturnType<Forge['mergeOf']>>>;
  answers: [Request, Answer][];
  /** Asked around openPull; may throw. */
  around: (side: 'before' | 'after') => void;
}

export interface Bed {
  cluster: Cluster;
  store: Store;
  namespace: string;
  origin: Origin;
  git: Git;
  forge: TestForge;
  chatops: Chatops;
  /** Answers told in chat: request name and answer. */
  told: [string, Answer][];
  settings(rbac: string, policyDefault?: string): Promise<void>;
  project(name: string, spec?: Record<string, unknown>, annotations?: Record<string, string>): Promise<void>;
  application(
    name: string,
    more?: {
      project?: string;
      annotations?: Record<string, string>;
      targetRevision?: string;
      status?: Record<string, unknown>;
    },
  ): Promise<void>;
  approval(name: string, digest: string, more?: Partial<Approval['spec']>): Promise<string>;
  episode(name: string, objects: NonNullable<DriftEpisode['status']>['objects'], phase?: string): Promise<string>;
  /** Creates the Request and answers it as it ended. */
  ask(verb: Request['spec']['verb'], more?: Partial<Request['spec']>): Promise<Request>;
  /** The same words again: the Request is made undecided. */
  again(request: Request): Promise<Request>;
  restart(): Promise<void>;
}

export function testForge(url: string): TestForge {
  const forge: TestForge = {
    ids: { ann: 1, bob: 2, carol: 3 },
    members: {},
    authors: [{ login: 'ann', id: 1 }],
    pulls: [],
    refreshed: [],
    touched: {},
    merges: { 7: { state: 'merged', sha: 'b'.repeat(40) } },
    answers: [],
    around: () => undefined,
    ready: () => Promise.resolve(),
    userId: (login) => Promise.resolve(forge.ids[login]),
    teams: (login, owner) =>
      Promise.resolve((forge.members[login] ?? []).filter((team) => team.startsWith(`${owner}:`))),
    repositoryOf: (asked) => (asked === url ? { owner: 'acme', repo: 'infra' } : undefined),
    mergeOf: ({ number }) => Promise.resolve(forge.merges[number] ?? { state: 'open' }),
    touchedBy: ({ number }) => Promise.resolve(forge.touched[number] ?? []),
    refreshPull: (pull) => void forge.refreshed.push(pull.number),
    answer: (request, answer) => Promise.resolve(void forge.answers.push([request, answer])),
    async openPull({ base, head, title, body }) {
      forge.around('before');
      const found = forge.pulls.find((pull) => pull.head === head);
      const pull = found ?? {
        number: forge.pulls.length + 1,
        url: `https://github.test/acme/infra/pull/${forge.pulls.length + 1}`,
        base,
        head,
        title,
        body,
      };
      if (!found) forge.pulls.push(pull);
      forge.around('after');
      return Promise.resolve({ number: pull.number, url: pull.url, created: !found });
    },
  };
  return forge;
}

/** What a forge tells that has these authors; throws while it cannot be asked. */
export function authorsOf(forge: TestForge): Authors {
  return {
    async authorsOf({ unknown }) {
      if (!forge.authors) throw new AppError('E_GITHUB', 'no answer', { kind: 'transient' });
      return { people: forge.authors.map((author) => ({ ...author, did: 'wrote it' })), unknown };
    },
  };
}

async function applyAll(cluster: Cluster): Promise<void> {
  for (const file of readdirSync(crds)) {
    for (const document of parseAllDocuments(readFileSync(new URL(file, crds), 'utf8')))
      await cluster.api.apply(document.toJS() as KubeObject);
  }
  for (const [group, kind] of [
    ['argoproj.io', 'Application'],
    ['argoproj.io', 'AppProject'],
    ['coxswain.dev', 'Approval'],
    ['coxswain.dev', 'DriftEpisode'],
    ['coxswain.dev', 'Report'],
    ['coxswain.dev', 'Request'],
    ['coxswain.dev', 'SyncRecord'],
  ] as const) {
    await cluster.discovery.await({ group, version: 'v1alpha1', kind }, AbortSignal.timeout(20_000));
  }
}

interface BedOptions {
  files?: Record<string, string>;
  /** Stands before the API server for everything that the command room asks of it. */
  killSwitch?: KillSwitch;
  /** Default: the system's. */
  clock?: Clock;
  doubt?: (createdAt: string) => Promise<string | undefined>;
  turn?: (app: Application) => Turn;
  driftNow?: (application: string) => string | undefined;
}

async function doors(
  t: TestContext,
  options: BedOptions,
): Promise<{ cluster: Cluster; store: Store; namespace: string }> {
  const plane = await testCluster(t);
  const log = silentLogger();
  let proxy: Awaited<ReturnType<typeof startProxy>> | undefined;
  if (options.killSwitch) {
    proxy = await startProxy({ target: plane.server, ca: plane.ca, killSwitch: options.killSwitch });
    t.after(() => proxy?.stop());
  }
  const cluster = await connectCluster({
    config: { server: plane.server, ca: plane.ca, token: plane.token },
    clock: systemClock,
    log,
  });
  t.after(() => cluster.stop());
  await applyAll(cluster);
  const own = proxy
    ? await connectCluster({ config: { server: proxy.url, token: plane.token }, clock: systemClock, log })
    : cluster;
  if (proxy) t.after(() => own.stop());
  const store = await openStore(own, plane.namespace, AbortSignal.timeout(20_000));
  t.after(() => store.stop());
  return { cluster, store, namespace: plane.namespace };
}

export async function bed(t: TestContext, options: BedOptions = {}): Promise<Bed> {
  const { cluster, store, namespace } = await doors(t, options);
  const origin = newOrigin(t, options.files ?? { 'web/a.yaml': 'a: 1\n' });
  const git = mirrors(t);
  const forge = testForge(origin.url);
  const told: Bed['told'] = [];
  const start = (): Chatops => {
    const made = createChatops({
      store,
      git,
      forge,
      authors: authorsOf(forge),
      clock: options.clock ?? systemClock,
      log: silentLogger(),
      ...(options.doubt && { doubt: options.doubt }),
      ...(options.turn && { turn: options.turn }),
      ...(options.driftNow && { driftNow: options.driftNow }),
      inputsOf: (app) => Promise.resolve(sourcesOf(app.spec).map(({ path = '.' }) => [path])),
    });
    made.start({ answer: (request, answer) => Promise.resolve(void told.push([request.metadata.name, answer])) });
    return made;
  };
  let chatops = start();
  t.after(() => chatops.stop());
  let count = 0;
  const ended = (name: string): Promise<Request> =>
    eventually(`the end of ${name}`, () => {
      const request = store.requests.get(`${namespace}/${name}`);
      return request && (request.status?.phase ?? 'Pending') !== 'Pending' ? request : undefined;
    });
  const put = async (object: Record<string, unknown> | KubeObject): Promise<KubeObject> =>
    cluster.api.apply(object as KubeObject, { manager: 'test' });
  const made: Bed = {
    cluster,
    store,
    namespace,
    origin,
    git,
    forge,
    told,
    get chatops() {
      return chatops;
    },
    async settings(rbac, policyDefault = '') {
      await put({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'argocd-rbac-cm', namespace, labels: { 'app.kubernetes.io/part-of': 'argocd' } },
        data: { 'policy.csv': rbac, 'policy.default': policyDefault },
      });
      await eventually(
        'the policy',
        () => (store.settings().policyCsv === rbac && store.settings().policyDefault === policyDefault) || undefined,
      );
    },
    async project(name, spec = {}, annotations = {}) {
      await put({
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'AppProject',
        metadata: { name, namespace, annotations },
        spec: { sourceRepos: ['*'], destinations: [{ server: '*', namespace: '*' }], ...spec },
      });
      await eventually('the project', () => store.projects.get(`${namespace}/${name}`));
    },
    async application(name, { project = 'shop', annotations = {}, targetRevision = 'main', status = {} } = {}) {
      const spec = {
        project,
        destination: { server: 'https://kubernetes.default.svc', namespace },
        source: { repoURL: origin.url, path: name, targetRevision },
      };
      const object = await put({
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Application',
        metadata: { name, namespace, annotations },
        spec,
        status,
      });
      await eventually(
        'the application',
        () =>
          store.applications.get(`${namespace}/${name}`)?.metadata.resourceVersion ===
            object.metadata.resourceVersion || undefined,
      );
    },
    async approval(name, digest, more = {}) {
      const approval = `${name}-${digest.slice(0, 12)}`;
      await store.approvals.create({
        apiVersion: `${coxGroup}/${coxVersion}`,
        kind: 'Approval',
        metadata: { name: approval, namespace },
        spec: {
          application: `${namespace}/${name}`,
          digest,
          revision: 'b'.repeat(40),
          operations: [],
          ranges: [{ repo: origin.url, to: 'b'.repeat(40) }],
          ...more,
        },
      });
      await eventually('the approval', () => store.approvals.get(`${namespace}/${approval}`));
      await store.approvals.patch(
        `${namespace}/${approval}`,
        { status: { phase: 'Pending', message: 'waiting for approval', approvals: [] } },
        { subresource: 'status' },
      );
      return approval;
    },
    async episode(name, objects, phase = 'Open') {
      const episode = `${name}-drift`;
      await store.episodes.create({
        apiVersion: `${coxGroup}/${coxVersion}`,
        kind: 'DriftEpisode',
        metadata: { name: episode, namespace },
        spec: { application: `${namespace}/${name}`, fingerprint: 'f', openedAt: rfc3339(Date.now()) },
      });
      await eventually('the episode', () => store.episodes.get(`${namespace}/${episode}`));
      await store.episodes.patch(
        `${namespace}/${episode}`,
        { status: { phase, message: 'the cluster differs from Git', objects } },
        { subresource: 'status' },
      );
      return episode;
    },
    async ask(verb, more = {}) {
      count += 1;
      const name = `r${count}`;
      await put(
        sealed(
          { key: sealKey(store.macKey), kind: 'Request', free: ['told'] },
          {
            apiVersion: `${coxGroup}/${coxVersion}`,
            kind: 'Request',
            metadata: { name, namespace },
            spec: {
              verb,
              args: {},
              actor: { login: 'bob', id: 2, via: 'slack', slackUser: 'U2' },
              origin: { kind: 'slack', channel: 'C1' },
              createdAt: rfc3339(Date.now()),
              ...more,
            },
          },
        ),
      );
      return ended(name);
    },
    async again(request) {
      const { name } = request.metadata;
      await store.requests.patch(
        `${namespace}/${name}`,
        { status: { phase: 'Pending', message: null, result: null, finishedAt: null, told: null } },
        { subresource: 'status' },
      );
      return ended(name);
    },
    async restart() {
      await chatops.stop();
      chatops = start();
    },
  };
  return made;
}

/** What became of it, and what is said of that. */
export const outcome = ({ status }: Request): [string | undefined, string | undefined] => [
  status?.phase,
  status?.message,
];
