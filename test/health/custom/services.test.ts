// Databases and messages.
import { conditions, judgeAll, status } from './judge.ts';

judgeAll({
  'acid.zalan.do/v1 postgresql': [
    [{}, 'Progressing'],
    [status({ PostgresClusterStatus: 'Creating' }), 'Progressing'],
    [status({ PostgresClusterStatus: 'Running' }), 'Healthy'],
    [status({ PostgresClusterStatus: 'UpdateFailed' }), 'Degraded'],
    [status({ PostgresClusterStatus: 'SyncFailed' }), 'Degraded'],
  ],
  'postgresql.cnpg.io/v1 Cluster': [
    [{}, 'Progressing'],
    [status({ phase: 'Cluster in healthy state' }), 'Healthy'],
    [status({ phase: 'Setting up primary' }), 'Progressing'],
    [status({ phase: 'Waiting for the instances to become active' }), 'Progressing'],
    [status({ phase: 'Waiting for user action' }), 'Suspended'],
    [status({ phase: 'Cluster is unrecoverable and needs manual intervention' }), 'Degraded'],
    [status({ phase: 'Unable to create required cluster objects' }), 'Degraded'],
    [status({ phase: 'Cluster in healthy state' }, ['cnpg.io/hibernation', 'True', 'Hibernated']), 'Suspended'],
    [status({ phase: 'Something new' }), 'Unknown'],
  ],
  'k8s.mariadb.com/v1alpha1 MariaDB': [
    [{}, 'Progressing'],
    [conditions(['Ready', 'True', 'StatefulSetReady']), 'Healthy'],
    [conditions(['Ready', 'False', 'StatefulSetNotReady']), 'Progressing'],
    [conditions(['Ready', 'False', 'Failed']), 'Degraded'],
    [{ spec: { suspend: true }, ...conditions(['Ready', 'True']) }, 'Suspended'],
  ],
  'k8s.mariadb.com/v1alpha1 Backup SqlJob': [
    [conditions(['Complete', 'True', 'JobComplete']), 'Healthy'],
    [conditions(['Complete', 'False', 'JobRunning']), 'Progressing'],
    [conditions(['Complete', 'False', 'JobFailed']), 'Degraded'],
  ],
  'k8s.mariadb.com/v1alpha1 Database User Grant': [
    [conditions(['Ready', 'True', 'Created']), 'Healthy'],
    [conditions(['Ready', 'False', 'Failed']), 'Degraded'],
  ],
  'psmdb.percona.com/v1 PerconaServerMongoDB': [
    [{}, 'Progressing'],
    [status({ state: 'initializing' }), 'Progressing'],
    [status({ state: 'ready' }), 'Healthy'],
    [status({ state: 'error' }), 'Degraded'],
    [status({ state: 'paused' }), 'Suspended'],
  ],
  'pxc.percona.com/v1 PerconaXtraDBCluster': [
    [status({ state: 'ready' }), 'Healthy'],
    [status({ state: 'stopping' }), 'Progressing'],
  ],
  'clickhouse.altinity.com/v1 ClickHouseInstallation': [
    [{}, 'Progressing'],
    [status({ status: 'InProgress' }), 'Progressing'],
    [status({ status: 'Completed' }), 'Healthy'],
    [status({ status: 'Aborted' }), 'Degraded'],
  ],
  'db.atlasgo.io/v1alpha1 AtlasSchema AtlasMigration': [
    [conditions(['Ready', 'True', 'Applied']), 'Healthy'],
    [conditions(['Ready', 'False', 'Reconciling']), 'Progressing'],
    [conditions(['Ready', 'False', 'ApplyingSchema']), 'Degraded'],
  ],
  'cassandra.rook.io/v1alpha1 Cluster': [
    [{}, 'Progressing'],
    [status({ racks: { a: { members: 3, readyMembers: 3 } } }), 'Healthy'],
    [status({ racks: { a: { members: 3, readyMembers: 3 }, b: { members: 2, readyMembers: 1 } } }), 'Progressing'],
  ],
  'solr.apache.org/v1beta1 SolrCloud': [
    [{}, 'Progressing'],
    [{ spec: { replicas: 3 }, status: { replicas: 3, readyReplicas: 3, upToDateNodes: 3 } }, 'Healthy'],
    [{ spec: { replicas: 3 }, status: { replicas: 3, readyReplicas: 1 } }, 'Progressing'],
  ],
  'zookeeper.pravega.io/v1beta1 ZookeeperCluster': [
    [{}, 'Progressing'],
    [{ spec: { replicas: 3 }, status: { replicas: 3, readyReplicas: 3 } }, 'Healthy'],
    [{ spec: { replicas: 3 }, status: { replicas: 3, readyReplicas: 2 } }, 'Progressing'],
    [conditions(['Error', 'True', 'UpgradeFailed']), 'Degraded'],
  ],
  'kafka.strimzi.io/v1beta2 Kafka KafkaTopic KafkaUser KafkaConnect KafkaBridge KafkaConnector': [
    [{}, 'Progressing'],
    [conditions(['Ready', 'True']), 'Healthy'],
    [conditions(['NotReady', 'True', 'Creating']), 'Progressing'],
    [conditions(['NotReady', 'True', 'InvalidResourceException']), 'Degraded'],
    [conditions(['ReconciliationPaused', 'True']), 'Suspended'],
    [status({ observedGeneration: 1 }, ['Ready', 'True']), 'Progressing'],
  ],
  'core.strimzi.io/v1beta2 StrimziPodSet': [
    [{}, 'Progressing'],
    [status({ pods: 3, readyPods: 3, currentPods: 3 }), 'Healthy'],
    [status({ pods: 3, readyPods: 2, currentPods: 3 }), 'Progressing'],
  ],
  'platform.confluent.io/v1beta1 Kafka Connect KsqlDB SchemaRegistry Zookeeper ControlCenter': [
    [{}, 'Progressing'],
    [status({ phase: 'PROVISIONING' }), 'Progressing'],
    [status({ phase: 'RUNNING' }), 'Healthy'],
    [status({ phase: 'DEGRADED' }), 'Degraded'],
  ],
  'platform.confluent.io/v1beta1 Connector': [
    [status({ state: 'CREATED', connectorState: 'RUNNING' }), 'Healthy'],
    [status({ state: 'CREATED', connectorState: 'FAILED' }), 'Degraded'],
  ],
  'kafka.banzaicloud.io/v1beta1 KafkaCluster': [
    [{}, 'Progressing'],
    [status({ state: 'ClusterReconciling' }), 'Progressing'],
    [status({ state: 'ClusterRunning' }), 'Healthy'],
  ],
  'rabbitmq.com/v1beta1 RabbitmqCluster': [
    [{}, 'Progressing'],
    [conditions(['AllReplicasReady', 'True'], ['ClusterAvailable', 'True'], ['ReconcileSuccess', 'True']), 'Healthy'],
    [conditions(['AllReplicasReady', 'False', 'NotAllPodsReady'], ['ClusterAvailable', 'True']), 'Progressing'],
    [conditions(['ReconcileSuccess', 'False', 'FailedReconcilePVC'], ['ClusterAvailable', 'True']), 'Degraded'],
  ],
  'rabbitmq.com/v1beta1 Queue Exchange Binding Vhost User Permission Policy Shovel': [
    [{}, 'Progressing'],
    [conditions(['Ready', 'True', 'SuccessfulCreateOrUpdate']), 'Healthy'],
    [conditions(['Ready', 'False', 'FailedCreateOrUpdate']), 'Degraded'],
  ],
  'camel.apache.org/v1 Integration': [
    [{}, 'Progressing'],
    [status({ phase: 'Building Kit' }), 'Progressing'],
    [status({ phase: 'Running' }, ['Ready', 'True']), 'Healthy'],
    [status({ phase: 'Running' }, ['Ready', 'False', 'Error']), 'Degraded'],
    [status({ phase: 'Error' }), 'Degraded'],
  ],
});
