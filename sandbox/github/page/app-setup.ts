// The pages on which GitHub makes an App from a manifest and installs it.
import type { Html } from './html.ts';
import type { View } from './layout.ts';
import type { Site } from '../site.ts';
import type { Account } from '../world.ts';
import { randomBytes } from 'node:crypto';
import { Failure } from '../failure.ts';
import { href, html } from './html.ts';
import { action, layout } from './layout.ts';
import { presentInstallation, presentRepository, presentUser } from '../present/present.ts';
import { findAccount } from '../world.ts';
import { ensureInstallation, installationOf } from '../installation.ts';

/** GitHub: "Registering a GitHub App from a manifest"; what it needs of one. */
interface AppForm {
  name: string;
  url: string;
  hook_attributes: { url: string; active?: boolean };
  redirect_url: string;
  setup_url?: string;
  default_permissions: Record<string, string>;
  default_events: string[];
}

function formOf(text: string): AppForm {
  const form = JSON.parse(text) as Partial<AppForm>;
  const missing = (['name', 'url', 'redirect_url', 'default_permissions', 'default_events'] as const).filter(
    (key) => form[key] === undefined,
  );
  if (missing.length > 0 || !form.hook_attributes?.url)
    throw new Failure(422, `Invalid GitHub App configuration: ${[...missing, 'hook_attributes.url'].join(', ')}`);
  for (const address of [form.url, form.redirect_url, form.setup_url, form.hook_attributes.url])
    if (address !== undefined && !URL.canParse(address)) throw new Failure(422, `${address} is not a URL`);
  return form as AppForm;
}

/** What GitHub shows when a manifest was posted: the name, and a button. */
export function newAppPage(
  view: View,
  { manifest, state, owner }: { manifest: string; state: string; owner: string },
): Html {
  const form = formOf(manifest);
  const button = html`<button class="primary">Create GitHub App for ${owner || (view.actor?.login ?? 'you')}</button>`;
  const live = html`<div class="title"><h1>Create GitHub App</h1></div><section class="box">
    <div class="box-head"><b>${form.name}</b></div>
<div class="body"><p>Webhooks go to
<code>${form.hook_attributes.url}</code>.</p>${action(view, 'make-app', { manifest, state }, button)}</div></section>`;
  return layout(view, { title: 'Create GitHub App', live });
}

/** The App of the sandbox becomes what the manifest says; the browser goes back with a code. */
export function makeApp({ world, hooks, making }: Site, form: URLSearchParams): string {
  const {
    name,
    hook_attributes: hook,
    redirect_url: redirect,
    setup_url: setup = '',
    ...asked
  } = formOf(form.get('manifest') ?? '');
  Object.assign(world.app, {
    name,
    slug: name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'),
    permissions: asked.default_permissions,
    events: asked.default_events,
  });
  hooks.setUrl(hook.active === false ? null : hook.url);
  making.setupUrl = setup;
  const code = randomBytes(20).toString('hex');
  making.codes.add(code);
  const to = new URL(redirect);
  to.searchParams.set('code', code);
  const state = form.get('state') ?? '';
  if (state) to.searchParams.set('state', state);
  return to.href;
}

function owners({ world }: Site): Account[] {
  return [...new Set(world.repositories.map(({ owner }) => owner))];
}

export function installPage(view: View, site: Site): Html {
  const row = (owner: Account): Html =>
    html`<div class="row"><span class="grow strong">${owner.login}</span>${action(
      view,
      'install-app',
      { account: owner.login },
      html`<button class="primary">Install</button>`,
    )}</div>`;
  const live = html`<div class="title"><h1>Install ${site.world.app.name}</h1></div>
    <section class="box">${owners(site).map(row)}</section>`;
  return layout(view, { title: `Install ${site.world.app.name}`, live });
}

/** Tells the App, and sends its owner to its setup URL, or to the repositories. */
export function installApp(site: Site, actor: Account | null, login: string): string {
  const { world, hooks, making } = site;
  const account = findAccount(world, login);
  if (!account || !actor) throw new Failure(404, 'Not Found');
  const installation = ensureInstallation(world, account);
  const repositories = world.repositories.filter((repository) => installationOf(world, repository) === installation);
  hooks.send('installation', {
    action: 'created',
    installation: presentInstallation(world, installation),
    repositories: repositories.map((repository) => presentRepository(world, repository)),
    requester: null,
    sender: presentUser(world, actor),
  });
  if (!making.setupUrl) return href('');
  const to = new URL(making.setupUrl);
  to.searchParams.set('installation_id', String(installation.id));
  to.searchParams.set('setup_action', 'install');
  return to.href;
}
