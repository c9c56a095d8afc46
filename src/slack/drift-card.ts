// The card of a drift episode: what differs, where, what Git says, what is live, and who wrote it.
import type { RichTextBlockElement } from '@slack/types';
import type { Application } from '../model/application.ts';
import type { DriftEpisode, DriftedObject } from '../model/coxswain.ts';
import type { Card, CardPlace } from './card.ts';
import type { Part } from './text.ts';
import { applicationName, isAutomated } from '../model/application.ts';
import { operationText } from '../policy/outside-text.ts';
import { keyTitle } from '../model/kube.ts';
import { button, headline, revisionFact } from './card.ts';
import { fieldLines, valuePair } from './value.ts';
import { clip, count, diffBox, escapeMrkdwn, escapeText, facts, line, moment, rich } from './text.ts';

const mostObjects = 3;
const mostFields = 4;
/** As on the page and in comments: minus is live, plus is what a sync makes of it. */
function difference(item: DriftedObject, most: number): string {
  const fields = item.changes.slice(0, most).flatMap((change) => {
    const [git, live] = valuePair(change);
    return fieldLines(change.text, live, git);
  });
  const more = Math.max(0, item.changes.length - most) + (item.left ?? 0);
  return ['--- live', '+++ Git', ...fields, ...(more > 0 ? [`@@ and ${count(more, 'more field')}`] : [])].join('\n');
}

/** Managers by which people's own tools write, as people call them. */
function toolOf(manager: string): string {
  const kubectl = /^kubectl-([a-z-]+)$/.exec(manager)?.[1];
  if (kubectl === 'client-side-apply') return 'kubectl apply';
  return kubectl ? `kubectl ${kubectl.replaceAll('-', ' ')}` : clip(manager, 80);
}

function who({ by, kind }: DriftedObject): Part[] {
  if (!by || kind === 'missing') return [];
  return [
    kind === 'extra' ? ', last written with ' : '  —  last written with ',
    { code: toolOf(by.manager) },
    ...(by.at ? [' ', { at: by.at }] : []),
  ];
}

/** Of one object: what it is, who wrote it, and both values of its first fields. */
export function objectElements(item: DriftedObject, most: number): RichTextBlockElement[] {
  const name = ` ${item.key.namespace ? `${item.key.namespace}/` : ''}${item.key.name}`;
  if (item.kind === 'missing')
    return [line({ bold: item.key.kind }, name, '  —  is in Git, but was ', { bold: 'deleted' }, ' from the cluster')];
  if (item.kind === 'extra')
    return [line({ bold: item.key.kind }, name, '  —  is in the cluster, but ', { bold: 'not in Git' }, ...who(item))];
  return [
    line({ bold: item.key.kind }, name, ...who(item)),
    ...(item.changes.length > 0 ? [diffBox(clip(difference(item, most), 2900))] : []),
  ];
}

type Drifted = Pick<NonNullable<DriftEpisode['status']>, 'objects' | 'left'>;

function amount({ objects, left = 0 }: Drifted): string {
  const fields = objects.reduce((sum, item) => sum + item.changes.length + (item.left ?? 0), 0);
  return [count(objects.length + left, 'object'), ...(fields > 0 ? [count(fields, 'field')] : [])].join(', ');
}

function summary({ objects, left = 0 }: Drifted): string {
  const [first] = objects;
  if (!first) return '';
  const [change] = first.changes;
  const fact =
    first.kind === 'missing'
      ? 'is missing'
      : first.kind === 'extra'
        ? 'is not in Git'
        : change
          ? `${change.text}: Git ${valuePair(change)[0]}, live ${valuePair(change)[1]}`
          : 'differs';
  return (
    `${keyTitle(first.key)} ` +
    `${fact}${objects.length + left > 1 ? ` and ${count(objects.length + left - 1, 'more object')}` : ''}`
  );
}

const endings: Record<string, { icon: string; words: Part[] }> = {
  Healed: { icon: '✅', words: ['matches Git again'] },
  Reverted: { icon: '✅', words: ['matches Git again'] },
  Adopted: { icon: '📥', words: ['was adopted into Git'] },
  Snoozed: { icon: '💤', words: ['is snoozed'] },
  Superseded: { icon: '⚪', words: ['drifted further; the newer card tells how'] },
};

function endedCard(episode: DriftEpisode, place: CardPlace): Card {
  const { phase = 'Open', message = '', objects = [], left = 0, endedBy, reason } = episode.status ?? {};
  const { application } = episode.spec;
  const { icon, words } = endings[phase] ?? { icon: '⚪', words: [clip(message, 300)] };
  const why = reason ? `: “${escapeMrkdwn(clip(reason.replace(/\s+/g, ' '), 300))}”` : '';
  const by = endedBy ? `${phase === 'Reverted' ? 'put back' : 'ended'} by ${escapeMrkdwn(endedBy.login)}${why}` : '';
  return {
    text: escapeText(clip(`${applicationName(application)}: ${message || phase}`, 300)),
    blocks: [
      rich(line(...headline(icon, application, place, words))),
      facts(
        by,
        `${amount({ objects, left })} had drifted: ` +
          `${escapeMrkdwn(clip(objects.map((item) => keyTitle(item.key)).join(', '), 600))}`,
        phase === 'Healed' || phase === 'Reverted' ? 'Synced' : '',
      ),
    ],
    final: phase !== 'Snoozed',
  };
}

/** Why what was asked for did not work; undefined while it may still. */
function failure(episode: DriftEpisode, app: Application | undefined): string | undefined {
  const state = app?.status?.operationState;
  if (!app || app.operation || !state || episode.status?.phase !== 'Reverting') return undefined;
  const ours =
    state.operation.initiatedBy?.username === episode.status.endedBy?.login &&
    state.operation.sync?.resources !== undefined;
  return ours && (state.phase === 'Failed' || state.phase === 'Error')
    ? operationText(state) || state.phase
    : undefined;
}

/** Kubernetes keeps field managers, which are names that tools give themselves. */
function whoFact(objects: DriftedObject[]): string {
  return objects.some((item) => item.by !== undefined && item.kind !== 'missing')
    ? 'the cluster records the tool, not the person'
    : '';
}

function healFact(app: Application | undefined): string {
  return app && isAutomated(app.spec) && app.spec.syncPolicy?.automated?.selfHeal === true
    ? 'self-heal is on'
    : 'self-heal is off';
}

/** What a card has no place for: named, as far as it is known. */
function moreElements(objects: readonly DriftedObject[], left: number): ReturnType<typeof line>[] {
  const rest = objects.length + left;
  if (rest === 0) return [];
  const names = objects.map((item) => keyTitle(item.key)).join(', ');
  return [line(`and ${count(rest, 'more object')}: ${clip(names, 600)}`)];
}

/** A pure function of the episode and its Application. */
export function episodeCard(episode: DriftEpisode, place: CardPlace): Card {
  const { phase = 'Open', objects = [], left = 0, endedBy } = episode.status ?? {};
  if (phase !== 'Open' && phase !== 'Reverting') return endedCard(episode, place);
  const { application, openedAt } = episode.spec;
  const failed = failure(episode, place.app);
  const reverting = phase === 'Reverting' && failed === undefined;
  const words: Part[] = reverting
    ? ['is being ', { bold: 'put back to Git' }, ...(endedBy ? [` by ${endedBy.login}`] : [])]
    : ['is ', { bold: 'OutOfSync' }, ': somebody changed the cluster, not Git'];
  const elements = [
    line(...headline(reverting ? '🔵' : '🟠', application, place, words)),
    ...(failed === undefined ? [] : [line('❌ putting it back failed: ', clip(failed, 600))]),
    ...objects.slice(0, mostObjects).flatMap((item) => objectElements(item, mostFields)),
    ...moreElements(objects.slice(mostObjects), left),
  ];
  const revision = place.app?.status?.history?.at(-1)?.revision;
  const value = `${episode.metadata.namespace}/${episode.metadata.name}`;
  const buttons = [
    button({ id: 'drift_heal', text: 'Heal', value, style: 'danger' }),
    button({ id: 'drift_diff', text: 'Full diff', value }),
  ];
  return {
    text: escapeText(clip(`${applicationName(application)} is OutOfSync: ${summary({ objects, left })}`, 300)),
    blocks: [
      rich(...elements),
      facts(
        revision ? `Git ${revisionFact(revision, place)}` : '',
        `seen ${moment(openedAt)}`,
        whoFact(objects),
        reverting ? '' : healFact(place.app),
      ),
      ...(reverting ? [] : [{ type: 'actions' as const, elements: buttons }]),
    ],
    final: false,
  };
}
