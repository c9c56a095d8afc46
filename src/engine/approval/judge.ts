// Under approval each write is judged immediately before it: what it would do now must be what the gate let pass.
import type { Judgement, StepInput, Write } from '../../sync/sync.ts';
import type { EffectOperation } from '../../model/effect.ts';
import type { ResourceKey } from '../../model/kube.ts';
import type { Admission, AdmissionDeps } from './admission.ts';
import type { EffectInput } from '../../compare/compare.ts';
import type { Subject, Target } from '../application/assess.ts';
import type { Leave } from '../application/memory.ts';
import { resourceDenied } from '../../policy/project.ts';
import { guardOf } from '../application/met-gates.ts';
import { effectDifference } from '../../compare/effect/effect.ts';
import { applicationKey } from '../../model/application.ts';
import { clears, deletionsOf } from '../../compare/effect/others.ts';
import { keyText, keyTitle } from '../../model/kube.ts';
import { covers } from './admission.ts';
import { effectInput } from '../application/assess.ts';

/** Waits until the cache has what was in the way of a write. */
async function catchUp({ cluster: { api, live } }: Target, key: ResourceKey, signal: AbortSignal): Promise<void> {
  const seen = live.get(key)?.uid;
  const version = (await api.get(key, { signal }))?.metadata.resourceVersion;
  if (version === undefined) await live.until(key, (object) => object?.uid !== seen || object === undefined, signal);
  else await live.waitFor(key, version, signal);
}

/** What may be written; undefined: whatever makes it what was last synced. */
function agreedTo(
  { store }: AdmissionDeps,
  { subject: { app } }: Admission,
  { rule, approval }: Leave,
): readonly EffectOperation[] | undefined {
  if (rule === 'last-synced') return undefined;
  const found = store.approvals.of(applicationKey(app)).find((item) => item.metadata.name === approval);
  return found?.status?.phase === 'Approved' ? found.spec.operations : [];
}

/** In the words of an Approval that is void. */
function differenceOf(agreed: readonly EffectOperation[], operation: EffectOperation): string {
  const approved = agreed.filter(({ op, key }) => op !== 'hook' && keyText(key) === keyText(operation.key));
  return effectDifference(approved, [operation]).join('; ');
}

/** With all that goes with it. */
function wholeOf({ others }: Subject, key: ResourceKey, operation: EffectOperation): EffectOperation[] {
  return [operation, ...(clears(operation.op) ? deletionsOf(others.goesWith(key), operation.wave).operations : [])];
}

/**
 * A hook, or what the sync names, is created from its manifest, whatever is live: that very manifest, in that phase,
 * must be what was agreed to.
 */
function judgeHook(
  subject: Subject,
  hook: NonNullable<Write['hook']>,
  { input, leave, agreed }: { input: EffectInput; leave: Leave; agreed: readonly EffectOperation[] | undefined },
): Judgement {
  const { project, target } = subject;
  const { key, manifest } = hook;
  const namespaced = target.cluster.discovery.resourceOf({ group: key.group, kind: key.kind })?.namespaced ?? true;
  const denied = project && resourceDenied(project, key, namespaced, target);
  if (denied !== undefined) return { do: 'refused', message: denied };
  const operation = target.comparer.judgeHook(input, hook);
  const guarded = guardOf(subject.others, key, { deletes: clears(operation.op), met: leave.met ?? [] });
  if (guarded !== undefined) return { do: 'stop', why: guarded };
  if (agreed && !agreed.some((item) => covers(item, operation))) {
    if (operation.op === 'create')
      return { do: 'stop', why: `nobody has agreed to the creation of ${keyTitle(key)}, as it is now` };
    const name = key.name === '' ? `${manifest.metadata.generateName ?? ''}…` : key.name;
    return { do: 'stop', why: `nobody has agreed to the hook ${key.kind} ${name}, as it is now, at ${hook.phase}` };
  }
  const beyond = agreed && wholeOf(subject, key, operation).find((each) => !agreed.some((item) => covers(item, each)));
  if (beyond) return { do: 'stop', why: differenceOf(agreed, beyond) };
  return { do: 'write', live: undefined, target: manifest, manifestHash: '', removed: [], recreate: false };
}

/** undefined where no gate asks: then a sync costs nothing more. */
export function judgeOf(
  deps: AdmissionDeps,
  admission: Admission,
  leave: Leave | undefined,
  signal: AbortSignal,
): StepInput['judge'] {
  if (!leave || leave.rule === 'not-gated' || leave.rule === 'dry-run') return undefined;
  const { subject } = admission;
  const input = effectInput(admission);
  return async ({ kind, key, when, hook }: Write): Promise<Judgement> => {
    if (hook) return judgeHook(subject, hook, { input, leave, agreed: agreedTo(deps, admission, leave) });
    if (when === 'raced') await catchUp(subject.target, key, signal);
    const { operation, live, target, manifestHash, removed, error } = await subject.target.comparer.judge(
      input,
      { key, exact: when !== 'ahead' },
      signal,
    );
    if (error) return { do: 'refused', message: error.message };
    if (!operation || (kind === 'prune') !== (operation.op === 'delete')) return { do: 'leave' };
    const guarded = guardOf(subject.others, key, { deletes: clears(operation.op), met: leave.met ?? [] });
    if (guarded !== undefined) return { do: 'stop', why: guarded };
    const agreed = agreedTo(deps, admission, leave);
    const whole = wholeOf(subject, key, operation);
    const beyond = agreed && whole.find((each) => !agreed.some((item) => covers(item, each)));
    if (agreed && beyond) return { do: 'stop', why: differenceOf(agreed, beyond) };
    return { do: 'write', live, target, manifestHash, removed, recreate: operation.op === 'recreate' };
  };
}
