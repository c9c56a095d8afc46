// Rules that many projects share: a condition that says whether the object is ready.
import type { Rule } from '../step.ts';

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
