// Health of databases that operators keep.
import type { Rule, RuleTable } from '../step.ts';
import { notAllReady, readyOrWorking, ready } from './ready.ts';

const percona: Rule = [
  {
    field: 'status.state',
    Healthy: ['ready'],
    Progressing: ['initializing', 'unknown', 'stopping'],
    Suspended: ['paused'],
    Degraded: ['error'],
    message: 'status.message',
  },
];
const clickhouse: Rule = [
  { field: 'status.status', Healthy: ['Completed'], Progressing: ['InProgress', 'Terminating'], Degraded: ['Aborted'] },
];
const mariadb: Rule = [
  { when: [{ field: 'spec.suspend', is: true }], is: 'Suspended', message: 'Its reconciliation is suspended' },
  {
    condition: ['Complete', 'Ready'],
    Degraded: ['Failed', 'JobFailed', 'CronJobFailed', 'NotHealthy', 'Error*'],
    Suspended: ['Suspended', 'JobSuspended'],
    True: 'Healthy',
    False: 'Progressing',
    Unknown: 'Progressing',
  },
];
/** Database, User, Grant: made by one statement, which succeeds or not. */
const statement: Rule = [{ condition: 'Ready', Progressing: ['Waiting*'], True: 'Healthy', False: 'Degraded' }];
const atlas: Rule = [
  {
    condition: 'Ready',
    Progressing: [
      'Reconciling',
      'GettingDevDB',
      'Migrating',
      'CreatingWorkingDir',
      'ApprovalPending',
      'VerifyingFirstRun',
    ],
    True: 'Healthy',
    False: 'Degraded',
    Unknown: 'Progressing',
  },
];
const cnpg: Rule = [
  {
    when: [{ condition: 'cnpg.io/hibernation', is: 'True' }],
    is: 'Suspended',
    message: 'The cluster is hibernated',
  },
  {
    when: [{ annotation: 'cnpg.io/reconciliationLoop', is: 'disabled' }],
    is: 'Suspended',
    message: 'Its reconciliation is disabled',
  },
  {
    when: [{ condition: 'cnpg.io/hibernation', is: 'False' }],
    is: 'Progressing',
    message: 'The cluster is being hibernated',
  },
  {
    field: 'status.phase',
    Healthy: ['Cluster in healthy state'],
    Suspended: ['Waiting for user action'],
    Degraded: [
      'Cluster is unrecoverable*',
      'Cluster is in an unrecoverable state*',
      'Cluster cannot *',
      'Cluster has incomplete or invalid *',
      'Cluster in unhealthy state*',
      'Unable to create *',
      'Not enough disk space',
      'Not enough resources',
      'Failed *',
      'Unknown plugin*',
      'Error *',
    ],
    Progressing: [
      'Setting up *',
      'Creating *',
      'Upgrading *',
      'Upgrade *',
      'Cluster upgrade *',
      'Online upgrade *',
      'Primary instance is being *',
      'Promoting *',
      'Switchover *',
      'Waiting for *',
      'Applying *',
      'Joining *',
      'Failing over',
      'Restarting *',
    ],
    others: 'Unknown',
    message: 'status.phase',
  },
];
const phaseWord: Rule = [
  {
    field: 'status.phase',
    Healthy: ['Running', 'Ready', 'Available', 'Healthy'],
    Progressing: [
      'Pending',
      'Creating',
      'Initializing',
      'Reconciling',
      'Provisioning',
      'Updating',
      'NotReady',
      'Unknown',
    ],
    Suspended: ['Paused', 'Stopped', 'Halted'],
    Degraded: ['Failed', 'Error', 'Critical'],
    message: 'status.message',
  },
];

export const databases: RuleTable = {
  'acid.zalan.do/postgresql': [
    {
      field: 'status.PostgresClusterStatus',
      Healthy: ['Running'],
      Progressing: ['Creating', 'Updating'],
      Degraded: ['CreateFailed', 'UpdateFailed', 'SyncFailed', 'AddFailed', 'Invalid'],
      Unknown: ['Unknown'],
    },
  ],
  'postgresql.cnpg.io/Cluster': cnpg,
  'postgresql.cnpg.io/Backup': [
    {
      field: 'status.phase',
      Healthy: ['completed'],
      Degraded: ['failed', 'walArchivingFailing'],
      others: 'Progressing',
    },
  ],
  'postgresql.cnpg.io/ScheduledBackup': [
    { when: [{ field: 'spec.suspend', is: true }], is: 'Suspended', message: 'The schedule is suspended' },
    { when: [{ field: 'status', empty: false }], is: 'Healthy' },
  ],
  'postgresql.cnpg.io/*': [
    { field: 'status.applied', Healthy: ['true'], Degraded: ['false'], message: 'status.message' },
  ],
  'postgres-operator.crunchydata.com/PostgresCluster': [
    { observed: 'status.observedGeneration' },
    { when: [{ field: 'spec.shutdown', is: true }], is: 'Suspended', message: 'The cluster is shut down' },
    { condition: 'PGBackRestRepoHostReady', False: 'Progressing' },
    { each: 'status.instances', steps: [{ when: [{ field: 'readyReplicas', below: 'replicas' }], is: 'Progressing' }] },
    { when: [{ field: 'status.instances', empty: false }], is: 'Healthy' },
  ],
  'k8s.mariadb.com/Database': statement,
  'k8s.mariadb.com/User': statement,
  'k8s.mariadb.com/Grant': statement,
  'k8s.mariadb.com/*': mariadb,
  'mariadb.mmontes.io/*': mariadb,
  'psmdb.percona.com/PerconaServerMongoDB': percona,
  'pxc.percona.com/PerconaXtraDBCluster': percona,
  'ps.percona.com/PerconaServerMySQL': percona,
  'pgv2.percona.com/PerconaPGCluster': percona,
  'mysql.oracle.com/InnoDBCluster': [
    { field: 'status.cluster.status', Healthy: ['ONLINE'], Degraded: ['OFFLINE', 'INVALID'], others: 'Progressing' },
  ],
  'clickhouse.altinity.com/*': clickhouse,
  'clickhouse-keeper.altinity.com/*': clickhouse,
  'db.atlasgo.io/*': atlas,
  'cassandra.rook.io/Cluster': [
    {
      each: 'status.racks',
      steps: [
        { when: [{ field: 'readyMembers', below: 'members' }], is: 'Progressing', message: 'Waiting for members' },
        { when: [], is: 'Healthy' },
      ],
    },
  ],
  'cassandra.datastax.com/CassandraDatacenter': [
    { condition: 'Valid', False: 'Degraded' },
    { condition: 'Stopped', True: 'Suspended' },
    { field: 'status.cassandraOperatorProgress', Progressing: ['Updating'] },
    { condition: 'Ready', True: 'Healthy', False: 'Progressing' },
  ],
  'k8ssandra.io/*': ready,
  'solr.apache.org/SolrCloud': [
    { when: [{ field: 'status.replicas', empty: true }], is: 'Progressing', message: 'Waiting for nodes' },
    notAllReady,
    {
      when: [{ field: 'status.readyReplicas', below: 'status.replicas' }],
      is: 'Progressing',
      message: 'Waiting for nodes',
    },
    {
      when: [
        { field: 'status.upToDateNodes', below: 'status.replicas' },
        { field: 'status.upToDateNodes', empty: false },
      ],
      is: 'Progressing',
      message: 'Waiting until nodes are up to date',
    },
    { when: [], is: 'Healthy' },
  ],
  'zookeeper.pravega.io/ZookeeperCluster': [
    { condition: 'Error', True: 'Degraded' },
    { condition: 'Upgrading', True: 'Progressing' },
    { when: [{ field: 'status.readyReplicas', empty: true }], is: 'Progressing', message: 'Waiting for members' },
    notAllReady,
    {
      when: [{ field: 'status.readyReplicas', below: 'status.replicas' }],
      is: 'Progressing',
      message: 'Waiting for members',
    },
    { when: [], is: 'Healthy' },
  ],
  'mongodbcommunity.mongodb.com/*': phaseWord,
  'mongodb.com/*': phaseWord,
  'redis.redis.opstreelabs.in/*': [
    {
      field: 'status.state',
      Healthy: ['Ready'],
      Degraded: ['Failed'],
      others: 'Progressing',
      message: 'status.reason',
    },
    { when: [], is: 'Healthy' },
  ],
  'databases.spotahome.com/RedisFailover': [{ when: [], is: 'Healthy' }],
  'app.redislabs.com/*': [
    { field: 'status.state', Healthy: ['Running'], Degraded: ['Error', 'Invalid*'], others: 'Progressing' },
    { field: 'status.status', Healthy: ['active'], Degraded: ['creation-failed', 'failed'], others: 'Progressing' },
  ],
  'pingcap.com/TidbCluster': [{ condition: 'Ready', True: 'Healthy', False: 'Progressing' }],
  'druid.apache.org/Druid': readyOrWorking,
  'crdb.cockroachlabs.com/*': [
    { field: 'status.clusterStatus', Healthy: ['Finished'], Degraded: ['Failed'], others: 'Progressing' },
  ],
  'scylla.scylladb.com/ScyllaCluster': [
    { condition: 'Degraded', True: 'Degraded' },
    { condition: 'Progressing', True: 'Progressing' },
    { condition: 'Available', True: 'Healthy', False: 'Progressing' },
  ],
  'yugabyte.com/*': phaseWord,
  'kubedb.com/*': phaseWord,
  'apps.kubeblocks.io/*': phaseWord,
  'neo4j.com/*': ready,
  'temporal.io/*': readyOrWorking,
};
