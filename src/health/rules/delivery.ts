// Health of what delivers: Flux, Flagger, Keptn, GitOps Promoter, Kargo, Terraform and Pulumi operators.
import type { Rule, RuleTable } from '../step.ts';
import { working } from './ready.ts';

const suspended = {
  when: [{ field: 'spec.suspend', is: true }],
  is: 'Suspended',
  message: 'Its reconciliation is suspended',
} as const;

/** Flux sets Ready=Unknown while it works; of what it retries Ready=False tells. */
const flux: Rule = [
  suspended,
  { observed: 'status.observedGeneration' },
  { condition: 'Stalled', True: 'Degraded' },
  {
    condition: 'Ready',
    Progressing: ['Progressing', 'DependencyNotReady'],
    True: 'Healthy',
    False: 'Degraded',
    Unknown: 'Progressing',
  },
];
/** Kinds without a status in their newest version: nobody reconciles them. */
const isStatic = (versions: readonly string[]): Rule => [
  suspended,
  { when: [{ field: 'apiVersion', is: versions }], is: 'Healthy' },
  ...flux,
];

const keptnWords: Rule = ['status.status', 'status.overallStatus'].map((field) => ({
  field,
  Healthy: ['Succeeded', 'Completed'],
  Progressing: ['Pending', 'Progressing', 'Unknown'],
  Degraded: ['Failed', 'Warning', 'Cancelled'],
  Suspended: ['Deprecated'],
}));

const promoted: Rule = [
  { observed: 'status.observedGeneration' },
  { condition: 'Ready', fresh: true, Progressing: working, False: 'Degraded', Unknown: 'Progressing' },
];
const environmentSteps: Rule = [
  { each: 'proposed.commitStatuses', steps: [{ field: 'phase', Degraded: ['failure'] }] },
  { each: 'active.commitStatuses', steps: [{ field: 'phase', Degraded: ['failure'], Progressing: ['pending'] }] },
  {
    when: [{ field: 'proposed.dry.sha', differs: 'active.dry.sha' }],
    is: 'Progressing',
    message: 'Waiting until the proposed commit is active',
  },
];
const commitPhase = { Healthy: ['success'], Progressing: ['pending'], Degraded: ['failure'] } as const;

export const delivery: RuleTable = {
  'kustomize.toolkit.fluxcd.io/Kustomization': flux,
  'helm.toolkit.fluxcd.io/HelmRelease': flux,
  'source.toolkit.fluxcd.io/GitRepository': flux,
  'source.toolkit.fluxcd.io/OCIRepository': flux,
  'source.toolkit.fluxcd.io/Bucket': flux,
  'source.toolkit.fluxcd.io/HelmChart': flux,
  'source.toolkit.fluxcd.io/HelmRepository': [
    suspended,
    {
      when: [
        { field: 'spec.type', is: 'oci' },
        { field: 'status.conditions', empty: true },
      ],
      is: 'Healthy',
    },
    ...flux,
  ],
  'image.toolkit.fluxcd.io/*': flux,
  'notification.toolkit.fluxcd.io/Receiver': flux,
  'notification.toolkit.fluxcd.io/Alert': isStatic(['notification.toolkit.fluxcd.io/v1beta3']),
  'notification.toolkit.fluxcd.io/Provider': isStatic(['notification.toolkit.fluxcd.io/v1beta3']),
  'infra.contrib.fluxcd.io/Terraform': flux,
  'fluxcd.controlplane.io/*': flux,
  'flagger.app/Canary': [
    {
      field: 'status.phase',
      Healthy: ['Initialized', 'Succeeded'],
      Degraded: ['Failed', 'Terminated'],
      others: 'Progressing',
    },
  ],
  'lifecycle.keptn.sh/*': keptnWords,
  'metrics.keptn.sh/KeptnMetric': [
    { when: [{ field: 'status.errMsg', empty: false }], is: 'Degraded', message: 'The metric cannot be read' },
    { when: [{ field: 'status.value', empty: false }], is: 'Healthy' },
    { when: [{ field: 'status.intervalResults', empty: false }], is: 'Healthy' },
  ],
  'metrics.keptn.sh/Analysis': [
    { when: [{ field: 'status.warning', is: true }], is: 'Degraded', message: 'The analysis warns' },
    {
      when: [
        { field: 'status.state', is: 'Completed' },
        { field: 'status.pass', is: true },
      ],
      is: 'Healthy',
      message: 'The analysis passed',
    },
    { when: [{ field: 'status.pass', is: true }], is: 'Healthy' },
    { when: [{ field: 'status.state', is: 'Completed' }], is: 'Degraded', message: 'The analysis failed' },
  ],
  'promoter.argoproj.io/PromotionStrategy': [
    ...promoted,
    { each: 'status.environments', steps: environmentSteps },
    { condition: 'Ready', True: 'Healthy' },
  ],
  'promoter.argoproj.io/ChangeTransferPolicy': [
    ...promoted,
    { each: 'status.proposed.commitStatuses', steps: [{ field: 'phase', Degraded: ['failure'] }] },
    {
      each: 'status.active.commitStatuses',
      steps: [{ field: 'phase', Degraded: ['failure'], Progressing: ['pending'] }],
    },
    {
      when: [{ field: 'status.proposed.dry.sha', differs: 'status.active.dry.sha' }],
      is: 'Progressing',
      message: 'Waiting until the proposed commit is active',
    },
    { condition: 'Ready', True: 'Healthy' },
  ],
  'promoter.argoproj.io/CommitStatus': [
    ...promoted,
    { field: 'status.phase', ...commitPhase },
    { condition: 'Ready', True: 'Healthy' },
  ],
  'promoter.argoproj.io/PullRequest': [
    ...promoted,
    { field: 'status.state', Healthy: ['merged', 'closed'], Progressing: ['open'] },
    { condition: 'Ready', True: 'Healthy' },
  ],
  ...Object.fromEntries(
    ['ArgoCDCommitStatus', 'GitCommitStatus', 'TimedCommitStatus', 'WebRequestCommitStatus'].map((kind) => [
      `promoter.argoproj.io/${kind}`,
      [
        ...promoted,
        { each: 'status.environments', steps: [{ field: 'phase', Degraded: ['failure'], Progressing: ['pending'] }] },
        { each: 'status.applicationsSelected', steps: [{ field: 'phase', Degraded: ['failure'] }] },
        { condition: 'Ready', True: 'Healthy' },
      ] satisfies Rule,
    ]),
  ),
  'promoter.argoproj.io/*': [...promoted, { condition: 'Ready', True: 'Healthy' }],
  'kargo.akuity.io/Stage': [
    { observed: 'status.observedGeneration' },
    { field: 'status.health.status', Healthy: ['Healthy'], Degraded: ['Unhealthy'], Progressing: ['Progressing'] },
    { condition: 'Healthy', True: 'Healthy', False: 'Degraded' },
    { condition: 'Ready', True: 'Healthy' },
  ],
  'kargo.akuity.io/Promotion': [
    {
      field: 'status.phase',
      Healthy: ['Succeeded'],
      Progressing: ['Pending', 'Running'],
      Degraded: ['Failed', 'Errored', 'Aborted'],
      message: 'status.message',
    },
  ],
  'pulumi.com/Stack': [
    { condition: 'Stalled', True: 'Degraded' },
    { condition: 'Ready', True: 'Healthy' },
    { field: 'status.lastUpdate.state', Healthy: ['succeeded'], Degraded: ['failed'] },
  ],
  'app.terraform.io/Workspace': [
    { field: 'status.runStatus', Healthy: ['applied', 'planned_and_finished'], Degraded: ['errored', 'canceled'] },
  ],
};
