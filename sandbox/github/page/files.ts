// The code: folders, files, the editor, one commit, and the comparison that becomes a pull request.
import type { Html } from './html.ts';
import type { View } from './layout.ts';
import type { Repository } from '../world.ts';
import { Failure } from '../failure.ts';
import { changedFiles, commit, commits, git, refs, resolveCommit } from '../git/git.ts';
import { href, html } from './html.ts';
import { checksBox } from './checks.ts';
import { fileDiffs } from './diff.ts';
import { action, icon, layout, time } from './layout.ts';
import { fullName } from '../world.ts';

/** The branch that a path begins with (branches may contain slashes), and the rest. */
async function splitRef(repository: Repository, path: string): Promise<{ ref: string; sha: string; rest: string }> {
  const names = (await refs(repository.dir)).map((ref) => ref.name.replace(/^refs\/(heads|tags)\//, ''));
  const ref =
    names.filter((name) => path === name || path.startsWith(`${name}/`)).sort((a, b) => b.length - a.length)[0] ??
    path.split('/')[0] ??
    '';
  const sha = (await resolveCommit(repository.dir, `refs/heads/${ref}`)) ?? (await resolveCommit(repository.dir, ref));
  if (sha === null) throw new Failure(404, 'Not Found');
  return { ref, sha, rest: path.slice(ref.length + 1) };
}

export async function fileAt(repository: Repository, sha: string, path: string): Promise<string | null> {
  const entry = await git(repository.dir, ['ls-tree', sha, '--', path]);
  const blob = /^\d+ blob ([0-9a-f]+)\t/.exec(entry)?.[1];
  return blob === undefined ? null : git(repository.dir, ['cat-file', 'blob', blob]);
}

function crumbs(repository: Repository, ref: string, path: string): Html {
  const parts = path.split('/').filter((part) => part !== '');
  const link = (at: number): Html =>
    html` / <a href="${href(fullName(repository), 'tree', ref, ...parts.slice(0, at + 1))}">${parts[at]}</a>`;
  return html`<p class="path"><code class="ref">${ref}</code>
    <a href="${href(
      fullName(repository),
      'tree',
      ref,
    )}"><b>${repository.name}</b></a>${parts.map((_, at) => link(at))}</p>`;
}

export async function treePage(view: View, repository: Repository, path: string): Promise<Html> {
  const { ref, sha, rest } = await splitRef(repository, path);
  const listed = await git(repository.dir, [
    'ls-tree',
    '-z',
    sha,
    '--',
    ...(rest === '' ? [] : [`${rest.replace(/\/$/, '')}/`]),
  ]);
  const entries = listed
    .split('\0')
    .map((line) => /^\d+ (\w+) [0-9a-f]+\t([\s\S]+)$/.exec(line))
    .flatMap((match) => (match ? [{ folder: match[1] === 'tree', path: match[2] ?? '' }] : []))
    .sort((a, b) => Number(b.folder) - Number(a.folder) || a.path.localeCompare(b.path));
  const name = fullName(repository);
  const row = (entry: (typeof entries)[number]): Html =>
    html`<div class="row">${icon(entry.folder ? 'folder' : 'file')}
      <a href="${href(
        name,
        entry.folder ? 'tree' : 'blob',
        ref,
        entry.path,
      )}">${entry.path.split('/').at(-1)}</a></div>`;
  const [last] = await commits(repository.dir, [sha], 1);
  const branches = (await refs(repository.dir))
    .filter((each) => each.name.startsWith('refs/heads/'))
    .map((each) => each.name.slice('refs/heads/'.length));
  const live = html`${crumbs(repository, ref, rest)}<section class="box">
    <div class="box-head"><b>${last?.author.name}</b>
    <a href="${href(name, 'commit', sha)}">${last?.message.split('\n')[0]}</a><span
    class="grow"></span><code>${sha.slice(0, 7)}</code>
    <span class="muted">${time(last?.committer.date ?? '')}</span></div>
    ${entries.length > 0 ? entries.map(row) : html`<p class="empty">Empty.</p>`}</section>
    <p class="muted">Branches: ${branches.map(
      (branch) => html`<a href="${href(name, 'tree', branch)}"><code class="ref">${branch}</code></a> `,
    )}</p>`;
  return layout(view, { title: name, repository, tab: 'code', live });
}

export async function blobPage(view: View, repository: Repository, path: string): Promise<Html> {
  const { ref, sha, rest } = await splitRef(repository, path);
  const content = await fileAt(repository, sha, rest);
  if (content === null) throw new Failure(404, 'Not Found');
  const rows = content
    .replace(/\n$/, '')
    .split('\n')
    .map((line, at) => html`<tr><td class="no">${at + 1}</td><td class="text">${line}</td></tr>`);
  const live = html`${crumbs(repository, ref, rest)}<section class="box">
    <div class="box-head"><b>${rest.split('/').at(-1)}</b><span class="grow"></span>
    <a class="button" href="${href(fullName(repository), 'edit', ref, rest)}">Edit</a></div><table class="lines">
    <tbody>${rows}</tbody></table></section>`;
  return layout(view, { title: rest, repository, tab: 'code', live });
}

/** The editor never commits to the default branch unless told to: it proposes a branch of its own. */
export async function editPage(view: View, repository: Repository, path: string): Promise<Html> {
  const { ref, sha, rest } = await splitRef(repository, path);
  const content = (await fileAt(repository, sha, rest)) ?? '';
  const stem = rest
    .split('/')
    .slice(-2)
    .join('-')
    .replace(/\.[^.]*$/, '')
    .replaceAll(/[^A-Za-z0-9-]+/g, '-');
  const proposed =
    ref === repository.defaultBranch ? `${view.actor?.login ?? 'change'}-${stem}-${view.world.nextId()}` : ref;
  const fields = { repo: fullName(repository), path: rest, from: ref };
  const form = html`<section class="box"><div class="box-head"><b>Editing ${rest}</b></div>
    <textarea class="editor" name="content" rows="24" spellcheck="false">
${content}</textarea></section>
    <section class="box"><div class="box-head"><b>Commit changes</b></div><div class="form">
    <label>Message <input name="message" value="Update ${rest.split('/').at(-1)}" required></label>
    <label>Branch <input name="branch" value="${proposed}" required></label>
    <div class="row"><span class="grow"></span><button class="danger" name="remove" value="1">Delete the
    file</button><button class="primary">Commit changes</button></div></div></section>`;
  return layout(view, {
    title: `Edit ${rest}`,
    repository,
    tab: 'code',
    live: crumbs(repository, ref, rest),
    steady: action(view, 'commit', fields, form),
  });
}

export async function commitPage(view: View, repository: Repository, sha: string): Promise<Html> {
  const found = await resolveCommit(repository.dir, sha);
  if (found === null) throw new Failure(404, 'Not Found');
  const shown = await commit(repository.dir, found);
  const [subject = '', ...rest] = shown.message.split('\n');
  const files = await changedFiles(repository.dir, shown.parents[0] ?? null, found);
  const live = html`<div class="title"><h1>${subject}</h1><p class="muted"><b>${shown.author.name}</b> committed
    ${time(shown.committer.date)} · <code>${found}</code></p></div>
    ${rest.join('\n').trim() === '' ? null : html`<pre class="code"><code>${rest.join('\n').trim()}</code></pre>`}
    ${checksBox(view, repository, { sha: found })}${fileDiffs(files)}`;
  return layout(view, { title: subject, repository, tab: 'code', live });
}

/** Base and head are split at the three dots. */
export async function comparePage(view: View, repository: Repository, range: string): Promise<Html> {
  const [base = '', head = ''] = range.split('...');
  const from = await resolveCommit(repository.dir, `refs/heads/${base}`);
  const to = await resolveCommit(repository.dir, `refs/heads/${head}`);
  if (from === null || to === null) throw new Failure(404, 'Not Found');
  const shared = (await git(repository.dir, ['merge-base', from, to])).trim();
  const made = await commits(repository.dir, [`${from}..${to}`]);
  const [subject = '', ...rest] = (made.at(-1)?.message ?? '').split('\n');
  const fields = { repo: fullName(repository), head, base };
  const form = html`<section class="box"><div class="box-head"><b>Open a pull request</b>
    <code class="ref">${base}</code> ← <code class="ref">${head}</code></div><div class="form">
    <label>Title <input name="title" value="${subject}" required></label><label>Description
    <textarea name="body" rows="4">${rest.join('\n').trim()}</textarea></label>
    <div class="row"><span class="grow"></span><button class="primary">Create pull request</button></div></div>
    </section>`;
  const live = html`<div class="title"><h1>Comparing changes</h1><p class="muted">${made.length}
    commit${made.length === 1 ? '' : 's'}</p></div>`;
  const differences = fileDiffs(await changedFiles(repository.dir, shared, to));
  return layout(view, {
    title: `Compare ${range}`,
    repository,
    tab: 'pulls',
    live,
    steady: html`${action(view, 'open-pull', fields, form)}${differences}`,
  });
}
