// The page of one application: what it is, what it waits for, its objects with what a sync would change, and its past.
import type { Application, OperationState, ResourceResult, RevisionHistory } from '../model/application.ts';
import type { Approval, DriftEpisode } from '../model/coxswain.ts';
import type { FieldChange } from '../model/effect.ts';
import type { EffectivePolicy } from '../policy/policy.ts';
import type { Html } from './html.ts';
import type { ResourceView } from './resource-view.ts';
import { applicationKey, isAutomated, sourcesOf } from '../model/application.ts';
import { keyTitle } from '../model/kube.ts';
import { gateAfterText } from '../policy/gate-text.ts';
import { html } from './html.ts';
import { clusterText, count, pill, repositoryLink, revisionLink, revisionOf, time } from './parts.ts';
import { resourceList } from './resource-view.ts';
import { lastRejection, openEpisodes, waitingApproval } from './summary.ts';
import { stringifyJson } from '../base/json.ts';

export interface ApplicationView {
  app: Application;
  resources: ResourceView[];
  approvals: Approval[];
  episodes: DriftEpisode[];
  policy: EffectivePolicy;
}

function fact(name: string, value: Html | string): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

function policyText({ app, policy }: ApplicationView): string {
  const { automated } = app.spec.syncPolicy ?? {};
  if (policy.gated) return 'after approval';
  if (!isAutomated(app.spec)) return 'by hand';
  return ['automatic', automated?.prune && 'prune', automated?.selfHeal && 'self-heal'].filter(Boolean).join(', ');
}

/** Our own syncs follow from what people approved. */
function byWhom(
  { approvals }: ApplicationView,
  revision: string | undefined,
  by: { username?: string; automated?: boolean } | undefined,
): string {
  const approval = approvals.find(
    (item) =>
      item.spec.revision === revision && (item.status?.phase === 'Applied' || item.status?.phase === 'Approved'),
  );
  const people = (approval?.status?.approvals ?? []).map((item) => item.actor.login);
  if (by?.username === 'coxswain' && people.length > 0) return `approved by ${people.join(' and ')}`;
  return by?.automated ? 'automated' : (by?.username ?? '');
}

function facts(view: ApplicationView): Html {
  const { app, policy } = view;
  const { destination } = app.spec;
  const sources = sourcesOf(app.spec);
  const [source] = sources;
  const last = app.status?.history?.at(-1);
  return html`<dl id="facts" class="card facts" data-live>
${fact('Revision', html`${revisionLink(revisionOf(app), source)} <span class="soft">${source?.targetRevision ?? 'HEAD'}</span>`)}
${sources.map((item) => fact('Source', html`${repositoryLink(item)} <span class="soft">${item.chart ?? item.path ?? ''}</span>`))}
${fact('Destination', html`${destination.namespace ?? ''} <span class="soft">${clusterText(destination)}</span>`)}
${fact('Project', app.spec.project)}${policy.environment && fact('Environment', policy.environment)}${fact('Sync policy', policyText(view))}
${last ? fact('Last deployed', html`${time(last.deployedAt)} <span class="soft">${byWhom(view, last.revision ?? last.revisions?.[0], last.initiatedBy)}</span>`) : false}</dl>`;
}

const deeds = {
  create: 'creates',
  change: 'changes',
  delete: 'deletes',
  recreate: 'deletes and creates anew',
  hook: 'runs',
};

function rejectionNotice(approval: Approval): Html {
  return html`<section class="notice warn"><h3>Rejected</h3><p class="message">${approval.status?.message ?? ''}</p><p class="soft">Nothing of it is applied. A new commit asks again.</p></section>`;
}

function approvalNotice(approval: Approval, name: string): Html {
  const operations = approval.spec.operations.map(
    (item) =>
      html`<li><b>${deeds[item.op]}</b> ${item.op === 'hook' && item.generateName ? `${item.key.kind} ${item.generateName}…` : keyTitle(item.key)}</li>`,
  );
  const given = (approval.status?.approvals ?? []).map((item) => item.actor.login);
  const gates = (approval.spec.gates ?? []).map((gate) => html`<li>${gateAfterText(gate)}</li>`);
  return html`<section class="notice wait"><h3>Waiting for approval</h3>
<p>Nothing is applied until somebody else than the authors approves exactly ${operations.length === 1 ? 'this operation' : `these ${operations.length} operations`}: in Slack, or by <code>/cox approve ${name}</code> in the pull request.${given.length > 0 && ` Approved so far by ${given.join(', ')}.`}</p>
${gates.length > 0 && html`<p><b>It ends or loosens a gate:</b></p><ul>${gates}</ul>`}
<details id="operations-${approval.metadata.name}"><summary>${count(operations.length, 'operation')}</summary><ul>${operations}</ul></details></section>`;
}

function valueText(value: unknown): string {
  return value === undefined ? '∅' : typeof value === 'string' ? value : stringifyJson(value);
}

/** In the colours of the differences below: green is what a sync makes. */
function changeRow(change: FieldChange): Html {
  return html`<tr><td><code>${change.text}</code></td><td><code class="add">${valueText(change.before)}</code></td><td><code class="del">${valueText(change.after)}</code></td></tr>`;
}

const kinds = { changed: 'changed', missing: 'deleted from the cluster', extra: 'not in Git' };

function driftNotice(episode: DriftEpisode): Html {
  const { objects: drifted = [], left = 0 } = episode.status ?? {};
  const objects = drifted.map(
    (
      item,
    ) => html`<h4>${keyTitle(item.key)} <span class="soft">${kinds[item.kind]}${item.by && item.kind !== 'missing' && ` by ${item.by.manager}`}</span></h4>
${item.changes.length > 0 && html`<table class="fields"><thead><tr><th>Field</th><th>In Git</th><th>Live</th></tr></thead><tbody>${item.changes.map(changeRow)}</tbody></table>`}${item.left && html`<p class="soft">and ${count(item.left, 'more field')}</p>`}`,
  );
  return html`<section class="notice drift"><h3>${episode.status?.phase === 'Reverting' ? 'Drift, being reverted' : 'Changed in the cluster, not in Git'} <span class="soft">${time(episode.spec.openedAt)}</span></h3>${objects}${left > 0 && html`<p class="soft">and ${count(left, 'more object')}</p>`}</section>`;
}

function notices({ app, approvals, episodes }: ApplicationView): Html {
  const conditions = (app.status?.conditions ?? []).map(
    (item) =>
      html`<section class="notice ${item.type.endsWith('Error') ? 'wrong' : 'warn'}"><h3>${item.type}</h3><p class="message">${item.message}</p></section>`,
  );
  const approval = waitingApproval(approvals);
  const rejection = lastRejection(app, approvals);
  return html`<div id="notices" data-live>${conditions}${approval && approvalNotice(approval, app.metadata.name)}${rejection && rejectionNotice(rejection)}${openEpisodes(episodes).map(driftNotice)}</div>`;
}

function resultRow(row: ResourceResult): Html {
  return html`<tr><td>${row.hookType ?? row.syncPhase ?? ''}</td><td>${keyTitle(row)}</td><td>${pill(row.status ?? row.hookPhase)}</td><td class="message">${row.message ?? ''}</td></tr>`;
}

function operation(view: ApplicationView): Html {
  const running = view.app.operation !== undefined;
  const state: OperationState | undefined = view.app.status?.operationState;
  if (!state) return html`<div id="operation" data-live></div>`;
  const { startedAt, finishedAt, phase, message = '', syncResult } = state;
  const by = state.operation.initiatedBy;
  const results = syncResult?.resources ?? [];
  const who = byWhom(view, syncResult?.revision ?? syncResult?.revisions?.[0], by);
  return html`<div id="operation" data-live><h2>${running ? 'Sync in progress' : 'Last sync'}</h2><div class="card operation">
<p>${pill(phase)} <span class="message">${message}</span></p>
<p class="soft">${finishedAt && !running ? html`ended ${time(finishedAt)}` : html`started ${time(startedAt)}`}${who && `, ${who === by?.username ? 'asked for by ' : ''}${who}`}</p>
${results.length > 0 && html`<details id="results"><summary>${count(results.length, 'object')}</summary><table class="plain"><thead><tr><th>Phase</th><th>Object</th><th>Result</th><th>Message</th></tr></thead><tbody>${results.map(resultRow)}</tbody></table></details>`}</div></div>`;
}

function historyRow(view: ApplicationView, item: RevisionHistory): Html {
  const { app } = view;
  const source = item.source ?? item.sources?.[0] ?? sourcesOf(app.spec)[0];
  return html`<tr id="history-${item.id}"><td>${item.id}</td><td>${revisionLink(item.revision || item.revisions?.[0], source)}</td><td>${time(item.deployedAt)}</td><td>${byWhom(view, item.revision || item.revisions?.[0], item.initiatedBy)}</td></tr>`;
}

function history(view: ApplicationView): Html {
  const rows = [...(view.app.status?.history ?? [])].reverse();
  const table = html`<table class="plain card"><thead><tr><th>#</th><th>Revision</th><th>Deployed</th><th>By</th></tr></thead><tbody>${rows.map((item) => historyRow(view, item))}</tbody></table>`;
  return html`<div id="history" data-live><h2>History</h2>${rows.length > 0 ? table : html`<p class="empty">It was never synced.</p>`}</div>`;
}

export function applicationPage(view: ApplicationView, up: string): Html {
  const { app } = view;
  return html`<nav class="crumbs" aria-label="Breadcrumb"><a href="${up}">Applications</a> <span>/</span> ${app.metadata.namespace} <span>/</span></nav>
<div id="head" class="head" data-live><h1>${app.metadata.name}</h1>${pill(app.status?.sync?.status)}${pill(app.status?.health?.status)}${app.operation && pill('Running', 'Syncing')}
<span class="soft grow">${app.status?.health?.message ?? ''}</span><a class="soft" href="${up}api/applications/${encodeURIComponent(app.metadata.namespace)}/${encodeURIComponent(app.metadata.name)}">JSON</a></div>
${facts(view)}${notices(view)}${resourceList(view.resources)}${operation(view)}${history(view)}
<p id="gone" class="hidden notice warn">${applicationKey(app)} is gone. <a href="${up}">All applications</a></p>`;
}
