// Installations of the sandbox's App: one for each owner.
import type { World, Account, Installation, Repository } from './world.ts';
import { timestamp } from './world.ts';

/** One installation per owner, as GitHub allows one per account. */
export function ensureInstallation(world: World, account: Account): Installation {
  const known = world.installations.find((installation) => installation.account === account);
  if (known) return known;
  const installation: Installation = { id: world.nextId(), account, createdAt: timestamp() };
  world.installations.push(installation);
  return installation;
}

export function installationOf(world: World, repository: Repository): Installation | undefined {
  return world.installations.find((installation) => installation.account === repository.owner);
}
