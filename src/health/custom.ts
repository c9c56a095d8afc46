// Health of custom resources: by the table of their project, or else by the words that most controllers use.
import type { Health } from '../model/application.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Rule, RuleTable } from './step.ts';
import { gvkOf } from '../model/kube.ts';
import { judgeBy } from './step.ts';
import { argo } from './rules/argo.ts';
import { clouds } from './rules/clouds.ts';
import { clusters } from './rules/clusters.ts';
import { databases } from './rules/databases.ts';
import { delivery } from './rules/delivery.ts';
import { gateways } from './rules/gateways.ts';
import { kruise } from './rules/kruise.ts';
import { messaging } from './rules/messaging.ts';
import { numaproj } from './rules/numaproj.ts';
import { observability } from './rules/observability.ts';
import { openshift } from './rules/openshift.ts';
import { secrets } from './rules/secrets.ts';
import { storage } from './rules/storage.ts';
import { threescale } from './rules/threescale.ts';
import { workloads } from './rules/workloads.ts';

const tables: RuleTable = {
  ...argo,
  ...clouds,
  ...clusters,
  ...databases,
  ...delivery,
  ...gateways,
  ...kruise,
  ...messaging,
  ...numaproj,
  ...observability,
  ...openshift,
  ...secrets,
  ...storage,
  ...threescale,
  ...workloads,
};

/** By the end of the group, such as `.crossplane.io`; the longest one that fits counts. */
const endings: readonly [ending: string, kind: string, rule: Rule][] = Object.entries(tables)
  .filter(([name]) => name.startsWith('*'))
  .map(([name, rule]): [string, string, Rule] => {
    const slash = name.indexOf('/');
    return [name.slice(1, slash), name.slice(slash + 1), rule];
  })
  .sort(([a], [b]) => b.length - a.length);

function ruleFor(group: string, kind: string): Rule | undefined {
  const own = tables[`${group}/${kind}`] ?? tables[`${group}/*`];
  return own ?? endings.find(([ending, any]) => group.endsWith(ending) && (any === '*' || any === kind))?.[2];
}

/** undefined: no table names the kind. */
export function tabledHealth(object: KubeObject): Health | undefined {
  const { group, kind } = gvkOf(object);
  const rule = group.includes('.') ? ruleFor(group, kind) : undefined;
  if (!rule) return undefined;
  return judgeBy(rule, object) ?? { status: 'Progressing', message: `Waiting for the status of the ${kind}` };
}
