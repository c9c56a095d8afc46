// What a command works with: the connected cluster, its Applications, and a folder that goes with it.
import type { Logger } from '../base/log.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Application } from '../model/application.ts';
import type { Options } from './options.ts';
import type { Out } from './output.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import { isStatus } from '../cluster/api-error.ts';
import { connectCluster } from '../cluster/cluster.ts';
import { loadKubeconfig } from '../cluster/wire/kubeconfig.ts';
import { isObject } from '../model/kube.ts';
import { parseApplication } from '../store/parse.ts';

export interface Session {
  options: Options;
  /** The cluster of the control plane. */
  cluster: Cluster;
  out: Out;
  signal: AbortSignal;
  /** Of the namespace; with a label selector (Kubernetes: labels and selectors), those that it chooses. */
  applications(selector?: string): Promise<Application[]>;
  /** By name or `namespace/name`. Throws E_APPLICATION, which names the nearest one. */
  application(name: string): Promise<Application>;
  /** A folder of this command alone. */
  folder(): Promise<string>;
  /** Called at the end, the last one first. */
  atEnd(stop: () => Promise<void>): void;
}

export const applicationKind = { group: 'argoproj.io', kind: 'Application' };

/** The command line has no log: what a person should know is said by its result or its error. */
export const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => quiet,
};

function split(name: string, namespace: string): { namespace: string; name: string } {
  const slash = name.indexOf('/');
  return slash < 0 ? { namespace, name } : { namespace: name.slice(0, slash), name: name.slice(slash + 1) };
}

async function applicationNamed(session: Session, text: string): Promise<Application> {
  const { cluster, signal, options } = session;
  const ref = split(text, options.namespace);
  const found = await cluster.api.get({ ...applicationKind, ...ref }, { signal });
  const app = found && parseApplication(found);
  if (app) return app;
  const { nearest } = await import('../chatops/command.ts');
  const near = nearest(
    ref.name,
    (await session.applications()).map((item) => item.metadata.name),
  );
  throw new AppError('E_APPLICATION', `there is no application ${ref.namespace}/${ref.name}`, {
    hint: near ? `Did you mean ${near}?` : `List them with: cox app list -n ${ref.namespace}`,
  });
}

/** The name under which the API server knows us; others may write any, so it informs and decides nothing. */
export async function userName({ cluster, signal }: Session): Promise<string> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const answer = await cluster.api
    .request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body, signal })
    .catch((error: unknown) => {
      if (isStatus(error, 403) || isStatus(error, 404)) return undefined;
      throw error;
    });
  const status = isObject(answer) && isObject(answer['status']) ? answer['status'] : {};
  const user = isObject(status['userInfo']) ? status['userInfo']['username'] : undefined;
  return typeof user === 'string' ? user : 'cox';
}

/** Connects, runs, and leaves nothing behind. */
export async function withSession<T>(
  options: Options,
  { out, signal }: { out: Out; signal: AbortSignal },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { config } = await loadKubeconfig({
    env: options.env,
    ...(options.kubeconfig && { path: options.kubeconfig }),
    ...(options.context && { context: options.context }),
  });
  const ends: (() => Promise<void>)[] = [];
  try {
    const cluster = await connectCluster({ config, clock: systemClock, log: quiet }, signal);
    ends.push(() => cluster.stop());
    const session: Session = {
      options,
      cluster,
      out,
      signal,
      applications: async (labelSelector) =>
        (
          await cluster.api.list(applicationKind, {
            namespace: options.namespace,
            signal,
            ...(labelSelector !== undefined && { labelSelector }),
          })
        ).flatMap((object) => parseApplication(object) ?? []),
      application: (name) => applicationNamed(session, name),
      async folder() {
        const dir = await mkdtemp(join(tmpdir(), 'cox-'));
        ends.push(() => rm(dir, { recursive: true, force: true }));
        return dir;
      },
      atEnd: (stop) => void ends.push(stop),
    };
    return await work(session);
  } finally {
    for (const end of ends.reverse()) await end();
  }
}
