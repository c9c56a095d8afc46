// Steps that many projects share: a condition that says whether the object is ready, and counts of replicas.
import type { Rule, TestStep } from '../step.ts';

/** Ready=False is a fault, for projects that set Unknown while they work. */
export const ready: Rule = [{ condition: 'Ready', True: 'Healthy', False: 'Degraded', Unknown: 'Progressing' }];

/** The same, once the controller has seen the generation. */
export const observedReady: Rule = [{ observed: 'status.observedGeneration' }, ...ready];

/** Reasons of Ready=False with which work goes on. */
export const working: readonly string[] = [
  'Progressing',
  'InProgress',
  'Pending',
  'Creating',
  'Updating',
  'Reconciling',
  'Provisioning',
  'Initializing',
  'Initialising',
  'Installing',
  'Waiting*',
  'Deploying',
  'Starting',
  'Scaling*',
  'Upgrading',
  'Deleting',
  'Restarting',
  'DependencyNotReady',
];

/** Ready=False is a fault unless its reason says that work goes on. */
export const readyOrWorking: Rule = [
  { observed: 'status.observedGeneration' },
  { condition: 'Ready', Progressing: working, True: 'Healthy', False: 'Degraded', Unknown: 'Progressing' },
];

/** Some run the former version, or none. */
export const notAllUpdated: TestStep = {
  when: [{ field: 'status.updatedReplicas', below: 'spec.replicas' }],
  is: 'Progressing',
  message: 'Waiting until all replicas are updated',
};

/** More run than have the version of the object. */
export const oldLeft: TestStep = {
  when: [{ field: 'status.updatedReplicas', below: 'status.replicas' }],
  is: 'Progressing',
  message: 'Waiting until old replicas end',
};

/** Of those that have the version, some do not serve yet. */
export const notAllAvailable: TestStep = {
  when: [{ field: 'status.availableReplicas', below: 'status.updatedReplicas' }],
  is: 'Progressing',
  message: 'Waiting until updated replicas are available',
};

/** Some are not ready, of whatever version. */
export const notAllReady: TestStep = {
  when: [{ field: 'status.readyReplicas', below: 'spec.replicas' }],
  is: 'Progressing',
  message: 'Waiting for replicas',
};
