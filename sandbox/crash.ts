// `npm run crash`: the story undisturbed, then again with Coxswain killed at every mutating request in turn; both must
// end alike.
import { parseArgs } from 'node:util';
import { describeError } from '../src/base/errors.ts';
import { Crashes, countsOf, everyRequest, kindOf, someRequests, type Choice, type Kill } from './crashes.ts';
import { KillSwitch } from './mutation-counter.ts';
import { startScene, type Scene } from './scene.ts';
import { playStory } from './story.ts';
import { differences, endState, type EndState } from './story/end-state.ts';
import { atRest } from './story/rest.ts';

const help = `npm run crash [-- options]

Plays the story twice. The second time Coxswain is killed (SIGKILL) at every mutating request that it makes to GitHub,
Slack or the API server: once for each request of the first run, in turn before and after the request is handled. It is
started again each time. Exits 0 when both runs end alike, else 1 with the differences.

  --seed <n>     kills at a share of the requests only, always the same ones for the same number
  --share <x>    that share, 0 to 1; default 0.1
  --help         this text
`;

interface Undisturbed {
  end: EndState;
  /** Labels of all mutating requests, in order. */
  log: readonly string[];
}

type Tell = (line: string) => void;

/** What helps to find the cause: the end of the log, and webhooks that nobody took. */
function tellTrouble(scene: Scene, tell: Tell): void {
  const lost = scene.github.deliveries().filter((delivery) => delivery.statusCode >= 300 || delivery.statusCode === 0);
  tell(`webhooks not taken: ${lost.map((delivery) => `${delivery.event} ${delivery.status}`).join(', ') || 'none'}`);
  tell(scene.coxswain.logs().split('\n').slice(-30).join('\n'));
}

export async function undisturbedRun(tell: Tell): Promise<Undisturbed> {
  const killSwitch = new KillSwitch();
  const scene = await startScene({ killSwitch });
  try {
    await scene.coxswain.start();
    await playStory(scene, { tell, withinMs: 60_000 });
    await atRest(scene, 60_000);
    return { end: await endState(scene), log: [...killSwitch.log] };
  } catch (error) {
    tellTrouble(scene, tell);
    throw error;
  } finally {
    await scene.stop();
  }
}

interface Disturbed {
  end: EndState;
  kills: readonly Kill[];
}

/** The story under a plan of deaths. `withinMs`: how long any one thing may take. */
export async function disturbedRun(choice: Choice, withinMs: number, tell: Tell): Promise<Disturbed> {
  const killSwitch = new Crashes();
  const scene = await startScene({ killSwitch });
  try {
    killSwitch.begin({
      choice,
      operator: scene.coxswain,
      onKill: ({ n, side, label }) => tell(`      ✝ ${n} ${side} ${label}`),
    });
    scene.coxswain.spawn();
    await playStory(scene, { tell, withinMs });
    await killSwitch.end();
    await scene.coxswain.ready();
    await atRest(scene, withinMs);
    return { end: await endState(scene), kills: killSwitch.kills };
  } catch (error) {
    tellTrouble(scene, tell);
    throw error;
  } finally {
    await killSwitch.end();
    await scene.stop();
  }
}

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: { seed: { type: 'string' }, share: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  const began = performance.now();
  const tell: Tell = (line) =>
    void process.stdout.write(`${((performance.now() - began) / 1000).toFixed(1).padStart(7)} s  ${line}\n`);
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  tell('undisturbed');
  const undisturbed = await undisturbedRun(tell);
  tell(`undisturbed: ${undisturbed.log.length} mutating requests of ${countsOf(undisturbed.log).size} kinds`);
  const choice =
    values.seed === undefined
      ? everyRequest(countsOf(undisturbed.log))
      : someRequests(Number(values.seed), Number(values.share ?? 0.1), Infinity);
  const disturbed = await disturbedRun(choice, 15 * 60_000, tell);
  const found = differences(undisturbed.end, disturbed.end);
  tell(
    `killed ${disturbed.kills.length} times; ` +
      `${found.length === 0 ? 'both runs ended alike' : `${found.length} differences:\n${found.join('\n')}`}`,
  );
  if (found.length > 0 || values.seed !== undefined) return found.length === 0 ? 0 : 1;
  return (await atTheRest(undisturbed, disturbed.kills, tell)) ? 0 : 1;
}

/**
 * What a life has under way beside the request that kills it is done anew by the next, perhaps at once with others:
 * such kinds get runs of their own.
 */
async function atTheRest(undisturbed: Undisturbed, kills: readonly Kill[], tell: Tell): Promise<boolean> {
  const rest = new Set(countsOf(undisturbed.log).keys());
  for (const { label } of kills) rest.delete(kindOf(label));
  for (let rounds = 0; rest.size > 0 && rounds < 5; rounds += 1) {
    tell(`once more, for the kinds of requests at which nobody died yet: ${[...rest].join(', ')}`);
    const disturbed = await disturbedRun((kind) => rest.delete(kind), 5 * 60_000, tell);
    const found = differences(undisturbed.end, disturbed.end);
    if (found.length > 0) tell(`${found.length} differences:\n${found.join('\n')}`);
    if (found.length > 0) return false;
  }
  tell(rest.size === 0 ? 'died at every kind of request' : `never died at: ${[...rest].join(', ')}`);
  return rest.size === 0;
}

if (import.meta.main) {
  process.exit(
    await run().catch((error: unknown) => {
      process.stderr.write(`${describeError(error)}\n${error instanceof Error ? (error.stack ?? '') : ''}\n`);
      return 1;
    }),
  );
}
