// The plan of an attempt, in an annotation beside the state of its operation: syncResult names what was worked on alone
// (Argo CD).
import type { Application, OperationState, ResourceResult } from '../model/application.ts';
import { gunzipSync, gzipSync } from 'node:zlib';
import { cox } from '../model/annotations.ts';
import { isObject } from '../model/kube.ts';
import { rowId } from './task.ts';

/** Characters: all annotations of an object together may have 256 KiB. */
const most = 200_000;

/** Bytes of rows, whoever wrote them. */
const mostRows = 32 * 2 ** 20;

interface Kept {
  startedAt: string;
  attempt: number;
  /** How many tasks. */
  tasks: number;
  /** Their rows as they were at the beginning; packed. */
  rows: string;
}

/** As the annotation has it; undefined for one that is too large, which is then made anew whenever it is needed. */
export function packPlan(
  { startedAt, retryCount = 0 }: OperationState,
  rows: readonly ResourceResult[],
): string | undefined {
  const packed = gzipSync(JSON.stringify(rows)).toString('base64');
  const kept: Kept = { startedAt, attempt: retryCount, tasks: rows.length, rows: packed };
  const text = JSON.stringify(kept);
  return text.length > most ? undefined : text;
}

function keptIn(text: string | undefined, { startedAt, retryCount = 0 }: OperationState): Kept | undefined {
  try {
    const kept: unknown = text === undefined ? undefined : JSON.parse(text);
    if (!isObject(kept) || kept['startedAt'] !== startedAt || kept['attempt'] !== retryCount) return undefined;
    return kept as unknown as Kept;
  } catch {
    return undefined; // somebody else's
  }
}

const named = ['group', 'version', 'kind', 'namespace', 'name'] as const;

function isRow(row: unknown): row is ResourceResult {
  return isObject(row) && named.every((field) => typeof row[field] === 'string');
}

/** The rows of this very attempt; undefined where none are written down that can be read. */
export function unpackPlan(text: string | undefined, state: OperationState): ResourceResult[] | undefined {
  const kept = keptIn(text, state);
  if (!kept) return undefined;
  try {
    const rows: unknown = JSON.parse(
      String(gunzipSync(Buffer.from(kept.rows, 'base64'), { maxOutputLength: mostRows })),
    );
    return Array.isArray(rows) && rows.every(isRow) ? rows : undefined;
  } catch {
    return undefined;
  }
}

/** How many tasks the application's operation has; undefined where nobody has written it down. */
export function plannedTasks(app: Application): number | undefined {
  const state = app.status?.operationState;
  const tasks: unknown = state && keptIn(app.metadata.annotations?.[cox.plan], state)?.tasks;
  return typeof tasks === 'number' ? tasks : undefined;
}

/** The rows of syncResult that were begun or ended; the others only say what is planned. */
export function doneRows({ syncResult }: OperationState): ResourceResult[] {
  return (syncResult?.resources ?? []).filter((row) => row.hookPhase !== undefined);
}

/** The plan, as far as it has come. */
export function rowsOf(plan: readonly ResourceResult[], done: readonly ResourceResult[]): ResourceResult[] {
  const byId = new Map(done.map((row) => [rowId(row), row]));
  const rows = plan.map((row) => {
    const known = byId.get(rowId(row));
    byId.delete(rowId(row));
    return known ?? row;
  });
  return [...rows, ...byId.values()];
}
