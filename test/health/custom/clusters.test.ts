// Clusters, gateways, OpenShift and storage.
import { conditions, judgeAll, part, status } from './judge.ts';

judgeAll({
  'cluster.x-k8s.io/v1beta1 Cluster': [
    [{}, 'Progressing'],
    [status({ phase: 'Provisioning' }, ['Ready', 'False', 'WaitingForInfrastructure']), 'Progressing'],
    [status({ phase: 'Provisioned' }, ['Ready', 'True']), 'Healthy'],
    [status({ phase: 'Provisioned' }, ['Ready', 'False', 'MachineError']), 'Degraded'],
    [status({ phase: 'Failed' }), 'Degraded'],
    [{ spec: { paused: true }, status: { phase: 'Provisioned' } }, 'Suspended'],
    [{ metadata: { annotations: { 'cluster.x-k8s.io/paused': '' } }, status: { phase: 'Provisioned' } }, 'Suspended'],
  ],
  'cluster.x-k8s.io/v1beta1 Machine MachinePool': [
    [status({ phase: 'Provisioned' }), 'Progressing'],
    [status({ phase: 'Running' }), 'Healthy'],
    [status({ phase: 'Failed' }), 'Degraded'],
  ],
  'cluster.x-k8s.io/v1beta1 MachineDeployment': [
    [status({ phase: 'ScalingUp' }), 'Progressing'],
    [status({ phase: 'Running' }), 'Healthy'],
    [status({ phase: 'Failed' }), 'Degraded'],
  ],
  'cluster.x-k8s.io/v1beta1 MachineHealthCheck': [
    [{}, 'Progressing'],
    [status({ expectedMachines: 2, currentHealthy: 2 }, ['RemediationAllowed', 'True']), 'Healthy'],
    [status({ expectedMachines: 2, currentHealthy: 1 }, ['RemediationAllowed', 'True']), 'Progressing'],
    [status({ expectedMachines: 2, currentHealthy: 0 }, ['RemediationAllowed', 'False']), 'Degraded'],
  ],
  'addons.cluster.x-k8s.io/v1beta1 ClusterResourceSet': [
    [{}, 'Progressing'],
    [conditions(['ResourcesApplied', 'True']), 'Healthy'],
    [conditions(['ResourcesApplied', 'False', 'ApplyFailed']), 'Degraded'],
  ],
  'core.gardener.cloud/v1beta1 Shoot': [
    [{}, 'Progressing'],
    [status({ lastOperation: { state: 'Processing' } }), 'Progressing'],
    [status({ lastOperation: { state: 'Succeeded' } }, ['APIServerAvailable', 'True']), 'Healthy'],
    [status({ lastOperation: { state: 'Succeeded' } }, ['APIServerAvailable', 'False']), 'Degraded'],
    [status({ lastOperation: { state: 'Succeeded' } }, ['EveryNodeReady', 'Progressing']), 'Progressing'],
    [status({ lastOperation: { state: 'Failed' } }), 'Degraded'],
    [status({ lastOperation: { state: 'Succeeded' }, hibernated: true }), 'Suspended'],
  ],
  'karpenter.sh/v1 NodePool NodeClaim': [
    [{}, 'Progressing'],
    [conditions(['Ready', 'True']), 'Healthy'],
    [conditions(['Ready', 'False', 'NodeClassNotReady']), 'Degraded'],
    [conditions(['Ready', 'Unknown']), 'Progressing'],
  ],
  'work.karmada.io/v1alpha2 ResourceBinding ClusterResourceBinding': [
    [{}, 'Progressing'],
    [conditions(['Scheduled', 'True'], ['FullyApplied', 'True']), 'Healthy'],
    [conditions(['Scheduled', 'True'], ['FullyApplied', 'False']), 'Progressing'],
    [conditions(['Scheduled', 'False', 'NoClusterFit']), 'Degraded'],
    [status({ aggregatedStatus: [{ applied: false }] }, ['Scheduled', 'True']), 'Degraded'],
  ],
  'policy.open-cluster-management.io/v1 Policy ConfigurationPolicy CertificatePolicy': [
    [{}, 'Progressing'],
    [status({ compliant: 'Compliant' }), 'Healthy'],
    [status({ compliant: 'NonCompliant' }), 'Degraded'],
    [status({ compliant: 'Pending' }), 'Progressing'],
  ],
  'policy.open-cluster-management.io/v1 Policy': [
    [{ spec: { disabled: true } }, 'Suspended'],
    [status({ status: [{ compliant: 'Compliant' }, { compliant: 'NonCompliant' }] }), 'Degraded'],
  ],
  'nmstate.io/v1 NodeNetworkConfigurationPolicy': [
    [conditions(['Available', 'True'], ['Degraded', 'False'], ['Progressing', 'False']), 'Healthy'],
    [conditions(['Available', 'False'], ['Degraded', 'True'], ['Progressing', 'False']), 'Degraded'],
    [conditions(['Available', 'Unknown'], ['Progressing', 'True']), 'Progressing'],
  ],
  'gateway.networking.k8s.io/v1 Gateway': [
    [{}, 'Progressing'],
    [conditions(['Accepted', 'True'], ['Programmed', 'True']), 'Healthy'],
    [conditions(['Accepted', 'Unknown', 'Pending'], ['Programmed', 'Unknown', 'Pending']), 'Progressing'],
    [conditions(['Accepted', 'True'], ['Programmed', 'False', 'Invalid']), 'Degraded'],
    [conditions(['Accepted', 'True'], ['Programmed', 'False', 'Pending']), 'Progressing'],
    [
      status({ listeners: [part(['ResolvedRefs', 'False', 'InvalidCertificateRef'])] }, ['Programmed', 'True']),
      'Degraded',
    ],
    [status({ conditions: [{ type: 'Programmed', status: 'True', observedGeneration: 1 }] }), 'Progressing'],
  ],
  'gateway.networking.k8s.io/v1 GatewayClass': [
    [conditions(['Accepted', 'True']), 'Healthy'],
    [conditions(['Accepted', 'Unknown', 'Waiting']), 'Progressing'],
    [conditions(['Accepted', 'False', 'InvalidParameters']), 'Degraded'],
  ],
  'gateway.networking.k8s.io/v1 HTTPRoute GRPCRoute': [
    [{}, 'Progressing'],
    [status({ parents: [] }), 'Progressing'],
    [status({ parents: [part(['Accepted', 'True'], ['ResolvedRefs', 'True'])] }), 'Healthy'],
    [status({ parents: [part(['Accepted', 'True'], ['ResolvedRefs', 'False', 'BackendNotFound'])] }), 'Degraded'],
    [
      status({ parents: [part(['Accepted', 'True']), part(['Accepted', 'False', 'NotAllowedByListeners'])] }),
      'Degraded',
    ],
    [status({ parents: [part(['Accepted', 'Unknown', 'Pending'])] }), 'Progressing'],
    [
      status({ parents: [{ conditions: [{ type: 'Accepted', status: 'True', observedGeneration: 1 }] }] }),
      'Progressing',
    ],
  ],
  'gateway.networking.k8s.io/v1 BackendTLSPolicy': [
    [status({ ancestors: [part(['Accepted', 'True'])] }), 'Healthy'],
    [status({ ancestors: [part(['Accepted', 'False', 'Invalid'])] }), 'Degraded'],
  ],
  'gateway.solo.io/v1 VirtualService Gateway RouteTable': [
    [{}, 'Progressing'],
    [status({ statuses: { 'gloo-system': { state: 'Accepted' } } }), 'Healthy'],
    [status({ statuses: { 'gloo-system': { state: 'Rejected', reason: 'no' } } }), 'Degraded'],
    [status({ statuses: { 'gloo-system': { state: 1 } } }), 'Healthy'],
    [status({ state: 2 }), 'Degraded'],
    [status({ state: 'Pending' }), 'Progressing'],
  ],
  'projectcontour.io/v1 HTTPProxy': [
    [{}, 'Progressing'],
    [status({ currentStatus: 'valid' }, ['Valid', 'True']), 'Healthy'],
    [status({ currentStatus: 'invalid' }, ['Valid', 'False', 'ErrorPresent']), 'Degraded'],
    [status({ currentStatus: 'NotReconciled' }), 'Progressing'],
    [status({ currentStatus: 'orphaned' }), 'Degraded'],
  ],
  'install.istio.io/v1alpha1 IstioOperator': [
    [{}, 'Progressing'],
    [status({ status: 'HEALTHY' }), 'Healthy'],
    [status({ status: 'RECONCILING' }), 'Progressing'],
    [status({ status: 'ERROR' }), 'Degraded'],
  ],
  'route.openshift.io/v1 Route': [
    [{}, 'Progressing'],
    [status({ ingress: [part(['Admitted', 'True'])] }), 'Healthy'],
    [status({ ingress: [part(['Admitted', 'False', 'HostAlreadyClaimed'])] }), 'Degraded'],
  ],
  'apps.openshift.io/v1 DeploymentConfig': [
    [{}, 'Progressing'],
    [
      {
        spec: { replicas: 1 },
        ...status({ replicas: 1, updatedReplicas: 1, availableReplicas: 1 }, ['Available', 'True']),
      },
      'Healthy',
    ],
    [{ spec: { replicas: 2 }, ...status({ updatedReplicas: 1 }, ['Available', 'True']) }, 'Progressing'],
    [{ spec: { paused: true } }, 'Suspended'],
    [conditions(['Progressing', 'False', 'ProgressDeadlineExceeded']), 'Degraded'],
  ],
  'operator.openshift.io/v1 IngressController': [
    [conditions(['Available', 'True'], ['Degraded', 'False'], ['Progressing', 'False']), 'Healthy'],
    [conditions(['Available', 'False'], ['Progressing', 'True']), 'Progressing'],
    [conditions(['Available', 'True'], ['Degraded', 'True']), 'Degraded'],
  ],
  'operators.coreos.com/v1alpha1 Subscription': [
    [{}, 'Progressing'],
    [status({ state: 'AtLatestKnown' }, ['CatalogSourcesUnhealthy', 'False']), 'Healthy'],
    [status({ state: 'UpgradePending' }, ['InstallPlanPending', 'True', 'Installing']), 'Progressing'],
    [status({ state: 'UpgradePending' }, ['InstallPlanFailed', 'True']), 'Degraded'],
    [conditions(['CatalogSourcesUnhealthy', 'True']), 'Degraded'],
  ],
  'operators.coreos.com/v1alpha1 ClusterServiceVersion': [
    [status({ phase: 'Succeeded' }), 'Healthy'],
    [status({ phase: 'Installing' }), 'Progressing'],
    [status({ phase: 'Failed' }), 'Degraded'],
  ],
  'ocs.openshift.io/v1 StorageCluster': [
    [status({ phase: 'Ready' }), 'Healthy'],
    [status({ phase: 'Progressing' }), 'Progressing'],
    [status({ phase: 'Error' }), 'Degraded'],
  ],
  'tower.ansible.com/v1alpha1 AnsibleJob': [
    [{}, 'Progressing'],
    [status({ ansibleJobResult: { status: 'running' } }), 'Progressing'],
    [status({ ansibleJobResult: { status: 'successful' } }), 'Healthy'],
    [status({ ansibleJobResult: { status: 'failed' } }), 'Degraded'],
  ],
  'snapshot.storage.k8s.io/v1 VolumeSnapshot VolumeSnapshotContent': [
    [{}, 'Progressing'],
    [status({ readyToUse: false }), 'Progressing'],
    [status({ readyToUse: true }), 'Healthy'],
    [status({ readyToUse: false, error: { message: 'no driver' } }), 'Degraded'],
  ],
  'objectbucket.io/v1alpha1 ObjectBucketClaim': [
    [{}, 'Progressing'],
    [status({ phase: 'Bound' }), 'Healthy'],
    [status({ phase: 'Failed' }), 'Degraded'],
  ],
  'ceph.rook.io/v1 CephCluster': [
    [{}, 'Progressing'],
    [status({ phase: 'Ready', ceph: { health: 'HEALTH_OK' } }), 'Healthy'],
    [status({ phase: 'Ready', ceph: { health: 'HEALTH_ERR' } }), 'Degraded'],
    [status({ phase: 'Progressing' }), 'Progressing'],
  ],
  'ceph.rook.io/v1 CephObjectStore': [
    [status({ phase: 'Ready' }), 'Healthy'],
    [status({ phase: 'Progressing' }), 'Progressing'],
    [status({ phase: 'Failure' }), 'Degraded'],
  ],
  'trident.netapp.io/v1 TridentOrchestrator': [
    [status({ status: 'Installed' }), 'Healthy'],
    [status({ status: 'Installing' }), 'Progressing'],
    [status({ status: 'Failed' }), 'Degraded'],
  ],
  'trident.netapp.io/v1 TridentBackendConfig': [
    [status({ phase: 'Bound', lastOperationStatus: 'Success' }), 'Healthy'],
    [status({ phase: 'Failed', lastOperationStatus: 'Failed' }), 'Degraded'],
  ],
  'astra.netapp.io/v1 Snapshot Backup ExecHooksRun': [
    [{}, 'Progressing'],
    [status({ state: 'Running' }), 'Progressing'],
    [status({ state: 'Completed' }), 'Healthy'],
    [status({ state: 'Failed' }), 'Degraded'],
  ],
  'minio.min.io/v2 Tenant': [
    [{}, 'Progressing'],
    [status({ currentState: 'Provisioning initial users' }), 'Progressing'],
    [status({ currentState: 'Initialized' }), 'Healthy'],
    [status({ currentState: 'Tenant credentials are not set properly' }), 'Degraded'],
  ],
  'velero.io/v1 Backup Restore': [
    [status({ phase: 'InProgress' }), 'Progressing'],
    [status({ phase: 'Completed' }), 'Healthy'],
    [status({ phase: 'PartiallyFailed' }), 'Degraded'],
  ],
  'longhorn.io/v1beta2 Volume': [
    [status({ state: 'attached', robustness: 'healthy' }), 'Healthy'],
    [status({ state: 'attached', robustness: 'degraded' }), 'Degraded'],
    [status({ state: 'attaching' }), 'Progressing'],
  ],
});
