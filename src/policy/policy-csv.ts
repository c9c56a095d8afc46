// Lines of policy.csv and of project roles, taken apart as Argo CD's reader does, and what is wrong with one.
import { RE2JS } from 're2js';

/** A field of a line, from its first character on; a quoted one may hold commas, and doubled quotation marks. */
const field = /"((?:[^"]|"")*)"(?=,|$)|([^",]*)(?=,|$)/y;

/** What Go takes for white space (unicode.IsSpace): U+FEFF is none, U+0085 is. */
const blank = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

const blanks = new RegExp(`${blank.source}*`, 'y');

/** Go's strings.TrimSpace. */
export function trimmed(line: string): string {
  let [from, to] = [0, line.length];
  while (from < to && blank.test(line.charAt(from))) from += 1;
  while (to > from && blank.test(line.charAt(to - 1))) to -= 1;
  return line.slice(from, to);
}

/**
 * One line of comma-separated values as Argo CD takes it apart: blanks before a field go, those behind it belong to it
 * (util/rbac/rbac.go loadPolicyLine). undefined for one that it refuses.
 */
export function fieldsOf(line: string): string[] | undefined {
  const fields: string[] = [];
  for (let at = 0; ; at += 1) {
    blanks.lastIndex = at;
    blanks.test(line);
    field.lastIndex = blanks.lastIndex;
    const match = field.exec(line);
    if (!match) return undefined;
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    at = field.lastIndex;
    if (at >= line.length) return fields;
  }
}

/** `role:` or, of a project, `proj:`; everything else is a person or a group. */
export function isRole(subject: string): boolean {
  return subject.startsWith('role:') || subject.startsWith('proj:');
}

/** Logins, organizations and teams are the same in any case of letters (GitHub); roles are not. */
export function subjectOf(text: string): string {
  return isRole(text) ? text : text.toLowerCase();
}

function lineFault(line: string, mode: MatchMode): string | undefined {
  const fields = fieldsOf(line);
  if (!fields) return 'has a quotation mark within a field';
  const [type, ...rest] = fields;
  // Argo CD keeps the blank, and knows no such type.
  if (type !== undefined && /^[pg]$/.test(trimmed(type)) && trimmed(type) !== type)
    return `has a blank behind its ${trimmed(type)}`;
  if (type === 'p') {
    if (rest.length !== 5) return 'must be p, subject, resource, action, object, effect';
    const wrong = mode === 'regex' ? rest.slice(1, 4).find((pattern) => !expression(pattern)) : undefined;
    if (wrong !== undefined) return `has ${JSON.stringify(wrong)}, which is no regular expression (policy.matchMode)`;
    return rest[4] === 'allow' || rest[4] === 'deny' ? undefined : 'must end with allow or deny';
  }
  return type === 'g' ? (rest.length === 2 ? undefined : 'must be g, subject, role') : 'must begin with p or g';
}

function isContent(line: string): boolean {
  return line !== '' && !line.startsWith('#');
}

/** By RE2, as in Argo CD: its time is linear in the text. undefined for what is no expression. */
export function expression(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern);
  } catch {
    return undefined;
  }
}

/** The first of many: `line` counts from 1, `fault` goes on with the sentence. */
export function firstFault(csv: string, mode: MatchMode): { line: number; fault: string } | undefined {
  for (const [at, line] of csv.split('\n').map(trimmed).entries()) {
    const fault = isContent(line) ? lineFault(line, mode) : undefined;
    if (fault !== undefined) return { line: at + 1, fault };
  }
  return undefined;
}

/** `line 3 must end with allow or deny`: what Argo CD refuses, and an effect that it would take for none. */
export function policyFault(csv: string, mode: MatchMode = 'glob'): string | undefined {
  const found = firstFault(csv, mode);
  return found && `line ${found.line} ${found.fault}`;
}

/**
 * `line 3 has a blank behind "sync", which belongs to it: it fits nothing`, for each line without a fault that says
 * less than it seems to.
 */
export function policyWarnings(csv: string): string[] {
  return csv.split('\n').flatMap((text, at) => {
    const line = trimmed(text);
    const found = isContent(line) ? fieldsOf(line)?.find((each) => trimmed(each) !== each) : undefined;
    return found === undefined
      ? []
      : [`line ${at + 1} has a blank beside ${JSON.stringify(trimmed(found))}, which belongs to it: it fits nothing`];
  });
}

/** Of a policy without a fault. */
export function linesOf(csv: string): string[][] {
  return csv
    .split('\n')
    .map(trimmed)
    .filter(isContent)
    .map((line) => {
      const [type = '', ...fields] = fieldsOf(line) ?? [];
      return type === 'p' ? [type, subjectOf(fields[0] ?? ''), ...fields.slice(1)] : [type, ...fields.map(subjectOf)];
    });
}

export type MatchMode = 'glob' | 'regex';
