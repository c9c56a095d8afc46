// `npm run demo`: the whole product on one machine, to be driven by hand from two web pages, or playing its story.
import { parseArgs } from 'node:util';
import { AppError, describeError, errorMessage } from '../src/base/errors.ts';
import { binaries } from '../tools/binaries.ts';
import { ownNames } from '../tools/pins.ts';
import { offers } from './offers.ts';
import { startScene, type Scene } from './scene.ts';
import { playStory } from './story.ts';
import { bootstrap } from './story/bootstrap.ts';
import { createTell, interrupted } from './terminal.ts';

const help = `npm run demo [-- options]

Starts a real Kubernetes control plane, a GitHub and a Slack of its own, and Coxswain among them, all on loopback.
No account and no network are needed once the binaries are built.

  --story             plays the story unattended, tells it, and exits: 0, or 1 with what failed
  --keep              with --story: stays running when the story has ended
  --use-kubeconfig    uses the cluster of KUBECONFIG instead of starting one: one without Argo CD;
                      what the demo made goes at its end
  --verbose           Coxswain's log file is written at level debug
  --help              this text
`;

const tell = createTell();

interface Options {
  story: boolean;
  keep: boolean;
  verbose: boolean;
  kubeconfig: string | undefined;
}

const flags = {
  story: { type: 'boolean' },
  keep: { type: 'boolean' },
  'use-kubeconfig': { type: 'boolean' },
  verbose: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

function parsed(): ReturnType<typeof parseArgs<{ options: typeof flags }>> {
  try {
    return parseArgs({ options: flags });
  } catch (cause) {
    throw new AppError('E_CONFIG', errorMessage(cause), { hint: '"npm run demo -- --help" lists the options.', cause });
  }
}

function readOptions(): Options | 'help' {
  const { values } = parsed();
  if (values.help) return 'help';
  const named = process.env['KUBECONFIG'];
  if (values['use-kubeconfig'] && !named)
    throw new AppError('E_CONFIG', '--use-kubeconfig needs KUBECONFIG to name a kubeconfig file', {
      hint: 'For kind: kind get kubeconfig > kubeconfig && KUBECONFIG=$PWD/kubeconfig npm run demo -- --use-kubeconfig',
    });
  return {
    story: values.story ?? false,
    keep: values.keep ?? false,
    verbose: values.verbose ?? false,
    kubeconfig: values['use-kubeconfig'] ? named : undefined,
  };
}

function places(scene: Scene): string {
  return [
    '',
    `  GitHub     ${scene.github.url}/${scene.repository.name}`,
    `  Slack      ${scene.slack.url}`,
    `  Coxswain   ${scene.coxswain.url}`,
    `  kubectl    export KUBECONFIG=${scene.kubeconfigs.someone}`,
    `  git, cox   export GIT_ASKPASS=${scene.askpass}`,
    `  its log    ${scene.coxswain.logFile}`,
    '',
  ].join('\n');
}

const hints = `What to try
  1. On the GitHub page, under Pull requests, make one of the ready-made changes. Within a second a comment says what
     it would do to the cluster. Write "/cox help" into the conversation.
  2. Merge it. The dev applications follow; the production ones wait, in the comment and as a card in Slack.
  3. In Slack, act as bob (alice is the author) and press Review, then Approve.
  4. kubectl -n checkout-prod set image deployment/checkout checkout=nginx:1.25.5, and watch Slack:
     who changed what, and a button to take it back.
  5. In Slack: /cox revert checkout-prod

Ctrl-C stops everything.
`;

/** As the story begins; from here on the person acts. */
async function byHand(scene: Scene, signal: AbortSignal): Promise<void> {
  tell('starting Coxswain');
  await scene.coxswain.start();
  await bootstrap({ scene, tell, withinMs: 60_000, signal });
  for (const scenario of offers(scene.repository.name)) scene.github.offer(scenario);
  tell('ready');
  process.stdout.write(`${places(scene)}\n${hints}`);
}

/** What the person asked for; false when they interrupted it. */
async function play(scene: Scene, options: Options, signal: AbortSignal): Promise<void> {
  if (!options.story) return byHand(scene, signal);
  process.stdout.write(places(scene));
  tell('starting Coxswain');
  await scene.coxswain.start();
  await playStory(scene, { tell, signal });
  tell('the story has ended as it should');
}

/** undefined when the person interrupted it: nothing of it runs then. */
async function setUp(options: Options, signal: AbortSignal): Promise<Scene | undefined> {
  try {
    tell('looking for the pinned binaries');
    await binaries(options.kubeconfig ? ['manifests', 'render', 'kubectl'] : ownNames, signal);
    signal.throwIfAborted();
    return await startScene({
      signal,
      log: tell,
      env: { COX_LOG_LEVEL: options.verbose ? 'debug' : 'info' },
      ...(options.kubeconfig && { kubeconfig: options.kubeconfig }),
    });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

async function run(options: Options): Promise<number> {
  const abort = new AbortController();
  const ended = interrupted().then(() => abort.abort(new Error('interrupted')));
  const scene = await setUp(options, abort.signal);
  if (!scene) return 1;
  try {
    await play(scene, options, abort.signal);
    if (!options.story || options.keep) await ended;
    return 0;
  } catch (error) {
    if (abort.signal.aborted) return 1;
    process.stderr.write(
      `\n${describeError(error)}\n\nThe end of Coxswain's log:\n` +
        `${scene.coxswain.logs().split('\n').slice(-30).join('\n')}\n`,
    );
    return 1;
  } finally {
    tell('stopping everything');
    await scene.stop().catch((error: unknown) => {
      process.stderr.write(`${describeError(error)}\n`);
      process.exitCode = 1;
    });
  }
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === 'help') process.stdout.write(help);
  else process.exit((await run(options)) || Number(process.exitCode ?? 0));
}

await main().catch((error: unknown) => {
  process.stderr.write(`${describeError(error)}\n`);
  process.exit(1);
});
