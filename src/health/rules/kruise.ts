// Health of OpenKruise: workloads, rollouts and game servers.
import type { Rule, RuleTable } from '../step.ts';
import { notAllAvailable, notAllReady, notAllUpdated, oldLeft } from './ready.ts';

const blueGreenStep = 'status.blueGreenStatus.currentStepState';
const failing: Rule = [{ condition: ['FailedScale', 'FailedUpdate', 'ReplicaFailure'], True: 'Degraded' }];
const held = { is: 'Suspended', message: 'The update is paused' } as const;
const observed = { observed: 'status.observedGeneration' } as const;
const nothing = {
  when: [{ field: 'status', empty: true }],
  is: 'Progressing',
  message: 'Waiting for a status',
} as const;

function replicas(partition: string): Rule {
  return [
    {
      when: [{ field: partition, not: [0, '0', '0%'] }, ...notAllUpdated.when],
      is: 'Suspended',
      message: 'The update is partitioned and waits at its partition',
    },
    notAllUpdated,
    oldLeft,
    {
      when: [
        { field: 'status.updatedReadyReplicas', below: 'status.updatedReplicas' },
        hasField('updatedReadyReplicas'),
      ],
      is: 'Progressing',
      message: 'Waiting until updated replicas are ready',
    },
    { ...notAllReady, message: 'Waiting until all replicas are ready' },
    { ...notAllAvailable, when: [...notAllAvailable.when, hasField('availableReplicas')] },
    { when: [], is: 'Healthy' },
  ];
}

function hasField(name: string): { field: string; empty: false } {
  return { field: `status.${name}`, empty: false };
}

export const kruise: RuleTable = {
  'apps.kruise.io/CloneSet': [
    nothing,
    observed,
    ...failing,
    { when: [{ field: 'spec.updateStrategy.paused', is: true }], ...held },
    ...replicas('spec.updateStrategy.partition'),
  ],
  'apps.kruise.io/StatefulSet': [
    nothing,
    observed,
    ...failing,
    { when: [{ field: 'spec.updateStrategy.rollingUpdate.paused', is: true }], ...held },
    ...replicas('spec.updateStrategy.rollingUpdate.partition'),
  ],
  'apps.kruise.io/DaemonSet': [
    nothing,
    observed,
    ...failing,
    { when: [{ field: 'spec.updateStrategy.rollingUpdate.paused', is: true }], ...held },
    { when: [{ field: 'spec.updateStrategy.type', is: 'OnDelete' }], is: 'Healthy' },
    {
      when: [
        { field: 'spec.updateStrategy.rollingUpdate.partition', not: [0, '0%'] },
        { field: 'status.updatedNumberScheduled', below: 'status.desiredNumberScheduled' },
      ],
      is: 'Suspended',
      message: 'The update is partitioned and waits at its partition',
    },
    {
      when: [{ field: 'status.updatedNumberScheduled', below: 'status.desiredNumberScheduled' }],
      is: 'Progressing',
      message: 'Waiting until all pods are updated',
    },
    {
      when: [{ field: 'status.numberAvailable', below: 'status.desiredNumberScheduled' }],
      is: 'Progressing',
      message: 'Waiting until all pods are available',
    },
    { when: [], is: 'Healthy' },
  ],
  'apps.kruise.io/AdvancedCronJob': [
    { when: [{ field: 'spec.paused', is: true }], is: 'Suspended', message: 'The schedule is paused' },
    { when: [{ field: 'status.active', empty: false }], is: 'Progressing', message: 'A job is running' },
    { when: [{ field: 'status.lastScheduleTime', empty: false }], is: 'Healthy' },
  ],
  'apps.kruise.io/BroadcastJob': [
    { when: [{ field: 'spec.paused', is: true }], is: 'Suspended', message: 'The job is paused' },
    { condition: 'Failed', True: 'Degraded' },
    {
      field: 'status.phase',
      Healthy: ['completed'],
      Progressing: ['running'],
      Suspended: ['paused'],
      Degraded: ['failed'],
    },
    { condition: 'Complete', True: 'Healthy' },
  ],
  'apps.kruise.io/SidecarSet': [
    observed,
    { when: [{ field: 'spec.updateStrategy.paused', is: true }], ...held },
    {
      when: [{ field: 'status.readyPods', below: 'status.matchedPods' }],
      is: 'Progressing',
      message: 'Waiting for pods',
    },
    { when: [{ field: 'status', empty: false }], is: 'Healthy' },
  ],
  'rollouts.kruise.io/Rollout': [
    observed,
    { when: [{ field: 'spec.disabled', is: true }], is: 'Suspended', message: 'The rollout is disabled' },
    { when: [{ field: 'spec.strategy.paused', is: true }], is: 'Suspended', message: 'The rollout is paused' },
    {
      when: [{ field: 'status.phase', is: 'Progressing' }, hasStep('StepPaused')],
      is: 'Suspended',
      message: 'The rollout waits at a pause',
    },
    {
      when: [
        { field: 'status.phase', is: 'Progressing' },
        { ...hasStep('StepPaused'), field: blueGreenStep },
      ],
      is: 'Suspended',
      message: 'The rollout waits at a pause',
    },
    { condition: 'Progressing', Suspended: ['Paused'] },
    {
      when: [{ condition: 'Progressing', is: 'True', reason: ['Paused'] }],
      is: 'Suspended',
      message: 'The rollout is paused',
    },
    {
      field: 'status.phase',
      Healthy: ['Healthy'],
      Progressing: ['Initial', 'Progressing', 'Terminating', 'Disabling'],
      Suspended: ['Disabled', 'Paused'],
      Degraded: ['Failed', 'Degraded'],
      message: 'status.message',
    },
  ],
  'game.kruise.io/GameServer': [
    {
      field: 'status.currentState',
      Healthy: ['Ready'],
      Progressing: ['Creating', 'Updating', 'Deleting', 'PreDelete', 'PreUpdate'],
      Degraded: ['NotReady', 'Crash'],
      Unknown: ['Unknown'],
    },
  ],
  'game.kruise.io/GameServerSet': [
    observed,
    { when: [{ field: 'spec.updateStrategy.rollingUpdate.paused', is: true }], ...held },
    nothing,
    ...replicas('spec.updateStrategy.rollingUpdate.partition'),
  ],
};

function hasStep(state: string): { field: string; is: string } {
  return { field: 'status.canaryStatus.currentStepState', is: state };
}
