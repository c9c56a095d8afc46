// Whose credentials git uses for a repository: those of its Secret, or the App's.
import type { CredentialsFor } from '../../git/remote.ts';
import type { GitHubClient } from './client.ts';

/**
 * Argo CD needs a repository Secret to read alone: who pushes is the App, as it is who opens the pull request. `known`:
 * what the Secrets of the control plane say of that URL.
 */
export function repositoryCredentials(
  github: Pick<GitHubClient, 'credentials'> | undefined,
  known: (repoUrl: string) => { username: string; password: string } | undefined,
): CredentialsFor {
  return async (repoUrl, purpose) => {
    const own = known(repoUrl);
    if (purpose === 'read') return own ?? github?.credentials(repoUrl);
    return (await github?.credentials(repoUrl)) ?? own;
  };
}
