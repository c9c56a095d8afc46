// Health of OpenShift and of the Operator Lifecycle Manager.
import type { Rule, RuleTable } from '../step.ts';
import { notAllAvailable, notAllUpdated, oldLeft, readyOrWorking } from './ready.ts';

/** Available, Progressing, Degraded: the conditions of a cluster operator. */
const operator: Rule = [
  { condition: 'Degraded', True: 'Degraded' },
  { condition: 'Progressing', True: 'Progressing' },
  { condition: 'Available', True: 'Healthy', False: 'Degraded', Unknown: 'Progressing' },
];

export const openshift: RuleTable = {
  'apps.openshift.io/DeploymentConfig': [
    { when: [{ field: 'spec.paused', is: true }], is: 'Suspended', message: 'The deployment is paused' },
    { observed: 'status.observedGeneration' },
    { condition: 'Progressing', False: 'Degraded' },
    notAllUpdated,
    oldLeft,
    notAllAvailable,
    { condition: 'Available', True: 'Healthy', False: 'Degraded' },
    { when: [{ field: 'spec.replicas', is: 0 }], is: 'Healthy' },
  ],
  'operator.openshift.io/IngressController': [
    { condition: 'Admitted', False: 'Degraded' },
    { condition: 'Degraded', True: 'Degraded' },
    {
      when: [{ condition: 'Progressing', is: 'True' }],
      is: 'Progressing',
      message: 'The ingress controller is being changed',
    },
    { condition: 'Available', True: 'Healthy', False: 'Degraded' },
  ],
  'operator.openshift.io/*': operator,
  'config.openshift.io/ClusterOperator': operator,
  'config.openshift.io/ClusterVersion': [{ condition: 'Failing', True: 'Degraded' }, ...operator],
  'build.openshift.io/Build': [
    { field: 'status.phase', Healthy: ['Complete'], Degraded: ['Failed', 'Error', 'Cancelled'], others: 'Progressing' },
  ],
  'operators.coreos.com/Subscription': [
    { condition: ['CatalogSourcesUnhealthy', 'InstallPlanFailed', 'ResolutionFailed'], True: 'Degraded' },
    { condition: ['BundleUnpackFailed'], True: 'Degraded' },
    {
      when: [{ condition: 'InstallPlanMissing', is: 'True', reason: ['ReferencedInstallPlanNotFound'] }],
      is: 'Progressing',
      message: 'Waiting for an install plan',
    },
    { condition: 'InstallPlanMissing', True: 'Degraded' },
    { field: 'status.state', Degraded: ['UpgradeFailed'] },
    {
      when: [{ condition: 'InstallPlanPending', is: 'True', reason: ['RequiresApproval'] }],
      is: 'Healthy',
      message: 'An install plan waits for approval',
    },
    { condition: ['InstallPlanPending', 'BundleUnpacking'], True: 'Progressing' },
    { field: 'status.state', Healthy: ['AtLatestKnown', 'UpgradeAvailable'], Progressing: ['UpgradePending'] },
    { when: [{ field: 'status.installedCSV', empty: false }], is: 'Healthy' },
  ],
  'operators.coreos.com/ClusterServiceVersion': [
    {
      field: 'status.phase',
      Healthy: ['Succeeded'],
      Progressing: ['Pending', 'InstallReady', 'Installing', 'Replacing', 'Deleting'],
      Degraded: ['Failed', 'Unknown'],
      message: 'status.message',
    },
  ],
  'operators.coreos.com/InstallPlan': [
    {
      field: 'status.phase',
      Healthy: ['Complete'],
      Progressing: ['Planning', 'Installing'],
      Suspended: ['RequiresApproval'],
      Degraded: ['Failed'],
    },
  ],
  'operators.coreos.com/CatalogSource': [
    {
      field: 'status.connectionState.lastObservedState',
      Healthy: ['READY'],
      Degraded: ['TRANSIENT_FAILURE'],
      others: 'Progressing',
    },
  ],
  'ocs.openshift.io/StorageCluster': [
    {
      field: 'status.phase',
      Healthy: ['Ready'],
      Progressing: ['Progressing', 'Not Ready', 'Expanding Capacity', 'Connecting', 'Onboarding', 'Deleting'],
      Degraded: ['Error', 'Ignored', 'Failed'],
    },
    ...operator,
  ],
  'tower.ansible.com/AnsibleJob': [
    {
      field: 'status.ansibleJobResult.status',
      Healthy: ['successful'],
      Progressing: ['new', 'pending', 'waiting', 'running'],
      Degraded: ['failed', 'error', 'canceled'],
    },
    { condition: 'Failure', True: 'Degraded' },
  ],
  'machineconfiguration.openshift.io/MachineConfigPool': [
    { when: [{ field: 'spec.paused', is: true }], is: 'Suspended', message: 'The pool is paused' },
    { condition: ['Degraded', 'NodeDegraded', 'RenderDegraded'], True: 'Degraded' },
    { condition: 'Updating', True: 'Progressing' },
    { condition: 'Updated', True: 'Healthy' },
  ],
  'hive.openshift.io/ClusterDeployment': [
    { condition: 'ProvisionFailed', True: 'Degraded' },
    { field: 'spec.powerState', Suspended: ['Hibernating'] },
    { field: 'spec.installed', Healthy: ['true'] },
  ],
  'hypershift.openshift.io/*': [
    { condition: 'Degraded', True: 'Degraded' },
    { condition: 'Available', True: 'Healthy', False: 'Progressing' },
    ...readyOrWorking,
  ],
};
