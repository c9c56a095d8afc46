// Whose credentials git uses for a repository: those of its Secret, or the App's.
import type { createAppAuth } from '@octokit/auth-app';
import type { CredentialsFor } from '../../git/remote.ts';
import type { AppLogin, GitAccess } from '../../git/access.ts';
import type { GitHubClient } from './client.ts';
import { hashOf } from '../../base/canonical.ts';
import { AppError, errorMessage } from '../../base/errors.ts';
import { withoutTrailing } from '../../base/trim.ts';
import { redactText } from '../../base/log.ts';
import { authorizationOf, isHttp } from '../../git/access.ts';

/**
 * Argo CD needs a repository Secret to read alone: who pushes is the App, as it is who opens the pull request. `known`:
 * what the Secrets of the control plane say of that URL, to an AppProject or to anybody. The App's token reads all that
 * it is installed in, so it is not for every reach. In everybody's name it goes before a Secret of one project: when
 * that one breaks, the pull requests of the others must not.
 */
export function repositoryCredentials(
  github: Pick<GitHubClient, 'credentials'> | undefined,
  known: (repoUrl: string, project?: string) => GitAccess & { app?: AppLogin; owner?: string },
): CredentialsFor {
  const tokenOf = appTokens();
  return async (repoUrl, purpose, { project, secretsOnly } = {}) => {
    const { app, owner, ...access } = known(repoUrl, project);
    if (!isHttp(repoUrl)) return access;
    const { username: _name, password: _password, bearerToken: _token, ...transport } = access;
    const own = async (): Promise<GitAccess | undefined> =>
      app ? { ...transport, ...(await tokenOf(app)) } : authorizationOf(access) || access.cert ? access : undefined;
    const ours = async (): Promise<GitAccess | undefined> => {
      const login = secretsOnly ? undefined : await github?.credentials(repoUrl);
      return login && { ...transport, ...login };
    };
    const isLent = project === undefined && owner !== undefined;
    const [first, second] = purpose === 'read' && !isLent ? [own, ours] : [ours, own];
    return (await first()) ?? (await second()) ?? access;
  };
}

/** Installation tokens of the Apps of repository Secrets, kept as long as they are good. */
function appTokens(): (app: AppLogin) => Promise<{ username: string; password: string }> {
  const known = new Map<string, ReturnType<typeof openApp>>();
  return async ({ id, installation, privateKey, apiUrl }) => {
    const key = hashOf([id, installation, privateKey, apiUrl]);
    try {
      const opening = known.get(key) ?? openApp({ id, installation, privateKey, ...(apiUrl && { apiUrl }) });
      known.set(key, opening);
      const auth = await opening;
      const { token } = await auth({ type: 'installation' });
      return { username: 'x-access-token', password: token };
    } catch (error) {
      throw new AppError('E_GIT_AUTH', `the GitHub App ${id} gives no token: ${redactText(errorMessage(error))}`, {
        kind: 'transient',
        hint: 'Check githubAppID, githubAppInstallationID and githubAppPrivateKey of the repository Secret.',
      });
    }
  };
}

/** Its library is only loaded where a Secret names an App: it costs memory. */
async function openApp({ id, installation, privateKey, apiUrl }: AppLogin): Promise<ReturnType<typeof createAppAuth>> {
  const [auth, { request }] = await Promise.all([import('@octokit/auth-app'), import('@octokit/request')]);
  return auth.createAppAuth({
    appId: id,
    installationId: installation,
    privateKey,
    ...(apiUrl && { request: request.defaults({ baseUrl: withoutTrailing(apiUrl, '/') }) }),
  });
}
