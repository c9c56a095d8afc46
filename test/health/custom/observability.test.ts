// Observability, 3scale and what runs work for others.
import { conditions, judgeAll, status } from './judge.ts';

judgeAll({
  'elasticsearch.k8s.elastic.co/v1 Elasticsearch': [
    [{}, 'Progressing'],
    [status({ health: 'green', phase: 'Ready' }), 'Healthy'],
    [status({ health: 'yellow', phase: 'Ready' }), 'Progressing'],
    [status({ health: 'red', phase: 'ApplyingChanges' }), 'Progressing'],
    [status({ health: 'red', phase: 'Ready' }), 'Degraded'],
    [status({ health: 'unknown', phase: 'Invalid' }), 'Degraded'],
  ],
  'beat.k8s.elastic.co/v1beta1 Beat': [
    [{}, 'Progressing'],
    [status({ health: 'green', availableNodes: 2, expectedNodes: 2 }), 'Healthy'],
    [status({ health: 'yellow', availableNodes: 1, expectedNodes: 2 }), 'Progressing'],
    [status({ health: 'red', expectedNodes: 2 }), 'Degraded'],
  ],
  'kibana.k8s.elastic.co/v1 Kibana': [[status({ health: 'green', availableNodes: 1 }), 'Healthy']],
  'monitoring.coreos.com/v1 Prometheus Alertmanager': [
    [{}, 'Progressing'],
    [conditions(['Available', 'True'], ['Reconciled', 'True']), 'Healthy'],
    [conditions(['Available', 'False', 'NoPodReady'], ['Reconciled', 'True']), 'Degraded'],
    [conditions(['Available', 'Degraded', 'SomePodsNotReady']), 'Progressing'],
    [conditions(['Available', 'True'], ['Reconciled', 'False', 'ReconciliationFailed']), 'Degraded'],
    [{ spec: { paused: true } }, 'Suspended'],
  ],
  'monitoring.coreos.com/v1 ServiceMonitor PrometheusRule': [[{}, 'none']],
  'operator.victoriametrics.com/v1beta1 VMAgent VMSingle': [
    [{}, 'Progressing'],
    [status({ updateStatus: 'expanding' }), 'Progressing'],
    [status({ updateStatus: 'operational' }), 'Healthy'],
    [status({ updateStatus: 'failed', reason: 'x' }), 'Degraded'],
    [status({ updateStatus: 'paused' }), 'Suspended'],
  ],
  'grafana.integreatly.org/v1beta1 Grafana': [
    [status({ stage: 'complete', stageStatus: 'success' }), 'Healthy'],
    [status({ stage: 'deployment', stageStatus: 'in progress' }), 'Progressing'],
    [status({ stage: 'deployment', stageStatus: 'failed' }), 'Degraded'],
  ],
  'grafana.integreatly.org/v1beta1 GrafanaDashboard': [
    [{}, 'Progressing'],
    [conditions(['DashboardSynchronized', 'True', 'ApplySuccessful']), 'Healthy'],
    [conditions(['DashboardSynchronized', 'False', 'ApplyFailed']), 'Degraded'],
    [conditions(['NoMatchingInstance', 'True', 'EmptyAPIReply']), 'Degraded'],
  ],
  'jaegertracing.io/v1 Jaeger': [
    [{}, 'Progressing'],
    [status({ phase: 'Running' }), 'Healthy'],
    [status({ phase: 'Failed' }), 'Degraded'],
  ],
  'opentelemetry.io/v1beta1 OpenTelemetryCollector': [
    [{}, 'Progressing'],
    [status({ scale: { statusReplicas: '1/1' }, version: '1' }), 'Healthy'],
    [status({ scale: { statusReplicas: '0/1' }, version: '1' }), 'Progressing'],
    [status({ scale: { statusReplicas: '12/12' }, version: '1' }), 'Healthy'],
    [status({ scale: { statusReplicas: '11/12' }, version: '1' }), 'Progressing'],
    [status({ version: '1' }), 'Healthy'],
  ],
  'datadoghq.com/v1alpha1 DatadogMetric': [
    [{}, 'Progressing'],
    [conditions(['Active', 'True'], ['Valid', 'True'], ['Error', 'False']), 'Healthy'],
    [conditions(['Active', 'True'], ['Valid', 'False'], ['Error', 'True']), 'Degraded'],
  ],
  'core.humio.com/v1alpha1 HumioCluster': [
    [status({ state: 'Running' }), 'Healthy'],
    [status({ state: 'Restarting' }), 'Progressing'],
    [status({ state: 'ConfigError' }), 'Degraded'],
  ],
  'core.humio.com/v1alpha1 HumioAction HumioAlert HumioParser HumioView HumioRepository HumioIngestToken': [
    [{}, 'Progressing'],
    [status({ state: 'Exists' }), 'Healthy'],
    [status({ state: 'NotFound' }), 'Progressing'],
    [status({ state: 'ConfigError' }), 'Degraded'],
  ],
  'coralogix.com/v1alpha1 Alert RecordingRuleGroupSet': [
    [{}, 'Progressing'],
    [status({ id: 'a' }), 'Healthy'],
    [conditions(['RemoteSynced', 'False', 'RemoteUpdateFailed']), 'Degraded'],
  ],
  'kiali.io/v1alpha1 Kiali': [
    [conditions(['Successful', 'True'], ['Running', 'True', 'Successful'], ['Failure', 'False']), 'Healthy'],
    [conditions(['Running', 'True', 'Running'], ['Successful', 'False'], ['Failure', 'False']), 'Progressing'],
    [conditions(['Failure', 'True', 'Failed'], ['Running', 'False']), 'Degraded'],
  ],
  'apps.3scale.net/v1alpha1 APIManager': [
    [{}, 'Progressing'],
    [conditions(['Available', 'True']), 'Healthy'],
    [conditions(['Available', 'False']), 'Degraded'],
  ],
  'capabilities.3scale.net/v1beta1 Product Backend Tenant OpenAPI ActiveDoc': [
    [{}, 'Progressing'],
    [conditions(['Synced', 'True'], ['Failed', 'False'], ['Invalid', 'False']), 'Healthy'],
    [conditions(['Synced', 'False'], ['Failed', 'True']), 'Degraded'],
    [conditions(['Synced', 'False'], ['Invalid', 'True']), 'Degraded'],
    [conditions(['Ready', 'False'], ['Failed', 'False']), 'Progressing'],
  ],
  'serving.knative.dev/v1 Service': [
    [{}, 'Progressing'],
    [conditions(['Ready', 'True'], ['RoutesReady', 'True']), 'Healthy'],
    [conditions(['Ready', 'Unknown'], ['ConfigurationsReady', 'Unknown']), 'Progressing'],
    [conditions(['Ready', 'False', 'RevisionMissing']), 'Degraded'],
  ],
  'operator.knative.dev/v1beta1 KnativeServing KnativeEventing': [
    [{}, 'Progressing'],
    [conditions(['DeploymentsAvailable', 'True'], ['InstallSucceeded', 'True'], ['Ready', 'True']), 'Healthy'],
    [conditions(['InstallSucceeded', 'Unknown'], ['Ready', 'Unknown']), 'Progressing'],
    [conditions(['InstallSucceeded', 'False', 'Error'], ['Ready', 'False', 'Error']), 'Degraded'],
  ],
  'serving.kserve.io/v1beta1 InferenceService': [
    [{}, 'Progressing'],
    [conditions(['PredictorReady', 'True'], ['Ready', 'True']), 'Healthy'],
    [conditions(['PredictorReady', 'Unknown'], ['Ready', 'Unknown']), 'Progressing'],
    [status({ modelStatus: { transitionStatus: 'BlockedByFailedLoad' } }, ['Ready', 'False']), 'Degraded'],
  ],
  'keda.sh/v1alpha1 ScaledObject ScaledJob': [
    [{}, 'Progressing'],
    [conditions(['Ready', 'True', 'ScaledObjectReady'], ['Active', 'False']), 'Healthy'],
    [conditions(['Ready', 'False', 'ScaledObjectCheckFailed']), 'Degraded'],
    [conditions(['Ready', 'True'], ['Paused', 'True']), 'Suspended'],
    [{ metadata: { annotations: { 'autoscaling.keda.sh/paused': 'true' } } }, 'Suspended'],
  ],
  'sparkoperator.k8s.io/v1beta2 SparkApplication': [
    [{}, 'Progressing'],
    [status({ applicationState: { state: 'SUBMITTED' } }), 'Progressing'],
    [status({ applicationState: { state: 'COMPLETED' } }), 'Healthy'],
    [status({ applicationState: { state: 'FAILED' } }), 'Degraded'],
    [
      {
        spec: { executor: { instances: 2 } },
        status: { applicationState: { state: 'RUNNING' }, executorState: { a: 'RUNNING' } },
      },
      'Progressing',
    ],
    [
      {
        spec: { executor: { instances: 1 } },
        status: { applicationState: { state: 'RUNNING' }, executorState: { a: 'RUNNING' } },
      },
      'Healthy',
    ],
  ],
  'flink.apache.org/v1beta1 FlinkDeployment': [
    [{}, 'Progressing'],
    [status({ jobManagerDeploymentStatus: 'READY', jobStatus: { state: 'RUNNING' } }), 'Healthy'],
    [status({ jobManagerDeploymentStatus: 'DEPLOYING' }), 'Progressing'],
    [status({ jobManagerDeploymentStatus: 'ERROR' }), 'Degraded'],
    [{ spec: { job: { state: 'suspended' } }, status: { jobStatus: { state: 'FINISHED' } } }, 'Suspended'],
  ],
  'ray.io/v1 RayCluster': [
    [status({ state: 'ready' }), 'Healthy'],
    [status({ state: 'suspended' }), 'Suspended'],
  ],
  'openfaas.com/v1 Function': [
    [conditions(['Ready', 'True']), 'Healthy'],
    [conditions(['Reconciling', 'True'], ['Ready', 'False']), 'Progressing'],
    [conditions(['Stalled', 'True'], ['Ready', 'False']), 'Degraded'],
  ],
  'core.spinkube.dev/v1alpha1 SpinApp': [
    [conditions(['Available', 'True'], ['Progressing', 'True']), 'Healthy'],
    [conditions(['Available', 'False'], ['Progressing', 'True']), 'Progressing'],
    [conditions(['Available', 'False'], ['Progressing', 'False']), 'Degraded'],
  ],
  'kubevirt.io/v1 VirtualMachine': [
    [{}, 'Progressing'],
    [status({ printableStatus: 'Running' }, ['Ready', 'True']), 'Healthy'],
    [status({ printableStatus: 'Stopped' }), 'Suspended'],
    [status({ printableStatus: 'Starting' }), 'Progressing'],
    [status({ printableStatus: 'CrashLoopBackOff' }), 'Degraded'],
    [status({ printableStatus: 'Running' }, ['Paused', 'True']), 'Suspended'],
  ],
  'kubevirt.io/v1 VirtualMachineInstance': [
    [conditions(['Ready', 'True']), 'Healthy'],
    [conditions(['Ready', 'False', 'GuestNotRunning']), 'Progressing'],
    [status({ phase: 'Failed' }), 'Degraded'],
  ],
  'cdi.kubevirt.io/v1beta1 DataVolume': [
    [{}, 'Progressing'],
    [status({ phase: 'ImportInProgress' }), 'Progressing'],
    [status({ phase: 'Succeeded' }), 'Healthy'],
    [status({ phase: 'Failed' }), 'Degraded'],
    [status({ phase: 'Paused' }), 'Suspended'],
  ],
});
