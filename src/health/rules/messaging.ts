// Health of what carries messages: Strimzi, Confluent, Koperator, RabbitMQ, Camel, NATS.
import type { Rule, RuleTable } from '../step.ts';
import { ready, readyOrWorking } from './ready.ts';

const strimzi: Rule = [
  { observed: 'status.observedGeneration' },
  { condition: 'ReconciliationPaused', True: 'Suspended' },
  {
    when: [{ condition: 'NotReady', is: 'True', reason: ['Creating'] }],
    is: 'Progressing',
    message: 'It is being created',
  },
  { condition: 'NotReady', True: 'Degraded' },
  { condition: 'Ready', Progressing: ['Creating'], True: 'Healthy', False: 'Degraded' },
];

const confluentWords: Rule = [
  { field: 'status.connectorState', Degraded: ['FAILED'], Suspended: ['PAUSED', 'STOPPED'] },
  {
    each: 'status.conditions',
    steps: [
      {
        when: [
          { field: 'type', is: 'platform.confluent.io/statefulset-available' },
          { field: 'status', is: 'False' },
        ],
        is: 'Progressing',
      },
    ],
  },
  {
    field: 'status.phase',
    Healthy: ['RUNNING'],
    Progressing: ['PROVISIONING', 'UPDATING', 'RECONCILING', 'PENDING', 'DELETING'],
    Degraded: ['DEGRADED', 'FAILED', 'ERROR'],
    Unknown: ['UNKNOWN'],
  },
  {
    field: 'status.state',
    Healthy: ['CREATED', 'RUNNING'],
    Progressing: ['CREATING', 'UPDATING', 'PENDING'],
    Degraded: ['ERROR', 'FAILED'],
  },
];

export const messaging: RuleTable = {
  'kafka.strimzi.io/*': strimzi,
  'core.strimzi.io/StrimziPodSet': [
    { observed: 'status.observedGeneration' },
    { when: [{ field: 'status.pods', empty: true }], is: 'Progressing', message: 'Waiting for pods' },
    { when: [{ field: 'status.currentPods', below: 'status.pods' }], is: 'Progressing', message: 'Pods are rolled' },
    { when: [{ field: 'status.readyPods', below: 'status.pods' }], is: 'Progressing', message: 'Waiting for pods' },
    { when: [], is: 'Healthy' },
  ],
  'platform.confluent.io/*': confluentWords,
  'kafka.banzaicloud.io/KafkaCluster': [
    {
      field: 'status.state',
      Healthy: ['ClusterRunning'],
      Progressing: ['ClusterReconciling', 'ClusterRollingUpgrading', 'ClusterRollingUpgrade'],
      Degraded: ['ClusterDegraded', 'ClusterFailed'],
    },
  ],
  'kafka.banzaicloud.io/KafkaTopic': [{ field: 'status.state', Healthy: ['created'] }],
  'kafka.banzaicloud.io/KafkaUser': [{ field: 'status.state', Healthy: ['created'] }],
  'rabbitmq.com/RabbitmqCluster': [
    { observed: 'status.observedGeneration' },
    { condition: 'ReconcileSuccess', False: 'Degraded' },
    { condition: 'ClusterAvailable', False: 'Degraded', Unknown: 'Progressing' },
    { condition: 'AllReplicasReady', False: 'Progressing', Unknown: 'Progressing' },
    { condition: 'ClusterAvailable', True: 'Healthy' },
  ],
  'rabbitmq.com/*': [{ observed: 'status.observedGeneration' }, ...ready],
  'camel.apache.org/Integration': [
    {
      field: 'status.phase',
      Progressing: [
        'Initialization',
        'Waiting For Platform',
        'Waiting For Bindings',
        'Building Kit',
        'Build Submitted',
        'Build Running',
        'Deploying',
        'Undeploying',
      ],
      Degraded: ['Error', 'Cannot Execute*', 'Build Failure*'],
    },
    {
      condition: 'Ready',
      Progressing: ['InitializationReady', 'DeploymentProgressing', 'KnativeServiceReady', 'RuntimeNotReady*'],
      True: 'Healthy',
      False: 'Degraded',
    },
    { field: 'status.phase', Healthy: ['Running', 'Complete'], Unknown: ['Unknown'] },
  ],
  'camel.apache.org/*': [
    { field: 'status.phase', Healthy: ['Ready', 'Created'], Degraded: ['Error', 'Duplicate'], others: 'Progressing' },
    ...ready,
  ],
  'jetstream.nats.io/*': [{ condition: 'Errored', True: 'Degraded' }, ...readyOrWorking],
  'kafka.confluent.io/*': confluentWords,
  'pulsar.streamnative.io/*': readyOrWorking,
  'eventing.knative.dev/*': ready,
};
