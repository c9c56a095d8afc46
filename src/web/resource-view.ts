// The objects of an application, each with its status and what a sync would change in it.
import type { ResourceStatus } from '../model/application.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { count, diffBlock, pill } from './parts.ts';

/** One row of an application's resources, with the masked difference between what is live and what Git wants. */
export interface ResourceView {
  row: ResourceStatus;
  /** Unified diff from live to what a sync would make of it; empty when they agree. */
  diff: string;
  /** What controllers made of it, such as `1 ReplicaSet, 3 Pods`; undefined where that is nothing. */
  below?: { uid: string; text: string };
}

const troubled: ReadonlySet<string> = new Set(['Degraded', 'Missing', 'Progressing']);

function rank({ row }: ResourceView): number {
  if (row.status !== 'Synced') return 0;
  return row.health && troubled.has(row.health.status) ? 1 : 2;
}

function line({ row }: ResourceView): Html {
  const pruned = row.requiresPruning && html`<span class="pill PruneSkipped">to be pruned</span>`;
  return html`<span class="kind">${row.kind}<span class="soft">${row.group ?? ''}</span></span>
<span class="object">${row.name}<span class="soft">${row.namespace ?? ''}</span></span>
<span class="pills">${pill(row.status)}${row.health && pill(row.health.status)}${pruned}</span>
<span class="soft message">${row.health?.message ?? ''}</span>`;
}

/** Read by the page's script once it is opened. */
function belowPart({ below }: ResourceView): Html | false {
  return (
    below !== undefined &&
    html`<details class="below" id="below-${below.uid}" data-below="${below.uid}"><summary>${below.text}</summary>
<div class="below-content"></div></details>`
  );
}

function item(view: ResourceView, open: boolean): Html {
  const { row, diff } = view;
  const id = `object-${row.group ?? ''}/${row.kind}/${row.namespace ?? ''}/${row.name}`;
  const below = belowPart(view);
  if (!diff) return html`<li id="${id}"><div class="object-line">${line(view)}</div>${below}</li>`;
  return html`<li id="${id}" class="differs"><details id="diff-${id}"${open && html` open`}>
<summary class="object-line">${line(view)}</summary>
<p class="legend"><span class="del">− live</span> <span class="add">+ after a sync</span></p>
${diffBlock(diff)}</details>${below}</li>`;
}

/** Few differences are shown at once; many are opened one by one. */
const openAtOnce = 3;

/** Those that differ come first. */
export function resourceList(resources: readonly ResourceView[]): Html {
  const sorted = resources
    .map((view, index) => ({ view, index }))
    .sort((a, b) => rank(a.view) - rank(b.view) || a.index - b.index)
    .map(({ view }) => view);
  const differing = sorted.filter(({ diff }) => diff !== '').length;
  const allSynced = resources.every(({ row }) => row.status === 'Synced');
  const summary =
    differing > 0
      ? `${differing} of ${resources.length} differ from Git`
      : `${count(resources.length, 'object')}${allSynced ? ', all as in Git' : ''}`;
  const none = html`<p class="empty">No objects are known yet. They appear with the first comparison.</p>`;
  return html`<div id="resources-head" data-live class="section"><h2>Resources</h2>
<span class="soft">${resources.length > 0 && summary}</span></div>
<ul id="resources" class="objects card" data-live-list>${sorted.map((view) => item(view, differing <= openAtOnce))}</ul>
<div id="resources-empty" data-live>${resources.length === 0 && none}</div>`;
}
