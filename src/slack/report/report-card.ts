// The card of a deploy or a failure, and what its thread tells: how far it has come, what is wrong, and what to do.
import type { KnownBlock } from '@slack/types';
import type { Application, ResourceStatus } from '../../model/application.ts';
import type { Report } from '../../model/report.ts';
import type { Card, CardPlace } from '../card.ts';
import type { Part } from '../text.ts';
import { applicationName, shortRevision } from '../../model/application.ts';
import { failedResults, operationText, outsideText, resultText } from '../../policy/outside-text.ts';
import { button, changeParts, headline, revisionFact } from '../card.ts';
import { clip, count, diffBox, escapeMrkdwn, escapeText, facts, line, moment, rich } from '../text.ts';
import { revisionOf } from './deploy.ts';

/** Red asks for somebody, blue is on its way, green is over, white tells no more. */
const icons = { Open: '🔵', Live: '✅', Recovered: '✅', Superseded: '⚪', Deleted: '⚪' } as const;

function iconOf({ spec: { about }, status }: Report): string {
  const { phase = 'Open', trouble, approval, left } = status ?? {};
  if (about === 'deletion') return (approval && !left) || phase === 'Superseded' ? '⚪' : '🔴';
  return phase === 'Open' && (trouble || about === 'failure') ? '🔴' : icons[phase];
}

function isSynced(report: Report, app: Application | undefined): boolean {
  const state = app?.status?.operationState;
  return (
    !app?.operation && state?.phase === 'Succeeded' && Date.parse(state.startedAt) >= Date.parse(report.spec.since)
  );
}

/** Whether people have agreed to that deletion. */
function agreement({ status: { approval, phase } = { phase: 'Open' } }: Report): Part[] {
  if (phase === 'Superseded') return [];
  return approval ? [', as approved in ', { code: approval }] : ['. ', { bold: 'Nobody has approved it' }, ' here'];
}

function words(report: Report, { app }: CardPlace): Part[] {
  const { about, revision = '' } = report.spec;
  const { phase = 'Open', trouble } = report.status ?? {};
  const commit = { code: shortRevision(revision) };
  if (about === 'deletion')
    return [phase === 'Open' ? 'is being ' : 'was ', { bold: 'deleted' }, ' by Argo CD', ...agreement(report)];
  if (phase === 'Live')
    return ['is ', { bold: 'live' }, ' at ', commit, ' and ', { bold: app?.status?.health?.status ?? 'Healthy' }];
  if (phase === 'Recovered') return ['is ', { bold: 'well again' }];
  if (phase === 'Superseded') return about === 'deploy' ? ['was being deployed to ', commit] : ['was in trouble'];
  if (trouble) return [{ bold: trouble.says }];
  if (about === 'failure') return ['was in trouble, and is being looked at again'];
  return isSynced(report, app)
    ? ['is synced to ', commit, ' and becomes healthy']
    : ['is being ', { bold: 'deployed' }, ' to ', commit];
}

/** `wave 2 of 3 · 4 of 7 objects`, as far as the sync has come. */
function progress(report: Report, app: Application | undefined): string {
  const state = app?.status?.operationState;
  if (report.status?.phase !== 'Open' || report.status.trouble || !app?.operation || !state?.syncResult) return '';
  const done = (state.syncResult.resources ?? []).filter((item) => item.hookPhase === undefined);
  const all = (app.status?.resources ?? []).filter((item) => !item.hook);
  const waves = [...new Set(all.map((item) => item.syncWave ?? 0))].sort((a, b) => a - b);
  const names = new Set(done.map((item) => `${item.kind} ${item.namespace} ${item.name}`));
  const begun = all.filter((item) => names.has(`${item.kind} ${item.namespace ?? ''} ${item.name}`));
  const wave = waves.indexOf(Math.max(...begun.map((item) => item.syncWave ?? 0)));
  const facts = [
    ...(waves.length > 1 && wave >= 0 ? [`wave ${wave + 1} of ${waves.length}`] : []),
    ...(all.length > 0 ? [`${Math.min(done.length, all.length)} of ${count(all.length, 'object')}`] : []),
    ...(state.message ? [operationText(state, { most: 200 })] : []),
  ];
  return facts.join('  ·  ');
}

/** What a revert takes back is the last deploy that succeeded: only of that one is it the cure. */
function isRevertible({ spec: { revision }, status }: Report, app: Application | undefined): boolean {
  const kind = status?.trouble?.kind;
  const newest = revisionOf(app?.status?.history?.at(-1) ?? {});
  return (kind === 'degraded' || kind === 'stuck') && newest !== '' && newest === revision;
}

function actions(report: Report, app: Application | undefined): KnownBlock[] {
  const { trouble, phase = 'Open' } = report.status ?? {};
  if (phase !== 'Open' || !trouble) return [];
  const value = `${report.metadata.namespace}/${report.metadata.name}`;
  const retry = button({ id: 'report_retry', text: 'Retry', value, style: 'primary' });
  const revert = button({ id: 'report_revert', text: 'Revert', value, style: 'danger' });
  const elements = [...(trouble.kind === 'sync' ? [retry] : []), ...(isRevertible(report, app) ? [revert] : [])];
  return elements.length > 0 ? [{ type: 'actions', elements }] : [];
}

function outcome({ spec: { about }, status }: Report): string {
  const { phase = 'Open', message = '', again = 0 } = status ?? {};
  if (phase !== 'Open') return escapeMrkdwn(clip(message, 300));
  return again > 0 && about === 'failure' ? `came back ${count(again, 'time')}` : '';
}

/** A pure function of the Report, its Application and their policy. */
export function reportCard(report: Report, place: CardPlace): Card {
  const { application, revision, from, by, since, about } = report.spec;
  const { phase = 'Open', trouble } = report.status ?? {};
  const said = words(report, place);
  const change = changeParts(place);
  const going = progress(report, place.app);
  const text = said.map((part) =>
    typeof part === 'string' ? part : 'code' in part ? part.code : 'bold' in part ? part.bold : '',
  );
  const why = phase === 'Open' && trouble ? trouble.cause : '';
  const authors = place.authors ?? [];
  return {
    text: escapeText(clip(`${applicationName(application)} ${text.join('')}${why ? `: ${why}` : ''}`, 300)),
    blocks: [
      rich(
        line(...headline(iconOf(report), application, place, said)),
        ...(why ? [line('❌  ', clip(why, 600))] : []),
        ...(change.length > 0 ? [line(...change)] : []),
        ...(going ? [line(going)] : []),
      ),
      facts(
        revisionFact(revision, place),
        from ? `before ${revisionFact(from, place)}` : '',
        authors.length > 0 ? `by ${authors.slice(0, 5).map(escapeMrkdwn).join(', ')}` : '',
        by ? `synced by ${escapeMrkdwn(by)}` : '',
        `${about === 'deploy' ? 'began' : 'since'} ${moment(since)}`,
        outcome(report),
      ),
      ...actions(report, place.app),
    ],
    final: phase !== 'Open',
  };
}

const mostObjects = 8;
const room = { most: 900, lines: true };

/** What failed or is ill, object by object, each in the words of the cluster; undefined when there is nothing more. */
export function reportDetails(
  report: Report,
  { app }: CardPlace,
  ill: readonly ResourceStatus[] = [],
): Card | undefined {
  if (!app || report.status?.phase !== 'Open' || !report.status.trouble) return undefined;
  const state = app.status?.operationState;
  const ended = state?.phase === 'Failed' || state?.phase === 'Error' ? state : undefined;
  const failed = ended ? failedResults(ended) : [];
  const rows = [
    ...failed.map((item) => [`${item.kind} ${item.namespace}/${item.name}`, resultText(item, room)]),
    ...['Degraded', 'Progressing'].flatMap((wanted) =>
      ill
        .filter(({ health }) => health?.status === wanted)
        .map((item) => [
          `${item.kind} ${item.namespace ? `${item.namespace}/` : ''}${item.name} is ${wanted}`,
          outsideText(item.health?.message ?? '', room),
        ]),
    ),
    // A condition repeats what was said of the objects.
    ...(failed.some(({ kind }) => kind === 'Secret') ? [] : (app.status?.conditions ?? []))
      .filter(({ type }) => type.endsWith('Error'))
      .map(({ type, message }) => [type, outsideText(message, room)]),
    ...(ended && failed.length === 0 ? [['The sync', operationText(ended, room)]] : []),
  ];
  if (rows.length === 0) return undefined;
  const shown = rows.slice(0, mostObjects);
  return {
    text: escapeText(clip(`What is wrong: ${shown.map(([name]) => name).join(', ')}`, 300)),
    blocks: [
      rich(
        ...shown.flatMap(([name = '', message = '']) => [line({ bold: clip(name, 300) }), diffBox(clip(message, 900))]),
        ...(rows.length > shown.length ? [line(`and ${count(rows.length - shown.length, 'more object')}`)] : []),
      ),
    ],
    final: false,
  };
}
