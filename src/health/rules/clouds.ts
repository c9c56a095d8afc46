// Health of cloud resources that are kept through Kubernetes: Crossplane, Config Connector, ACK, Azure Service
// Operator.
import type { Rule, RuleTable } from '../step.ts';
import { working } from './ready.ts';

/** Kinds that only configure have no status until something uses them. */
const configures: readonly string[] = [
  'ProviderConfig',
  'ProviderConfigUsage',
  'ClusterProviderConfig',
  'Composition',
  'CompositionRevision',
  'ControllerConfig',
  'DeploymentRuntimeConfig',
  'EnvironmentConfig',
  'StoreConfig',
  'ImageConfig',
  'ManagedResourceActivationPolicy',
];

const managed: Rule = [
  {
    when: [
      { field: 'kind', is: configures },
      { field: 'status.conditions', empty: true },
    ],
    is: 'Healthy',
  },
  { condition: ['LastAsyncOperation', 'Synced'], False: 'Degraded' },
  {
    condition: ['Ready', 'Healthy', 'Offered', 'Established'],
    Degraded: ['Unavailable', 'UnhealthyPackageRevision'],
    True: 'Healthy',
    False: 'Progressing',
    Unknown: 'Progressing',
  },
];

const stack: Rule = [
  { in: 'status.conditionedStatus.conditions', condition: 'Synced', False: 'Degraded' },
  { in: 'status.conditionedStatus.conditions', condition: 'Ready', True: 'Healthy', False: 'Progressing' },
];

const connector: Rule = [
  {
    condition: 'Ready',
    Degraded: ['UpdateFailed', 'DeleteFailed', 'DependencyInvalid', 'ManagementConflict'],
    True: 'Healthy',
    False: 'Progressing',
    Unknown: 'Progressing',
  },
];

export const clouds: RuleTable = {
  'pkg.crossplane.io/*': [
    {
      when: [
        { field: 'kind', is: configures },
        { field: 'status.conditions', empty: true },
      ],
      is: 'Healthy',
    },
    {
      condition: ['Installed', 'RevisionHealthy', 'Healthy'],
      Progressing: ['UnpackingPackage', 'UnknownPackageRevisionHealth', ...working],
      False: 'Degraded',
      Unknown: 'Progressing',
    },
    { condition: ['Healthy', 'RevisionHealthy'], True: 'Healthy' },
  ],
  'stacks.crossplane.io/*': stack,
  '*.crossplane.io/*': managed,
  'crossplane.io/*': managed,
  '*.upbound.io/*': managed,
  '*.cnrm.cloud.google.com/*': connector,
  '*.services.k8s.aws/*': [
    { condition: ['ACK.Terminal', 'ACK.Recoverable'], True: 'Degraded' },
    { condition: 'ACK.ReferencesResolved', False: 'Degraded' },
    { condition: ['ACK.ResourceSynced', 'Ready'], True: 'Healthy', False: 'Progressing', Unknown: 'Progressing' },
  ],
  '*.azure.com/*': [
    {
      condition: 'Ready',
      Progressing: [...working, 'Reconciling', 'WaitingForOwner', 'ReferenceNotFound', 'SecretNotFound'],
      True: 'Healthy',
      False: 'Degraded',
      Unknown: 'Progressing',
    },
  ],
};
