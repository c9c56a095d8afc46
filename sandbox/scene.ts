// A whole scene on one machine: cluster, GitHub, Slack, people, the sample repository, and Coxswain among them.
import type { KillSwitch } from './mutation-counter.ts';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeAskpass } from './askpass.ts';
import { writeKubeconfig } from './cluster/access.ts';
import { Children } from './cluster/children.ts';
import { startCluster, type Cluster } from './cluster/cluster.ts';
import { startProxy, type Proxy } from './cluster/proxy.ts';
import { startGitHub, type SandboxGitHub } from './github/github.ts';
import { readManifest } from './github/manifest.ts';
import { assertFree, cleanUp } from './foreign.ts';
import { foreignKube, kubeOf, type Kube } from './kube.ts';
import { createOperator, toolsFolder, type Operator } from './operator.ts';
import { invite, type People } from './people.ts';
import { copySample, sampleFolder } from './sample.ts';
import { applyCrds, applySettings, installedAccount, installedToken, narrow, userOf } from './settings.ts';
import { startSlack, type Slack } from './slack/slack.ts';

interface SceneOptions {
  /** Shared by GitHub, Slack and the proxy before the API server. */
  killSwitch?: KillSwitch;
  /** Holds everything and stays; default a temporary directory, removed at the end. */
  dir?: string;
  /** Aborted: nothing more is started, and what was is ended. */
  signal?: AbortSignal;
  /** Told what is being done. */
  log?: (line: string) => void;
  /** What the repository begins with; default examples/infra. */
  sample?: string;
  /** Use this cluster instead of one of our own: a kubeconfig, or several as KUBECONFIG names them. */
  kubeconfig?: string;
  /** Coxswain has the rights of deploy/rbac.yaml, narrowed by examples/install/managed.yaml; the cluster audits it. */
  asInstalled?: boolean;
  /** Further settings of Coxswain, e.g. COX_LOG_LEVEL. */
  env?: Record<string, string>;
  /** Fixed ports; default free ones. */
  ports?: { github?: number; slack?: number; coxswain?: number };
}

export interface Scene {
  dir: string;
  /** The administrator's view. */
  kube: Kube;
  /** Paths: the administrator's, and that of a person called `someone`. */
  kubeconfigs: { admin: string; someone: string };
  /** Missing with `kubeconfig`. */
  cluster: Cluster | undefined;
  /** Coxswain's way to the API server; missing with `kubeconfig`. */
  proxy: Proxy | undefined;
  github: SandboxGitHub;
  slack: Slack;
  /** `owner/name`, clone URL, and the folder its first commit was made of. */
  repository: { name: string; url: string; dir: string };
  people: People;
  /** A script for GIT_ASKPASS: git and `cox` read the private repository as alice. */
  askpass: string;
  /** Not started yet. */
  coxswain: Operator;
  /** Ends everything in reverse order; rejects when GitHub or Slack would have refused something. */
  stop(): Promise<void>;
}

const repositoryName = 'acme/infra';
const botToken = 'xoxb-sandbox';
const appToken = 'xapp-sandbox';

/** What has been started, to be ended from the last to the first, whatever fails on the way. */
class Ends {
  readonly #ends: (() => Promise<void>)[] = [];

  add(end: () => Promise<void>): void {
    this.#ends.push(end);
  }

  async all(): Promise<void> {
    const errors: unknown[] = [];
    for (const end of this.#ends.splice(0).reverse()) await end().catch((error: unknown) => errors.push(error));
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, 'the scene did not end cleanly');
  }
}

interface Base {
  dir: string;
  options: SceneOptions;
  ends: Ends;
  log: (line: string) => void;
}

type Place = Pick<Scene, 'kube' | 'kubeconfigs' | 'cluster' | 'proxy'> & {
  operatorKubeconfig: string;
  operatorUser: string;
};

async function ownPlace({ dir, options, ends, log }: Base): Promise<Place> {
  log('starting the control plane');
  const cluster = await startCluster({ dir: join(dir, 'cluster'), audit: options.asInstalled === true });
  ends.add(() => cluster.stop());
  const { killSwitch } = options;
  const proxy = await startProxy({ target: cluster.server, ca: cluster.ca, ...(killSwitch && { killSwitch }) });
  ends.add(() => proxy.stop());
  const operatorKubeconfig = writeKubeconfig(join(dir, 'coxswain.kubeconfig'), {
    server: proxy.url,
    token: cluster.token,
    user: 'coxswain',
  });
  return {
    kube: kubeOf(cluster.access),
    kubeconfigs: cluster.kubeconfigs,
    cluster,
    proxy,
    operatorKubeconfig,
    operatorUser: options.asInstalled ? installedAccount : 'coxswain',
  };
}

async function foreignPlace({ ends, log }: Base, kubeconfig: string): Promise<Place> {
  log(`using the cluster of ${kubeconfig}`);
  const kube = await foreignKube(kubeconfig);
  ends.add(() => kube.close());
  const before = await assertFree(kube);
  ends.add(() => {
    log('removing what the demo made in the cluster');
    return cleanUp(kube, before);
  });
  return {
    kube,
    kubeconfigs: { admin: kubeconfig, someone: kubeconfig },
    cluster: undefined,
    proxy: undefined,
    operatorKubeconfig: kubeconfig,
    operatorUser: await userOf(kube),
  };
}

async function startForge({ dir, options, ends }: Base): Promise<{ github: SandboxGitHub; slack: Slack }> {
  const { killSwitch, ports = {} } = options;
  const kill = killSwitch ? { killSwitch } : {};
  const github = await startGitHub({
    dir: join(dir, 'github'),
    manifest: readManifest(),
    ...kill,
    ...(ports.github && { port: ports.github }),
  });
  ends.add(async () => {
    await github.stop();
    const [first] = github.violations;
    if (first)
      throw new Error(
        'GitHub would have refused: ' +
          `${github.violations.map((item) => `${item.side} ${item.route} ${item.fault}`).join('; ')}`,
      );
  });
  const slack = await startSlack({ botToken, appToken, ...kill, ...(ports.slack && { port: ports.slack }) });
  ends.add(() => slack.stop());
  return { github, slack };
}

function operatorEnv(place: Place, github: SandboxGitHub, slack: Slack): Record<string, string> {
  return {
    KUBECONFIG: place.operatorKubeconfig,
    COX_GITHUB_APP_ID: String(github.app.id),
    COX_GITHUB_PRIVATE_KEY: github.app.privateKey,
    COX_GITHUB_WEBHOOK_SECRET: github.app.webhookSecret,
    COX_GITHUB_API_URL: github.apiUrl,
    COX_SLACK_BOT_TOKEN: botToken,
    COX_SLACK_APP_TOKEN: appToken,
    COX_SLACK_API_URL: slack.apiUrl,
  };
}

async function build(base: Base): Promise<Scene> {
  const { dir, options, ends, log } = base;
  const place = await (options.kubeconfig ? foreignPlace(base, options.kubeconfig) : ownPlace(base));
  options.signal?.throwIfAborted();
  const { github, slack } = await startForge(base);
  const repository = { name: repositoryName, url: github.gitUrl(repositoryName), dir: join(dir, 'infra') };
  log('pushing the sample repository');
  await copySample(options.sample ?? sampleFolder, repository.dir, repository.url);
  const [owner = '', name = ''] = repositoryName.split('/');
  await github.createRepository({ owner, name, from: repository.dir });
  const people = invite(github, slack, repositoryName);
  const askpass = writeAskpass(join(dir, 'askpass'), github.actAs(people.alice.login).account);
  log('applying CRDs, RBAC and settings');
  await applyCrds(place.kube);
  const account = place.operatorUser;
  await applySettings(place.kube, people, { account, ...(options.killSwitch && { failureSettle: '1h' }) });
  if (options.asInstalled && place.proxy) {
    await narrow(place.kube);
    const token = await installedToken(place.kube);
    writeKubeconfig(place.operatorKubeconfig, { server: place.proxy.url, token, user: 'coxswain' });
  }
  options.signal?.throwIfAborted();
  const port = options.ports?.coxswain;
  const coxswain = await createOperator({
    dir: join(dir, 'coxswain'),
    toolsDir: await toolsFolder(dir),
    env: { ...operatorEnv(place, github, slack), ...options.env },
    inherit: options.kubeconfig !== undefined,
    ...(port !== undefined && { port }),
  });
  ends.add(() => coxswain.end());
  github.setWebhookUrl(coxswain.webhookUrl);
  const { kube, kubeconfigs, cluster, proxy } = place;
  return {
    dir,
    kube,
    kubeconfigs,
    cluster,
    proxy,
    github,
    slack,
    repository,
    people,
    askpass,
    coxswain,
    stop: () => ends.all(),
  };
}

/** Everything but Coxswain runs when it resolves: `await scene.coxswain.start()`. */
export async function startScene(options: SceneOptions = {}): Promise<Scene> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'coxswain-scene-'));
  const ends = new Ends();
  if (options.dir === undefined) {
    const keeper = new Children(dir); // removes it however we end
    ends.add(() => keeper.stop());
  }
  try {
    return await build({ dir, options, ends, log: options.log ?? ((): void => undefined) });
  } catch (error) {
    await ends.all().catch(() => undefined); // the first error says more
    throw error;
  }
}
