// Health of 3scale.
import type { Rule, RuleTable } from '../step.ts';

const capability: Rule = [
  { condition: ['Failed', 'Invalid'], True: 'Degraded' },
  { condition: 'Orphan', True: 'Degraded' },
  { condition: ['Ready', 'Synced'], True: 'Healthy' },
  { condition: ['Ready', 'Synced'], False: 'Progressing', Unknown: 'Progressing' },
];

export const threescale: RuleTable = {
  'apps.3scale.net/APIManager': [
    { condition: 'Available', True: 'Healthy', False: 'Degraded', Unknown: 'Progressing' },
  ],
  'capabilities.3scale.net/*': capability,
};
