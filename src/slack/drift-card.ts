// The card of a drift episode: what differs, where, what Git says, what is live, and who wrote it.
import type { Button, RichTextBlockElement } from '@slack/types';
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
    final: true,
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

type Snooze = NonNullable<NonNullable<DriftEpisode['status']>['snooze']>;

function snoozedWords({ until, by, reason }: Snooze): Part[] {
  const why = reason ? `: “${clip(reason.replace(/\s+/g, ' '), 300)}”` : '';
  return ['is ', { bold: 'snoozed' }, ' until ', { at: until }, ` by ${by.login}${why}`];
}

/** Calls whoever snoozed it when that is over, in the thread of the card; undefined while it is not. */
export function wokenCard({ spec, status }: DriftEpisode): Card | undefined {
  if (status?.phase !== 'Open' || !status.snooze) return undefined;
  const { by } = status.snooze;
  const name = applicationName(spec.application);
  return {
    text: escapeText(`${name}: the snooze by ${by.login} is over, and it still differs from Git`),
    blocks: [
      rich(
        line(
          '⏰  ',
          by.slackUser === undefined ? { bold: by.login } : { user: by.slackUser },
          ` your snooze of ${name} is over, and it still differs from Git`,
        ),
      ),
    ],
    final: true,
  };
}

interface Standing {
  icon: string;
  words: Part[];
  fact: string;
  /** In the notification. */
  text: string;
  buttons: Button[];
}

function standingOf(episode: DriftEpisode, place: CardPlace, reverting: boolean): Standing {
  const { phase, objects = [], left = 0, endedBy, snooze } = episode.status ?? {};
  const name = applicationName(episode.spec.application);
  const value = `${episode.metadata.namespace}/${episode.metadata.name}`;
  const heal = button({ id: 'drift_heal', text: 'Heal', value, style: 'danger' });
  const diff = button({ id: 'drift_diff', text: 'Full diff', value });
  if (reverting)
    return {
      icon: '🔵',
      words: ['is being ', { bold: 'put back to Git' }, ...(endedBy ? [` by ${endedBy.login}`] : [])],
      fact: '',
      text: `${name} is OutOfSync: ${summary({ objects, left })}`,
      buttons: [],
    };
  if (phase === 'Snoozed' && snooze)
    return {
      icon: '💤',
      words: snoozedWords(snooze),
      fact: 'another drift is told at once',
      text: `${name}: its drift is snoozed by ${snooze.by.login}`,
      buttons: [button({ id: 'drift_unsnooze', text: 'Wake', value }), heal, diff],
    };
  return {
    icon: '🟠',
    words: ['is ', { bold: 'OutOfSync' }, ': somebody changed the cluster, not Git'],
    fact: healFact(place.app),
    text: `${name} is OutOfSync: ${summary({ objects, left })}`,
    buttons: [heal, button({ id: 'drift_snooze', text: 'Snooze', value }), diff],
  };
}

/** A pure function of the episode and its Application. */
export function episodeCard(episode: DriftEpisode, place: CardPlace): Card {
  const { phase = 'Open', objects = [], left = 0 } = episode.status ?? {};
  if (phase !== 'Open' && phase !== 'Reverting' && phase !== 'Snoozed') return endedCard(episode, place);
  const { application, openedAt } = episode.spec;
  const failed = failure(episode, place.app);
  const { icon, words, fact, text, buttons } = standingOf(
    episode,
    place,
    phase === 'Reverting' && failed === undefined,
  );
  const elements = [
    line(...headline(icon, application, place, words)),
    ...(failed === undefined ? [] : [line('❌ putting it back failed: ', clip(failed, 600))]),
    ...objects.slice(0, mostObjects).flatMap((item) => objectElements(item, mostFields)),
    ...moreElements(objects.slice(mostObjects), left),
  ];
  const revision = place.app?.status?.history?.at(-1)?.revision;
  return {
    text: escapeText(clip(text, 300)),
    blocks: [
      rich(...elements),
      facts(revision ? `Git ${revisionFact(revision, place)}` : '', `seen ${moment(openedAt)}`, whoFact(objects), fact),
      ...(buttons.length === 0 ? [] : [{ type: 'actions' as const, elements: buttons }]),
    ],
    final: false,
  };
}
