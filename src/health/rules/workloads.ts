// Health of what runs work for others: Knative, KServe, KEDA, Spark, Flink, Ray, Kueue, Tekton, OpenFaaS, KubeVirt.
import type { Rule, RuleTable } from '../step.ts';
import { notAllReady, observedReady, ready, readyOrWorking, working } from './ready.ts';

const keda: Rule = [
  { condition: 'Paused', True: 'Suspended' },
  { when: [{ annotation: 'autoscaling.keda.sh/paused', is: 'true' }], is: 'Suspended', message: 'Scaling is paused' },
  { when: [{ annotation: 'autoscaling.keda.sh/paused-replicas' }], is: 'Suspended', message: 'Scaling is paused' },
  { condition: 'Ready', True: 'Healthy', False: 'Degraded', Unknown: 'Progressing' },
];

const knativeOperator: Rule = [
  { observed: 'status.observedGeneration' },
  {
    condition: [
      'InstallSucceeded',
      'DependenciesInstalled',
      'VersionMigrationEligible',
      'Ready',
      'DeploymentsAvailable',
    ],
    Progressing: working,
    False: 'Degraded',
    Unknown: 'Progressing',
  },
  { condition: 'Ready', True: 'Healthy' },
];

const finished: Rule = [
  { when: [{ field: 'spec.suspend', is: true }], is: 'Suspended', message: 'It is suspended' },
  { condition: ['Failed'], True: 'Degraded' },
  { condition: ['Suspended'], True: 'Suspended' },
  { condition: ['Complete', 'Completed', 'Succeeded', 'Finished'], True: 'Healthy' },
];

const tekton: Rule = [{ condition: 'Succeeded', True: 'Healthy', False: 'Degraded', Unknown: 'Progressing' }];

const inferenceModel: Rule = [
  { condition: 'Stopped', True: 'Suspended' },
  { observed: 'status.observedGeneration' },
  {
    field: 'status.modelStatus.transitionStatus',
    Progressing: ['InProgress'],
    Degraded: ['BlockedByFailedLoad', 'InvalidSpec'],
    message: 'status.modelStatus.lastFailureInfo.message',
  },
  {
    condition: ['Ready'],
    Progressing: [...working, 'Deploying', 'Unschedulable'],
    False: 'Degraded',
    Unknown: 'Progressing',
    True: 'Healthy',
  },
];

export const workloads: RuleTable = {
  'serving.knative.dev/*': observedReady,
  'operator.knative.dev/*': knativeOperator,
  'sources.knative.dev/*': ready,
  'messaging.knative.dev/*': ready,
  'serving.kserve.io/*': inferenceModel,
  'machinelearning.seldon.io/SeldonDeployment': [
    {
      field: 'status.state',
      Healthy: ['Available'],
      Degraded: ['Failed'],
      others: 'Progressing',
      message: 'status.description',
    },
  ],
  'keda.sh/ScaledObject': keda,
  'keda.sh/ScaledJob': keda,
  'openfaas.com/Function': [
    { observed: 'status.observedGeneration' },
    { condition: 'Stalled', True: 'Degraded' },
    { condition: 'Reconciling', True: 'Progressing' },
    { condition: ['Ready', 'Healthy'], True: 'Healthy', False: 'Degraded' },
  ],
  'core.spinkube.dev/SpinApp': [
    { condition: 'Progressing', False: 'Degraded' },
    { condition: 'Available', True: 'Healthy', False: 'Progressing' },
    { condition: 'Progressing', True: 'Progressing' },
    notAllReady,
    { when: [{ field: 'status.readyReplicas', empty: false }], is: 'Healthy' },
  ],
  'sparkoperator.k8s.io/SparkApplication': [
    { when: [{ field: 'spec.suspend', is: true }], is: 'Suspended', message: 'The application is suspended' },
    {
      when: [
        { field: 'status.applicationState.state', is: 'RUNNING' },
        { field: 'spec.dynamicAllocation.enabled', is: true },
        { entries: 'status.executorState', of: ['RUNNING'], below: 'spec.dynamicAllocation.minExecutors' },
      ],
      is: 'Progressing',
      message: 'Waiting for executors',
    },
    {
      when: [
        { field: 'status.applicationState.state', is: 'RUNNING' },
        { field: 'spec.dynamicAllocation', empty: true },
        { entries: 'status.executorState', of: ['RUNNING', 'COMPLETED'], below: 'spec.executor.instances' },
      ],
      is: 'Progressing',
      message: 'Waiting for executors',
    },
    {
      field: 'status.applicationState.state',
      Healthy: ['RUNNING', 'COMPLETED'],
      Progressing: ['NEW', 'SUBMITTED', 'PENDING*', 'SUCCEEDING', 'INVALIDATING', 'RESUMING'],
      Suspended: ['SUSPENDED', 'SUSPENDING'],
      Degraded: ['FAILED', 'SUBMISSION_FAILED', 'FAILING'],
      Unknown: ['UNKNOWN'],
      message: 'status.applicationState.errorMessage',
    },
  ],
  'sparkoperator.k8s.io/ScheduledSparkApplication': [
    { when: [{ field: 'spec.suspend', is: true }], is: 'Suspended', message: 'The schedule is suspended' },
    { field: 'status.scheduleState', Healthy: ['Scheduled', 'Validating'], Degraded: ['FailedValidation'] },
  ],
  'flink.apache.org/FlinkDeployment': [
    { observed: 'status.observedGeneration' },
    { field: 'status.lifecycleState', Degraded: ['FAILED'], Suspended: ['SUSPENDED'], message: 'status.error' },
    {
      when: [
        { field: 'spec.job.state', is: 'suspended' },
        { field: 'status.jobStatus.state', not: 'RUNNING' },
      ],
      is: 'Suspended',
      message: 'The job is suspended',
    },
    { field: 'status.reconciliationStatus.state', Progressing: ['UPGRADING', 'ROLLING_BACK'] },
    { field: 'status.jobStatus.state', Degraded: ['FAILED', 'FAILING'], message: 'status.error' },
    {
      field: 'status.jobManagerDeploymentStatus',
      Healthy: ['READY'],
      Progressing: ['DEPLOYED_NOT_READY', 'DEPLOYING'],
      Degraded: ['ERROR'],
      message: 'status.error',
    },
    { when: [{ field: 'status.error', empty: false }], is: 'Degraded', message: 'The operator meets an error' },
    { field: 'status.jobManagerDeploymentStatus', Progressing: ['MISSING'] },
  ],
  'flink.apache.org/FlinkSessionJob': [
    {
      field: 'status.jobStatus.state',
      Healthy: ['RUNNING', 'FINISHED'],
      Degraded: ['FAILED', 'FAILING'],
      others: 'Progressing',
    },
  ],
  'ray.io/RayCluster': [
    { when: [{ field: 'spec.suspend', is: true }], is: 'Suspended', message: 'The cluster is suspended' },
    { field: 'status.state', Healthy: ['ready'], Suspended: ['suspended'], Degraded: ['failed', 'unhealthy'] },
  ],
  'ray.io/RayJob': [
    {
      field: 'status.jobDeploymentStatus',
      Healthy: ['Complete'],
      Suspended: ['Suspended'],
      Degraded: ['Failed', 'ValidationFailed'],
      others: 'Progressing',
    },
  ],
  'ray.io/RayService': [
    { condition: 'UpgradeInProgress', True: 'Progressing' },
    { condition: 'Ready', True: 'Healthy', False: 'Progressing' },
    { field: 'status.serviceStatus', Healthy: ['Running'] },
  ],
  'jobset.x-k8s.io/JobSet': finished,
  'leaderworkerset.x-k8s.io/LeaderWorkerSet': [
    { observed: 'status.observedGeneration' },
    { condition: ['Progressing', 'UpdateInProgress'], True: 'Progressing' },
    { condition: 'Available', True: 'Healthy', False: 'Progressing' },
  ],
  'kueue.x-k8s.io/Workload': [
    { when: [{ field: 'spec.active', is: false }], is: 'Suspended', message: 'The workload is not active' },
    ...finished,
    { condition: 'Admitted', True: 'Healthy' },
  ],
  'kueue.x-k8s.io/*': [{ condition: 'Active', True: 'Healthy', False: 'Degraded', Unknown: 'Progressing' }],
  'kubeflow.org/*': [
    ...finished,
    { condition: ['Running'], True: 'Progressing' },
    { condition: ['Ready'], True: 'Healthy' },
  ],
  'batch.volcano.sh/Job': [
    {
      field: 'status.state.phase',
      Healthy: ['Completed'],
      Degraded: ['Failed', 'Aborted', 'Terminated'],
      Suspended: ['Aborting'],
      others: 'Progressing',
    },
  ],
  'tekton.dev/PipelineRun': tekton,
  'tekton.dev/TaskRun': tekton,
  'operator.tekton.dev/*': readyOrWorking,
  'agones.dev/GameServer': [
    {
      field: 'status.state',
      Healthy: ['Ready', 'Allocated', 'Reserved'],
      Degraded: ['Unhealthy', 'Error'],
      others: 'Progressing',
    },
  ],
  'agones.dev/Fleet': [
    { when: [{ field: 'status.replicas', below: 'spec.replicas' }], is: 'Progressing', message: 'Waiting for servers' },
    { when: [{ field: 'status', empty: false }], is: 'Healthy' },
  ],
  'kubevirt.io/VirtualMachine': [
    { condition: 'Failure', True: 'Degraded' },
    { condition: 'Paused', True: 'Suspended' },
    {
      field: 'status.printableStatus',
      Healthy: ['Running'],
      Suspended: ['Stopped', 'Paused', 'Halted'],
      Progressing: ['Starting', 'Provisioning', 'Stopping', 'Terminating', 'Migrating', 'WaitingForVolumeBinding'],
      Degraded: [
        'CrashLoopBackOff',
        'ErrorUnschedulable',
        'ErrImagePull',
        'ImagePullBackOff',
        'ErrorPvcNotFound',
        'DataVolumeError',
        'Unknown',
      ],
    },
    { condition: 'Ready', True: 'Healthy', Progressing: ['*NotRunning', '*NotReady', '*NotExists'], False: 'Degraded' },
  ],
  'kubevirt.io/VirtualMachineInstance': [
    { condition: 'Failure', True: 'Degraded' },
    { condition: 'Paused', True: 'Suspended' },
    { field: 'status.phase', Degraded: ['Failed'], Healthy: ['Succeeded'] },
    {
      condition: 'Ready',
      True: 'Healthy',
      Progressing: ['GuestNotRunning', 'PodTerminating', 'PodNotReady', 'PodConditionMissing', 'PodNotExists'],
      False: 'Degraded',
    },
    { field: 'status.phase', Unknown: ['Unknown'] },
  ],
  'kubevirt.io/*': [
    { condition: 'Degraded', True: 'Degraded' },
    { condition: 'Progressing', True: 'Progressing' },
    { condition: 'Available', True: 'Healthy', False: 'Progressing' },
  ],
  'cdi.kubevirt.io/DataVolume': [
    {
      field: 'status.phase',
      Healthy: ['Succeeded'],
      Suspended: ['Paused'],
      Degraded: ['Failed'],
      Unknown: ['Unknown'],
      others: 'Progressing',
    },
  ],
};
