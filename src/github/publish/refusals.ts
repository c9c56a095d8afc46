// What GitHub refuses the App: the part that needs the missing permission is left out and told, everything else goes
// on.
import { describeError, errorKind } from '../../base/errors.ts';
import { isGitHub } from '../client/api.ts';
import { plain } from '../markdown/escape.ts';

/** Parts of what a pull request shows that GitHub may refuse alone. */
type Part = 'Comments' | 'Checks' | 'Deployments' | 'Reactions';

/** The parts that were refused last time, with GitHub's words and who can grant them. */
export type Refusals = Map<Part, string>;

/** Does the work; undefined when GitHub refuses it for good, which is remembered until it takes it again. */
export async function permitted<T>(refusals: Refusals, part: Part, work: () => Promise<T>): Promise<T | undefined> {
  try {
    const done = await work();
    refusals.delete(part);
    return done;
  } catch (error) {
    if (!isGitHub(error, 403) || errorKind(error) !== 'terminal') throw error;
    refusals.set(part, describeError(error));
    return undefined;
  }
}

/** Markdown, one line for each part; '' when nothing is refused. */
export function refusalRows(refusals: Refusals): string {
  return [...refusals]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([part, why]) => `⚠️ **${part} are missing here:** GitHub refuses them. ${plain(why, 400)}`)
    .join('\n');
}
