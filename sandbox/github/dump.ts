// A canonical picture of everything persons would see, without times, ids and commit ids, to compare two runs.
import type { Comment, Deployment, Repository, World } from './world.ts';
import { git, refs } from './git/git.ts';

export type Dump = Record<string, unknown>;

/** Replaces what differs between two equal runs: commit ids, digests, times, durations, ids, addresses. */
export function normalise(text: string): string {
  return text
    .replaceAll(/https?:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?/g, '<host>')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?/g, '<time>')
    .replaceAll(/\b\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( UTC)?/g, '<time>')
    .replaceAll(/\b[0-9a-f]{7,64}\b/g, '<sha>')
    .replaceAll(/\b\d+(\.\d+)? ?(ms|seconds?|minutes?|min|s|m)\b/g, '<duration>');
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

function dumpComment(comment: Comment): Dump {
  const reactions = comment.reactions.map((reaction) => `${reaction.content} ${reaction.user.login}`).sort();
  return { by: comment.user.login, app: comment.app?.slug ?? null, body: normalise(comment.body), reactions };
}

function dumpDeployment(deployment: Deployment): Dump {
  const last = deployment.statuses.at(-1);
  return {
    environment: deployment.environment,
    task: deployment.task,
    ref: normalise(deployment.ref),
    state: last?.state ?? null,
    description: last ? normalise(last.description) : null,
  };
}

async function dumpRefs(repository: Repository): Promise<Dump> {
  const names = await refs(repository.dir);
  const entries = names.map(async ({ name }) => {
    const [tree = '', ...message] = (await git(repository.dir, ['log', '-1', '--format=%T%n%B', name, '--'])).split(
      '\n',
    );
    return [normalise(name), { tree, message: normalise(message.join('\n').trim()) }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function dumpRepository(repository: Repository): Promise<Dump> {
  const pulls = [...repository.pulls.values()].map((pull) => ({
    number: pull.number,
    title: normalise(pull.title),
    body: normalise(pull.body ?? ''),
    by: pull.user.login,
    head: normalise(pull.headRef),
    base: pull.baseRef,
    state: pull.mergedAt !== null ? 'merged' : pull.state,
    comments: repository.comments.filter((comment) => comment.pull === pull.number).map(dumpComment),
    reviews: repository.reviews
      .filter((review) => review.pull === pull.number)
      .map((review) => `${review.user.login} ${review.state}`),
  }));
  const checks = repository.checks.map(async (check) => {
    const [tree = ''] = (await git(repository.dir, ['log', '-1', '--format=%T', check.headSha, '--'])).split('\n');
    return {
      name: check.name,
      tree,
      status: check.status,
      conclusion: check.conclusion,
      title: normalise(check.output.title ?? ''),
    };
  });
  return {
    refs: await dumpRefs(repository),
    pulls,
    // Their order depends on what finished first, which is no part of the outcome.
    checks: (await Promise.all(checks)).sort(byText),
    deployments: repository.deployments.map(dumpDeployment).sort(byText),
  };
}

/** By `owner/name`. */
export async function dump(world: World): Promise<Dump> {
  const entries = world.repositories.map(
    async (repository) => [`${repository.owner.login}/${repository.name}`, await dumpRepository(repository)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}
