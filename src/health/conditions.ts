// The conditions of an object's status.
import type { KubeObject } from '../model/kube.ts';
import { listAt, textAt } from '../model/read.ts';

export interface StatusCondition {
  type: string;
  status: string;
  reason: string;
  message: string;
}

/** Fields that are missing are empty texts. */
export function parseConditions(list: unknown[]): StatusCondition[] {
  return list.map((item) => ({
    type: textAt(item, 'type'),
    status: textAt(item, 'status'),
    reason: textAt(item, 'reason'),
    message: textAt(item, 'message'),
  }));
}

/** status.conditions; [] where there are none. */
export function conditionsOf(object: KubeObject): StatusCondition[] {
  return parseConditions(listAt(object, 'status', 'conditions'));
}
