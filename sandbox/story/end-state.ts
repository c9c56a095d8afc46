// What is left of a story, as canonical text: two runs that ended alike give the same, whatever their times, ids and
// addresses.
import type { Application, ResourceResult } from '../../src/model/application.ts';
import type { Approval, DriftEpisode } from '../../src/model/coxswain.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { Scene } from '../scene.ts';
import { canonicalJson } from '../../src/base/canonical.ts';
import { normalise } from '../github/dump.ts';
import { list } from '../kube.ts';

export type EndState = Record<string, unknown>;

const namespaces = ['checkout', 'payments', 'docs', 'dashboards'].flatMap((app) => [`${app}-dev`, `${app}-prod`]);

/** Argo CD has two sentences for the same end: an operation that is resumed with nothing left to do says the second. */
function plain(text: string): string {
  return normalise(text).replaceAll('successfully synced (no more tasks)', 'successfully synced (all tasks run)');
}

function neutral(value: unknown): unknown {
  if (typeof value === 'string') return plain(value);
  if (Array.isArray(value)) return value.map(neutral);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [normalise(key), neutral(member)]));
}

/** Whether this process or the one before it wrote an object is no part of the outcome. */
function applied({ message, ...row }: ResourceResult): ResourceResult {
  return {
    ...row,
    ...(message !== undefined && { message: message.replace(/ (?:unchanged|serverside-applied)$/, ' applied') }),
  };
}

/** Sync and health, every row, how often it was deployed and how the last operation ended. */
function applicationOf({ metadata, spec, status }: Application): unknown {
  const { sync, health, resources = [], history = [], operationState, conditions = [] } = status ?? {};
  return neutral({
    name: metadata.name,
    spec,
    sync: sync?.status,
    health: health?.status,
    resources,
    deploys: history.length,
    conditions: conditions.map((condition) => `${condition.type}: ${condition.message}`),
    operation: {
      phase: operationState?.phase,
      message: operationState?.message,
      resources: operationState?.syncResult?.resources?.map(applied),
    },
  });
}

/** Each effect that was asked for or told of, once, with how it ended. */
function recordOf(record: Approval | DriftEpisode): string {
  return plain(
    `${record.kind} ${record.spec.application} ${record.status?.phase ?? ''}: ${record.status?.message ?? ''}`,
  );
}

/** What Git says and how often its spec was written. */
function workloadOf({ kind, metadata, spec, data }: KubeObject & { spec?: unknown; data?: unknown }): unknown {
  return neutral({
    kind,
    name: metadata.name,
    namespace: metadata.namespace,
    generation: metadata.generation,
    spec,
    data,
  });
}

interface Event extends KubeObject {
  reason?: string;
  involvedObject: { kind: string; name: string; namespace: string; uid: string };
}

/** How often each Job of a hook ran: one pod each, told by the Job controller. */
async function jobRuns(scene: Scene): Promise<Record<string, number>> {
  const events = await list<Event>(scene.kube, '/api/v1/events');
  const runs = new Map<string, Set<string>>();
  for (const { reason, involvedObject } of events) {
    if (involvedObject.kind !== 'Job' || reason !== 'SuccessfulCreate') continue;
    const name = `${involvedObject.namespace}/${involvedObject.name}`;
    if (namespaces.includes(involvedObject.namespace))
      runs.set(name, (runs.get(name) ?? new Set()).add(involvedObject.uid));
  }
  return Object.fromEntries([...runs].map(([name, uids]) => [name, uids.size]));
}

async function workloads(scene: Scene): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const namespace of namespaces) {
    for (const path of [
      'apis/apps/v1/%/deployments',
      'api/v1/%/configmaps',
      'api/v1/%/secrets',
      'apis/policy/v1/%/poddisruptionbudgets',
      'apis/batch/v1/%/cronjobs',
    ]) {
      const objects = await list(scene.kube, `/${path.replace('%', `namespaces/${namespace}`)}`);
      found.push(
        ...objects
          .filter((object) => object.metadata.name !== 'kube-root-ca.crt')
          .map((object) => workloadOf({ ...object, kind: path.split('/').at(-1) ?? '' })),
      );
    }
  }
  return found;
}

function sorted(items: unknown[]): unknown[] {
  return items
    .map((item) => ({ item, key: canonicalJson(item) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item);
}

function resorted(channels: unknown): unknown {
  return Object.fromEntries(
    Object.entries(channels as Record<string, unknown[]>).map(([name, messages]) => [name, sorted(messages)]),
  );
}

/** What finished first is no part of the outcome; ids by which the dump sorts have become neutral here. */
async function githubState(scene: Scene): Promise<unknown> {
  const repositories = Object.entries(await scene.github.dump()).map(([name, dumped]) => {
    const { checks, deployments, ...rest } = dumped as { checks: unknown[]; deployments: unknown[] };
    return [
      name,
      {
        ...(neutral(rest) as object),
        checks: sorted(checks.map(neutral)),
        deployments: sorted(deployments.map(neutral)),
      },
    ] as const;
  });
  return Object.fromEntries(repositories);
}

/** GitHub, Slack, Applications, approvals and drift, workloads and runs of Jobs. */
export async function endState(scene: Scene): Promise<EndState> {
  const argo = '/apis/argoproj.io/v1alpha1/namespaces/argocd';
  const cox = '/apis/coxswain.dev/v1alpha1/namespaces/argocd';
  const slack: unknown = JSON.parse(scene.slack.dump());
  return {
    github: await githubState(scene),
    slack: resorted(neutral(slack)),
    applications: sorted((await list<Application>(scene.kube, `${argo}/applications`)).map(applicationOf)),
    records: sorted(
      [
        ...(await list<Approval>(scene.kube, `${cox}/approvals`)),
        ...(await list<DriftEpisode>(scene.kube, `${cox}/driftepisodes`)),
      ].map(recordOf),
    ),
    workloads: sorted(await workloads(scene)),
    jobRuns: await jobRuns(scene),
  };
}

/** Lines in which two end states differ, by path; empty when they are alike. */
export function differences(wanted: unknown, found: unknown, path = ''): string[] {
  if (canonicalJson(wanted ?? null) === canonicalJson(found ?? null)) return [];
  const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
  if (!isMap(wanted) || !isMap(found) || Array.isArray(wanted) !== Array.isArray(found)) {
    return [`${path}\n  undisturbed: ${shown(wanted)}\n  disturbed:   ${shown(found)}`];
  }
  const keys = [...new Set([...Object.keys(wanted), ...Object.keys(found)])];
  return keys.flatMap((key) => differences(wanted[key], found[key], path === '' ? key : `${path}.${key}`));
}

function shown(value: unknown): string {
  const text = value === undefined ? '(nothing)' : JSON.stringify(value);
  return text.length > 1_500 ? `${text.slice(0, 1_500)}…` : text;
}
