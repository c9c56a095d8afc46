// The front page: every application in a line, those that need somebody first.
import type { Application } from '../model/application.ts';
import type { Approval, DriftEpisode } from '../model/coxswain.ts';
import type { Report } from '../model/report.ts';
import type { Html } from './html.ts';
import type { ScheduleName } from '../store/schedule-settings.ts';
import type { Upcoming } from '../store/schedules.ts';
import type { Standing, Tag } from './summary.ts';
import { applicationKey, sourcesOf } from '../model/application.ts';
import { html } from './html.ts';
import { clusterText, pill, repositoryText, revisionLink, revisionOf, time } from './parts.ts';
import { standingOf, tagNames } from './summary.ts';

interface Listed {
  app: Application;
  approvals: Approval[];
  episodes: DriftEpisode[];
  environment?: string | undefined;
  /** Why no engine works on it as it was asked. */
  turn?: string | undefined;
}

interface Line extends Listed {
  standing: Standing;
}

function applicationPath(app: Application): string {
  return `applications/${encodeURIComponent(app.metadata.namespace)}/${encodeURIComponent(app.metadata.name)}`;
}

function lastChange(app: Application): string | undefined {
  return app.status?.history?.at(-1)?.deployedAt ?? app.status?.operationState?.finishedAt;
}

function row({ app, standing, environment = '' }: Line): Html {
  const { destination, project } = app.spec;
  const { name, namespace } = app.metadata;
  const [source] = sourcesOf(app.spec);
  const cluster = clusterText(destination);
  const words = [
    name,
    namespace,
    project,
    environment,
    destination.namespace ?? '',
    cluster,
    source?.path ?? '',
    source?.chart ?? '',
    repositoryText(source?.repoURL ?? ''),
    app.status?.sync?.status ?? 'Unknown',
    app.status?.health?.status ?? 'Unknown',
  ]
    .join(' ')
    .toLowerCase();
  const place = [project, environment].filter(Boolean).join(' · ');
  const changed = lastChange(app) ? html`synced ${time(lastChange(app))}` : '';
  const note = standing.note
    ? html`<span title="${standing.note}">${standing.note}</span>`
    : html`<span class="soft">${changed}</span>`;
  const key = applicationKey(app);
  const tags = standing.tags.join(' ');
  return html`<tr id="app-${key}" data-words="${words}" data-tags="${tags}" class="rank-${standing.rank}">
<td class="name"><a href="${applicationPath(app)}">${name}</a><span class="soft">${place}</span></td>
<td>${pill(app.status?.sync?.status)}</td><td>${pill(app.status?.health?.status)}</td>
<td class="wide">${revisionLink(revisionOf(app), source)}</td>
<td class="wide">${destination.namespace ?? ''}<span class="soft">${cluster}</span></td>
<td class="note${standing.bad && ' bad'}">${note}</td></tr>`;
}

function chip(tag: Tag | '', label: string, number: number): Html {
  const kind = `chip ${tag || 'all'}`;
  const text = html`${label}<b>${number}</b>`;
  return html`<button type="button" class="${kind}" data-tag="${tag}" aria-pressed="false">${text}</button>`;
}

function chips(lines: readonly Line[]): Html[] {
  const tags = Object.entries(tagNames) as [Tag, string][];
  const numbers = tags.map(([tag, label]) => ({
    tag,
    label,
    number: lines.filter((line) => line.standing.tags.includes(tag)).length,
  }));
  return [
    chip('', 'All', lines.length),
    ...numbers.filter((item) => item.number > 0).map((item) => chip(item.tag, item.label, item.number)),
  ];
}

const nothingYet = html`<div class="empty"><h2>No applications yet</h2>
<p>Coxswain shows every <code>Application</code> of its namespace here, as soon as there is one.</p>
<pre>kubectl apply -n argocd -f application.yaml</pre></div>`;

function byNeed(a: Line, b: Line): number {
  return (
    a.standing.rank - b.standing.rank ||
    a.app.metadata.name.localeCompare(b.app.metadata.name, 'en') ||
    a.app.metadata.namespace.localeCompare(b.app.metadata.namespace, 'en')
  );
}

const looks: Readonly<Record<ScheduleName, string>> = {
  resync: 'repositories',
  sweep: 'pull requests',
  retention: 'what ended long ago',
};

/** When what nobody announces is looked at next. */
function schedules(upcoming: readonly Upcoming[]): Html[] {
  return upcoming.map(({ name, expression, timeZone, next }, index) => {
    const at = html`<span title="${expression} ${timeZone}">${looks[name]} ${time(next.toISOString())}</span>`;
    return html`${index > 0 && ' · '}${at}`;
  });
}

const mostDeletions = 5;
/** A week. */
const newsMs = 7 * 24 * 3_600_000;

const goingText = 'is being deleted past the gate by Argo CD. Nobody has approved it here.';

function needsNobody({ status: { phase, approval, left } = { phase: 'Open' } }: Report): boolean {
  return phase === 'Superseded' || (approval !== undefined && !left);
}

/** What was deleted past the gate has no page of its own any more; what is older stands in the log. */
export function deletionNotices(reports: readonly Report[], now: number): Html {
  const told = reports
    .filter((each) => each.spec.about === 'deletion' && !needsNobody(each))
    .filter(({ spec }) => Date.parse(spec.since) > now - newsMs)
    .sort((a, b) => Date.parse(b.spec.since) - Date.parse(a.spec.since));
  const shown = told.slice(0, mostDeletions).map(
    ({ spec, status }) =>
      html`<section class="notice warn"><h3>${spec.application} <span class="soft">${time(spec.since)}</span></h3>
<p class="message">${status?.message ?? goingText}</p></section>`,
  );
  const more = told.length - shown.length;
  return html`<div id="deletions" data-live>${shown}${more > 0 && html`<p class="soft">and ${more} more</p>`}</div>`;
}

/** Those that need somebody first, then by name. */
export function listPage(listed: readonly Listed[], upcoming: readonly Upcoming[]): Html {
  const lines = listed.map((item) => ({ ...item, standing: standingOf(item) })).sort(byNeed);
  return html`<h1>Applications</h1>
<div class="toolbar"><input id="filter" type="search" placeholder="Filter by name, project, path or status"
  aria-label="Filter applications" autocomplete="off" spellcheck="false"><kbd>/</kbd>
<div id="chips" class="chips" data-live role="group" aria-label="Filter by state">${chips(lines)}</div></div>
<div id="empty" data-live>${lines.length === 0 && nothingYet}</div>
<table class="list${lines.length === 0 && ' hidden'}" id="list">
<thead><tr><th>Application</th><th>Sync</th><th>Health</th><th class="wide">Revision</th>
<th class="wide">Destination</th><th>What is going on</th></tr></thead>
<tbody id="applications" data-live-list>${lines.map(row)}</tbody></table>
<p id="none" class="empty hidden">No application fits the filter.
<button type="button" id="clear" class="link">Show all</button></p>
<p id="schedules" class="soft schedules" data-live>${upcoming.length > 0 && 'Next looks: '}${schedules(upcoming)}</p>`;
}
