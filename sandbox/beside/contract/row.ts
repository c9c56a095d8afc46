// What is kept of one step: the Application as Argo CD left it and what was live then, alike in every recording.
import type { Application, Operation, OperationState } from '../../../src/model/application.ts';
import type { Letter } from './case.ts';

export interface Row {
  case: string;
  /** How many steps came before. */
  step: number;
  did: string;
  /** What was written, if anything was. */
  operation?: Operation;
  former?: 'removed' | 'kept';
  /** What the step waited for came. */
  reached: boolean;
  /** Without what only the API server needs; undefined when it is gone. */
  app?: Pick<Application, 'spec' | 'operation' | 'status'>;
  /** Of the operation's commit, or the newest of the branch: name → value. */
  wanted: Record<string, string>;
  live: Record<string, string>;
  /** By which writes `one` came to be: `manager operation`. */
  writers: string[];
}

export interface Table {
  /** Version of Argo CD. */
  argocd: string;
  rows: Row[];
}

const kept = ['health', 'history', 'conditions'] as const;
/** Every time is this one. */
const recordedTime = '2026-01-01T00:00:00Z';

/** Argo CD lists results as its maps happen to. */
function withoutChance(state: OperationState): OperationState {
  if (!state.syncResult) return state;
  const { source: _one, sources: _all, resources, ...result } = state.syncResult;
  const sorted = resources?.toSorted((a, b) => `${a.kind} ${a.name}`.localeCompare(`${b.kind} ${b.name}`));
  return { ...state, syncResult: { ...result, ...(sorted && { resources: sorted }) } };
}

function pickedStatus(status: Application['status']): Application['status'] {
  if (!status) return undefined;
  const { sync, operationState } = status;
  const { comparedTo: _what, ...compared } = sync ?? { status: 'Unknown' };
  return {
    ...(sync && { sync: compared }),
    ...Object.fromEntries(kept.flatMap((name) => (status[name] === undefined ? [] : [[name, status[name]]]))),
    ...(operationState && { operationState: withoutChance(operationState) }),
  };
}

/** Commits by letter, and no time, address or folder of this run. */
export function timeless<T>(
  value: T,
  { commits, url, dir }: { commits: Partial<Record<Letter, string>>; url: string; dir: string },
): T {
  let text = JSON.stringify(value);
  for (const [letter, sha] of Object.entries(commits)) text = text.replaceAll(sha, letter);
  text = text
    .replaceAll(url, 'https://github.com/acme/infra.git')
    .replaceAll(dir, '/data')
    .replaceAll(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"/g, `"${recordedTime}"`)
    .replaceAll(/ at \d+:\d\d[AP]M/g, ' at 0:00AM')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'uuid');
  return JSON.parse(text) as T;
}

export function shown(app: Application | undefined): Row['app'] {
  if (!app) return undefined;
  const { spec, operation } = app;
  const status = pickedStatus(app.status);
  return { spec, ...(operation && { operation }), ...(status && { status }) };
}
