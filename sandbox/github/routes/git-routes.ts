// REST of the repository itself: commits, references, comparisons, contents.
import type { ChangedFile } from '../git/git.ts';
import type { Json } from '../present/present.ts';
import type { Call, Reply, Route } from './router.ts';
import type { Repository } from '../world.ts';
import { Failure } from '../failure.ts';
import { changedFiles, commit, commits, git, resolveCommit } from '../git/git.ts';
import { moveRef } from '../git/merge.ts';
import { pullsThatBrought } from '../pull.ts';
import { presentCommit, presentFile, presentPull } from '../present/present-pull.ts';
import { api, nodeId, presentRepository } from '../present/present.ts';
import { announcing } from '../push.ts';
import { paged } from './router.ts';
import { fullName } from '../world.ts';

const repo = '/repos/{owner}/{repo}';

/** A branch, tag or commit id; 422 when there is none. */
async function commitIn(repository: Repository, ref: string): Promise<string> {
  const names = [
    `refs/heads/${ref}`,
    `refs/tags/${ref}`,
    ref.startsWith('heads/') || ref.startsWith('tags/') ? `refs/${ref}` : ref,
  ];
  for (const name of names) {
    const sha = await resolveCommit(repository.dir, name);
    if (sha !== null) return sha;
  }
  throw new Failure(422, `No commit found for SHA: ${ref}`);
}

async function oneCommit(call: Call): Promise<Reply> {
  const repository = call.repository();
  const sha = await commitIn(repository, call.path['ref'] ?? '');
  const shown = await commit(repository.dir, sha);
  const files = await changedFiles(repository.dir, shown.parents[0] ?? null, sha);
  const sum = (of: (file: ChangedFile) => number): number => files.reduce((total, file) => total + of(file), 0);
  const [additions, deletions] = [sum((file) => file.additions), sum((file) => file.deletions)];
  return {
    status: 200,
    body: {
      ...presentCommit(call.site.world, repository, shown),
      stats: { additions, deletions, total: additions + deletions },
      files: files.map((file) => presentFile(call.site.world, repository, { sha, file })),
    },
  };
}

async function pullsOfCommit(call: Call): Promise<Reply> {
  const repository = call.repository();
  const sha = await commitIn(repository, call.path['commit_sha'] ?? '');
  return paged(call, await pullsThatBrought(repository, sha), (pull) => presentPull(call.site.world, repository, pull));
}

function presentRef(call: Call, ref: { name: string; sha: string }): Json {
  const url = api(call.site.world, `/repos/${fullName(call.repository())}/git`);
  return {
    ref: ref.name,
    node_id: nodeId(`Ref:${ref.name}`, call.repository().id),
    url: `${url}/${ref.name}`,
    object: { type: 'commit', sha: ref.sha, url: `${url}/commits/${ref.sha}` },
  };
}

async function oneRef(call: Call): Promise<Reply> {
  const name = `refs/${call.path['ref'] ?? ''}`;
  const sha = await resolveCommit(call.repository().dir, name);
  if (sha === null) throw new Failure(404, 'Not Found');
  return { status: 200, body: presentRef(call, { name, sha }) };
}

async function createRef(call: Call): Promise<Reply> {
  const repository = call.repository();
  const name = String(call.body['ref']);
  if (!/^refs\/.+\/.+/.test(name) && !/^refs\/(heads|tags)\/.+/.test(name))
    throw new Failure(422, "Reference name must start with 'refs' and have at least two slashes.");
  const sha = await resolveCommit(repository.dir, String(call.body['sha']));
  if (sha === null) throw new Failure(422, 'Object does not exist');
  await announcing(call.site, { repository, actor: call.actor() }, async () => {
    if ((await resolveCommit(repository.dir, name)) !== null) throw new Failure(422, 'Reference already exists');
    await moveRef(repository.dir, name, { before: null, after: sha });
  });
  return { status: 201, body: presentRef(call, { name, sha }) };
}

async function deleteRef(call: Call): Promise<Reply> {
  const repository = call.repository();
  const name = `refs/${call.path['ref'] ?? ''}`;
  await announcing(call.site, { repository, actor: call.actor() }, async () => {
    const sha = await resolveCommit(repository.dir, name);
    if (sha === null) throw new Failure(422, 'Reference does not exist');
    await moveRef(repository.dir, name, { before: sha, after: null });
  });
  return { status: 204 };
}

async function compare(call: Call): Promise<Reply> {
  const { world } = call.site;
  const repository = call.repository();
  const [from = '', to = ''] = (call.path['basehead'] ?? '').split('...');
  const base = await commitIn(repository, from);
  const head = await commitIn(repository, to);
  const shared = (await git(repository.dir, ['merge-base', base, head])).trim();
  const ahead = (await commits(repository.dir, [`${base}..${head}`], 10_000)).reverse();
  const behind = Number(await git(repository.dir, ['rev-list', '--count', `${head}..${base}`]));
  const files = await changedFiles(repository.dir, shared, head);
  const html = `${world.url}/${fullName(repository)}/compare/${from}...${to}`;
  const status = ahead.length > 0 ? (behind > 0 ? 'diverged' : 'ahead') : behind > 0 ? 'behind' : 'identical';
  const page = await paged(call, ahead, (each) => presentCommit(world, repository, each));
  return {
    ...page,
    body: {
      url: api(world, `/repos/${fullName(repository)}/compare/${encodeURIComponent(`${from}...${to}`)}`),
      html_url: html,
      permalink_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      base_commit: presentCommit(world, repository, await commit(repository.dir, base)),
      merge_base_commit: presentCommit(world, repository, await commit(repository.dir, shared)),
      status,
      ahead_by: ahead.length,
      behind_by: behind,
      total_commits: ahead.length,
      commits: page.body,
      // 300 files is the most that GitHub lists.
      files: files.slice(0, 300).map((file) => presentFile(world, repository, { sha: head, file })),
    },
  };
}

async function contents(call: Call): Promise<Reply> {
  const repository = call.repository();
  const path = (call.path['path'] ?? '').replace(/\/$/, '');
  const sha = await commitIn(repository, call.query['ref'] ?? repository.defaultBranch);
  const listed = await git(repository.dir, ['ls-tree', '-l', '-z', sha, '--', path]);
  const [line] = listed.split('\0').filter((each) => each !== '');
  const entry = parseEntry(line ?? '');
  if (!entry) throw new Failure(404, 'Not Found');
  if (entry.type === 'blob') {
    const content = await git(repository.dir, ['cat-file', 'blob', entry.sha]);
    const encoded = Buffer.from(content, 'utf8').toString('base64').replaceAll(/.{60}/g, '$&\n');
    return { status: 200, body: { ...presentEntry(call, entry, sha), encoding: 'base64', content: `${encoded}\n` } };
  }
  const children = (await git(repository.dir, ['ls-tree', '-l', '-z', sha, '--', `${path}/`]))
    .split('\0')
    .map(parseEntry)
    .filter((each) => each !== null);
  return { status: 200, body: children.map((child) => presentEntry(call, child, sha)) };
}

interface Entry {
  type: 'blob' | 'tree';
  sha: string;
  size: number;
  path: string;
}

function parseEntry(line: string): Entry | null {
  const [, type = '', sha = '', size = '0', path = ''] = /^\d+ (\w+) ([0-9a-f]+) +(\S+)\t(.*)$/s.exec(line) ?? [];
  return type === 'blob' || type === 'tree' ? { type, sha, size: Number(size) || 0, path } : null;
}

function presentEntry(call: Call, entry: Entry, commitId: string): Json {
  const { world } = call.site;
  const repository = call.repository();
  const path = entry.path.split('/').map(encodeURIComponent).join('/');
  const url = `${api(world, `/repos/${fullName(repository)}/contents/${path}`)}?ref=${commitId}`;
  const gitUrl = api(world, `/repos/${fullName(repository)}/git/${entry.type}s/${entry.sha}`);
  const html = `${world.url}/${fullName(repository)}/${entry.type}/${commitId}/${path}`;
  return {
    type: entry.type === 'blob' ? 'file' : 'dir',
    size: entry.size,
    name: entry.path.split('/').at(-1),
    path: entry.path,
    sha: entry.sha,
    url,
    git_url: gitUrl,
    html_url: html,
    download_url: entry.type === 'blob' ? `${world.url}/${fullName(repository)}/raw/${commitId}/${path}` : null,
    _links: { self: url, git: gitUrl, html },
  };
}

export const gitRoutes: Route[] = [
  {
    route: `GET ${repo}`,
    needs: 'metadata:read',
    handle: (call) => ({ status: 200, body: presentRepository(call.site.world, call.repository()) }),
  },
  { route: `GET ${repo}/commits/{ref}`, needs: 'contents:read', handle: oneCommit },
  { route: `GET ${repo}/commits/{commit_sha}/pulls`, needs: 'pull_requests:read', handle: pullsOfCommit },
  { route: `GET ${repo}/git/ref/{ref}`, needs: 'contents:read', handle: oneRef },
  { route: `POST ${repo}/git/refs`, needs: 'contents:write', handle: createRef },
  { route: `DELETE ${repo}/git/refs/{ref}`, needs: 'contents:write', handle: deleteRef },
  { route: `GET ${repo}/compare/{basehead}`, needs: 'contents:read', handle: compare },
  { route: `GET ${repo}/contents/{path}`, needs: 'contents:read', handle: contents },
];
