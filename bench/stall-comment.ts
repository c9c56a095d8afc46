// How long the event loop is held at a stretch by the comment of a large pull request.
import type { AppPreview, PullPreview } from '../src/change/pull.ts';
import type { Effect, ObjectDiff } from '../src/model/effect.ts';
import type { KubeObject } from '../src/model/kube.ts';
import { diffFields } from '../src/diff/diff.ts';
import { diffCheck } from '../src/github/markdown/check-content.ts';
import { renderComment } from '../src/github/markdown/comment.ts';
import { keyOf } from '../src/model/kube.ts';
import { longest } from './longest.ts';

export function configMap(at: number): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `c-${at}`, namespace: 'app', uid: `${at}`, resourceVersion: '1' },
    data: { value: 'x'.repeat(200) },
  };
}

const noEffect: Effect = {
  drift: [],
  waiting: [],
  change: [],
  total: [],
  hooks: [],
  errors: [],
  risks: [],
  operations: [],
  destination: { server: 'https://kubernetes.default.svc', namespace: 'app' },
  unwritten: [],
  digest: 'a'.repeat(16),
  notes: [],
};

function previewOf(name: string, objects: readonly KubeObject[]): AppPreview {
  const change = objects.map((before): ObjectDiff => {
    const after = { ...before, data: { value: 'y'.repeat(200) } };
    return { key: keyOf(before), action: 'change', changes: diffFields(before, after), before, after, notes: [] };
  });
  return {
    application: `argocd/${name}`,
    name,
    project: 'default',
    environment: undefined,
    destination: 'in-cluster · app',
    gated: false,
    approvers: [],
    approvals: 0,
    automated: true,
    status: 'changed',
    effect: { ...noEffect, change, total: change },
    sync: 'Synced',
    health: 'Healthy',
    revision: 'a'.repeat(40),
  };
}

/** The comment on a pull request that changes 1,000 objects of one application, and one of each of 999 others. */
export async function comment(): Promise<number> {
  const objects = Array.from({ length: 1000 }, (_, at) => configMap(at));
  const apps = objects.map((object, at) => previewOf(`app-${at}`, at === 0 ? objects : [object]));
  const pull = {
    repoUrl: 'https://git.example/x',
    owner: 'acme',
    repo: 'infra',
    number: 1,
    base: { ref: 'main', sha: 'b'.repeat(40) },
    head: { ref: 'topic', sha: 'c'.repeat(40) },
    defaultBranch: 'main',
    author: { login: 'ann', id: 1 },
    draft: false,
    fork: false,
  };
  const preview: PullPreview = {
    pull,
    base: pull.base.sha,
    conflicts: [],
    apps,
    errors: [],
    considered: 1000,
    tookMs: 0,
  };
  return longest(async () => {
    const { diff } = await renderComment({ preview, activity: '', publicUrl: 'https://cox.example', refused: '' });
    diffCheck(preview, diff);
  });
}
