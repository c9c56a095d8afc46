// `npm run beside`: the demo with Argo CD's own controller, repo-server and Redis in it, and Coxswain beside them.
//
//   COXSWAIN_ARGOCD=<folder with the file argocd> npm run beside -- --stay
//
// starts everything but applications, tells addresses, logs and `export KUBECONFIG=…`, and waits for Ctrl-C.
// COXSWAIN_REDIS=<file> names a redis-server that is not on PATH. Nothing of Argo CD is built or kept here.
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchBeside } from '../../bench/beside.ts';
import { AppError, describeError, errorMessage } from '../../src/base/errors.ts';
import { binaries } from '../../tools/binaries.ts';
import { bootstrap } from '../story/bootstrap.ts';
import { playStory } from '../story.ts';
import { createTell, interrupted } from '../terminal.ts';
import { programs, series, type Programs } from './binaries.ts';
import { record } from './contract/record.ts';
import { startPlace, type Place } from './place.ts';
import { commandLine, hashOf, logIn } from './server/cli.ts';
import { playDeleting } from './deleting.ts';
import { playServer } from './server/server.ts';
import { playSwitching } from './switching.ts';

const help = `npm run beside [-- options]

The sandbox of the demo, with Argo CD ${series} comparing and syncing and Coxswain beside it (COX_ENGINE=argocd). Its
own binary is taken from COXSWAIN_ARGOCD=<folder>: the file argocd or argocd-linux-amd64 of a release. redis-server is
taken from PATH, or COXSWAIN_REDIS names it. Everything runs on loopback and ends with this command.

  --story     plays the story unattended, tells it, and exits
  --keep      with --story, --switch, --delete or --server: stays running at the end, well or not
  --stay      starts everything and creates no application
  --server    Argo CD's own server before Coxswain, and no controller: tries each verb of the command line of
              Argo CD, prints verb, worked and what was seen, and exits
  --switch    hands applications from Argo CD to Coxswain and back, alone and by their project, holds that no
              workload notices, and exits
  --delete    deletes applications by hand while Argo CD works on them, holds that what it deletes is told of those
              with a gate, and exits
  --record    records what Argo CD does with an operation, into test/beside/argocd-operations.json, and exits
  --only <x>  with --record: only the cases whose name holds x, to standard output
  --bench     measures Coxswain beside Argo CD, prints a table with targets, and exits; some minutes:
              a quiet minute, how soon Argo CD is told of a push, and its CPU for a commit when we name the one
              application, next to every application refreshed. Argo CD's own poll is off. Targets are scaled by
              the machine's floor
  --applications <n>  with --bench: how many; default 150, at least 24
  --strict    with --bench: exits with 1 when a scaled target is missed; without it missing one is only told
  --verbose   Coxswain's log file is written at level debug
  --help      this text

Exits with 0; with 1 and what failed; with 2 where Argo CD or Redis is missing, and how they are had.
`;

const tell = createTell();
/** Of the login admin at Argo CD's server, for this run. */
const password = randomBytes(12).toString('hex');

const flags = {
  story: { type: 'boolean', default: false },
  keep: { type: 'boolean', default: false },
  stay: { type: 'boolean', default: false },
  server: { type: 'boolean', default: false },
  switch: { type: 'boolean', default: false },
  delete: { type: 'boolean', default: false },
  record: { type: 'boolean', default: false },
  only: { type: 'string' },
  bench: { type: 'boolean', default: false },
  applications: { type: 'string', default: '150' },
  strict: { type: 'boolean', default: false },
  verbose: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

type Options = ReturnType<typeof parseArgs<{ options: typeof flags }>>['values'];

function readOptions(): Options {
  try {
    return parseArgs({ options: flags }).values;
  } catch (cause) {
    throw new AppError('E_CONFIG', errorMessage(cause), {
      hint: '"npm run beside -- --help" lists the options.',
      cause,
    });
  }
}

function places({ scene, argocd }: Place): string {
  return [
    '',
    `  GitHub       ${scene.github.url}/${scene.repository.name}`,
    `  Slack        ${scene.slack.url}`,
    `  Coxswain     ${scene.coxswain.url}`,
    `  Redis        ${argocd.addresses.redis}`,
    `  repo-server  ${argocd.addresses.repoServer}`,
    `  kubectl      export KUBECONFIG=${scene.kubeconfigs.someone}`,
    `  git, cox     export GIT_ASKPASS=${scene.askpass}`,
    `  logs         ${scene.coxswain.logFile}`,
    ...argocd.parts.filter((part) => part !== 'redis').map((part) => `               ${argocd.logFile(part)}`),
    '',
    '',
  ].join('\n');
}

async function tryServer({ scene, argocd }: Place, found: Programs, signal: AbortSignal): Promise<void> {
  const cli = commandLine({ programs: found, dir: scene.dir });
  const { server, redis } = argocd.addresses;
  await logIn(cli, server, password);
  const { kube, repository } = scene;
  await playServer({ cli, kube, repoUrl: repository.url, server, password, redis, tell, signal });
}

async function play(place: Place, options: Options, found: Programs, signal: AbortSignal): Promise<void> {
  const { scene } = place;
  if (options.record) return record(place, { version: found.version, tell, only: options.only });
  tell('starting Coxswain');
  await scene.coxswain.start();
  process.stdout.write(places(place));
  if (options.server) return tryServer(place, found, signal);
  if (options.switch) return playSwitching({ scene, tell, signal });
  if (options.delete) return playDeleting({ scene, tell, signal, withinMs: 180_000 });
  if (options.story) {
    await playStory(scene, { tell, withinMs: 120_000, besideArgo: true, signal });
    tell('the story has ended as it should');
  } else if (!options.stay) {
    await bootstrap({ scene, tell, withinMs: 120_000, signal });
  }
  if (!options.story) tell('ready; Ctrl-C stops everything');
}

/** undefined when the person interrupted it: nothing of it runs then. */
async function setUp(options: Options, found: Programs, signal: AbortSignal): Promise<Place | undefined> {
  try {
    tell('looking for the pinned binaries');
    await binaries(undefined, signal);
    const env = { COX_LOG_LEVEL: options.verbose ? 'debug' : 'info' };
    const under = options.server && {
      sample: join(import.meta.dirname, 'server', 'sample'),
      passwordHash: await hashOf(commandLine({ programs: found, dir: tmpdir() }), password),
    };
    return await startPlace({ programs: found, log: tell, signal, env, ...(under && { under }) });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

function tellFailure({ scene }: Place, error: unknown): void {
  const log = scene.coxswain.logs().split('\n').slice(-30).join('\n');
  process.stderr.write(`\n${describeError(error)}\n\nThe end of Coxswain's log:\n${log}\n`);
}

async function bench({ applications, strict }: Options, found: Programs, signal: AbortSignal): Promise<number> {
  const missed = await benchBeside({ programs: found, applications: Number(applications), tell, signal });
  return strict && missed > 0 ? 1 : 0;
}

async function run(options: Options, found: Programs): Promise<number> {
  const abort = new AbortController();
  const ended = interrupted().then(() => abort.abort(new Error('interrupted')));
  if (options.bench) return bench(options, found, abort.signal);
  const place = await setUp(options, found, abort.signal);
  if (!place) return 1;
  try {
    const code = await play(place, options, found, abort.signal).then(
      () => 0,
      (error: unknown) => {
        if (!abort.signal.aborted) tellFailure(place, error);
        return 1;
      },
    );
    const ends = options.story || options.server || options.switch || options.delete || options.record;
    if (options.keep || !ends) await ended;
    return code;
  } finally {
    tell('stopping everything');
    await place.stop().catch((error: unknown) => {
      process.stderr.write(`${describeError(error)}\n`);
      process.exitCode = 1;
    });
  }
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  const found = await programs().catch((error: unknown) => {
    process.stderr.write(`${describeError(error)}\n`);
  });
  return found ? (await run(options, found)) || Number(process.exitCode ?? 0) : 2;
}

process.exit(
  await main().catch((error: unknown) => {
    process.stderr.write(`${describeError(error)}\n`);
    return 1;
  }),
);
