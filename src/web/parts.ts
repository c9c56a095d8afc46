// The small pieces that the pages are made of: status, revision, time and difference.
import type { Application, ApplicationSource, Destination } from '../model/application.ts';
import type { Html } from './html.ts';
import { shortRevision } from '../model/application.ts';
import { inClusterServer } from '../model/annotations.ts';
import { html } from './html.ts';
import { withoutTrailing } from '../base/trim.ts';

/** Statuses that the style knows; any other text is shown without a colour. */
const known: ReadonlySet<string> = new Set([
  'Synced',
  'Healthy',
  'Succeeded',
  'Applied',
  'OutOfSync',
  'Pending',
  'Suspended',
  'Missing',
  'Degraded',
  'Failed',
  'Error',
  'Rejected',
  'SyncFailed',
  'Progressing',
  'Running',
  'Approved',
  'Terminating',
  'Drifted',
  'Waiting',
  'PruneSkipped',
]);

/** A status in its colour. */
export function pill(status: string | undefined, label = status ?? 'Unknown'): Html {
  return html`<span class="pill${status !== undefined && known.has(status) && ` ${status}`}">${label}</span>`;
}

/** The repository's page, if its address is one that a browser opens; user names and passwords in it are left out. */
export function repositoryPage(repoURL: string): string | undefined {
  const url = URL.parse(repoURL);
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return undefined;
  return `${url.origin}${withoutTrailing(url.pathname, '/').replace(/\.git$/, '')}`;
}

/** The address without what must not be shown. */
export function repositoryText(repoURL: string): string {
  return (repositoryPage(repoURL) ?? repoURL.replace(/^([a-z+]+:\/\/)[^/@]*@/i, '$1')).replace(/^https?:\/\//, '');
}

/** Plain text where no browser could open it. */
export function repositoryLink(source: ApplicationSource): Html {
  const page = repositoryPage(source.repoURL);
  const text = repositoryText(source.repoURL);
  return page ? html`<a href="${page}" rel="noreferrer">${text}</a>` : html`${text}`;
}

/** Leads to the commit on the forge (GitHub, GitLab, Gitea and Forgejo have it under /commit/). */
export function revisionLink(revision: string | undefined, source: ApplicationSource | undefined): Html {
  if (!revision) return html`<span class="soft">–</span>`;
  const page = source && /^[0-9a-f]{40}$/.test(revision) ? repositoryPage(source.repoURL) : undefined;
  const code = html`<code title="${revision}">${shortRevision(revision)}</code>`;
  return page ? html`<a href="${page}/commit/${revision}" rel="noreferrer">${code}</a>` : code;
}

/** A time that the page's script turns into "3 min ago"; without the script it is readable too. */
export function time(at: string | undefined): Html {
  if (!at) return html``;
  return html`<time datetime="${at}">${at.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')}</time>`;
}

/** The commit or version of the first source at the last comparison; undefined before there was one. */
export function revisionOf(app: Application): string | undefined {
  return app.status?.sync?.revision || app.status?.sync?.revisions?.[0];
}

/** The name of the destination, else its server. */
export function clusterText({ name, server = '' }: Destination): string {
  return name || (server === inClusterServer ? 'in-cluster' : server);
}

/** Unified diff with its lines marked. */
export function diffBlock(diff: string): Html {
  const lines = diff
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => {
      const kind = line.startsWith('+') ? 'add' : line.startsWith('-') ? 'del' : line.startsWith('@@') ? 'hunk' : '';
      return kind ? html`<span class="${kind}">${line}</span>\n` : html`<span>${line}</span>\n`;
    });
  return html`<pre class="diff" tabindex="0">${lines}</pre>`;
}

/** `1 object`, `3 objects`. */
export function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

/** A box that says what is wrong. */
export function wrongNotice(title: string, why: string): Html {
  return html`<section class="notice wrong"><h3>${title}</h3><p class="message">${why}</p></section>`;
}
