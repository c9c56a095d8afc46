// How far the applications have followed a merged pull request, read from their status and their Approvals alone.
import type { Affected } from './affected.ts';
import type { Application } from '../model/application.ts';
import type { AppProgress, PullInput, PullProgress } from './pull.ts';
import type { ChangeDeps } from './deps.ts';
import { applicationName, isAutomated } from '../model/application.ts';
import { affectedBy, pins } from './affected.ts';
import { policyFor, toldOf, lockTextOf } from './gate.ts';
import { stricter } from '../policy/policy.ts';
import { mergedRange } from './touched.ts';
import { judge, revisionsOf } from './judge.ts';

interface Looked {
  shape: Application | undefined;
  pinned: (string | undefined)[];
  revisions: Iterable<string>;
  signal: AbortSignal;
}

/** Which revisions hold the merged commit, and which of them read the very same of the application. */
async function laterThan(
  deps: ChangeDeps,
  pull: PullInput,
  merged: string,
  { shape, pinned, revisions, signal }: Looked,
): Promise<{ contained: Set<string>; same: Set<string> }> {
  const mirror = deps.git.repository(pull.repoUrl);
  const [contained, same] = [new Set([merged]), new Set([merged])];
  const read = async (pinned: (string | undefined)[]): Promise<string | undefined> =>
    shape && (await deps.inputsKey(shape, pinned, signal).catch(() => undefined));
  const wanted = await read(pinned);
  for (const revision of revisions) {
    if (revision === merged || !(await mirror.has(revision)) || !(await mirror.isAncestor(merged, revision))) continue;
    contained.add(revision);
    const later = shape && wanted !== undefined ? await read(pins(shape, pull, revision)) : undefined;
    if (later !== undefined && later === wanted) same.add(revision);
  }
  return { contained, same };
}

async function progressOf(
  deps: ChangeDeps,
  pull: PullInput,
  merged: string,
  { item, signal }: { item: Affected; signal: AbortSignal },
): Promise<AppProgress> {
  const app = deps.applications.get(item.key);
  const shape = app ?? item.after ?? item.before;
  const policy = shape
    ? policyFor(deps, shape)
    : policyFor(deps, {
        apiVersion: '',
        kind: '',
        metadata: { name: '', namespace: '' },
        spec: { project: '', destination: {} },
      });
  const approvals = deps.approvals.of(item.key);
  const pinned = shape ? pins(shape, pull, merged) : [];
  const source = Math.max(
    0,
    pinned.findIndex((pin) => pin !== undefined),
  );
  const revisions = revisionsOf(app, approvals, source);
  const { contained, same } = await laterThan(deps, pull, merged, { shape, pinned, revisions, signal });
  signal.throwIfAborted();
  const judged = judge({
    app,
    removed: !item.after,
    ...(item.parent && { parent: applicationName(item.parent) }),
    policy,
    approvals,
    source,
    merged,
    contains: (revision) => contained.has(revision),
    sameInputs: (revision) => same.has(revision),
    unverified: app && deps.unverified?.(app),
  });
  const lock = lockTextOf(deps, app);
  const asked = approvals.some((approval) => contained.has(approval.spec.revision));
  const waiting = judged.state === 'waiting' ? judged.approval : undefined;
  return {
    application: item.key,
    name: applicationName(item.key),
    environment: policy.environment,
    gated: asked || (policy.gated && item.after !== undefined),
    automated: shape ? isAutomated(shape.spec) : false,
    ...judged,
    ...(lock !== undefined && judged.state === 'queued' && { message: lock }),
    ...toldOf(deps, app),
    ...(waiting && {
      approvers: waiting.spec.policy
        ? stricter(policy, { ...policy, ...waiting.spec.policy }).approvers
        : policy.approvers,
    }),
  };
}

/** Needs `pull.merged`. Level-triggered: nothing is remembered between two calls. */
export async function pullProgress(deps: ChangeDeps, pull: PullInput, signal: AbortSignal): Promise<PullProgress> {
  const merged = pull.merged?.sha;
  if (!merged) return { pull, apps: [], errors: [], final: false };
  const range = await mergedRange(deps, pull, merged);
  signal.throwIfAborted();
  if (!range) return { pull, apps: [], errors: [], final: true };
  const { affected } = await affectedBy(deps, pull, range, signal);
  const apps = await Promise.all(affected.map((item) => progressOf(deps, pull, merged, { item, signal })));
  return { pull, apps, errors: [], final: apps.every((app) => app.state === 'success' || app.state === 'superseded') };
}
