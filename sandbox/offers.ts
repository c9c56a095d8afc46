// The ready-made changes that the sandbox GitHub's page offers in the demo.
import type { Scenario } from './github/page/list.ts';
import { brokenManifest, images, morePayments, newVersion } from './story/changes.ts';

export function offers(repo: string): Scenario[] {
  return [
    {
      repo,
      title: `Checkout with ${images.after}`,
      description:
        'A new image in the base of dev and prod, a Helm value, a new Secret value, ' +
        'a PodDisruptionBudget more and a ConfigMap less.',
      branch: 'checkout-next',
      body: 'The summer sale is over.',
      change: newVersion,
    },
    {
      repo,
      title: 'More payments',
      description: 'One Helm value of one production application.',
      branch: 'more-payments',
      body: '',
      change: morePayments,
    },
    {
      repo,
      title: 'A broken manifest',
      description: 'Shows what a comment says about a file that cannot be read.',
      branch: 'broken',
      body: '',
      change: brokenManifest,
    },
  ];
}
