// What controllers made of an object: rows of a tree, read when somebody opens it.
import type { Health } from '../model/application.ts';
import type { ResourceKey } from '../model/kube.ts';
import type { Html } from './html.ts';
import { outsideText } from '../policy/outside-text.ts';
import { html } from './html.ts';
import { count, pill, time } from './parts.ts';

interface Row {
  key: ResourceKey;
  /** 1: made of the object itself. */
  depth: number;
  deleting: boolean;
  createdAt: string | undefined;
  health: Health | undefined;
}

/** Of one object, in the order of a tree. */
export interface DescendantsView {
  rows: readonly Row[];
  /** How many more there are. */
  left: number;
  /** Why some could not be read. */
  fault?: string;
}

/** Deeper ones stand where the deepest do. */
const deepest = 4;

function line({ key, depth, deleting, createdAt, health }: Row): Html {
  const going = deleting && html`<span class="pill">being deleted</span>`;
  return html`<li class="object-line deep-${Math.min(depth, deepest)}">
<span class="kind">${key.kind}<span class="soft">${key.group}</span></span>
<span class="object">${key.name}<span class="soft">${time(createdAt)}</span></span>
<span class="pills">${health && pill(health.status)}${going}</span>
<span class="soft message">${health?.message && outsideText(health.message)}</span></li>`;
}

/** A part of a page. */
export function descendantsList({ rows, left, fault }: DescendantsView): Html {
  const none = rows.length === 0 && html`<p class="empty">Nothing is left of it.</p>`;
  const more = left > 0 && html`<p class="soft below-note">and ${count(left, 'more object')}</p>`;
  const why =
    fault !== undefined && html`<p class="below-note message">Not all could be read: ${outsideText(fault)}</p>`;
  return html`<ul class="below-rows">${rows.map(line)}</ul>${none}${more}${why}`;
}
