// What cards and modals know of an application beside their own object, and where they belong.
import type { Application, ResourceStatus } from '../model/application.ts';
import type { Effect } from '../model/effect.ts';
import type { EffectivePolicy } from '../policy/policy.ts';
import type { Store } from '../store/store.ts';
import type { CardPlace } from './card.ts';
import type { About } from './route.ts';
import { sourcesOf } from '../model/application.ts';
import { effectivePolicy } from '../policy/policy.ts';
import { channelsFor } from './route.ts';

/** What the engine tells of them. */
export interface Beside {
  told(app: Application): string[];
  unverified(app: Application): readonly string[] | undefined;
}

interface PlaceOptions {
  store: Store;
  publicUrl: string;
  /** Of applications that Argo CD syncs. Default: there are none. */
  beside?: Beside | undefined;
  /** Rejects when it cannot be read. */
  commitMessage(repoUrl: string, revision: string): Promise<string>;
  /** The effect behind its waiting approval, as last worked out. */
  effectOf(application: string): Effect | undefined;
  /** Objects that are not well; undefined: not known yet. Default: as the Application's status says. */
  illOf?: ((application: string) => Promise<ResourceStatus[] | undefined>) | undefined;
  /** Names, without doubles. Rejects when they cannot be read. Default: nobody is named. */
  commitAuthors?: ((repoUrl: string, range: AuthorRange) => Promise<string[]>) | undefined;
}

export interface AuthorRange {
  from?: string;
  to: string;
  /** Only commits that touch these. */
  paths?: string[];
}

/** Read afresh at each question. */
export class Places {
  readonly store: Store;
  readonly #options: PlaceOptions;

  constructor(options: PlaceOptions) {
    this.store = options.store;
    this.#options = options;
  }

  /** With a revision, its commit is spoken of too; a commit that cannot be read is left out. */
  async of(application: string, revision?: string): Promise<CardPlace> {
    const { publicUrl, commitMessage, beside } = this.#options;
    const app = this.store.applications.get(application);
    const [source] = app ? sourcesOf(app.spec) : [];
    // the card matters more
    const commit =
      source && revision ? await commitMessage(source.repoURL, revision).catch(() => undefined) : undefined;
    const more = app && beside ? { told: beside.told(app), unverified: beside.unverified(app) } : {};
    return {
      app,
      policy: this.#policyOf(application),
      commit,
      publicUrl,
      effect: this.#options.effectOf(application),
      ...more,
    };
  }

  /** With the authors of what is between the two. */
  async ofDeploy(application: string, revision: string | undefined, from: string | undefined): Promise<CardPlace> {
    const place = await this.of(application, revision);
    const [source] = place.app ? sourcesOf(place.app.spec) : [];
    if (!source || !revision) return place;
    const range = { to: revision, ...(from && { from }), ...(source.path && { paths: [source.path] }) };
    const authors = await this.#options.commitAuthors?.(source.repoURL, range).catch(() => undefined);
    return { ...place, ...(authors && { authors }) };
  }

  async illOf(application: string): Promise<ResourceStatus[] | undefined> {
    const found = await this.#options.illOf?.(application);
    return found ?? this.store.applications.get(application)?.status?.resources?.filter(({ health }) => health);
  }

  tellsDeploys(application: string): boolean {
    return this.channelsOf(application, 'deploy').length > 0;
  }

  /** Names or ids of the channels; none when none is meant. Of one that is gone, as it was told where it was. */
  channelsOf(application: string, about: About): string[] {
    const { slackChannel, slackDeploys } = this.store.settings();
    const app = this.store.applications.get(application);
    const told = app
      ? { project: app.spec.project, annotations: app.metadata.annotations }
      : this.store.records.get(application)?.spec.told;
    const project = told && this.store.projects.get(`${this.store.namespace}/${told.project || 'default'}`);
    return channelsFor(about, [told, project?.metadata], { fallback: slackChannel, deploys: slackDeploys });
  }

  #policyOf(application: string): EffectivePolicy | undefined {
    const app = this.store.applications.get(application);
    return (
      app && effectivePolicy(app, this.store.projects.get(`${this.store.namespace}/${app.spec.project || 'default'}`))
    );
  }
}
