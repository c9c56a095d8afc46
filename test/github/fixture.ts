// A sandbox GitHub with our App on it, over a real control plane; what a pull request would do is said by the test.
import type { TestContext } from 'node:test';
import type { AppPreview, AppProgress, PullInput, PullPreview, PullProgress } from '../../src/change/pull.ts';
import type { Change } from '../../src/change/change.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { GitHub } from '../../src/github/github.ts';
import type { Forge } from '../../src/chatops/ports.ts';
import type { GitHubClient } from '../../src/github/client/client.ts';
import type { Push } from '../../src/github/deliveries.ts';
import type { Request } from '../../src/model/coxswain.ts';
import type { SandboxGitHub } from '../../sandbox/github/github.ts';
import type { Store } from '../../src/store/store.ts';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { connectCluster } from '../../src/cluster/cluster.ts';
import { commentMarker } from '../../src/model/annotations.ts';
import { createGitHub } from '../../src/github/github.ts';
import { openClient } from '../../src/github/client/client.ts';
import { createLogger } from '../../src/base/log.ts';
import { openStore } from '../../src/store/store.ts';
import { startGitHub } from '../../sandbox/github/github.ts';
import { systemClock } from '../../src/base/clock.ts';
import { parse } from 'yaml';
import { eventually, testCluster } from '../control-plane.ts';

const crds = new URL('../../deploy/crds/', import.meta.url);
export const repo = 'acme/infra';

/** What the change room would say; the test sets it. */
interface Script {
  apps: AppPreview[];
  progress: AppProgress[];
  /** Previews wait for it. */
  gate: Promise<void>;
  previews: PullInput[];
  aborted: number;
}

export interface Bed {
  cluster: Cluster;
  sandbox: SandboxGitHub;
  store: Store;
  script: Script;
  app: GitHub;
  client: GitHubClient;
  forge: Forge;
  pushes: Push[];
  url: string;
  /** Begins a sweep, as the schedule does. */
  sweep(): Promise<void>;
  /** Kills our App and starts another: nothing but GitHub and the cluster remember. */
  restart(): Promise<void>;
  /** All webhooks delivered and everything that follows from them done. */
  quiet(): Promise<void>;
  /** Our living comments. */
  comments(): string[];
  requests(): Request[];
}

function scripted(script: Script): Change {
  return {
    async preview(pull, signal, onTouched): Promise<PullPreview> {
      if (script.apps.length > 0) onTouched?.();
      script.previews.push(pull);
      await Promise.race([
        script.gate,
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => {
            script.aborted += 1;
            reject(signal.reason);
          }),
        ),
      ]);
      return {
        pull,
        base: pull.base.sha,
        mergeCommit: pull.head.sha,
        conflicts: [],
        apps: script.apps,
        errors: [],
        considered: 3,
        tookMs: 1,
      };
    },
    touched: async (pull) => (pull.merged ? script.progress : script.apps).map((app) => app.application),
    before: async () => undefined,
    progress: async (pull): Promise<PullProgress> => ({ pull, apps: script.progress, errors: [], final: false }),
  };
}

async function storeOf(t: TestContext): Promise<{ store: Store; cluster: Cluster }> {
  const c = await testCluster(t);
  for (const file of await readdir(crds)) {
    const crd: unknown = parse(await readFile(new URL(file, crds), 'utf8'));
    const [group, plural] = file.replace('.yaml', '').split('_');
    await c.access.must(
      'PATCH',
      `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural ?? ''}.${group ?? ''}` +
        '?fieldManager=test&force=true',
      crd,
    );
  }
  const cluster = await connectCluster({
    config: { server: c.server, ca: c.ca, token: c.token },
    clock: systemClock,
    log: createLogger({ level: 'silent' }),
  });
  t.after(() => cluster.stop());
  const store = await openStore(cluster, c.namespace, AbortSignal.timeout(20_000));
  t.after(() => store.stop());
  return { store, cluster };
}

export async function bed(t: TestContext, { clock = systemClock }: { clock?: Clock } = {}): Promise<Bed> {
  const { store, cluster } = await storeOf(t);
  const dir = await mkdtemp(join(tmpdir(), 'cox-github-'));
  let app: GitHub;
  let client: GitHubClient;
  const server = createServer((request, response) => void app.handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/webhooks/github`;
  const sandbox = await startGitHub({ dir, webhookUrl: url, webhookSecret: 'a secret' });
  await sandbox.createRepository({ owner: 'acme', name: 'infra' });
  for (const name of ['ann', 'bob']) sandbox.user(name, { [repo]: 'write' });
  const script: Script = { apps: [], progress: [], gate: Promise.resolve(), previews: [], aborted: 0 };
  const pushes: Push[] = [];
  const log = createLogger({ level: process.env['TEST_LOG'] ? 'debug' : 'silent' });
  const looks = new Map<string, () => unknown>();
  const start = async (): Promise<GitHub> => {
    const { id, privateKey, webhookSecret } = sandbox.app;
    client = await openClient({
      ...{ appId: id, privateKey, webhookSecret, apiUrl: sandbox.apiUrl },
      policies: store,
      clock,
      log,
      random: () => 0,
    });
    const made = await createGitHub({
      client,
      webhookSecret,
      store,
      change: scripted(script),
      onPush: (push) => pushes.push(push),
      publicUrl: 'https://cox.example.com',
      every: (name, look) => {
        looks.set(name, look);
        return () => looks.delete(name);
      },
      clock,
      log,
    });
    made.start();
    return made;
  };
  app = await start();
  t.after(async () => {
    await app.stop();
    server.close();
    server.closeAllConnections();
    await sandbox.stop();
    await rm(dir, { recursive: true, force: true });
    assert.deepEqual(sandbox.violations, []);
  });
  const quiet = async (): Promise<void> => {
    let still = 0;
    await eventually('everything to be done', async () => {
      await sandbox.settled();
      still = app.idle ? still + 1 : 0;
      return still > 2 ? true : undefined;
    });
  };
  await quiet();
  return {
    cluster,
    sandbox,
    store,
    script,
    pushes,
    url,
    quiet,
    get app() {
      return app;
    },
    get client() {
      return client;
    },
    get forge() {
      assert.ok(app.forge);
      return app.forge;
    },
    async sweep() {
      await looks.get('sweep')?.();
      await quiet();
    },
    async restart() {
      await app.stop();
      app = await start();
      await quiet();
    },
    comments: () =>
      sandbox.world.repositories[0]?.comments
        .filter((comment) => comment.body.startsWith(commentMarker))
        .map((comment) => comment.body) ?? [],
    requests: () => store.requests.list(),
  };
}

export async function openPull(sandbox: SandboxGitHub, branch = 'bump'): Promise<number> {
  const ann = sandbox.actAs('ann');
  await ann.commit(repo, { branch, files: { 'apps/web.yaml': `image: ${branch}\n` }, message: `web: ${branch}` });
  return ann.openPullRequest(repo, { head: branch, title: `Change ${branch}` });
}

export function progressOf(name: string, state: AppProgress['state'], more: Partial<AppProgress> = {}): AppProgress {
  return {
    application: `argocd/${name}`,
    name,
    environment: name.split('-')[1],
    gated: false,
    automated: true,
    state,
    message: state,
    revision: '',
    ...more,
  };
}
