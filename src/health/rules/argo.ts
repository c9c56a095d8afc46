// Health of Argo Rollouts, Events, ApplicationSets and CronWorkflows.
import type { Rule, RuleTable } from '../step.ts';
import { notAllAvailable, notAllUpdated, oldLeft } from './ready.ts';

const run: Rule = [
  {
    field: 'status.phase',
    Healthy: ['Successful'],
    Progressing: ['Pending', 'Running'],
    Degraded: ['Failed', 'Error'],
    Unknown: ['Inconclusive'],
    message: 'status.message',
  },
];

/** Controllers before 1.0 write no phase: what it is computed from then decides. */
const rollout: Rule = [
  { observed: 'status.observedGeneration' },
  { condition: 'InvalidSpec', True: 'Degraded' },
  {
    field: 'status.phase',
    Healthy: ['Healthy'],
    Progressing: ['Progressing'],
    Suspended: ['Paused'],
    Degraded: ['Degraded'],
    message: 'status.message',
  },
  { condition: 'Progressing', Degraded: ['RolloutAborted', 'ProgressDeadlineExceeded'] },
  { when: [{ field: 'status.abort', is: true }], is: 'Degraded', message: 'The rollout is aborted' },
  { when: [{ field: 'spec.paused', is: true }], is: 'Suspended', message: 'The rollout is paused' },
  {
    when: [{ field: 'status.pauseConditions', empty: false }],
    is: 'Suspended',
    message: 'The rollout waits at a pause',
  },
  { when: [{ field: 'status.controllerPause', is: true }], is: 'Suspended', message: 'The rollout is paused' },
  { when: [{ field: 'status.currentPodHash', empty: true }], is: 'Progressing', message: 'Waiting for the rollout' },
  notAllUpdated,
  notAllAvailable,
  {
    when: [
      { field: 'spec.strategy.blueGreen', not: [] },
      { field: 'status.blueGreen.activeSelector', differs: 'status.currentPodHash' },
    ],
    is: 'Progressing',
    message: 'Waiting until the active service is switched',
  },
  { ...oldLeft, when: [{ field: 'spec.strategy.canary', not: [] }, ...oldLeft.when] },
  {
    when: [
      { field: 'spec.strategy.canary', not: [] },
      { field: 'status.stableRS', differs: 'status.currentPodHash' },
      { field: 'status.stableRS', empty: false },
    ],
    is: 'Progressing',
    message: 'Waiting until the canary is the stable version',
  },
  { when: [], is: 'Healthy' },
];

const bus: Rule = [
  { condition: ['Deployed', 'Configured', 'DependenciesProvided', 'SourcesProvided'], False: 'Degraded' },
  { condition: ['Deployed', 'Configured'], Unknown: 'Progressing' },
  { condition: 'Deployed', True: 'Healthy' },
];

export const argo: RuleTable = {
  'argoproj.io/AnalysisRun': run,
  'argoproj.io/Experiment': run,
  'argoproj.io/Rollout': rollout,
  'spot.io/SpotDeployment': rollout,
  'argoproj.io/EventBus': bus,
  'argoproj.io/EventSource': bus,
  'argoproj.io/Sensor': bus,
  'argoproj.io/ApplicationSet': [
    { condition: 'ErrorOccurred', True: 'Degraded' },
    { condition: 'ParametersGenerated', False: 'Degraded' },
    { condition: 'RolloutProgressing', True: 'Progressing' },
    { condition: 'ResourcesUpToDate', True: 'Healthy', False: 'Degraded' },
  ],
  'argoproj.io/CronWorkflow': [
    { condition: ['SpecError', 'SubmissionError'], True: 'Degraded' },
    { when: [], is: 'Healthy' },
  ],
};
