// JSON of people, teams, the App and repositories in every field GitHub shows anywhere; the schema picks what each
// place shows.
import type { Account, App, Installation, Repository, RoleName, Team, World } from '../world.ts';
import { fullName } from '../world.ts';
import { installationOf } from '../installation.ts';

export type Json = Record<string, unknown>;

/** GitHub's opaque global ids are base64 of kind and number; only their being stable matters. */
export function nodeId(kind: string, id: number): string {
  return Buffer.from(`${kind}:${id}`).toString('base64');
}

export function api(world: World, path: string): string {
  return `${world.url}/api${path}`;
}

/** With name and email set, so that the forms that show them have them. */
export function presentUser(world: World, account: Account): Json {
  const url = api(world, `/users/${encodeURIComponent(account.login)}`);
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId(account.type, account.id),
    avatar_url: `${world.url}/-/avatar/${encodeURIComponent(account.login)}.svg`,
    gravatar_id: '',
    url,
    html_url: `${world.url}/${encodeURIComponent(account.login)}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: account.type,
    user_view_type: 'public',
    site_admin: false,
  };
}

export function presentProfile(world: World, account: Account): Json {
  const created = '2026-01-01T00:00:00Z';
  return {
    ...presentUser(world, account),
    name: account.name,
    company: null,
    blog: '',
    location: null,
    email: null,
    hireable: null,
    bio: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: created,
    updated_at: created,
  };
}

function presentOrganization(world: World, account: Account): Json {
  const url = api(world, `/orgs/${account.login}`);
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId('Organization', account.id),
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: `${world.url}/-/avatar/${account.login}.svg`,
    description: null,
  };
}

export function presentTeam(world: World, team: Team): Json {
  const url = api(world, `/orgs/${team.org}/teams/${team.slug}`);
  return {
    id: team.id,
    node_id: nodeId('Team', team.id),
    name: team.slug,
    slug: team.slug,
    description: null,
    privacy: 'closed',
    notification_setting: 'notifications_enabled',
    permission: 'pull',
    url,
    html_url: `${world.url}/orgs/${team.org}/teams/${team.slug}`,
    members_url: `${url}/members{/member}`,
    repositories_url: `${url}/repos`,
    type: 'organization',
    parent: null,
  };
}

export function presentApp(world: World, app: App): Json {
  return {
    id: app.id,
    slug: app.slug,
    client_id: `Iv1.${app.id}`,
    node_id: nodeId('Integration', app.id),
    owner: presentUser(world, app.owner),
    name: app.name,
    description: null,
    external_url: world.url,
    html_url: `${world.url}/apps/${app.slug}`,
    created_at: app.createdAt,
    updated_at: app.createdAt,
    permissions: app.permissions,
    events: app.events,
  };
}

export function presentInstallation(world: World, installation: Installation): Json {
  const url = api(world, `/app/installations/${installation.id}`);
  return {
    id: installation.id,
    account: presentUser(world, installation.account),
    repository_selection: 'all',
    access_tokens_url: `${url}/access_tokens`,
    repositories_url: api(world, '/installation/repositories'),
    html_url: `${world.url}/organizations/${installation.account.login}/settings/installations/${installation.id}`,
    app_id: world.app.id,
    client_id: `Iv1.${world.app.id}`,
    app_slug: world.app.slug,
    target_id: installation.account.id,
    target_type: installation.account.type,
    permissions: world.app.permissions,
    events: world.app.events,
    created_at: installation.createdAt,
    updated_at: installation.createdAt,
    single_file_name: null,
    suspended_by: null,
    suspended_at: null,
  };
}

const linkNames: Record<string, string> = {
  archive_url: '/{archive_format}{/ref}',
  assignees_url: '/assignees{/user}',
  blobs_url: '/git/blobs{/sha}',
  branches_url: '/branches{/branch}',
  collaborators_url: '/collaborators{/collaborator}',
  comments_url: '/comments{/number}',
  commits_url: '/commits{/sha}',
  compare_url: '/compare/{base}...{head}',
  contents_url: '/contents/{+path}',
  contributors_url: '/contributors',
  deployments_url: '/deployments',
  downloads_url: '/downloads',
  events_url: '/events',
  forks_url: '/forks',
  git_commits_url: '/git/commits{/sha}',
  git_refs_url: '/git/refs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  hooks_url: '/hooks',
  issue_comment_url: '/issues/comments{/number}',
  issue_events_url: '/issues/events{/number}',
  issues_url: '/issues{/number}',
  keys_url: '/keys{/key_id}',
  labels_url: '/labels{/name}',
  languages_url: '/languages',
  merges_url: '/merges',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  pulls_url: '/pulls{/number}',
  releases_url: '/releases{/id}',
  stargazers_url: '/stargazers',
  statuses_url: '/statuses/{sha}',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  tags_url: '/tags',
  teams_url: '/teams',
  trees_url: '/git/trees{/sha}',
};

export function presentRepository(world: World, repository: Repository): Json {
  const url = api(world, `/repos/${fullName(repository)}`);
  const html = `${world.url}/${fullName(repository)}`;
  const open = [...repository.pulls.values()].filter((pull) => pull.state === 'open').length;
  return {
    id: repository.id,
    node_id: nodeId('Repository', repository.id),
    name: repository.name,
    full_name: fullName(repository),
    private: repository.private,
    owner: presentUser(world, repository.owner),
    html_url: html,
    description: null,
    fork: false,
    url,
    ...Object.fromEntries(Object.entries(linkNames).map(([name, path]) => [name, url + path])),
    created_at: repository.createdAt,
    updated_at: repository.pushedAt,
    pushed_at: repository.pushedAt,
    git_url: `${html.replace(/^http/, 'git')}.git`,
    ssh_url: `git@127.0.0.1:${fullName(repository)}.git`,
    clone_url: `${html}.git`,
    svn_url: html,
    homepage: null,
    mirror_url: null,
    language: null,
    license: null,
    size: 0,
    stargazers_count: 0,
    watchers_count: 0,
    watchers: 0,
    forks_count: 0,
    forks: 0,
    subscribers_count: 0,
    network_count: 0,
    open_issues_count: open,
    open_issues: open,
    has_issues: true,
    has_projects: false,
    has_downloads: false,
    has_wiki: false,
    has_pages: false,
    has_discussions: false,
    archived: false,
    disabled: false,
    is_template: false,
    allow_forking: false,
    web_commit_signoff_required: false,
    topics: [],
    visibility: repository.private ? 'private' : 'public',
    default_branch: repository.defaultBranch,
    allow_merge_commit: true,
    allow_squash_merge: true,
    allow_rebase_merge: true,
    allow_auto_merge: false,
    allow_update_branch: false,
    delete_branch_on_merge: false,
  };
}

/** What every webhook of a repository carries besides its subject. */
export function presentScene(world: World, repository: Repository, sender: Account): Json {
  const installation = installationOf(world, repository);
  return {
    repository: presentRepository(world, repository),
    sender: presentUser(world, sender),
    ...(repository.owner.type === 'Organization' ? { organization: presentOrganization(world, repository.owner) } : {}),
    ...(installation
      ? { installation: { id: installation.id, node_id: nodeId('Installation', installation.id) } }
      : {}),
  };
}

const rights: RoleName[] = ['read', 'triage', 'write', 'maintain', 'admin'];

/** GitHub's older `permission` knows read, write, admin and none; `role_name` tells the finer role. */
export function presentPermission(world: World, repository: Repository, account: Account): Json {
  const role = repository.roles.get(account.login.toLowerCase()) ?? (repository.private ? null : 'read');
  const rank = role === null ? -1 : rights.indexOf(role);
  const permission = role === null ? 'none' : role === 'triage' ? 'read' : role === 'maintain' ? 'write' : role;
  const permissions = { pull: rank >= 0, triage: rank >= 1, push: rank >= 2, maintain: rank >= 3, admin: rank >= 4 };
  return {
    permission,
    role_name: role ?? 'none',
    user: { ...presentUser(world, account), permissions, role_name: role ?? 'none' },
  };
}
