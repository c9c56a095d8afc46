// The frame of every page: who you are, where you are, and the small pieces that pages share.
import type { Part, Html } from './html.ts';
import type { Account, Pull, Repository, World } from '../world.ts';
import { href, html } from './html.ts';
import { fullName } from '../world.ts';

export interface View {
  world: World;
  /** Whom the viewer acts as. */
  actor: Account | null;
  /** Of the page that is shown, for forms that come back to it. */
  path: string;
  markdown: (source: string) => Html;
}

interface Frame {
  title: string;
  repository?: Repository;
  tab?: 'code' | 'pulls' | 'deployments' | 'webhooks';
  /** What changes while one looks; replaced in place when something happens. */
  live: Part;
  /** What must survive that: forms one types into. */
  steady?: Part;
}

const shapes: Record<string, string> = {
  pull:
    'M4 3.5a1.5 1.5 0 1 1 .01 0M4 5v7M4 13.5a1.5 1.5 0 1 1 .01 0M12 13.5a1.5 1.5 0 1 1 .01 0M12 12V7a2 2 0 0 ' +
    '0-2-2H8m2-2L8 5l2 2',
  merge:
    'M4 3.5a1.5 1.5 0 1 1 .01 0M4 5v7M4 13.5a1.5 1.5 0 1 1 .01 0M12 8.5a1.5 1.5 0 1 1 .01 0M4 5c0 3 3 3.500 6.500 ' +
    '3.500',
  closed: 'M4 4l8 8M12 4l-8 8',
  success: 'M3 8.500l3.500 3.500L13 4.500',
  failure: 'M4 4l8 8M12 4l-8 8',
  neutral: 'M4 8h8',
  file: 'M4 1.500h5.500L12 4v10.500H4zM9 1.500V4.500h3',
  folder: 'M1.500 3.500h5l1.500 2h6.500v8h-13z',
  commit: 'M8 5.500a2.500 2.500 0 1 1-.01 0M1.500 8H5.500M10.500 8h4',
  eye: 'M1.500 8S4 3.500 8 3.500 14.500 8 14.500 8 12 12.500 8 12.500 1.500 8 1.500 8M8 6a2 2 0 1 1-.01 0',
  rocket: 'M8 1.500c3 2 3.500 5 3 8.500H5C4.500 6.500 5 3.500 8 1.500M5 10l-2 3M11 10l2 3M7 13h2',
};

export function icon(name: string): Html {
  return html`<svg class="icon icon-${name}" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path
    d="${shapes[name] ?? ''}" /></svg>`;
}

/** Shown by the browser relative to now. */
export function time(at: string): Html {
  return html`<time datetime="${at}">${at.replace('T', ' ').replace('Z', ' UTC')}</time>`;
}

export function avatar(account: Account, size = 20): Html {
  return html`<img class="avatar ${account.type === 'Bot' ? 'bot' : ''}"
    src="/-/avatar/${encodeURIComponent(account.login)}.svg" width="${size}" height="${size}" alt="">`;
}

export function login(account: Account): Html {
  const name = account.login.replace(/\[bot\]$/, '');
  return html`<b class="login">${name}</b>${account.type === 'Bot' ? html` <span class="label">bot</span>` : null}`;
}

export function statePill(pull: Pull, small = false): Html {
  const state = pull.mergedAt !== null ? 'merged' : pull.state === 'closed' ? 'closed' : pull.draft ? 'draft' : 'open';
  const shape = state === 'merged' ? 'merge' : state === 'closed' ? 'closed' : 'pull';
  if (small) return html`<span class="state-icon ${state}" title="${state}">${icon(shape)}</span>`;
  return html`<span class="state ${state}">${icon(shape)} ${state.charAt(0).toUpperCase() + state.slice(1)}</span>`;
}

export function tabs(items: readonly { label: Part; to: string; count?: number; active: boolean }[]): Html {
  const item = (each: (typeof items)[number]): Html =>
    html`<a class="tab ${each.active ? 'active' : ''}"
      href="${each.to}">${each.label}${
        each.count === undefined ? null : html` <span class="count">${each.count}</span>`
      }</a>`;
  return html`<nav class="tabs">${items.map(item)}</nav>`;
}

/** A form that posts to one of the page's actions and comes back. */
export function action(view: View, name: string, fields: Record<string, string | number>, inner: Part): Html {
  const hidden = Object.entries({ ...fields, back: view.path }).map(
    ([key, value]) => html`<input type="hidden" name="${key}" value="${value}">`,
  );
  return html`<form method="post" action="/-/do/${name}" class="action">${hidden}${inner}</form>`;
}

function people(view: View): Html {
  const persons = [...view.world.accounts.values()].filter((account) => account.type === 'User');
  const option = (account: Account): Html =>
    html`<option value="${account.login}" ${account === view.actor ? html`selected` : null}>${account.login}</option>`;
  return html`<form method="post" action="/-/do/as" class="who">
    <input type="hidden" name="back" value="${view.path}">
    <label>acting as ${view.actor ? avatar(view.actor) : null}
    <select name="login" data-submit>${persons.map(option)}</select></label>
  </form>`;
}

export function layout(view: View, frame: Frame): Html {
  const { repository } = frame;
  const open = repository ? [...repository.pulls.values()].filter((pull) => pull.state === 'open').length : 0;
  const name = repository ? fullName(repository) : '';
  const crumbs = repository
    ? html`<span class="crumbs">${repository.owner.login} <i>/</i>
      <a href="${href(name, 'pulls')}"><b>${repository.name}</b></a></span>`
    : html`<span class="crumbs"><b>Repositories</b></span>`;
  const nav = repository
    ? tabs([
        { label: 'Code', to: href(name, 'tree', repository.defaultBranch), active: frame.tab === 'code' },
        { label: 'Pull requests', to: href(name, 'pulls'), count: open, active: frame.tab === 'pulls' },
        { label: 'Deployments', to: href(name, 'deployments'), active: frame.tab === 'deployments' },
        { label: 'Webhooks', to: href(name, 'webhooks'), active: frame.tab === 'webhooks' },
      ])
    : null;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${frame.title}</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/-/page.css"><script src="/-/page.js"
defer></script></head>
<body><header class="top"><div class="bar"><a class="mark" href="/">GH</a>${crumbs}<span
class="sandbox">sandbox</span>${people(view)}</div>${nav}</header>
<main><div id="live">${frame.live}</div>${frame.steady ? html`<div id="steady">${frame.steady}</div>` : null}</main>
</body></html>`;
}
