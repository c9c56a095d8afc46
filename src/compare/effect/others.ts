// What of an effect concerns other applications: what goes with Applications that it deletes, and objects that belong
// to gated ones.
import type { Gone, Others } from '../object/comparison.ts';
import type { Effect, EffectOperation } from '../../model/effect.ts';
import { applicationName } from '../../model/application.ts';
import { keyText } from '../../model/kube.ts';
import { isProduction } from './risks.ts';

type Part = Required<Pick<Effect, 'deleted' | 'owners' | 'asks' | 'operations' | 'risks'>>;

/** The deletions that go with Applications, each object once under the first that takes it. */
export function deletionsOf(gone: readonly Gone[], wave = 0): Pick<Part, 'deleted' | 'operations' | 'risks'> {
  const once = [...new Map(gone.map((each) => [each.application, each])).values()];
  const risky = once.filter(({ environment, gates }) => gates.length > 0 || isProduction(environment ?? ''));
  return {
    deleted: once.map(({ application, environment, objects, gates }) => ({
      application,
      gated: gates.length > 0,
      objects: [...objects],
      ...(environment !== undefined && { environment }),
    })),
    operations: once.flatMap(({ application, uid, objects }) =>
      objects.map((key): EffectOperation => ({ op: 'delete', key, phase: 'Sync', wave, with: { application, uid } })),
    ),
    risks: risky.map(({ application, objects }) => ({
      key: {
        group: 'argoproj.io',
        kind: 'Application',
        namespace: application.slice(0, application.indexOf('/')),
        name: applicationName(application),
      },
      text: `deletes production: ${objects.length === 1 ? '1 object goes' : `${objects.length} objects go`} with it`,
    })),
  };
}

/** Whether what is live goes: a hook clears its place, and what is made anew is deleted first. */
export function clears(op: EffectOperation['op']): boolean {
  return op !== 'create' && op !== 'change';
}

/** What the operations of an effect mean for applications beside its own; empty where nobody is asked about them. */
export function concerning(others: Others | undefined, operations: readonly EffectOperation[]): Part {
  if (!others) return { deleted: [], owners: [], asks: [], operations: [], risks: [] };
  const going = operations
    .filter(({ op }) => clears(op))
    .map(({ key, wave }) => ({ wave, gone: others.goesWith(key) }));
  const { deleted, risks } = deletionsOf(going.flatMap(({ gone }) => gone));
  const tagged = new Map(
    going
      .flatMap(({ gone, wave }) => deletionsOf(gone, wave).operations)
      .map((operation) => [
        `${operation.op === 'delete' ? (operation.with?.application ?? '') : ''} ${keyText(operation.key)}`,
        operation,
      ]),
  );
  const owners = operations.flatMap(({ op, key }) => [
    ...(op === 'delete' ? [] : others.ownersOf(key)).map((owner) => ({
      key,
      ...owner,
      text: `belongs to application ${applicationName(owner.application)}, whose gate asks`,
    })),
    ...(clears(op) ? others.takenAlong(key) : []).map((owner) => ({
      key,
      ...owner,
      text: `takes objects of application ${applicationName(owner.application)} along, whose gate asks`,
    })),
  ]);
  return {
    deleted,
    owners: owners.map(({ key, application }) => ({ key, application })),
    asks: [
      ...going.flatMap(({ gone }) => gone.flatMap(({ gates }) => gates.map(({ before }) => before))),
      ...owners.map(({ policy }) => policy),
    ].map(({ approvers, approvals }) => ({ approvers, approvals })),
    operations: [...tagged.values()],
    risks: [...risks, ...owners.map(({ key, text }) => ({ key, text }))],
  };
}
