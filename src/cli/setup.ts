// `cox setup github`: the address at which the GitHub App is set up, read from the Secret of the cluster.
import type { Session } from './session.ts';
import { AppError } from '../base/errors.ts';
import { appSecret, readAppSecret } from '../github/setup/app-secret.ts';

/** Whoever may read the Secret may set up the App. */
export async function setupGitHub({ cluster, options, out, signal }: Session): Promise<number> {
  const { credentials, door } = await readAppSecret(cluster.api, options.namespace, signal);
  if (credentials) {
    out.note(`GitHub is set up already, with the App ${credentials.appId}.`);
    return 0;
  }
  if (!door.address)
    throw new AppError('E_CONFIG', `the Secret ${options.namespace}/${appSecret} holds no address yet`, {
      hint: 'Coxswain writes it when it runs without a GitHub App: look at its log and its namespace (-n).',
    });
  out.note('Open this in one browser; it holds once:');
  out.result(door.address);
  return 0;
}
