// Which applications a request means, among those that the person may know of.
import type { Application } from '../model/application.ts';
import type { Approval, Request } from '../model/coxswain.ts';
import type { Store } from '../store/store.ts';
import type { MergedPull } from './introduced-by.ts';
import type { ChatopsOptions } from './ports.ts';
import { cox } from '../model/annotations.ts';
import { isOpen } from '../engine/approval/approval.ts';
import { applicationKey } from '../model/application.ts';
import { isBrought } from './introduced-by.ts';
import { nearest } from './command.ts';

export type Found = { ok: true; apps: Application[] } | { ok: false; message: string };

/** Whether an application may be named to whoever asks. */
export type Sees = (app: Application) => Promise<boolean>;

/** Those that the person may know of. */
export async function seen(apps: readonly Application[], sees: Sees): Promise<Application[]> {
  const found: Application[] = [];
  for (const app of apps) if (await sees(app)) found.push(app);
  return found;
}

/** A policy that permits nobody anything shows nobody anything: then the sentence says so. */
export function unseen(store: Store, sentence: string): string {
  const { policyFault } = store.settings();
  return policyFault === undefined
    ? sentence
    : `${sentence}: argocd-rbac-cm permits nothing until it is mended: ${policyFault}`;
}

/** Parts between stars, found one after the other: no pattern that could go back and forth over a stranger's text. */
function fits(name: string, glob: string): boolean {
  const [first = '', ...rest] = glob.split('*');
  const last = rest.pop();
  if (last === undefined) return name === glob;
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last)) return false;
  const end = name.length - last.length;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

interface Selector {
  /** What of an application it looks at. */
  of(app: Application): string;
  glob: string;
}

const fields: Readonly<Record<string, Selector['of']>> = {
  env: ({ metadata }) => metadata.annotations?.[cox.environment] ?? '',
  project: ({ spec }) => spec.project,
};

/** `env=prod`, `project=shop`, `shop-*`, `team-a/*`; undefined: the text names one application. */
function selector(text: string): Selector | { unknown: string } | undefined {
  const [, field = '', glob = ''] = /^([a-z]{1,40})[=:](.{1,80})$/.exec(text) ?? [];
  const of = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (of) return { of, glob };
  if (field !== '') return { unknown: field };
  if (!text.includes('*')) return undefined;
  return { of: text.includes('/') ? applicationKey : ({ metadata }) => metadata.name, glob: text };
}

async function select(store: Store, text: string, { of, glob }: Selector, sees: Sees): Promise<Found> {
  const all = store.applications.list();
  const apps = await seen(
    all.filter((app) => fits(of(app), glob)),
    sees,
  );
  if (apps.length > 0) return { ok: true, apps };
  const known = new Set((await seen(all, sees)).map(of));
  const near = glob.includes('*') ? undefined : nearest(glob, [...known].filter(Boolean));
  const sentence =
    `no application that you may see is selected by "${text.slice(0, 80)}"` +
    (near ? `; did you mean ${text.slice(0, text.length - glob.length)}${near}?` : '');
  return { ok: false, message: unseen(store, sentence) };
}

/**
 * By `namespace/name`, name or selector; an exact name always wins, an unknown one is answered with the nearest. One
 * that the person may not see is answered like one that does not exist.
 */
export async function findApplication(store: Store, text: string, sees: Sees): Promise<Found> {
  const exact = store.applications.get(text) ?? store.applications.get(`${store.namespace}/${text}`);
  if (exact && (await sees(exact))) return { ok: true, apps: [exact] };
  const all = store.applications.list();
  const selects = selector(text);
  if (selects && 'unknown' in selects) {
    const near = nearest(selects.unknown, Object.keys(fields));
    const known = `${Object.keys(fields).join('=… and ')}=… are known`;
    return {
      ok: false,
      message: `nothing is selected by ${selects.unknown}; ${near ? `did you mean ${near}=…?` : known}`,
    };
  }
  if (selects) return select(store, text, selects, sees);
  const same = await seen(
    all.filter((app) => app.metadata.name === text),
    sees,
  );
  if (same.length === 1) return { ok: true, apps: same };
  if (same.length > 1)
    return { ok: false, message: `several applications are called ${text}: ${same.map(applicationKey).join(', ')}` };
  const near = nearest(
    text,
    (await seen(all, sees)).map((app) => app.metadata.name),
  );
  return {
    ok: false,
    message: unseen(
      store,
      `there is no application "${text.slice(0, 80)}" that you may see${near ? `; did you mean ${near}?` : ''}`,
    ),
  };
}

/** Whole seconds since the epoch: what the cluster keeps of a time. NaN without one. */
export function seconds(time: string | null | undefined): number {
  return Math.floor(Date.parse(time ?? '') / 1000);
}

/** Waits, or was decided by this very Request before a crash. */
export function isMeant(
  approval: Approval,
  { verb, actor, createdAt }: Pick<Request['spec'], 'verb' | 'actor' | 'createdAt'>,
): boolean {
  const { approvals = [], rejectedBy } = approval.status ?? {};
  if (isOpen(approval) || (verb === 'reject' && rejectedBy?.login === actor.login)) return true;
  return approvals.some((item) => item.actor.login === actor.login && seconds(item.at) >= seconds(createdAt));
}

/** Applications for which an Approval waits; in a pull request, one that its merge brought. */
export async function waitingApplications(
  options: Pick<ChatopsOptions, 'store' | 'git' | 'forge'>,
  request: Request,
  merged: MergedPull | undefined,
): Promise<Application[]> {
  const { store } = options;
  const found: Application[] = [];
  for (const app of store.applications.list()) {
    for (const approval of store.approvals.of(applicationKey(app)).filter((each) => isMeant(each, request.spec))) {
      if (merged && !(await isBrought(options, approval, merged))) continue;
      found.push(app);
      break;
    }
  }
  return found;
}
