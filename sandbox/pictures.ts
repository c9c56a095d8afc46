// Takes the README's pictures from the story: `node_modules/.bin/node sandbox/pictures.ts` (needs Chromium).
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Browser } from './browser.ts';
import { channel } from './people.ts';
import { startScene } from './scene.ts';
import { bootstrap } from './story/bootstrap.ts';
import { firstMerge, waitingApproval } from './story/merge.ts';
import { pullRequest } from './story/pull-request.ts';
import { cardOf, livingComment, wait, type Stage } from './story/stage.ts';

const folder = join(import.meta.dirname, '..', 'docs', 'images');
const application = 'checkout-prod';

async function comment(stage: Stage, browser: Browser, number: number): Promise<void> {
  const { github, repository } = stage.scene;
  const id = livingComment(stage, number)?.id ?? 0;
  // Of the applications only the one in production is open, as a person would have it.
  const script =
    `for (const part of document.querySelectorAll('#issuecomment-${id} .body > details')) part.open = ` +
    `part.textContent.includes('${application}') && part.querySelector('summary b')?.textContent === ` +
    `'${application}';`;
  await browser.take({
    url: `${github.url}/${repository.name}/pull/${number}`,
    script,
    selector: `#issuecomment-${id}`,
    file: join(folder, 'comment.png'),
    width: 1400,
    maxHeight: 1020,
  });
}

async function card(stage: Stage, browser: Browser): Promise<void> {
  const { slack } = stage.scene;
  const approval = await waitingApproval(stage, application);
  const message = await wait(stage, 'the card is in Slack', () => cardOf(stage, 'approval', approval.metadata.name));
  const selector = `[data-ts="${message.ts}"]`;
  await browser.take({
    url: `${slack.url}/#${slack.state.channel(channel)?.id ?? ''}`,
    selector,
    file: join(folder, 'slack-card.png'),
    width: 900,
    maxHeight: 900,
  });
}

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const tell = (line: string): void => void process.stdout.write(`${line}\n`);
  const scene = await startScene({ log: tell });
  const browser = await Browser.start();
  try {
    const stage: Stage = { scene, withinMs: 60_000, signal: undefined, tell };
    await scene.coxswain.start();
    await bootstrap(stage);
    const number = await pullRequest(stage);
    await comment(stage, browser, number);
    await firstMerge(stage, number);
    await card(stage, browser);
  } finally {
    await browser.stop();
    await scene.stop();
  }
}

await main();
