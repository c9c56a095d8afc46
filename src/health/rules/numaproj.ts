// Health of Numaflow and Numaplane.
import type { Rule, RuleTable } from '../step.ts';

const phase = {
  field: 'status.phase',
  Healthy: ['Running', 'Succeeded', 'Completed'],
  Progressing: ['Pending', 'Pausing', 'Deleting'],
  Suspended: ['Paused'],
  Degraded: ['Failed'],
  Unknown: ['Unknown'],
  message: 'status.message',
} as const;

/** Its phase is about its own spec; the conditions tell of its pods and daemons. */
const flow: Rule = [
  { observed: 'status.observedGeneration' },
  {
    field: 'status.phase',
    Progressing: ['Pending', 'Pausing', 'Deleting'],
    Suspended: ['Paused'],
    Degraded: ['Failed'],
    message: 'status.message',
  },
  {
    condition: [
      'Configured',
      'Deployed',
      'DaemonServiceHealthy',
      'DaemonHealthy',
      'PodsHealthy',
      'VerticesHealthy',
      'SideInputsManagersHealthy',
      'ChildrenResourcesHealthy',
    ],
    Progressing: ['Progressing', 'Pending'],
    False: 'Degraded',
    Unknown: 'Progressing',
  },
  phase,
];

const rollout: Rule = [
  { observed: 'status.observedGeneration' },
  { field: 'status.phase', Degraded: ['Failed'], message: 'status.message' },
  { field: 'status.phase', Progressing: ['Pending'], message: 'status.message' },
  { condition: 'ProgressiveUpgradeSucceeded', Progressing: ['Progressing'], False: 'Degraded' },
  { condition: 'ChildResourcesHealthy', Progressing: ['Progressing', 'Pending'], False: 'Degraded' },
  { condition: 'ChildResourcesHealthy', Unknown: 'Progressing' },
  { condition: 'ChildResourceDeployed', False: 'Progressing' },
  { field: 'status.phase', Healthy: ['Deployed'], message: 'status.message' },
];

export const numaproj: RuleTable = {
  'numaflow.numaproj.io/Pipeline': flow,
  'numaflow.numaproj.io/MonoVertex': flow,
  'numaflow.numaproj.io/Vertex': flow,
  'numaflow.numaproj.io/InterStepBufferService': flow,
  'numaplane.numaproj.io/ISBServiceRollout': rollout,
  'numaplane.numaproj.io/MonoVertexRollout': rollout,
  'numaplane.numaproj.io/PipelineRollout': rollout,
  'numaplane.numaproj.io/NumaflowControllerRollout': rollout,
  'numaplane.numaproj.io/NumaflowController': rollout,
};
