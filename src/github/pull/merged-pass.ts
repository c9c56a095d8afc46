// One pass over a merged pull request: the tracker, the checks and the deployments say how far each application is.
import type { Application } from '../../model/application.ts';
import type { Change } from '../../change/change.ts';
import type { DeploymentContext } from '../publish/deployments.ts';
import type { Pass } from './pull-pass.ts';
import { pullKey } from '../../change/pull.ts';
import { approvalCheck, rolloutCheck } from '../markdown/check-content.ts';
import { mergedDiffAnswer } from '../markdown/after-merge.ts';
import { renderTracker } from '../markdown/tracker.ts';
import { findDeployments, settled, writeDeployments } from '../publish/deployments.ts';
import { permitted, refusalRows } from '../publish/refusals.ts';
import { activityOf, check, commentFirst, say, shownOf } from './pull-pass.ts';

interface Followed {
  /** When to come back because GitHub takes no more deployments now. */
  waitMs: number | undefined;
  /** Nothing more is expected. */
  done: boolean;
}

/**
 * Comment and checks first: a large merge has more deployments than GitHub takes at once, and what follows tells of the
 * rest. `follow`: told which applications it shows, before anything is written.
 */
export async function followMerge(
  pass: Pass,
  change: Change,
  follow: (applications: string[]) => void,
): Promise<Followed | undefined> {
  const { pull, memory, client, signal, options } = pass;
  const sha = pull.merged?.sha;
  if (!sha) return undefined;
  const { publicUrl } = options;
  const read = await change.progress(pull, signal);
  const context: DeploymentContext = {
    client,
    appId: options.appId,
    memory,
    sha,
    publicUrl,
    pull: pullKey(pull),
    signal,
  };
  await permitted(memory.refusals, 'Deployments', () => findDeployments(context, read.apps));
  const progress = { ...read, apps: read.apps.map((app) => settled(app, memory, sha)) };
  const done = progress.apps.every((app) => app.state === 'success' || app.state === 'superseded');
  follow(progress.apps.map((app) => app.application));
  const shown = await shownOf(pass);
  const live = (application: string): Application | undefined => options.store.applications.get(application);
  pass.diffFor = ({ spec }) =>
    Promise.resolve(mergedDiffAnswer({ apps: progress.apps, shown, live }, spec.application || undefined));
  const tracker = (activity: string): string =>
    renderTracker({ progress, activity, publicUrl, refused: refusalRows(memory.refusals), shown });
  const rest = async (): Promise<number | undefined> => {
    for (const content of [approvalCheck(progress, shown), rolloutCheck(progress)])
      if (content) await check(pass, content);
    return permitted(memory.refusals, 'Deployments', () => writeDeployments(context, progress.apps));
  };
  const waitMs =
    progress.apps.length > 0
      ? await commentFirst(pass, () => tracker(activityOf(pass)), rest)
      : await say(pass, tracker).then(rest);
  return { waitMs, done };
}
