// The words of the change room: a pull request as plain values, what it would do, and what became of it.
import type { Effect } from '../model/effect.ts';
import type { Approval, GateAfter } from '../model/coxswain.ts';
import type { GateAuthors } from '../policy/gate.ts';
import type { HealthStatusCode, SyncStatusCode } from '../model/application.ts';

/** A pull request as its forge tells it; nothing in it names the forge. */
export interface PullInput {
  /** Clone URL of the repository that is merged into. */
  repoUrl: string;
  owner: string;
  repo: string;
  number: number;
  /** `sha` is what the forge last knew; the branch head is read from Git. */
  base: { ref: string; sha: string };
  head: { ref: string; sha: string };
  /** The commit that the base branch got, once merged. */
  merged?: { sha: string };
  defaultBranch: string;
  author: { login: string; id: number };
  draft: boolean;
  /** The head is in another repository: its text is a stranger's. */
  fork: boolean;
}

/** A failure as it is shown: no stack, no secret. */
export interface PreviewError {
  code: string;
  message: string;
  hint?: string;
  place?: { file: string; line?: number };
}

type AppChange = 'changed' | 'new' | 'removed' | 'unchanged';

/** What the pull request would do to one application. */
export interface AppPreview {
  /** `namespace/name` of the Application. */
  application: string;
  name: string;
  project: string;
  /** The environment of its annotation, if any. */
  environment: string | undefined;
  /** Cluster, unless it is the own one, and namespace it deploys to, as people read it. */
  destination: string;
  gated: boolean;
  /** An approver must stand in every list; entries are logins or `@org/team`. */
  approvers: string[][];
  /** How many must approve; 0 when not gated. */
  approvals: number;
  /** Who made what it would get, and may not approve that. Absent while they are not known. */
  authors?: GateAuthors;
  /** What stands of the gates that end or are loosened with it. Default: it loosens none. */
  gates?: GateAfter[];
  /** Syncs by itself. */
  automated: boolean;
  /** What its gate does not hold, and who has gone past it: sentences without a subject. Default: it holds. */
  told?: string[];
  /** Nothing of it is synced before that ends: `locked by ann until …`. Default: no lock holds. */
  lock?: string;
  status: AppChange;
  /** Absent when it could not be computed: then `error` says why. */
  effect?: Effect;
  error?: PreviewError;
  sync: SyncStatusCode;
  health: HealthStatusCode;
  /** Last synced revision of this repository's source, '' if never synced. */
  revision: string;
  /** `namespace/name` of the application whose manifests hold this Application (app of apps). */
  parent?: string;
}

export interface PullPreview {
  pull: PullInput;
  /** Head of the base branch in Git when this was made. */
  base: string;
  /** The test merge; absent on conflicts. */
  mergeCommit?: string;
  /** Files that cannot be merged. */
  conflicts: string[];
  /** Affected applications alone, worst first is the reader's business. */
  apps: AppPreview[];
  /** What failed outside of any application. */
  errors: PreviewError[];
  /** How many applications were looked at. */
  considered: number;
  /** Milliseconds that it took. */
  tookMs: number;
}

export type ProgressState =
  'queued' | 'waiting' | 'rejected' | 'syncing' | 'progressing' | 'success' | 'failure' | 'superseded';

/** How far one application has followed a merged pull request. */
export interface AppProgress {
  application: string;
  name: string;
  environment: string | undefined;
  /** Something of this merge needs approval here: by its own gate, or by one that it would loosen. */
  gated: boolean;
  automated: boolean;
  state: ProgressState;
  /** One sentence. */
  message: string;
  /** What its gate does not hold, and who has gone past it: sentences without a subject. Default: it holds. */
  told?: string[];
  approval?: Approval;
  /** Who may approve what waits: an approver stands in every list. */
  approvers?: string[][];
  /** Revision that the application has or is getting; '' if none. */
  revision: string;
  /** Objects of a running or finished operation that are done, of all. */
  steps?: { done: number; all: number };
}

export interface PullProgress {
  pull: PullInput;
  apps: AppProgress[];
  errors: PreviewError[];
  /** Every application is at rest: nothing more is expected. */
  final: boolean;
}

/** `owner/repo#number`: the key of a pull request in queues and external ids. */
export function pullKey(pull: { owner: string; repo: string; number: number }): string {
  return `${pull.owner}/${pull.repo}#${pull.number}`;
}

/** Its page, below the repository's, where people read it. */
export function pullUrl({ repoUrl, number }: { repoUrl: string; number: number }): string {
  return `${repoUrl.replace(/\.git$/, '')}/pull/${number}`;
}
