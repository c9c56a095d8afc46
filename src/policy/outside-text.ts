// What the cluster, Argo CD, a hook or a webhook wrote, as it may be told to people: bounded, without
// credentials, and without what may be the value of a Secret. Whoever shows it escapes it as any stranger's text.
import type { OperationState, ResourceResult } from '../model/application.ts';
import { redactText } from '../base/log.ts';

const hidden = 'it may quote a Secret: the words stand in the cluster alone';

/** Who refuses a Secret may quote what is in it; that one is missing is told with its name alone. */
const namedSecret = /\bsecrets? "[^"]{0,300}"/gi;
const quotes = /["'`{}[\]=]|\b(?:values?|typed|unmarshal|convert)\b/i;

function mayQuoteSecret(text: string): boolean {
  return /\bsecrets?\b/i.test(text) && quotes.test(text.replace(namedSecret, ''));
}

interface Room {
  /** UTF-16 units, the ellipsis among them. Default 400. */
  most?: number;
  /** Its lines stay. Default: it becomes one. */
  lines?: boolean;
}

/** Safe to tell, once it is escaped. */
export function outsideText(text: string, { most = 400, lines = false }: Room = {}): string {
  // What lies far beyond is not looked at, for nobody will see it.
  const clean = redactText(text.slice(0, 16 * most)).trim();
  const said = lines ? clean : clean.replace(/\s+/g, ' ');
  if (mayQuoteSecret(said)) return hidden;
  return said.length <= most ? said : `${said.slice(0, most - 1)}…`;
}

/** Of one object of an operation, or why it failed. */
export function resultText({ kind, message, hookPhase }: ResourceResult, room?: Room): string {
  return kind === 'Secret' ? hidden : outsideText(message ?? hookPhase ?? 'failed', room);
}

function hasFailed({ status, hookPhase }: ResourceResult): boolean {
  return status === 'SyncFailed' || hookPhase === 'Failed' || hookPhase === 'Error';
}

/** What of the operation failed, each with the message of the cluster. */
export function failedResults(state: Pick<OperationState, 'syncResult'>): ResourceResult[] {
  return (state.syncResult?.resources ?? []).filter(hasFailed);
}

/** Of a whole operation: it repeats what was said of its objects. */
export function operationText(state: Pick<OperationState, 'message' | 'syncResult'>, room?: Room): string {
  if (!state.message) return '';
  return failedResults(state).some(({ kind }) => kind === 'Secret') ? hidden : outsideText(state.message, room);
}
