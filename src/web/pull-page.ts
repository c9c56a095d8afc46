// All that a pull request showed: each commit, and of each commit each effect, with its diff.
import type { Html } from './html.ts';
import { shortRevision } from '../model/application.ts';
import { html } from './html.ts';
import { markdown } from './markdown.ts';
import { count, pill, time } from './parts.ts';

interface ShownVersion {
  /** The commit that was looked at. */
  head: string;
  /** RFC 3339; '' while it is being looked at. */
  at: string;
  /** One sentence. */
  title: string;
  /** Markdown of ours, masked. */
  text: string;
  effects: { name: string; digest: string }[];
  /** Page of the check. */
  url: string;
}

export interface PullRecord {
  /** Page of the pull request. */
  url: string;
  state: string;
  /** Newest first. */
  versions: ShownVersion[];
  /** So many commits were heads before those that are shown. */
  older: number;
}

function effectList(effects: ShownVersion['effects']): Html {
  const items = effects.map(({ name, digest }) => html`<li><b>${name}</b> digest <code>${digest}</code></li>`);
  return html`<ul class="effects">${items}</ul>`;
}

function version({ head, at, title, text, effects, url }: ShownVersion, index: number): Html {
  const none = html`<p class="soft">${at === '' ? 'It is being looked at.' : 'Nothing changes in the cluster.'}</p>`;
  return html`<li class="card version" id="${head}-${index}"><details${index === 0 && html` open`}>
<summary><code title="${head}">${shortRevision(head)}</code> <span class="grow">${title}</span>
<span class="soft">${time(at)}</span></summary>
${effectList(effects)}${text === '' ? none : html`<div class="shown">${markdown(text)}</div>`}
<p class="soft">Kept in the <a href="${url}" rel="noreferrer">check</a> of that commit.</p></details></li>`;
}

function before(older: number): Html {
  return html`<p class="soft">${count(older, 'older commit')}: their checks on GitHub have what they showed.</p>`;
}

/** `name`: `owner/repo#number`. */
export function pullPage(name: string, { url, state, versions, older }: PullRecord): Html {
  const heads = new Set(versions.map(({ head }) => head)).size;
  const summary =
    versions.length === 0
      ? 'Nothing of it has been looked at yet, or its checks may not be read.'
      : `${count(versions.length, 'version')} of ${count(heads, 'commit')}, the newest first. ` +
        'A commit has several where the cluster or the branch below it changed what merging would do.';
  return html`<h1><a href="${url}" rel="noreferrer">${name}</a> ${pill(undefined, state)}</h1>
<p class="soft">${summary}</p>
<ol class="versions">${versions.map(version)}</ol>
${older > 0 && before(older)}`;
}
