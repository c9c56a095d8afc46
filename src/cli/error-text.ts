// An error as a person reads it on the command line: where, what, its code, why, and what to do next.
import type { Place } from '../base/errors.ts';
import { AppError, errorMessage } from '../base/errors.ts';
import { redactText } from '../base/log.ts';
import { isObject } from '../model/kube.ts';
import { plain } from './output.ts';

const maxLines = 12;

function placeText({ file, line, column }: Place): string {
  return `${file}${line === undefined ? '' : `:${line}${column === undefined ? '' : `:${column}`}`}`;
}

/** The last lines of what a tool wrote, or the message of the error behind. */
function causeText(cause: unknown): string {
  if (cause instanceof Error) return cause.message;
  if (!isObject(cause) || typeof cause['stderr'] !== 'string') return '';
  return cause['stderr'].trim().split('\n').slice(-maxLines).join('\n');
}

function causes(error: unknown): string[] {
  const found: string[] = [];
  for (
    let at = error instanceof Error ? error.cause : undefined;
    at !== undefined && found.length < 3;
    at = at instanceof Error ? at.cause : undefined
  ) {
    const text = causeText(at);
    if (text && !errorMessage(error).includes(text) && !found.includes(text)) found.push(text);
  }
  return found;
}

function indented(text: string): string {
  return text.replaceAll('\n', '\n         ');
}

/** What the command line has is less than what the operator has. */
const hints: Readonly<Record<string, string>> = {
  E_GIT_AUTH:
    'cox reads repositories with the repository Secrets of the namespace (argocd.argoproj.io/secret-type: ' +
    'repository) that you may list, else with what your own git knows (git credential fill). ' +
    "The GitHub App is the operator's alone.",
};

/** `cox: file:line: message (CODE)`, then lines of `why:` and `next:`. Credentials are taken out. */
export function errorText(error: unknown): string {
  const known = error instanceof AppError ? error : undefined;
  const head =
    `cox: ${known?.place ? `${placeText(known.place)}: ` : ''}${errorMessage(error)} ` +
    `(${known?.code ?? 'E_INTERNAL'})`;
  const why = causes(error).map((text) => `  why:   ${indented(text)}`);
  const hint = (known && hints[known.code]) ?? known?.hint;
  const next = hint ? [`  next:  ${indented(hint)}`] : [];
  return redactText(plain([head, ...why, ...next].join('\n')));
}
