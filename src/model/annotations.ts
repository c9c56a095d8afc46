// Every label, annotation, finalizer and name that is part of a contract (Argo CD's where it begins with argocd, else
// ours).

export const argo = {
  trackingId: 'argocd.argoproj.io/tracking-id',
  installationId: 'argocd.argoproj.io/installation-id',
  syncWave: 'argocd.argoproj.io/sync-wave',
  hook: 'argocd.argoproj.io/hook',
  hookDeletePolicy: 'argocd.argoproj.io/hook-delete-policy',
  syncOptions: 'argocd.argoproj.io/sync-options',
  compareOptions: 'argocd.argoproj.io/compare-options',
  refresh: 'argocd.argoproj.io/refresh',
  hydrate: 'argocd.argoproj.io/hydrate',
  skipReconcile: 'argocd.argoproj.io/skip-reconcile',
  ignoreHealthcheck: 'argocd.argoproj.io/ignore-healthcheck',
  ignoreRestartPolicy: 'argocd.argoproj.io/ignore-restart-policy',
  deletionApproved: 'argocd.argoproj.io/deletion-approved',
  secretType: 'argocd.argoproj.io/secret-type',
  resourcesFinalizer: 'resources-finalizer.argocd.argoproj.io',
  preDeleteFinalizer: 'pre-delete-finalizer.argocd.argoproj.io',
  postDeleteFinalizer: 'post-delete-finalizer.argocd.argoproj.io',
  hookFinalizer: 'argocd.argoproj.io/hook-finalizer',
  helmHook: 'helm.sh/hook',
  helmHookWeight: 'helm.sh/hook-weight',
  helmHookDeletePolicy: 'helm.sh/hook-delete-policy',
  helmResourcePolicy: 'helm.sh/resource-policy',
  /** Whose fields a server-side apply takes over. */
  migrationManager: 'argocd.argoproj.io/client-side-apply-migration-manager',
  lastApplied: 'kubectl.kubernetes.io/last-applied-configuration',
} as const;

/**
 * The manager of all our writes: Argo CD's own, so that a switch in either direction takes nothing over (Argo CD:
 * common/common.go ArgoCDSSAManager).
 */
export const fieldManager = 'argocd-controller';

export const cox = {
  environment: 'coxswain.dev/environment',
  approval: 'coxswain.dev/approval',
  approvers: 'coxswain.dev/approvers',
  approvals: 'coxswain.dev/approvals',
  expires: 'coxswain.dev/expires',
  /** On an Application: nothing of it is synced (src/policy/lock.ts). */
  lock: 'coxswain.dev/lock',
  slack: 'coxswain.dev/slack',
  /** On an Application, or on an AppProject for all of its: which engine works on it, `coxswain` or `argocd`. */
  engine: 'coxswain.dev/engine',
  /** On an Approval: metadata.uid of the Application that it was opened for. */
  applicationUid: 'coxswain.dev/application-uid',
  /** On Requests, Approvals and SyncRecords: that Coxswain wrote them (src/store/seal.ts). */
  mac: 'coxswain.dev/mac',
  /**
   * On hook objects: the operation's startedAt, attempt and phase, or the uid of the Application that is deleted and
   * the phase, so that a live hook of this very run is never run again.
   */
  operation: 'coxswain.dev/operation',
  /** On an Application while it is synced: what there is to do (src/sync/planned.ts). */
  plan: 'coxswain.dev/plan',
  /** Label on our own resources: the application they belong to, `<namespace>.<name>`. */
  application: 'coxswain.dev/application',
  /** Name in operation.info of the Request (or Approval) that asked for the operation. */
  requestInfo: 'coxswain.dev/request',
  approvalInfo: 'coxswain.dev/approval',
  /** In `info` of an operation that Argo CD is to carry out. */
  sealInfo: 'coxswain.dev/seal',
  /** In the state of an operation that ended before it began: name of the Approval that it waits for. */
  waitsInfo: 'coxswain.dev/waits-for',
  /** When the last of those who agreed to it did so. */
  agreedInfo: 'coxswain.dev/agreed-at',
} as const;

export const commentMarker = '<!-- coxswain -->';
export const checks = { diff: 'coxswain/diff', approval: 'coxswain/approval', rollout: 'coxswain/rollout' } as const;
export const inClusterServer = 'https://kubernetes.default.svc';
