// What GitHub is asked to make: the App of app.yml, with the addresses of this installation.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** As app.yml has it. */
export interface AppFile {
  name: string;
  description: string;
  url: string;
  public: boolean;
  default_permissions: Record<string, string>;
  default_events: string[];
}

/** GitHub: "Registering a GitHub App from a manifest". */
export interface AppManifest extends AppFile {
  hook_attributes: { url: string; active: boolean };
  redirect_url: string;
  setup_url: string;
}

/** Permissions and events from app.yml of this release. */
export function readAppFile(): AppFile {
  return parse(readFileSync(new URL('../../../app.yml', import.meta.url), 'utf8')) as AppFile;
}

/** `publicUrl` without a trailing slash, never taken from a request. */
export function manifestOf(file: AppFile, publicUrl: string, hookUrl: string): AppManifest {
  return {
    ...file,
    hook_attributes: { url: hookUrl, active: true },
    redirect_url: `${publicUrl}/setup/created`,
    setup_url: `${publicUrl}/setup`,
  };
}

/**
 * Where people use a GitHub whose REST API is there: api.github.com and api.<name>.ghe.com are names of their own, a
 * GitHub Enterprise Server has its API under /api/v3.
 */
export function webUrlOf(apiUrl: string): string {
  const url = new URL(apiUrl);
  if (url.hostname.startsWith('api.') && url.pathname === '/') url.hostname = url.hostname.slice('api.'.length);
  url.pathname = url.pathname.replace(/\/api(?:\/v3)?\/?$/, '');
  return url.href.replace(/\/$/, '');
}

/** `organization`: '' for the account of whoever is signed in there. */
export function newAppUrl(webUrl: string, organization: string, state: string): string {
  const owner = organization ? `/organizations/${encodeURIComponent(organization)}` : '';
  return `${webUrl}${owner}/settings/apps/new?state=${encodeURIComponent(state)}`;
}
