// Whom GitHub's environments ask for a review, as logins: teams are taken apart into their members.
import type { RepositoryClient } from './installations.ts';
import { AppError } from '../../base/errors.ts';
import { isGitHub, paginating } from './api.ts';

/** Undefined when there is no such environment, or when it asks nobody; [] when it asks teams that are empty. */
export async function reviewersOf(
  { owner, repo, octokit }: RepositoryClient,
  environment: string,
): Promise<string[] | undefined> {
  const found = await octokit
    .request('GET /repos/{owner}/{repo}/environments/{environment_name}', {
      owner,
      repo,
      environment_name: environment,
    })
    .catch((error: unknown) => {
      if (isGitHub(error, 403))
        throw new AppError('E_GITHUB', `GitHub does not let the App read the environment ${environment}`, {
          cause: error,
          hint: 'Accept the permission "actions: read" that the App asks for.',
        });
      if (!isGitHub(error, 404)) throw error;
      return undefined;
    });
  const asked = (found?.data.protection_rules ?? []).flatMap((rule) =>
    'reviewers' in rule ? (rule.reviewers ?? []) : [],
  );
  if (asked.length === 0) return undefined;
  const logins = await Promise.all(
    asked.map(async ({ reviewer }) => {
      if (!reviewer) return [];
      if ('login' in reviewer) return [reviewer.login];
      const members = await paginating(octokit)('GET /orgs/{org}/teams/{team_slug}/members', {
        org: owner,
        team_slug: reviewer.slug ?? '',
        per_page: 100,
      });
      return members.map((member) => member.login);
    }),
  );
  return [...new Set(logins.flat().map((login) => login.toLowerCase()))];
}
