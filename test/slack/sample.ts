// Approvals, drift episodes and effects made by hand, for the tests of what people read.
import type { Application } from '../../src/model/application.ts';
import type { Approval, DriftedObject, DriftEpisode } from '../../src/model/coxswain.ts';
import type { CardPlace } from '../../src/slack/card.ts';
import type { Effect, EffectOperation, ObjectDiff } from '../../src/model/effect.ts';
import type { KubeObject, ResourceKey } from '../../src/model/kube.ts';
import { effectivePolicy } from '../../src/policy/policy.ts';

const revision = '3c0ffee'.padEnd(40, '1');
export const digest = 'd1ce5'.padEnd(64, '7');
const at = '2026-03-02T14:02:31Z';

export function key(
  kind: string,
  name: string,
  group = kind === 'ConfigMap' || kind === 'Secret' ? '' : 'apps',
  namespace = 'shop',
): ResourceKey {
  return { group, kind, namespace, name };
}

export const operations: EffectOperation[] = [
  { op: 'hook', key: key('Job', 'checkout-migrate', 'batch'), phase: 'PreSync', wave: 0, mac: 'm' },
  {
    op: 'change',
    key: key('Deployment', 'checkout'),
    phase: 'Sync',
    wave: 0,
    fields: [
      ['spec.template.spec.containers[name=api].image', 'm'],
      ['spec.replicas', 'm'],
    ],
  },
  { op: 'create', key: key('ConfigMap', 'checkout-features'), phase: 'Sync', wave: 0, mac: 'm' },
  { op: 'delete', key: key('ConfigMap', 'checkout-legacy'), phase: 'Sync', wave: 0 },
];

export function application(
  status: Partial<NonNullable<Application['status']>> = {},
  more: Partial<Application> = {},
): Application {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: {
      name: 'checkout-prod',
      namespace: 'argocd',
      annotations: {
        'coxswain.dev/environment': 'production',
        'coxswain.dev/approval': 'required',
        'coxswain.dev/approvers': '@acme/leads',
      },
    },
    spec: {
      project: 'shop',
      destination: { server: 'https://kubernetes.default.svc', namespace: 'shop' },
      source: {
        repoURL: 'https://bot:secret@github.com/acme/infra.git',
        path: 'apps/checkout/prod',
        targetRevision: 'main',
      },
    },
    status: { history: [{ id: 4, revision, deployedAt: at }], ...status },
    ...more,
  };
}

export function placeOf(app: Application, commit?: string): CardPlace {
  return { app, policy: effectivePolicy(app, undefined), commit, publicUrl: 'https://cox.example.com' };
}

export const commit = 'Merge pull request #12 from acme/bump-checkout\n\nCheckout 1.5.0: faster carts\n';

export function approval(
  status: Partial<NonNullable<Approval['status']>> = {},
  spec: Partial<Approval['spec']> = {},
): Approval {
  return {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Approval',
    metadata: { name: `checkout-prod-${digest.slice(0, 12)}`, namespace: 'argocd' },
    spec: { application: 'argocd/checkout-prod', digest, revision, operations, ...spec },
    status: { phase: 'Pending', message: 'waiting for approval', approvals: [], ...status },
  };
}

/** The application while the approved operation is in that phase. */
export function syncing(phase: 'Running' | 'Succeeded' | 'Failed', message: string, health = 'Healthy'): Application {
  const info = [{ name: 'coxswain.dev/approval', value: `checkout-prod-${digest.slice(0, 12)}` }];
  return application({
    sync: { status: 'Synced', revision },
    health: { status: health as 'Healthy' },
    operationState: { phase, message, startedAt: at, operation: { info, sync: { revision } } },
  });
}

export const edited: DriftedObject = {
  key: key('Deployment', 'checkout'),
  kind: 'changed',
  changes: [
    { path: ['spec', 'replicas'], text: 'spec.replicas', before: 6, after: 2 },
    {
      path: ['spec', 'template', 'spec', 'containers', { key: { name: 'api' } }, 'image'],
      text: 'spec.template.spec.containers[name=api].image',
      before: 'ghcr.io/acme/checkout:1.4.0',
      after: 'ghcr.io/acme/checkout:1.4.1-hotfix',
    },
  ],
  by: { manager: 'kubectl-edit', at },
};

export function episode(status: Partial<NonNullable<DriftEpisode['status']>> = {}): DriftEpisode {
  return {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'DriftEpisode',
    metadata: { name: 'checkout-prod-f00', namespace: 'argocd' },
    spec: { application: 'argocd/checkout-prod', fingerprint: 'f00', openedAt: at },
    status: { phase: 'Open', message: 'the cluster differs from Git', objects: [edited], ...status },
  };
}

function deployment(image: string, replicas: number): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'checkout', namespace: 'shop' },
    spec: { replicas, template: { spec: { containers: [{ name: 'api', image, ports: [{ containerPort: 8080 }] }] } } },
  };
}

function configMap(name: string, data: Record<string, string>): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop' }, data };
}

const job: KubeObject = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'checkout-migrate', namespace: 'shop' },
  spec: {
    template: {
      spec: { containers: [{ name: 'migrate', image: 'ghcr.io/acme/checkout:1.5.0', args: ['migrate', 'up'] }] },
    },
  },
};

export const total: ObjectDiff[] = [
  {
    key: key('Deployment', 'checkout'),
    action: 'change',
    changes: [],
    before: deployment('ghcr.io/acme/checkout:1.4.0', 6),
    after: deployment('ghcr.io/acme/checkout:1.5.0', 8),
    notes: ['spec.minReadySeconds is no longer managed, stays at 5'],
    place: { file: 'apps/checkout/prod/deployment.yaml', line: 12 },
  },
  {
    key: key('ConfigMap', 'checkout-features'),
    action: 'create',
    changes: [],
    after: configMap('checkout-features', { 'new-cart': 'on' }),
    notes: [],
  },
  {
    key: key('ConfigMap', 'checkout-legacy'),
    action: 'delete',
    changes: [],
    before: configMap('checkout-legacy', { a: '1' }),
    notes: [],
  },
];

export function effect(more: Partial<Effect> = {}): Effect {
  return {
    drift: [],
    waiting: [],
    change: [],
    total,
    hooks: [{ key: key('Job', 'checkout-migrate', 'batch'), action: 'hook', changes: [], after: job, notes: [] }],
    errors: [],
    risks: [],
    operations,
    destination: { server: 'https://kubernetes.default.svc', namespace: 'shop' },
    unwritten: [],
    digest,
    notes: [],
    ...more,
  };
}
