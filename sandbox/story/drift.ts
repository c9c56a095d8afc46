// Step 6: edits by hand. Production tells of them and is set back by a button; development heals alone.
import assert from 'node:assert/strict';
import { kubectl } from '../kube.ts';
import { driftSettleMs } from '../settings.ts';
import { images } from './changes.ts';
import { imageOf } from './merge.ts';
import {
  application,
  because,
  cardOf,
  cards,
  episodesOf,
  isSynced,
  textOf,
  timed,
  wait,
  waitApp,
  waitFor,
  type Stage,
} from './stage.ts';

function editImage(stage: Stage, namespace: string): Promise<string> {
  return kubectl(stage.scene.kubeconfigs.someone, [
    '-n',
    namespace,
    'set',
    'image',
    'deployment/checkout',
    `checkout=${images.byHand}`,
  ]);
}

async function inProduction(stage: Stage): Promise<void> {
  const { tell } = stage;
  const history = (await application(stage, 'checkout-prod')).status?.history?.length;
  await editImage(stage, 'checkout-prod');
  const seen = await timed(() =>
    waitApp(stage, 'checkout-prod', 'is OutOfSync at once', (app) => app.status?.sync?.status === 'OutOfSync'),
  );
  const episode = await wait(stage, 'a drift episode opens', async () =>
    (await episodesOf(stage, 'checkout-prod')).find((item) => item.status?.phase === 'Open'),
  );
  const card = (): string => textOf(cardOf(stage, 'episode', episode.metadata.name) ?? { text: '', blocks: [] });
  await waitFor(stage, 'the card tells object, field, both values and who', () => {
    const text = card();
    for (const part of ['Deployment checkout-prod/checkout', 'image', images.after, images.byHand, 'kubectl', 'Heal'])
      assert.ok(text.includes(part), `the card names ${part}: ${text}`);
  });
  tell(
    `someone set another image in production; kubectl → OutOfSync ${seen} ms (its start and our look included), ` +
      'then one card',
  );
  await because(
    stage,
    { who: 'bob', card: () => cardOf(stage, 'episode', episode.metadata.name), button: 'Heal' },
    async () => {
      const phase = (await episodesOf(stage, 'checkout-prod')).find(
        (item) => item.metadata.name === episode.metadata.name,
      )?.status?.phase;
      return phase !== 'Open';
    },
  );
  const app = await waitApp(stage, 'checkout-prod', 'is as Git says again', isSynced);
  assert.equal(await imageOf(stage, 'checkout-prod', 'checkout'), images.after);
  const touched = (app.status?.operationState?.syncResult?.resources ?? []).map((item) => `${item.kind} ${item.name}`);
  assert.deepEqual(touched, ['Deployment checkout'], 'only that object was touched');
  assert.equal(app.status?.history?.length, history, 'it is no deploy');
  await waitFor(stage, 'the card ends resolved', () => {
    assert.match(card(), /✅[\s\S]*matches Git again/);
    assert.ok(!card().includes('Heal'));
  });
  tell('bob pressed "Heal"; only the Deployment was restored and the card is resolved');
}

/** Cards that name it. */
function cardsOf(stage: Stage, name: string): string[] {
  return cards(stage)
    .map(textOf)
    .filter((text) => text.includes(name));
}

async function inDevelopment(stage: Stage, slowly: boolean): Promise<void> {
  const name = 'checkout-dev';
  const took = await timed(async () => {
    await editImage(stage, name);
    await waitApp(
      stage,
      name,
      'heals itself',
      async (app) => (await imageOf(stage, name, 'checkout')) === images.after && isSynced(app),
    );
  });
  if (slowly && took >= driftSettleMs) {
    await waitFor(stage, 'a card of what took longer than drift may take ends', () => {
      for (const text of cardsOf(stage, name)) assert.match(text, /✅[\s\S]*matches Git again/);
    });
  } else assert.deepEqual(cardsOf(stage, name), [], 'no card for what heals itself');
  stage.tell(`the same edit in development was healed without anybody, ${took} ms after it`);
}

/** `slowly`: another engine heals, which may take longer than drift may last. */
export async function drift(stage: Stage, slowly = false): Promise<void> {
  await inProduction(stage);
  await inDevelopment(stage, slowly);
}
