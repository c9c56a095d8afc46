// A process of its own that fetches once with credentials and tells how it went: fetch-once.ts <folder> <url>.
import { describeError } from '../../src/base/errors.ts';
import { openGit } from '../../src/git/git.ts';
import { silentLogger } from '../../src/base/log.ts';
import { systemClock } from '../../src/base/clock.ts';
import { worker } from '../worker.ts';

const [dir = '', url = ''] = process.argv.slice(2);
const git = openGit({
  worker,
  dir,
  clock: systemClock,
  log: silentLogger(),
  credentials: async () => ({ username: 'x-access-token', password: 'open-sesame' }),
  signal: new AbortController().signal,
});
await git
  .repository(url)
  .fetch()
  .catch((error: unknown) => process.stdout.write(describeError(error)));
await git.stop();
