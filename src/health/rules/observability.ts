// Health of what observes: Elastic, Prometheus, Grafana, Jaeger, OpenTelemetry, VictoriaMetrics, Datadog, Coralogix,
// Humio, Kiali.
import type { Rule, RuleTable } from '../step.ts';
import { readyOrWorking, ready } from './ready.ts';

const nodes: Rule = [
  {
    when: [
      { field: 'status.expectedNodes', empty: true },
      { field: 'status.availableNodes', empty: true },
    ],
    is: 'Progressing',
    message: 'Waiting for nodes',
  },
];
const color = {
  field: 'status.health',
  Healthy: ['green'],
  Progressing: ['yellow', 'unknown'],
  Degraded: ['red'],
} as const;
const elastic: Rule = [
  { observed: 'status.observedGeneration' },
  { field: 'status.health', Degraded: ['red'] },
  {
    when: [{ field: 'status.availableNodes', below: 'status.expectedNodes' }],
    is: 'Progressing',
    message: 'Waiting for nodes',
  },
  color,
  ...nodes,
  { when: [{ field: 'status.availableNodes', empty: false }], is: 'Healthy' },
];

const ansible: Rule = [
  { condition: 'Failure', True: 'Degraded' },
  { condition: 'Successful', True: 'Healthy' },
  { when: [{ condition: 'Running', is: 'True', reason: ['Successful'] }], is: 'Healthy' },
  { when: [{ condition: 'Running', is: 'True', reason: ['Failed'] }], is: 'Degraded' },
  { condition: 'Running', True: 'Progressing' },
];

const prometheus: Rule = [
  { when: [{ field: 'spec.paused', is: true }], is: 'Suspended', message: 'Its reconciliation is paused' },
  // `Degraded` is a status of its own of this condition.
  { condition: 'Available', Progressing: ['SomePodsNotReady'], False: 'Degraded' },
  {
    each: 'status.conditions',
    steps: [
      {
        when: [
          { field: 'type', is: 'Available' },
          { field: 'status', is: 'Degraded' },
        ],
        is: 'Degraded',
      },
      {
        when: [
          { field: 'type', is: 'Reconciled' },
          { field: 'status', is: 'False' },
        ],
        is: 'Degraded',
      },
    ],
  },
  { condition: 'Available', True: 'Healthy', Unknown: 'Progressing' },
];

function synchronized(type: string, ...listed: string[]): Rule {
  return [
    { condition: ['NoMatchingInstance', 'NoMatchingInstances', 'InvalidSpec'], True: 'Degraded' },
    { condition: type, True: 'Healthy', False: 'Degraded', Unknown: 'Progressing' },
    { when: [{ field: 'status.NoMatchingInstances', is: true }], is: 'Degraded', message: 'No Grafana matches' },
    ...listed.map((field) => ({ when: [{ field, empty: false as const }], is: 'Healthy' as const })),
    { when: [{ field: 'status.lastResync', empty: false }], is: 'Healthy' },
  ];
}

const humio: Rule = [
  {
    field: 'status.state',
    Healthy: ['Exists', 'Running'],
    Progressing: ['NotFound', 'Pending', 'Restarting', 'Upgrading'],
    Degraded: ['ConfigError'],
    Unknown: ['Unknown'],
    message: 'status.message',
  },
];

const coralogix: Rule = [
  { condition: 'RemoteSynced', True: 'Healthy', False: 'Degraded', Unknown: 'Progressing' },
  {
    field: 'status.printableStatus',
    Healthy: ['RemoteSynced'],
    Degraded: ['RemoteUnsynced'],
    others: 'Progressing',
  },
  { when: [{ field: 'status.id', empty: false }], is: 'Healthy' },
];

export const observability: RuleTable = {
  'elasticsearch.k8s.elastic.co/Elasticsearch': [
    { observed: 'status.observedGeneration' },
    { field: 'status.phase', Degraded: ['Invalid'] },
    { field: 'status.health', Healthy: ['green'], Progressing: ['yellow'] },
    { field: 'status.phase', Progressing: ['ApplyingChanges', 'MigratingData', 'Stalled'] },
    color,
  ],
  'beat.k8s.elastic.co/Beat': elastic,
  'logstash.k8s.elastic.co/Logstash': elastic,
  '*.k8s.elastic.co/*': elastic,
  'monitoring.coreos.com/Prometheus': prometheus,
  'monitoring.coreos.com/PrometheusAgent': prometheus,
  'monitoring.coreos.com/Alertmanager': prometheus,
  'monitoring.coreos.com/ThanosRuler': prometheus,
  'operator.victoriametrics.com/*': [
    {
      field: 'status.updateStatus',
      Healthy: ['operational'],
      Progressing: ['expanding'],
      Suspended: ['paused'],
      Degraded: ['failed'],
      message: 'status.reason',
    },
    { field: 'status.status', Healthy: ['operational'], Degraded: ['failed'], message: 'status.lastSyncError' },
    { field: 'status.clusterStatus', Healthy: ['operational'], Degraded: ['failed'], others: 'Progressing' },
    { field: 'status.singleStatus', Healthy: ['operational'], Degraded: ['failed'], others: 'Progressing' },
  ],
  'grafana.integreatly.org/Grafana': [
    { condition: ['GrafanaReady', 'Ready'], True: 'Healthy', False: 'Degraded' },
    { when: [{ field: 'status.stageStatus', is: 'failed' }], is: 'Degraded', message: 'A stage failed' },
    {
      when: [
        { field: 'status.stage', is: 'complete' },
        { field: 'status.stageStatus', is: 'success' },
      ],
      is: 'Healthy',
    },
  ],
  'grafana.integreatly.org/GrafanaDashboard': synchronized('DashboardSynchronized', 'status.hash', 'status.uid'),
  'grafana.integreatly.org/GrafanaDatasource': synchronized('DatasourceSynchronized', 'status.hash', 'status.uid'),
  'grafana.integreatly.org/GrafanaFolder': synchronized('FolderSynchronized', 'status.hash'),
  'grafana.integreatly.org/GrafanaAlertRuleGroup': synchronized('AlertGroupSynchronized'),
  'grafana.integreatly.org/GrafanaContactPoint': synchronized('ContactPointSynchronized'),
  'grafana.integreatly.org/GrafanaNotificationPolicy': synchronized('NotificationPolicySynchronized'),
  'grafana-org-operator.kubitus-project.gitlab.io/*': ready,
  'jaegertracing.io/Jaeger': [{ field: 'status.phase', Healthy: ['Running'], Degraded: ['Failed'] }],
  'opentelemetry.io/OpenTelemetryCollector': [
    { when: [{ field: 'status', empty: true }], is: 'Progressing', message: 'Waiting for a status' },
    { when: [{ field: 'spec.mode', is: 'sidecar' }], is: 'Healthy' },
    { when: [{ unmet: 'status.scale.statusReplicas' }], is: 'Progressing', message: 'Waiting for pods' },
    { when: [{ field: 'status.scale.statusReplicas', empty: false }], is: 'Healthy' },
    { when: [{ field: 'status.version', empty: false }], is: 'Healthy' },
  ],
  'datadoghq.com/DatadogMetric': [
    { condition: 'Error', True: 'Degraded' },
    { condition: 'Valid', True: 'Healthy', False: 'Degraded' },
    { condition: 'Active', True: 'Healthy', False: 'Suspended' },
  ],
  'datadoghq.com/DatadogMonitor': [
    { condition: 'Error', True: 'Degraded' },
    { condition: ['Created', 'Active'], True: 'Healthy', False: 'Degraded' },
  ],
  'datadoghq.com/DatadogAgent': [
    { condition: 'DatadogAgentReconcileError', True: 'Degraded' },
    { condition: ['AgentReconcileCondition', 'ClusterAgentReconcileCondition'], False: 'Degraded' },
    { when: [{ field: 'status.conditions', empty: false }], is: 'Healthy' },
  ],
  'coralogix.com/*': coralogix,
  'core.humio.com/*': humio,
  'kiali.io/*': ansible,
  'logging.banzaicloud.io/*': [
    { field: 'status.active', Healthy: ['true'], Degraded: ['false'] },
    { when: [{ field: 'status', empty: false }], is: 'Healthy' },
  ],
  'loki.grafana.com/LokiStack': [
    { condition: ['Degraded', 'Failed'], True: 'Degraded' },
    { condition: 'Pending', True: 'Progressing' },
    { condition: 'Ready', True: 'Healthy', False: 'Progressing' },
  ],
  'tempo.grafana.com/*': [
    { condition: ['Failed', 'ConfigurationError'], True: 'Degraded' },
    { condition: 'Ready', True: 'Healthy', False: 'Progressing' },
  ],
  'sloth.slok.dev/PrometheusServiceLevel': [
    { observed: 'status.observedGeneration' },
    { field: 'status.promOpRulesGenerated', Healthy: ['true'], Degraded: ['false'] },
  ],
  'chaos-mesh.org/*': [
    { condition: 'Paused', True: 'Suspended' },
    { condition: 'AllInjected', True: 'Healthy' },
    { condition: 'AllRecovered', True: 'Healthy' },
  ],
  'k6.io/TestRun': [{ field: 'status.stage', Healthy: ['finished'], Degraded: ['error'], others: 'Progressing' }],
  'perses.dev/*': readyOrWorking,
};
