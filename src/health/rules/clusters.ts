// Health of clusters, their machines and what is placed on them: Cluster API, Gardener, Karpenter, Karmada, Open
// Cluster Management, nmstate.
import type { Rule, RuleTable } from '../step.ts';
import { notAllReady, ready, working } from './ready.ts';

const paused: Rule = [
  { when: [{ field: 'spec.paused', is: true }], is: 'Suspended', message: 'Its reconciliation is paused' },
  {
    when: [{ annotation: 'cluster.x-k8s.io/paused' }],
    is: 'Suspended',
    message: 'Its reconciliation is paused',
  },
  { condition: 'Paused', True: 'Suspended' },
];
const phase = {
  field: 'status.phase',
  Progressing: ['Pending', 'Provisioning', 'Deleting', 'ScalingUp', 'ScalingDown', 'Scaling'],
  Degraded: ['Failed'],
  message: 'status.failureMessage',
} as const;
const failed: Rule = [
  { field: 'status.failureMessage', others: 'Degraded', message: 'status.failureMessage' },
  { field: 'status.failureReason', others: 'Degraded' },
];

const infrastructure: Rule = [
  ...paused,
  ...failed,
  {
    when: [
      { field: 'status.conditions', empty: true },
      { field: 'status.ready', is: true },
    ],
    is: 'Healthy',
  },
  { condition: 'Ready', Progressing: [...working, '*Creating', '*Provisioning'], True: 'Healthy', False: 'Degraded' },
  { field: 'status.ready', Healthy: ['true'] },
];

const compliance: Rule = [
  { when: [{ field: 'spec.disabled', is: true }], is: 'Suspended', message: 'The policy is disabled' },
  { observed: 'status.lastEvaluatedGeneration' },
  {
    field: 'status.compliant',
    Healthy: ['Compliant'],
    Progressing: ['Pending', 'UnknownCompliancy', 'Terminating'],
    Degraded: ['NonCompliant'],
  },
  {
    each: 'status.status',
    steps: [{ field: 'compliant', Healthy: ['Compliant'], Progressing: ['Pending'], Degraded: ['NonCompliant'] }],
  },
];

const binding: Rule = [
  { condition: 'Scheduled', False: 'Degraded' },
  { each: 'status.aggregatedStatus', steps: [{ field: 'applied', Degraded: ['false'] }] },
  { each: 'status.aggregatedStatus', steps: [{ field: 'health', Degraded: ['Unhealthy'] }] },
  { condition: 'FullyApplied', True: 'Healthy', False: 'Progressing' },
  { condition: 'Scheduled', True: 'Progressing' },
];

export const clusters: RuleTable = {
  'cluster.x-k8s.io/Cluster': [
    ...paused,
    phase,
    { condition: 'Ready', Progressing: working, False: 'Degraded' },
    { field: 'status.phase', Healthy: ['Provisioned'] },
    { condition: ['Available', 'Ready'], True: 'Healthy' },
  ],
  'cluster.x-k8s.io/Machine': [
    ...paused,
    { ...phase, Progressing: [...phase.Progressing, 'Provisioned'] },
    { condition: 'Ready', Progressing: working, False: 'Degraded' },
    { field: 'status.phase', Healthy: ['Running'] },
  ],
  'cluster.x-k8s.io/MachineDeployment': [
    ...paused,
    { observed: 'status.observedGeneration' },
    phase,
    { field: 'status.phase', Healthy: ['Running'] },
    { condition: ['Available', 'Ready'], True: 'Healthy', False: 'Degraded' },
  ],
  'cluster.x-k8s.io/MachinePool': [
    ...paused,
    { ...phase, Progressing: [...phase.Progressing, 'Provisioned'] },
    { field: 'status.phase', Healthy: ['Running'] },
    ...ready,
  ],
  'cluster.x-k8s.io/MachineSet': [...paused, ...failed, notAllReady, { when: [], is: 'Healthy' }],
  'cluster.x-k8s.io/MachineHealthCheck': [
    ...paused,
    {
      when: [
        { field: 'status.expectedMachines', empty: true },
        { field: 'status.conditions', empty: true },
      ],
      is: 'Progressing',
      message: 'Waiting for the first check',
    },
    { condition: 'RemediationAllowed', False: 'Degraded' },
    {
      when: [{ field: 'status.currentHealthy', below: 'status.expectedMachines' }],
      is: 'Progressing',
      message: 'Machines are not healthy',
    },
    { when: [], is: 'Healthy' },
  ],
  'addons.cluster.x-k8s.io/ClusterResourceSet': [
    ...paused,
    { condition: 'ResourcesApplied', True: 'Healthy', False: 'Degraded' },
  ],
  'addons.cluster.x-k8s.io/*': ready,
  'controlplane.cluster.x-k8s.io/*': infrastructure,
  'infrastructure.cluster.x-k8s.io/*': infrastructure,
  'bootstrap.cluster.x-k8s.io/*': infrastructure,
  'core.gardener.cloud/Shoot': [
    { observed: 'status.observedGeneration' },
    {
      field: 'status.lastOperation.state',
      Progressing: ['Pending', 'Processing'],
      Degraded: ['Error', 'Failed', 'Aborted'],
      message: 'status.lastOperation.description',
    },
    { each: 'status.conditions', steps: [{ field: 'status', Degraded: ['False'], message: 'message' }] },
    { when: [{ field: 'status.lastErrors', empty: false }], is: 'Degraded', message: 'Its last operation had errors' },
    {
      each: 'status.conditions',
      steps: [{ field: 'status', Progressing: ['Progressing', 'Unknown'], message: 'message' }],
    },
    { when: [{ field: 'status.hibernated', is: true }], is: 'Suspended', message: 'The cluster is hibernated' },
    { field: 'status.lastOperation.state', Healthy: ['Succeeded'], message: 'status.lastOperation.description' },
  ],
  'karpenter.sh/NodeClaim': [
    { condition: ['Launched', 'Registered', 'Initialized'], False: 'Degraded', Unknown: 'Progressing' },
    ...ready,
  ],
  'karpenter.sh/*': ready,
  'karpenter.k8s.aws/*': ready,
  'work.karmada.io/*': binding,
  'policy.open-cluster-management.io/*': compliance,
  'cluster.open-cluster-management.io/ManagedCluster': [
    { condition: 'HubAcceptedManagedCluster', False: 'Degraded' },
    { condition: 'ManagedClusterConditionAvailable', True: 'Healthy', False: 'Degraded', Unknown: 'Degraded' },
  ],
  'cluster.open-cluster-management.io/Placement': [
    { condition: 'PlacementMisconfigured', True: 'Degraded' },
    { condition: 'PlacementSatisfied', True: 'Healthy', False: 'Degraded' },
  ],
  'work.open-cluster-management.io/ManifestWork': [
    { condition: ['Applied', 'Available'], False: 'Degraded' },
    { condition: 'Available', True: 'Healthy' },
  ],
  'addon.open-cluster-management.io/ManagedClusterAddOn': [
    { condition: 'Degraded', True: 'Degraded' },
    { condition: 'Available', True: 'Healthy', False: 'Degraded' },
  ],
  'nmstate.io/NodeNetworkConfigurationPolicy': [
    { condition: 'Progressing', True: 'Progressing' },
    { condition: 'Degraded', True: 'Degraded' },
    { condition: ['Available', 'Ignored'], True: 'Healthy' },
    { condition: 'Available', False: 'Progressing' },
  ],
};
