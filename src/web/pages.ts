// The pages as pure functions of what they show.
import type { Application, ResourceStatus } from '../model/application.ts';
import type { Approval, DriftEpisode } from '../model/coxswain.ts';
import type { Html } from './html.ts';
import { sourcesOf } from '../model/application.ts';
import { html } from './html.ts';

/** One row of an application's resources, with the masked difference between what Git wants and what is live. */
export interface ResourceView {
  row: ResourceStatus;
  /** Unified diff, Git on the left, live on the right; empty when they agree. */
  diff: string;
}

export interface ApplicationView {
  app: Application;
  resources: ResourceView[];
  approvals: Approval[];
  episodes: DriftEpisode[];
}

function pill(text: string | undefined): Html {
  return text ? html`<span class="pill ${text}">${text}</span>` : html`<span class="pill">–</span>`;
}

function short(revision: string | undefined): string {
  return revision && /^[0-9a-f]{40}$/.test(revision) ? revision.slice(0, 7) : (revision ?? '–');
}

function sortKey(app: Application): string {
  const bad = app.status?.sync?.status === 'Synced' && app.status.health?.status === 'Healthy' ? 1 : 0;
  return `${bad}${app.metadata.namespace}/${app.metadata.name}`;
}

/** Those that need somebody come first. */
export function applicationsPage(apps: Application[]): Html {
  const rows = [...apps].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)).map((app) => html`<tr>
    <td><a href="/applications/${app.metadata.namespace}/${app.metadata.name}">${app.metadata.name}</a></td><td>${app.spec.project}</td>
    <td>${pill(app.status?.sync?.status)}</td><td>${pill(app.status?.health?.status)}</td>
    <td><code>${short(app.status?.sync?.revision)}</code></td><td>${app.spec.destination.namespace ?? ''}</td>
    <td class="note">${app.status?.operationState ? `${app.status.operationState.phase}: ${app.status.operationState.message ?? ''}` : ''}</td></tr>`);
  const synced = apps.filter((app) => app.status?.sync?.status === 'Synced').length;
  return html`<h1>${apps.length} applications <span class="note">· ${synced} in sync</span></h1>
    <table><tr><th>Application</th><th>Project</th><th>Sync</th><th>Health</th><th>Revision</th><th>Namespace</th><th>Last operation</th></tr>${rows}</table>`;
}

function diffLines(diff: string): Html[] {
  return diff.split('\n').map((line) => {
    const kind = line.startsWith('+') ? 'a' : line.startsWith('-') ? 'd' : line.startsWith('@@') ? 'h' : '';
    return kind ? html`<span class="${kind}">${line}</span>\n` : html`${line}\n`;
  });
}

function resourceRow({ row, diff }: ResourceView): Html {
  const name = `${row.namespace ? `${row.namespace}/` : ''}${row.name}`;
  const id = `${row.group ?? ''}-${row.kind}-${name}`;
  const shown = diff ? html`<details id="${id}"><summary>${name}</summary><pre class="diff">${diffLines(diff)}</pre></details>` : html`${name}`;
  const status = row.requiresPruning ? html`${pill(row.status)} <span class="note">requires pruning</span>` : pill(row.status);
  return html`<tr><td>${row.kind}</td><td>${shown}</td><td>${status}</td><td>${row.health ? pill(row.health.status) : ''}</td><td class="note">${row.health?.message ?? ''}</td></tr>`;
}

function fact(name: string, value: Html | string): Html {
  return html`<div><span>${name}</span>${value}</div>`;
}

export function applicationPage(view: ApplicationView): Html {
  const { app } = view;
  const source = sourcesOf(app.spec)[0];
  const conditions = (app.status?.conditions ?? []).map((item) => html`<div class="${item.type.endsWith('Error') ? 'bad' : 'note'}">${item.type}: ${item.message}</div>`);
  const operation = app.status?.operationState;
  const waiting = view.approvals.filter((item) => item.status?.phase === 'Pending').map((item) => html`<div>${pill('Pending')} ${item.metadata.name} waits for approval of ${item.spec.operations.length} operation(s)</div>`);
  const drifts = view.episodes.filter((item) => item.status?.phase === 'Open').map((item) => html`<div>${pill('OutOfSync')} ${item.status?.objects.length ?? 0} object(s) drifted since ${item.spec.openedAt}</div>`);
  const history = [...(app.status?.history ?? [])].reverse().map((item) => html`<tr><td>${item.id}</td><td><code>${short(item.revision)}</code></td><td>${item.deployedAt}</td><td>${item.initiatedBy?.automated ? 'automated' : (item.initiatedBy?.username ?? '')}</td></tr>`);
  return html`<h1>${app.metadata.name}</h1><div class="card facts">
    ${fact('Sync', pill(app.status?.sync?.status))}${fact('Health', pill(app.status?.health?.status))}${fact('Revision', html`<code>${short(app.status?.sync?.revision)}</code>`)}
    ${fact('Source', `${source?.repoURL ?? ''} ${source?.path ?? source?.chart ?? ''}`)}${fact('Destination', `${app.spec.destination.name ?? app.spec.destination.server ?? ''} ${app.spec.destination.namespace ?? ''}`)}
    ${fact('Last operation', operation ? html`${pill(operation.phase)} ${operation.message ?? ''}` : '–')}</div>
    ${conditions.length + waiting.length + drifts.length > 0 && html`<div class="card">${conditions}${waiting}${drifts}</div>`}
    <h2>Resources</h2><table><tr><th>Kind</th><th>Name</th><th>Sync</th><th>Health</th><th></th></tr>${view.resources.map(resourceRow)}</table>
    <h2>History</h2><table><tr><th>#</th><th>Revision</th><th>Deployed</th><th>By</th></tr>${history}</table>`;
}
