// Whether the cluster refuses forged objects of our own kinds, and that others delete what must be remembered: asked of
// the API server itself by dry run (deploy/admission.yaml).
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Api } from '../cluster/api.ts';
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import { errorMessage } from '../base/errors.ts';
import { isStatus } from '../cluster/api-error.ts';
import { collectionPath, withQuery } from '../cluster/paths.ts';
import { coxGroup, coxVersion } from '../model/coxswain.ts';
import { isObject } from '../model/kube.ts';
import { isDispensable } from './dispensable.ts';

export interface Guard {
  /** Why forged objects may pass, as last asked; undefined while they are refused. */
  readonly fault: string | undefined;
  /** Asks now. Why what somebody made at that time (RFC 3339) may be forged; undefined when it cannot be. */
  doubt(createdAt: string, signal?: AbortSignal): Promise<string | undefined>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const everyMs = 3_600_000;
/** While they are not refused: somebody may be installing the policies. */
const againMs = 300_000;
const install = 'kubectl apply -k deploy installs the admission policies of Coxswain';

function draft(kind: string, namespace: string, spec: Record<string, unknown>): KubeObject {
  return { apiVersion: `${coxGroup}/${coxVersion}`, kind, metadata: { name: 'coxswain-canary', namespace }, spec };
}

function request(namespace: string, who: Record<string, unknown>): KubeObject {
  return draft('Request', namespace, {
    verb: 'help',
    args: {},
    actor: who,
    origin: { kind: 'cli' },
    createdAt: '2026-01-01T00:00:00Z',
  });
}

/**
 * One of each way to forge: in somebody's name from a terminal, as if by us, what was approved and synced, and what
 * was told.
 */
function forgeries(namespace: string): KubeObject[] {
  const made = [
    request(namespace, { user: 'coxswain.dev/somebody-else', via: 'cli' }),
    request(namespace, { login: 'somebody', id: 1, via: 'slack' }),
    draft('Approval', namespace, {
      application: `${namespace}/canary`,
      digest: 'canary',
      revision: '',
      operations: [],
    }),
    draft('SyncRecord', namespace, {
      application: `${namespace}/canary`,
      uid: '',
      policy: { gated: false, approvals: 1, approvers: [] },
    }),
    draft('DriftEpisode', namespace, {
      application: `${namespace}/canary`,
      fingerprint: 'canary',
      openedAt: '2026-01-01T00:00:00Z',
    }),
    draft('Report', namespace, {
      application: `${namespace}/canary`,
      about: 'failure',
      since: '2026-01-01T00:00:00Z',
    }),
  ];
  return made.map((object) => ({
    ...object,
    metadata: { ...object.metadata, labels: { 'coxswain.dev/canary': 'true' } },
  }));
}

/** All of them are valid: only a policy answers 422. What the store does without may not be asked for. */
async function isRefused(api: Api, object: KubeObject, signal: AbortSignal): Promise<boolean> {
  try {
    await api.create(object, { dryRun: true, signal });
    return false;
  } catch (error) {
    if (isStatus(error, 422) || isMissing(object.kind, error)) return true;
    throw error;
  }
}

function isMissing(kind: string, error: unknown): boolean {
  return isDispensable({ group: coxGroup, kind }) && (isStatus(error, 403) || isStatus(error, 404));
}

interface Kept {
  ref: ResourceKey;
  uid: string;
}

/** One of those that only Coxswain may delete; undefined while there is none. */
async function someOf(api: Api, kind: string, namespace: string, signal: AbortSignal): Promise<Kept | undefined> {
  const plural = `${kind.toLowerCase()}s`;
  const path = withQuery(
    collectionPath({ group: coxGroup, version: coxVersion, plural, namespaced: true }, namespace),
    {
      limit: 1,
    },
  );
  const list = await api.request('GET', path, { signal });
  const [first] = isObject(list) && Array.isArray(list['items']) ? (list['items'] as KubeObject[]) : [];
  const { name = '', uid = '' } = first?.metadata ?? {};
  return first && { ref: { group: coxGroup, kind, namespace, name }, uid };
}

/** The policy takes a deletion by dry run for a stranger's. One that went meanwhile tells nothing. */
async function isKept(api: Api, { ref, uid }: Kept, signal: AbortSignal): Promise<boolean> {
  try {
    return !(await api.delete(ref, { dryRun: true, uid, signal }));
  } catch (error) {
    if (isStatus(error, 422) || isStatus(error, 409)) return true;
    throw error;
  }
}

/** Of what decides nothing, and may be missing, there is none to ask about. */
async function isLost(api: Api, kind: string, namespace: string, signal: AbortSignal): Promise<boolean> {
  try {
    const kept = await someOf(api, kind, namespace, signal);
    return kept !== undefined && !(await isKept(api, kept, signal));
  } catch (error) {
    if (isMissing(kind, error)) return false;
    throw error;
  }
}

function lost(kind: string): string {
  return `the cluster lets others delete what a ${kind} remembers; ${install}`;
}

/**
 * `at`: the API server's time at which our own was let pass, before forgeries were refused. `weak`: what others may do
 * that says nothing of who asks.
 */
async function ask(
  api: Api,
  namespace: string,
  signal: AbortSignal,
): Promise<{ at: string; weak?: string | undefined } | { fault: string }> {
  const own = request(namespace, { login: 'coxswain', id: 0, via: 'engine' });
  let at: string;
  try {
    at = (await api.create(own, { dryRun: true, signal })).metadata.creationTimestamp ?? '';
  } catch (error) {
    if (!isStatus(error, 422)) throw error;
    return {
      fault:
        'the admission policies refuse Coxswain itself: its user must stand as account in the ConfigMap ' +
        'coxswain-admission',
    };
  }
  for (const forged of forgeries(namespace)) {
    if (!(await isRefused(api, forged, signal)))
      return { fault: `the cluster lets others write a ${forged.kind} in Coxswain's name; ${install}` };
  }
  for (const kind of ['SyncRecord', 'Approval'])
    if (await isLost(api, kind, namespace, signal)) return { fault: lost(kind) };
  for (const kind of ['DriftEpisode', 'Report'])
    if (await isLost(api, kind, namespace, signal)) return { at, weak: lost(kind) };
  return { at };
}

/** Its answers are its own: nobody but the API server knows which policies are in force. */
export function createGuard({
  api,
  namespace,
  clock,
  log,
}: {
  api: Api;
  namespace: string;
  clock: Clock;
  log: Logger;
}): Guard {
  const abort = new AbortController();
  let fault: string | undefined = 'nobody has asked yet whether the cluster refuses forged Requests';
  let since: string | undefined;
  let told: string | undefined;
  let cancel: () => void = () => undefined;
  let running: Promise<void> = Promise.resolve();
  async function look(signal: AbortSignal): Promise<void> {
    const answer = await ask(api, namespace, signal);
    fault = 'fault' in answer ? answer.fault : undefined;
    since = 'at' in answer ? (since ?? answer.at) : undefined;
    const said = 'fault' in answer ? answer.fault : answer.weak;
    if (said !== undefined && said !== told)
      log.warn(
        { fault: said },
        'the cluster does not guard all objects of our own kinds; ' +
          'without our MAC forged ones count for nothing all the same',
      );
    if (said === undefined && told !== undefined) log.info({}, 'the cluster guards the objects of our own kinds');
    told = said;
  }
  async function round(): Promise<void> {
    try {
      await look(abort.signal);
    } catch (error) {
      if (abort.signal.aborted) return;
      fault = `nobody could ask whether the cluster refuses forged Requests: ${errorMessage(error)}`;
    }
    if (!abort.signal.aborted)
      cancel = clock.after(fault === undefined ? everyMs : againMs, () => void (running = round()));
  }
  return {
    get fault() {
      return fault;
    },
    async doubt(createdAt, signal = abort.signal) {
      await look(signal);
      if (fault !== undefined) return fault;
      return Date.parse(createdAt) > Date.parse(since ?? '')
        ? undefined
        : 'it was made before Coxswain knew that forged ones are refused';
    },
    start: () => (running = round()),
    async stop() {
      abort.abort(new Error('the guard stops'));
      cancel();
      await running;
    },
  };
}
