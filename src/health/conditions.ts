// The conditions of an object's status.
import type { KubeObject } from '../model/kube.ts';
import { listAt, numberAt, textAt } from '../model/read.ts';

export interface StatusCondition {
  type: string;
  status: string;
  reason: string;
  message: string;
  /** The generation that it was set for. */
  observedGeneration?: number;
}

/** Fields that are missing are empty texts. */
export function parseConditions(list: unknown[]): StatusCondition[] {
  return list.map((item) => ({
    type: textAt(item, 'type'),
    status: textAt(item, 'status'),
    reason: textAt(item, 'reason'),
    message: textAt(item, 'message'),
    ...generationOf(item),
  }));
}

function generationOf(item: unknown): { observedGeneration?: number } {
  const observedGeneration = numberAt(item, 'observedGeneration');
  return observedGeneration === undefined ? {} : { observedGeneration };
}

/** status.conditions; [] where there are none. */
export function conditionsOf(object: KubeObject): StatusCondition[] {
  return parseConditions(listAt(object, 'status', 'conditions'));
}
