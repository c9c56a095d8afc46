// Where a card belongs: as the Application says, else its project, else the default; Argo CD's subscriptions count too.
import type { ObjectMeta } from '../model/kube.ts';
import type { Logger } from '../base/log.ts';
import type { Channels } from './channels.ts';
import { cox } from '../model/annotations.ts';

export type About = 'approval' | 'drift' | 'deploy' | 'failure';

/** Argo CD: docs/operator-manual/notifications/catalog.md; what each of its triggers tells is on one of our cards. */
const triggers: Readonly<Record<About, readonly string[]>> = {
  approval: [],
  drift: [],
  deploy: ['on-deployed', 'on-sync-running', 'on-sync-succeeded'],
  failure: ['on-sync-failed', 'on-health-degraded', 'on-sync-status-unknown'],
};

/** Channels that `notifications.argoproj.io/subscribe.<trigger>.slack` names; several stand between semicolons. */
function subscribed(annotations: Record<string, string>, about: About): string[] {
  return triggers[about].flatMap((trigger) =>
    (annotations[`notifications.argoproj.io/subscribe.${trigger}.slack`] ?? '').split(';'),
  );
}

/**
 * Names or ids, each once; what is nearest wins. `deploys`: every deploy is told, not only where somebody subscribed to
 * them.
 */
export function channelsFor(
  about: About,
  levels: readonly ({ annotations?: ObjectMeta['annotations'] } | undefined)[],
  { fallback, deploys }: { fallback: string; deploys: boolean },
): string[] {
  const asked = about !== 'deploy' || deploys;
  for (const { annotations = {} } of levels.map((metadata) => metadata ?? {})) {
    const own = asked ? [annotations[cox.slack] ?? ''] : [];
    const named = [...own, ...subscribed(annotations, about)].map((name) => name.trim()).filter((name) => name !== '');
    if (named.length > 0) return [...new Set(named.map((name) => name.replace(/^#/, '')))];
  }
  return asked && fallback !== '' ? [fallback] : [];
}

/** Not known: a channel that it is meant for is not there, or cannot be looked up. */
export interface Route {
  known: boolean;
  channels: string[];
}

interface RoutesOptions {
  places: { channelsOf(application: string, about: About): string[] };
  channels: Channels;
  log: Logger;
}

/** By id; what is not there is told once. */
export class Routes {
  readonly #options: RoutesOptions;
  /** By card, the channels that it is meant for and that are not there. */
  readonly #missing = new Map<string, string[]>();

  constructor(options: RoutesOptions) {
    this.#options = options;
  }

  forget(card: string): void {
    this.#missing.delete(card);
  }

  async of(card: string, { application, about }: { application: string; about: readonly About[] }): Promise<Route> {
    const { places, channels, log } = this.#options;
    const found: string[] = [];
    const missing: string[] = [];
    for (const name of new Set(about.flatMap((each) => places.channelsOf(application, each)))) {
      const id = await channels.idOf(name);
      if (id === undefined) missing.push(name);
      else found.push(id);
    }
    const told = new Set([...this.#missing.values()].flat());
    this.#missing.delete(card);
    if (missing.length > 0) this.#missing.set(card, missing);
    for (const channel of missing.filter((name) => !told.has(name)))
      log.warn({ channel, card }, 'there is no such Slack channel yet, or the app is not in it');
    return { known: missing.length === 0, channels: [...new Set(found)] };
  }
}
