// The page of one application: what it is, what it waits for, its objects with what a sync would change, and its past.
import type { Application, OperationState, ResourceResult, RevisionHistory } from '../model/application.ts';
import type { Approval, DriftEpisode, DriftedObject } from '../model/coxswain.ts';
import type { EffectOperation, FieldChange } from '../model/effect.ts';
import type { EffectivePolicy } from '../policy/policy.ts';
import type { ResourceKey } from '../model/kube.ts';
import type { Html } from './html.ts';
import type { ResourceView } from './resource-view.ts';
import { applicationKey, isAutomated, sourcesOf } from '../model/application.ts';
import { keyTitle } from '../model/kube.ts';
import { authorsText, gateAfterText } from '../policy/gate-text.ts';
import { html } from './html.ts';
import { clusterText, count, pill, repositoryLink, revisionLink, revisionOf, time, wrongNotice } from './parts.ts';
import { resourceList } from './resource-view.ts';
import { lastRejection, openEpisodes, waitingApproval } from './summary.ts';
import { stringifyJson } from '../base/json.ts';

export interface ApplicationView {
  app: Application;
  resources: ResourceView[];
  approvals: Approval[];
  episodes: DriftEpisode[];
  policy: EffectivePolicy;
  /** Why no engine works on it as it was asked. */
  turn?: string | undefined;
  /** What its gate does not hold, and who has gone past it: sentences without a subject. */
  told?: readonly string[];
  /** Objects in its namespace that belong to no application; where its project does not look for them: none. */
  orphans?: readonly ResourceKey[];
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
  const beside = (what: Html | string, soft: string): Html => html`${what} <span class="soft">${soft}</span>`;
  const deployed = (entry: RevisionHistory): Html =>
    beside(time(entry.deployedAt), byWhom(view, entry.revision ?? entry.revisions?.[0], entry.initiatedBy));
  const environment = policy.environment && fact('Environment', policy.environment);
  return html`<dl id="facts" class="card facts" data-live>
${fact('Revision', beside(revisionLink(revisionOf(app), source), source?.targetRevision ?? 'HEAD'))}
${sources.map((item) => fact('Source', beside(repositoryLink(item), item.chart ?? item.path ?? '')))}
${fact('Destination', beside(destination.namespace ?? '', clusterText(destination)))}
${fact('Project', app.spec.project)}${environment}${fact('Sync policy', policyText(view))}
${last ? fact('Last deployed', deployed(last)) : false}</dl>`;
}

const deeds = {
  create: 'creates',
  change: 'changes',
  delete: 'deletes',
  recreate: 'deletes and creates anew',
  hook: 'runs',
};

function rejectionNotice(approval: Approval): Html {
  return html`<section class="notice warn"><h3>Rejected</h3><p class="message">${approval.status?.message ?? ''}</p>
<p class="soft">Nothing of it is applied. A new commit asks again.</p></section>`;
}

function approvalNotice(approval: Approval, name: string): Html {
  const titleOf = (item: EffectOperation): string =>
    item.op === 'hook' && item.generateName ? `${item.key.kind} ${item.generateName}…` : keyTitle(item.key);
  const operations = approval.spec.operations.map((item) => html`<li><b>${deeds[item.op]}</b> ${titleOf(item)}</li>`);
  const exactly = operations.length === 1 ? 'this operation' : `these ${operations.length} operations`;
  const given = (approval.status?.approvals ?? []).map((item) => item.actor.login);
  const made = authorsText(approval.spec.authors ?? []);
  const gates = (approval.spec.gates ?? []).map((gate) => html`<li>${gateAfterText(gate)}</li>`);
  return html`<section class="notice wait"><h3>Waiting for approval</h3>
<p>Nothing is applied until somebody else than the authors${made && ` (${made})`} approves exactly ${exactly}: in Slack,
or by <code>/cox approve ${name}</code> in the pull request.${
    given.length > 0 && ` Approved so far by ${given.join(', ')}.`
  }</p>
${gates.length > 0 && html`<p><b>It ends or loosens a gate:</b></p><ul>${gates}</ul>`}
<details id="operations-${approval.metadata.name}"><summary>${count(operations.length, 'operation')}</summary>
<ul>${operations}</ul></details></section>`;
}

function valueText(value: unknown): string {
  return value === undefined ? '∅' : typeof value === 'string' ? value : stringifyJson(value);
}

/** In the colours of the differences below: green is what a sync makes. */
function changeRow(change: FieldChange): Html {
  return html`<tr><td><code>${change.text}</code></td><td><code class="add">${valueText(change.before)}</code></td>
<td><code class="del">${valueText(change.after)}</code></td></tr>`;
}

function table(kind: string, heads: readonly string[], rows: readonly Html[]): Html {
  const head = heads.map((text) => html`<th>${text}</th>`);
  return html`<table class="${kind}"><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table>`;
}

const kinds = { changed: 'changed', missing: 'deleted from the cluster', extra: 'not in Git' };

function driftedObject({ key, kind, by, changes, left }: DriftedObject): Html {
  const manager = by && kind !== 'missing' && ` by ${by.manager}`;
  return html`<h4>${keyTitle(key)} <span class="soft">${kinds[kind]}${manager}</span></h4>
${changes.length > 0 && table('fields', ['Field', 'In Git', 'Live'], changes.map(changeRow))}${
    left && html`<p class="soft">and ${count(left, 'more field')}</p>`
  }`;
}

function driftNotice({ spec, status }: DriftEpisode): Html {
  const { objects = [], left = 0 } = status ?? {};
  const title = status?.phase === 'Reverting' ? 'Drift, being reverted' : 'Changed in the cluster, not in Git';
  const more = left > 0 && html`<p class="soft">and ${count(left, 'more object')}</p>`;
  const { until = '', by, reason } = (status?.phase === 'Snoozed' && status.snooze) || {};
  const snoozed =
    by && html`<p class="soft">Snoozed until ${time(until)} by ${by.login}${reason ? `: “${reason}”` : ''}</p>`;
  return html`<section class="notice drift"><h3>${title} <span class="soft">${time(spec.openedAt)}</span></h3>
${snoozed}${objects.map(driftedObject)}${more}</section>`;
}

function notices({ app, approvals, episodes, turn, told = [] }: ApplicationView): Html {
  const warnings = told.map(
    (each) =>
      html`<section class="notice warn"><h3>Not held</h3><p class="message">This application ${each}</p></section>`,
  );
  const conditions = (app.status?.conditions ?? []).map(
    (item) =>
      html`<section class="notice ${item.type.endsWith('Error') ? 'wrong' : 'warn'}"><h3>${item.type}</h3>
<p class="message">${item.message}</p></section>`,
  );
  const approval = waitingApproval(approvals);
  const rejection = lastRejection(app, approvals);
  const idle = turn !== undefined && wrongNotice('Not worked on as asked', turn);
  const first = [idle, warnings, conditions];
  return html`<div id="notices" data-live>${first}${approval && approvalNotice(approval, app.metadata.name)}
${rejection && rejectionNotice(rejection)}${openEpisodes(episodes).map(driftNotice)}</div>`;
}

function resultRow(row: ResourceResult): Html {
  return html`<tr><td>${row.hookType ?? row.syncPhase ?? ''}</td><td>${keyTitle(row)}</td>
<td>${pill(row.status ?? row.hookPhase)}</td><td class="message">${row.message ?? ''}</td></tr>`;
}

function operation(view: ApplicationView): Html {
  const running = view.app.operation !== undefined;
  const state: OperationState | undefined = view.app.status?.operationState;
  if (!state) return html`<div id="operation" data-live></div>`;
  const { startedAt, finishedAt, phase, message = '', syncResult } = state;
  const by = state.operation.initiatedBy;
  const results = syncResult?.resources ?? [];
  const who = byWhom(view, syncResult?.revision ?? syncResult?.revisions?.[0], by);
  const when = finishedAt && !running ? html`ended ${time(finishedAt)}` : html`started ${time(startedAt)}`;
  const list = table('plain', ['Phase', 'Object', 'Result', 'Message'], results.map(resultRow));
  return html`<div id="operation" data-live><h2>${running ? 'Sync in progress' : 'Last sync'}</h2>
<div class="card operation">
<p>${pill(phase)} <span class="message">${message}</span></p>
<p class="soft">${when}${who && `, ${who === by?.username ? 'asked for by ' : ''}${who}`}</p>
${
  results.length > 0 &&
  html`<details id="results"><summary>${count(results.length, 'object')}</summary>${list}</details>`
}</div></div>`;
}

function historyRow(view: ApplicationView, item: RevisionHistory): Html {
  const { app } = view;
  const source = item.source ?? item.sources?.[0] ?? sourcesOf(app.spec)[0];
  const revision = item.revision || item.revisions?.[0];
  return html`<tr id="history-${item.id}"><td>${item.id}</td><td>${revisionLink(revision, source)}</td>
<td>${time(item.deployedAt)}</td><td>${byWhom(view, revision, item.initiatedBy)}</td></tr>`;
}

function history(view: ApplicationView): Html {
  const rows = [...(view.app.status?.history ?? [])].reverse();
  const heads = ['#', 'Revision', 'Deployed', 'By'];
  const lines = rows.map((item) => historyRow(view, item));
  const list = rows.length > 0 ? table('plain card', heads, lines) : html`<p class="empty">It was never synced.</p>`;
  return html`<div id="history" data-live><h2>History</h2>${list}</div>`;
}

function orphanList({ orphans = [] }: ApplicationView): Html {
  const rows = orphans.map((key) => html`<li>${keyTitle(key)}</li>`);
  const list = html`<details id="orphan-list"><summary>${count(rows.length, 'object')} of no application</summary>
<ul>${rows}</ul></details>`;
  const shown = rows.length > 0 && html`<h2>Orphaned</h2><div class="card">${list}</div>`;
  return html`<div id="orphans" data-live>${shown}</div>`;
}

/** `up`: the way to the front page, such as `../../`. */
export function applicationPage(view: ApplicationView, up: string): Html {
  const { app } = view;
  const { namespace, name } = app.metadata;
  const { sync, health } = app.status ?? {};
  const json = `${up}api/applications/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
  return html`<nav class="crumbs" aria-label="Breadcrumb"><a href="${up}">Applications</a> <span>/</span>
${namespace} <span>/</span></nav>
<div id="head" class="head" data-live><h1>${name}</h1>
${pill(sync?.status)}${pill(health?.status)}${app.operation && pill('Running', 'Syncing')}
<span class="soft grow">${health?.message ?? ''}</span><a class="soft" href="${json}">JSON</a></div>
${facts(view)}${notices(view)}${resourceList(view.resources)}${orphanList(view)}${operation(view)}${history(view)}
<p id="gone" class="hidden notice warn">${applicationKey(app)} is gone. <a href="${up}">All applications</a></p>`;
}
