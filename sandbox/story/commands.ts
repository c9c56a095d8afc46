// Step 3: commands in the pull request; who may not is told why.
import type { Name } from '../people.ts';
import assert from 'node:assert/strict';
import { livingComment, repository, waitFor, type Stage } from './stage.ts';
import { replyMarker } from '../../src/github/markdown/reply.ts';

interface Said {
  who: Name;
  text: string;
  reaction: 'rocket' | 'confused';
  /** What the comment says that answers it. */
  answer: RegExp;
}

const dialogue: Said[] = [
  {
    who: 'alice',
    text: '/cox diff',
    reaction: 'rocket',
    answer: /alice.*\/cox diff`[\s\S]*compared again[\s\S]*```diff/,
  },
  { who: 'bob', text: '/cox help', reaction: 'rocket', answer: /bob.*\/cox help`[\s\S]*\/cox approve/ },
  {
    who: 'alice',
    text: '/cox aprove',
    reaction: 'confused',
    answer: /alice.*\/cox aprove[\s\S]*did you mean.*\/cox approve/,
  },
  {
    who: 'carol',
    text: '/cox sync checkout-prod',
    reaction: 'confused',
    answer: /carol.*\/cox sync checkout-prod[\s\S]*carol may not sync checkout-prod/,
  },
];

/** Says it and waits for reaction and answer. */
export async function say(stage: Stage, pull: number, { who, text, reaction, answer }: Said): Promise<void> {
  const { scene } = stage;
  const id = scene.people[who].github.comment(scene.repository.name, pull, text);
  await waitFor(stage, `"${text}" of ${who} is answered`, () => {
    const reactions =
      repository(stage)
        .comments.find((comment) => comment.id === id)
        ?.reactions.filter((item) => item.user.type === 'Bot')
        .map((item) => item.content) ?? [];
    assert.ok(reactions.includes(reaction), `reaction ${reaction}, not ${reactions.join(', ') || 'none'}`);
    const replies = repository(stage).comments.filter(({ body }) => body.startsWith(replyMarker(id)));
    assert.equal(replies.length, 1, 'one answer');
    assert.match(replies[0]?.body ?? '', answer);
    assert.match(livingComment(stage, pull)?.body ?? '', new RegExp(`#issuecomment-${replies[0]?.id ?? ''}\\)`));
  });
}

export async function commands(stage: Stage, pull: number): Promise<void> {
  for (const line of dialogue) await say(stage, pull, line);
  stage.tell(
    '/cox diff refreshed, /cox help answered, /cox aprove was asked whether it meant approve, carol was refused',
  );
}
