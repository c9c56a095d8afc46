// The objects that an application manages, each as Git has it, as it is, and as a sync would make it; Secrets masked
// (Argo CD: controller/appcontroller.go hideSecretData, gitops-engine/pkg/diff).
import type { ComparedObject, Comparison } from '../compare/compare.ts';
import type { IgnoreDifference } from '../model/application.ts';
import type { KubeObject } from '../model/kube.ts';
import { canonicalJson } from '../base/canonical.ts';
import { ignoreRulesFor } from '../diff/ignore.ts';
import { maskObjects } from '../diff/mask.ts';
import { overlay } from '../diff/overlay.ts';
import { argo } from '../model/annotations.ts';
import { keyText } from '../model/kube.ts';

/** Objects as JSON texts; `null` for one that is not there. */
interface States {
  targetState: string;
  liveState: string;
  normalizedLiveState: string;
  predictedLiveState: string;
}

interface ResourceDiff extends States {
  group?: string;
  kind: string;
  namespace?: string;
  name: string;
  hook?: true;
  resourceVersion?: string;
  modified?: true;
}

function textOf(object: KubeObject | undefined): string {
  return object ? canonicalJson(object) : 'null';
}

function without(object: KubeObject, fields: readonly string[]): KubeObject {
  const metadata = Object.fromEntries(Object.entries(object.metadata).filter(([name]) => !fields.includes(name)));
  return { ...object, metadata };
}

/**
 * Without what no manifest says; a generation that the server would count up is no difference. `kept`: of the live
 * object, as either side has it.
 */
function normalized(object: KubeObject, kept: Partial<KubeObject['metadata']>): KubeObject {
  const { status: _status, ...rest } = object;
  const bare = without(object, ['managedFields', 'resourceVersion', 'creationTimestamp', 'generation', 'annotations']);
  const annotations = Object.entries(object.metadata.annotations ?? {}).filter(([name]) => name !== argo.lastApplied);
  return {
    ...rest,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {
      ...bare.metadata,
      ...(annotations.length > 0 && { annotations: Object.fromEntries(annotations) }),
      ...kept,
    },
  };
}

function statesOf(item: ComparedObject, byManagers: boolean): States {
  // Where the server would not say what comes of it, the manifest's own fields tell.
  const refused = item.live && item.target ? overlay(item.live, item.target) : item.target;
  const after = item.status === 'Synced' ? item.live : (item.predicted ?? refused);
  const [target, live, predicted] = maskObjects([item.target, item.live, item.target && after]);
  const states = { targetState: textOf(target), liveState: textOf(live) };
  if (!live) return { ...states, normalizedLiveState: 'null', predictedLiveState: textOf(target) };
  if (!target || !predicted)
    return {
      ...states,
      normalizedLiveState: textOf(without(live, ['creationTimestamp'])),
      predictedLiveState: 'null',
    };
  const { generation, managedFields } = live.metadata;
  const kept = {
    ...(generation !== undefined && { generation }),
    ...(byManagers && managedFields && { managedFields }),
  };
  return {
    ...states,
    normalizedLiveState: textOf(normalized(live, kept)),
    predictedLiveState: textOf(normalized(predicted, kept)),
  };
}

/** Hooks are among them while they are live. */
export function shownObjects({ objects }: Comparison): ComparedObject[] {
  return objects
    .filter(({ hook, target }) => !hook.isHook || !target)
    .toSorted((a, b) => (keyText(a.key) < keyText(b.key) ? -1 : 1));
}

/**
 * One entry for each object that is shown, in the order of the comparison; Secrets are masked. `system`: the rules of
 * argocd-cm. Where fields of managers are ignored, Argo CD's command line finds out by itself which these are.
 */
export function managedResources(comparison: Comparison, system: readonly IgnoreDifference[]): ResourceDiff[] {
  const rules = [...(comparison.input.app.spec.ignoreDifferences ?? []), ...system].filter(
    ({ managedFieldsManagers = [] }) => managedFieldsManagers.length > 0,
  );
  return shownObjects(comparison).map((item) => {
    const { group, kind, namespace, name } = item.key;
    const version = item.live?.metadata.resourceVersion;
    return {
      ...(group && { group }),
      kind,
      ...(namespace && { namespace }),
      name,
      ...statesOf(item, ignoreRulesFor(rules, item.key).length > 0),
      ...(item.hook.isHook && { hook: true as const }),
      ...(version && { resourceVersion: version }),
      ...(item.target && item.status === 'OutOfSync' && { modified: true as const }),
    };
  });
}
