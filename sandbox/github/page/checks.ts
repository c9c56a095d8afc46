// Checks with their buttons, one check's page, deployments, and webhook deliveries.
import type { Part, Html } from './html.ts';
import type { View } from './layout.ts';
import type { CheckRun, Deployment, Repository } from '../world.ts';
import type { Delivery } from '../webhook.ts';
import { checksOf } from '../check.ts';
import { href, html } from './html.ts';
import { action, avatar, icon, layout, time } from './layout.ts';
import { fullName } from '../world.ts';

function kindOf(check: CheckRun): 'success' | 'failure' | 'neutral' | 'pending' {
  if (check.conclusion === null || check.conclusion === 'action_required') return 'pending';
  if (check.conclusion === 'success') return 'success';
  return check.conclusion === 'neutral' || check.conclusion === 'skipped' ? 'neutral' : 'failure';
}

export function checkMark(check: CheckRun): Html {
  const kind = kindOf(check);
  return html`<span class="mark-${kind}" title="${check.conclusion ?? check.status}">${
    kind === 'pending' ? html`<span class="dot"></span>` : icon(kind)
  }</span>`;
}

function buttons(view: View, repository: Repository, check: CheckRun): Part {
  return check.actions.map((each) =>
    action(
      view,
      'press',
      { repo: fullName(repository), sha: check.headSha, name: check.name, identifier: each.identifier },
      html`<button class="small" title="${each.description}">${each.label}</button>`,
    ),
  );
}

function checkRow(view: View, repository: Repository, check: CheckRun): Html {
  return html`<div class="row check"><span class="grow">${checkMark(check)} <b>${check.name}</b>
    <span class="muted">${check.output.title ?? check.conclusion ?? check.status.replace('_', ' ')}</span></span>
    ${buttons(view, repository, check)}
    <a href="${href(fullName(repository), 'runs', check.id)}">Details</a></div>`;
}

function headline(checks: readonly CheckRun[]): { text: string; kind: string } {
  const kinds = checks.map(kindOf);
  if (kinds.includes('failure')) return { text: 'Some checks were not successful', kind: 'failure' };
  if (checks.some((check) => check.conclusion === 'action_required'))
    return { text: 'Some checks wait for somebody', kind: 'pending' };
  if (kinds.includes('pending')) return { text: 'Some checks have not completed yet', kind: 'pending' };
  return { text: 'All checks have passed', kind: 'success' };
}

/** The newest run of each name on the commit, or nothing when there is none. */
export function checksBox(view: View, repository: Repository, at: { sha: string; title?: string }): Html | null {
  const checks = checksOf(repository, at.sha, { all: false }).sort((a, b) => a.name.localeCompare(b.name));
  if (checks.length === 0) return null;
  const { text, kind } = headline(checks);
  return html`<section class="box checks"><div class="box-head ${kind}"><b>${at.title ?? text}</b>
    <span class="muted">${at.title ? `${text} · ` : ''}${checks.length} check${checks.length === 1 ? '' : 's'} on
    ${at.sha.slice(0, 7)}</span></div>
    ${checks.map((check) => checkRow(view, repository, check))}</section>`;
}

export function checkPage(view: View, repository: Repository, check: CheckRun): Html {
  const { title, summary, text, annotations } = check.output;
  const pull = [...repository.pulls.values()].find(
    (each) => each.headSha === check.headSha || each.mergeCommit === check.headSha,
  );
  const rerun = action(
    view,
    'rerun',
    { repo: fullName(repository), sha: check.headSha, name: check.name },
    html`<button class="small">Re-run</button>`,
  );
  const live = html`<div class="title"><h1>${checkMark(check)} ${check.name}</h1>
    <p class="muted">${check.conclusion ?? check.status} on <code>${check.headSha.slice(0, 7)}</code>
    ${time(check.completedAt ?? check.startedAt)}
    ${
      pull
        ? html`· <a href="${href(fullName(repository), 'pull', pull.number)}">#${pull.number} ${pull.title}</a>`
        : null
    }</p></div>
    <div class="row">${buttons(view, repository, check)}${rerun}</div>
    <section class="box"><div class="box-head"><b>${title ?? 'No output'}</b></div>
    <div class="body markdown">${view.markdown(summary ?? '')}</div></section>
    ${text ? html`<section class="box"><div class="body markdown">${view.markdown(text)}</div></section>` : null}
    ${
      annotations.length > 0
        ? html`<section class="box"><div class="box-head"><b>Annotations</b></div>${annotations.map(
            annotation,
          )}</section>`
        : null
    }`;
  return layout(view, { title: check.name, repository, tab: 'pulls', live });
}

function annotation(each: Record<string, unknown>): Html {
  return html`<div class="row annotation ${String(
    each['annotation_level'],
  )}"><code>${String(each['path'])}:${String(each['start_line'])}</code>
  <span class="grow">${String(each['message'])}</span></div>`;
}

const stateKinds: Record<string, string> = {
  success: 'success',
  failure: 'failure',
  error: 'failure',
  inactive: 'neutral',
};

export function deploymentRow(repository: Repository, deployment: Deployment): Html {
  const last = deployment.statuses.at(-1);
  const kind = stateKinds[last?.state ?? 'queued'] ?? 'pending';
  const mark = kind === 'pending' ? html`<span class="dot"></span>` : icon(kind);
  return html`<div class="row deployment"><span class="mark-${kind}">${mark}</span>
    <span class="grow"><b>${deployment.environment}</b> <code>${deployment.task.replace(/^coxswain:/, '')}</code>
    <span class="muted">${last?.description ?? deployment.description ?? ''}</span></span>
    <span class="pill ${kind}">${(last?.state ?? 'pending').replace('_', ' ')}</span>
    <a href="${href(fullName(repository), 'commit', deployment.sha)}"><code>${deployment.sha.slice(0, 7)}</code></a>
    <span class="muted">${time(deployment.updatedAt)}</span></div>`;
}

export function deploymentsPage(view: View, repository: Repository): Html {
  const names = [
    ...new Set([...repository.environments.keys(), ...repository.deployments.map((each) => each.environment)]),
  ].sort();
  const group = (name: string): Html => {
    const reviewers = repository.environments.get(name)?.reviewers ?? [];
    const rows = repository.deployments.filter((each) => each.environment === name).reverse();
    return html`<section class="box"><div class="box-head"><b>${icon('rocket')} ${name}</b>
      ${reviewers.length > 0 ? html`<span class="muted">reviewed by ${reviewers.join(', ')}</span>` : null}</div>
      ${
        rows.length > 0
          ? rows.map((each) => deploymentRow(repository, each))
          : html`<p class="empty">Nothing deployed yet.</p>`
      }</section>`;
  };
  const live = html`<div class="title"><h1>Deployments</h1>
    </div>${names.length > 0 ? names.map(group) : html`<p class="empty box">No environment yet.</p>`}`;
  return layout(view, { title: `Deployments · ${fullName(repository)}`, repository, tab: 'deployments', live });
}

export function webhooksPage(view: View, repository: Repository, deliveries: readonly Delivery[]): Html {
  const row = (delivery: Delivery): Html => html`<details class="row delivery">
    <summary><span class="${
      delivery.status === 'OK' ? 'mark-success' : 'mark-failure'
    }">${icon(delivery.status === 'OK' ? 'success' : 'failure')}</span>
    <b>${delivery.event}${delivery.action === null ? '' : `.${delivery.action}`}</b> <code>${delivery.guid}</code>
    <span class="muted">${delivery.status} · ${delivery.duration.toFixed(2)}
    s${delivery.redelivery ? ' · redelivery' : ''} · ${time(delivery.deliveredAt)}</span></summary>
    ${action(view, 'redeliver', { delivery: delivery.id }, html`<button class="small">Redeliver</button>`)}
    <pre class="code"><code>${JSON.stringify(delivery.payload, null, 2)}</code></pre></details>`;
  const live = html`<div class="title"><h1>Webhooks</h1><p class="muted">The newest ${deliveries.length} deliveries to
    the App, none of them sent twice by itself.</p></div>
    <section class="box">${
      deliveries.length > 0 ? deliveries.map(row) : html`<p class="empty">None yet.</p>`
    }</section>`;
  return layout(view, { title: `Webhooks · ${fullName(repository)}`, repository, tab: 'webhooks', live });
}

/** Kept here, where the marks are: a small line of people who reviewed. */
export function reviewers(repository: Repository, number: number): Html {
  const reviews = repository.reviews.filter((review) => review.pull === number);
  if (reviews.length === 0) return html`<p class="muted">No reviews</p>`;
  return html`${reviews.map(
    (review) =>
      html`<p>${avatar(review.user)} ${review.user.login} <span class="${
        review.state === 'APPROVED' ? 'mark-success' : 'mark-neutral'
      }">${icon(review.state === 'APPROVED' ? 'success' : 'neutral')}</span></p>`,
  )}`;
}
