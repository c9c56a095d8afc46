// Opens a pull request as whoever the token belongs to.
import type { Environment } from '../options.ts';
import { AppError, errorMessage } from '../../base/errors.ts';
import { foreignLog } from '../../github/client/foreign-log.ts';
import { openPull } from '../../github/publish/open-pull.ts';
import { quiet } from '../session.ts';

type Open = (pull: { base: string; head: string; title: string; body: string }) => ReturnType<typeof openPull>;

/** The last two parts of the address, by https or ssh. */
function repositoryOf(url: string): { owner: string; repo: string } | undefined {
  const [repo = '', owner = ''] = url.split(/[/:]/).filter(Boolean).reverse();
  const named = repo.endsWith('.git') ? repo.slice(0, -'.git'.length) : repo;
  return /^[A-Za-z0-9-]+$/.test(owner) && /^[A-Za-z0-9._-]+$/.test(named) ? { owner, repo: named } : undefined;
}

/** GITHUB_TOKEN, and GITHUB_API_URL as GitHub Actions sets them. Throws E_CONFIG without a token. */
export async function pullClient(env: Environment, url: string): Promise<Open> {
  const token = env['GITHUB_TOKEN'];
  const place = repositoryOf(url);
  if (!token)
    throw new AppError('E_CONFIG', 'a pull request is opened with a token, and GITHUB_TOKEN is not set', {
      hint: 'It needs the permissions contents: write and pull-requests: write.',
    });
  if (!place) throw new AppError('E_CONFIG', `${url} is no repository of GitHub; --push commits to its branch`);
  const { ProbotOctokit } = await import('probot');
  const octokit = new ProbotOctokit({
    auth: { token },
    baseUrl: env['GITHUB_API_URL'] || 'https://api.github.com',
    userAgent: 'coxswain',
    log: foreignLog(quiet),
    retry: { enabled: false },
    throttle: { enabled: false },
  });
  return (pull) =>
    openPull(octokit, { ...place, ...pull }).catch((error: unknown) => {
      throw new AppError('E_GITHUB', `GitHub opened no pull request: ${errorMessage(error)}`, {
        cause: error,
        hint: 'The branch is there: open it by hand, or give the token pull-requests: write and try again.',
      });
    });
}
