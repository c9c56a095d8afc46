// Health of storage and backups: Rook, snapshots, Trident, Astra, MinIO, Velero, Longhorn, VolSync.
import type { Rule, RuleTable } from '../step.ts';
import { ready } from './ready.ts';

const snapshot: Rule = [
  { field: 'status.error.message', others: 'Degraded', message: 'status.error.message' },
  { when: [{ field: 'status.error', empty: false }], is: 'Degraded' },
  { field: 'status.readyToUse', Healthy: ['true'], Progressing: ['false'] },
];

const state = {
  Healthy: ['Completed', 'Available', 'Ready', 'Success', 'Succeeded', 'Bound', 'OK', 'Created'],
  Progressing: ['Pending', 'Running', 'InProgress', 'In Progress', 'Progressing', 'New', 'Deleting', 'Discovering'],
  Suspended: ['Suspended', 'Paused'],
  Degraded: ['Failed', 'Error', 'Unavailable', 'PartiallyFailed', 'Warning', 'Removed', 'Lost'],
} as const;
const astra: Rule = [
  { field: 'status.state', ...state, message: 'status.error' },
  { condition: 'Ready', True: 'Healthy', False: 'Progressing', Unknown: 'Progressing' },
];

const rook: Rule = [
  {
    field: 'status.phase',
    Healthy: ['Ready', 'Connected'],
    Progressing: ['Progressing', 'Creating', 'Connecting', 'Updating', 'Deleting', 'Pending'],
    Degraded: ['Failure', 'Failed', 'Error', 'DeletionIsBlocked', 'ReconcileFailed', 'DeletionBlocked'],
    message: 'status.message',
  },
];

const velero: Rule = [
  {
    field: 'status.phase',
    Healthy: ['Completed', 'Available', 'Enabled', 'Processed', 'Ready'],
    Progressing: ['New', 'InProgress', 'WaitingForPluginOperations', 'Finalizing', 'Queued', 'ReadyToStart'],
    Degraded: [
      'FailedValidation',
      'WaitingForPluginOperationsPartiallyFailed',
      'FinalizingPartiallyFailed',
      'PartiallyFailed',
      'Failed',
      'Unavailable',
    ],
    message: 'status.message',
  },
];

export const storage: RuleTable = {
  'snapshot.storage.k8s.io/VolumeSnapshotClass': [{ when: [], is: 'Healthy' }],
  'snapshot.storage.k8s.io/*': snapshot,
  'objectbucket.io/*': [
    {
      field: 'status.phase',
      Healthy: ['Bound'],
      Progressing: ['Pending', 'Released', 'Deleting'],
      Degraded: ['Failed', 'Lost'],
    },
  ],
  'ceph.rook.io/CephCluster': [
    { field: 'status.phase', Degraded: ['Failure'], message: 'status.message' },
    { field: 'status.ceph.health', Healthy: ['HEALTH_OK'], Degraded: ['HEALTH_WARN', 'HEALTH_ERR'] },
    { field: 'status.phase', Progressing: ['Progressing', 'Connecting', 'Deleting'], Healthy: ['Ready', 'Connected'] },
    { field: 'status.state', Progressing: ['Creating', 'Updating', 'Connecting'], Degraded: ['Error'] },
  ],
  'ceph.rook.io/*': rook,
  'astra.netapp.io/Schedule': [
    { when: [{ field: 'spec.enabled', is: false }], is: 'Suspended', message: 'The schedule is not enabled' },
    ...astra,
    { when: [{ field: 'status', empty: false }], is: 'Healthy' },
  ],
  'astra.netapp.io/*': astra,
  'protect.trident.netapp.io/*': astra,
  'trident.netapp.io/TridentBackendConfig': [
    {
      field: 'status.phase',
      Degraded: ['Failed', 'Lost', 'Unbound'],
      Progressing: ['Deleting'],
      message: 'status.message',
    },
    { field: 'status.lastOperationStatus', Healthy: ['Success'], Degraded: ['Failed'], message: 'status.message' },
    { field: 'status.phase', Healthy: ['Bound'] },
  ],
  'trident.netapp.io/TridentOrchestrator': [
    {
      field: 'status.status',
      Healthy: ['Installed'],
      Progressing: ['Installing', 'Uninstalling', 'Updating', 'Uninstalled'],
      Degraded: ['Failed', 'Error'],
      message: 'status.message',
    },
  ],
  'minio.min.io/Tenant': [
    {
      field: 'status.currentState',
      Healthy: ['Initialized'],
      Progressing: ['Provisioning *', 'Waiting *', 'Updating *', 'Restarting *', 'Decommissioning *', 'Initializing*'],
      others: 'Degraded',
      message: 'status.currentState',
    },
  ],
  'velero.io/Schedule': [
    { when: [{ field: 'spec.paused', is: true }], is: 'Suspended', message: 'The schedule is paused' },
    ...velero,
  ],
  'velero.io/*': velero,
  'longhorn.io/Volume': [
    {
      field: 'status.robustness',
      Healthy: ['healthy'],
      Degraded: ['degraded', 'faulted'],
    },
    { field: 'status.state', Healthy: ['attached', 'detached'], others: 'Progressing' },
  ],
  'longhorn.io/Engine': [{ field: 'status.currentState', Healthy: ['running', 'stopped'], Degraded: ['error'] }],
  'longhorn.io/*': [...ready, { when: [{ field: 'status', empty: false }], is: 'Healthy' }],
  'volsync.backube/*': [
    { when: [{ field: 'spec.paused', is: true }], is: 'Suspended', message: 'It is paused' },
    { condition: 'Synchronizing', Degraded: ['Error'], True: 'Healthy', False: 'Healthy' },
  ],
  'k8up.io/*': [
    { condition: 'Completed', Degraded: ['Failed'] },
    { when: [{ condition: 'Completed', is: 'True', reason: ['Failed'] }], is: 'Degraded' },
    { condition: 'Completed', True: 'Healthy' },
    { condition: 'Ready', True: 'Healthy', False: 'Degraded' },
  ],
  'apps.nexus.sonatype.com/*': ready,
};
