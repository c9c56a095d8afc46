// The resource tree of an application: its objects, and what controllers made of them (Argo CD:
// controller/appcontroller.go getResourceTree).
import type { Live, LiveRecord } from '../cluster/live.ts';
import type { Comparison } from '../compare/compare.ts';
import type { AppProject } from '../model/project.ts';
import type { Note, ResourceNode, ResourceRef, ResourceTree } from './node.ts';
import type { Target } from '../engine/application/assess.ts';
import type { Loads } from './host.ts';
import { orphansOf } from '../engine/orphans.ts';
import { gvkOf, keyText } from '../model/kube.ts';
import { resourceDenied } from '../policy/project.ts';
import { hostsOf } from './host.ts';
import { shownObjects } from './managed.ts';
import { readNote } from './note.ts';

interface TreeInput {
  comparison: Comparison;
  target: Target;
  project: AppProject | undefined;
  loads: Loads;
  /** Whether there is an application of that tracking name. */
  isApplication(tracking: string): boolean;
}

function refOf(record: LiveRecord): ResourceRef {
  const { group, kind, namespace, name } = record.key;
  const { version } = gvkOf({ apiVersion: record.apiVersion, kind });
  return { ...(group && { group }), version, kind, ...(namespace && { namespace }), name, uid: record.uid };
}

/** An owner is in the namespace of what it owns, or in none. */
function parentOf(live: Live, owner: NonNullable<Note['owners']>[number], namespace: string): ResourceRef {
  const { group, version, kind } = gvkOf(owner);
  const inside = namespace !== '' && live.get({ group, kind, namespace, name: owner.name }) !== undefined;
  return { ...(group && { group }), version, kind, ...(inside && { namespace }), name: owner.name, uid: owner.uid };
}

/** The claims of a StatefulSet's pods belong to it without an owner reference. */
function claimsOf(live: Live, { key }: LiveRecord, { claims }: Note): LiveRecord[] {
  return (claims?.templates ?? []).flatMap((template) => {
    const found: LiveRecord[] = [];
    for (let at = 0; ; at += 1) {
      const name = `${template}-${key.name}-${at}`;
      const claim = live.get({ group: '', kind: 'PersistentVolumeClaim', namespace: key.namespace, name });
      if (claim?.root) found.push(claim);
      if (!claim && at >= (claims?.replicas ?? 0)) return found;
    }
  });
}

function nodeOf(live: Live, record: LiveRecord, note: Note, parent: LiveRecord | undefined): ResourceNode {
  const { createdAt, owners, info, networkingInfo, images, health } = note;
  const parentRefs = owners
    ? owners.map((owner) => parentOf(live, owner, record.key.namespace))
    : parent && [refOf(parent)];
  return {
    ...refOf(record),
    ...(parentRefs && { parentRefs }),
    ...(info && { info }),
    ...(networkingInfo && { networkingInfo }),
    resourceVersion: record.resourceVersion,
    ...(images && { images }),
    ...(health && { health }),
    ...(createdAt !== undefined && { createdAt }),
  };
}

interface Walk {
  live: Live;
  /** By uid: a circle of owners ends. */
  seen: Map<string, Note>;
  nodes: ResourceNode[];
  permits(record: LiveRecord): boolean;
}

function visit(walk: Walk, record: LiveRecord, parent?: LiveRecord): void {
  if (walk.seen.has(record.uid) || !walk.permits(record)) return;
  const note = readNote(record);
  walk.seen.set(record.uid, note);
  walk.nodes.push(nodeOf(walk.live, record, note, parent));
  for (const child of walk.live.childrenOf(record.uid)) visit(walk, child);
  for (const child of claimsOf(walk.live, record, note)) visit(walk, child, record);
}

function byName(a: ResourceNode, b: ResourceNode): number {
  const text = ({ group = '', kind, namespace = '', name }: ResourceNode): string =>
    keyText({ group, kind, namespace, name });
  return text(a) < text(b) ? -1 : 1;
}

/** Sorted, so that equal trees have equal texts. `uids`: of every object in it. */
export function treeOf(input: TreeInput): { tree: ResourceTree; uids: string[] } {
  const { target, project, comparison, isApplication } = input;
  const { live, discovery } = target.cluster;
  const seen = new Map<string, Note>();
  const walkOver = (nodes: ResourceNode[]): Walk => ({
    live,
    seen,
    nodes,
    permits: ({ key }) =>
      project === undefined ||
      resourceDenied(project, key, discovery.resourceOf(key)?.namespaced ?? key.namespace !== '', target) === undefined,
  });
  const nodes: ResourceNode[] = [];
  const objects = shownObjects(comparison);
  for (const { key, version } of objects) {
    const { group, kind, namespace, name } = key;
    const record = live.get(key);
    if (record) visit(walkOver(nodes), record);
    else
      nodes.push({
        ...(group && { group }),
        version,
        kind,
        ...(namespace && { namespace }),
        name,
        health: { status: 'Missing' },
      });
  }
  const pods = [...seen.values()].flatMap(({ pod }) => pod ?? []);
  const orphanedNodes: ResourceNode[] = [];
  const { app } = comparison.input;
  const own = objects.map(({ key }) => key);
  const walk = walkOver(orphanedNodes);
  for (const root of orphansOf({ live, app, project, own, isApplication })) visit(walk, root);
  const hosts = hostsOf(live, input.loads, pods);
  return {
    tree: {
      ...(nodes.length > 0 && { nodes: nodes.sort(byName) }),
      ...(orphanedNodes.length > 0 && { orphanedNodes: orphanedNodes.sort(byName) }),
      ...(hosts.length > 0 && { hosts }),
    },
    uids: [...seen.keys()],
  };
}

/** In pieces of so many members, of which only those that change are written; 0: in one (Argo CD: GetShards). */
export function shardsOf(tree: ResourceTree, size: number): ResourceTree[] {
  if (size === 0) return [tree];
  const { nodes = [], orphanedNodes = [], hosts = [] } = tree;
  const count = Math.ceil((nodes.length + orphanedNodes.length + hosts.length) / size);
  const shards: ResourceTree[] = [];
  for (let from = 0; shards.length < count; from += size) {
    const part = <T>(all: readonly T[], before: number): T[] =>
      all.slice(Math.max(0, from - before), Math.max(0, from + size - before));
    const [own, orphans] = [part(nodes, 0), part(orphanedNodes, nodes.length)];
    const machines = part(hosts, nodes.length + orphanedNodes.length);
    shards.push({
      ...(own.length > 0 && { nodes: own }),
      ...(orphans.length > 0 && { orphanedNodes: orphans }),
      ...(machines.length > 0 && { hosts: machines }),
    });
  }
  const [first = {}, ...others] = shards;
  return [{ ...first, ...(count > 0 && { shardsCount: count }) }, ...others];
}
