// Previews made by hand, for the tests of what people read, and to measure how long that takes to write.
import type { AppPreview, PullPreview } from '../../../src/change/pull.ts';
import type { Effect, ObjectDiff } from '../../../src/model/effect.ts';
import type { KubeObject } from '../../../src/model/kube.ts';
import { diffFields } from '../../../src/diff/diff.ts';

const emptyEffect: Effect = {
  drift: [],
  waiting: [],
  change: [],
  total: [],
  hooks: [],
  errors: [],
  risks: [],
  operations: [],
  destination: { server: 'https://kubernetes.default.svc', namespace: 'shop' },
  unwritten: [],
  digest: 'k7f29qpdk7f29qpd',
  notes: [],
};

export function deployment(name: string, image: string, replicas = 3): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'shop' },
    spec: { replicas, template: { spec: { containers: [{ name: 'api', image, ports: [{ containerPort: 8080 }] }] } } },
  };
}

export function changed(before: KubeObject, after: KubeObject, more: Partial<ObjectDiff> = {}): ObjectDiff {
  return {
    key: { group: 'apps', kind: after.kind, namespace: 'shop', name: after.metadata.name ?? '' },
    action: 'change',
    changes: diffFields(before, after),
    before,
    after,
    notes: [],
    ...more,
  };
}

export function configMap(name: string, data: Record<string, string>): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop' }, data };
}

export function created(object: KubeObject): ObjectDiff {
  return {
    key: { group: '', kind: object.kind, namespace: 'shop', name: object.metadata.name ?? '' },
    action: 'create',
    changes: [],
    after: object,
    notes: [],
  };
}

export function deleted(object: KubeObject): ObjectDiff {
  return {
    key: { group: '', kind: object.kind, namespace: 'shop', name: object.metadata.name ?? '' },
    action: 'delete',
    changes: [],
    before: object,
    notes: [],
  };
}

export function app(name: string, effect: Partial<Effect> | undefined, more: Partial<AppPreview> = {}): AppPreview {
  const whole = effect && { ...emptyEffect, ...effect };
  return {
    application: `argocd/${name}`,
    name,
    project: 'shop',
    environment: undefined,
    destination: 'in-cluster · shop',
    gated: false,
    approvers: [],
    approvals: 0,
    automated: true,
    status: 'changed',
    ...(whole && { effect: { ...whole, total: effect.total ?? whole.change } }),
    sync: 'Synced',
    health: 'Healthy',
    revision: 'a'.repeat(40),
    ...more,
  };
}

export function preview(apps: AppPreview[], more: Partial<PullPreview> = {}): PullPreview {
  return {
    pull: {
      repoUrl: 'https://github.com/acme/infra.git',
      owner: 'acme',
      repo: 'infra',
      number: 7,
      base: { ref: 'main', sha: 'b'.repeat(40) },
      head: { ref: 'bump', sha: 'c'.repeat(40) },
      defaultBranch: 'main',
      author: { login: 'ada', id: 1 },
      draft: false,
      fork: false,
    },
    base: 'b'.repeat(40),
    mergeCommit: 'd'.repeat(40),
    conflicts: [],
    apps,
    errors: [],
    considered: 12,
    tookMs: 400,
    ...more,
  };
}
