// What the command line prints: tables for people, JSON and YAML for programs.
import { stringify } from 'yaml';
import { stringifyJson } from '../base/json.ts';

export type Format = 'table' | 'wide' | 'name' | 'json' | 'yaml';

export const formats: readonly Format[] = ['table', 'wide', 'name', 'json', 'yaml'];

/**
 * Where a command writes: its result, and what is said beside it. One line or more, without the new line at the end.
 */
export interface Out {
  result(text: string): void;
  note(text: string): void;
}

export interface Column<T> {
  title: string;
  of: (row: T) => string;
  /** Only with `-o wide`. */
  wide?: boolean;
}

/** What a terminal would obey, and what turns the direction of writing: a message from elsewhere must do neither. */
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** The text without what a terminal would obey. New lines and tabs stay. */
export function plain(text: string): string {
  return text.replace(control, '�');
}

/** Columns padded to their widest cell, two spaces apart; a cell is one line. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], wide = false): string {
  const shown = columns.filter((column) => wide || !column.wide);
  const cell = (text: string): string => plain(text).replaceAll(/\s+/g, ' ').trim() || '-';
  const cells = [
    shown.map((column) => column.title),
    ...rows.map((row) => shown.map((column) => cell(column.of(row)))),
  ];
  const widths = shown.map((_, index) => cells.reduce((widest, line) => Math.max(widest, line[index]?.length ?? 0), 0));
  return cells
    .map((line) =>
      line
        .map((text, index) => text.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Whether a program is to read it. */
export function isData(format: Format): boolean {
  return format === 'json' || format === 'yaml';
}

/** JSON with two spaces, or YAML; without a newline at the end. */
export function data(format: Format, value: unknown): string {
  return format === 'json'
    ? stringifyJson(value, 2)
    : stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 }).trimEnd();
}

/**
 * The value itself as JSON or YAML, the names alone, else the rows as a table. The column of the name is the one with
 * the title NAME.
 */
export function print<T>(format: Format, value: unknown, rows: readonly T[], columns: readonly Column<T>[]): string {
  if (isData(format)) return data(format, value);
  const name = columns.find(({ title }) => title === 'NAME');
  if (format === 'name' && name) return rows.map((row) => plain(name.of(row))).join('\n');
  return table(rows, columns, format === 'wide');
}

/** Manifests as one YAML stream. */
export function manifestsYaml(objects: readonly unknown[]): string {
  return objects
    .map((object) => stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 }))
    .join('---\n')
    .trimEnd();
}

const colors: Readonly<Record<string, string>> = { '+': '\u001b[32m', '-': '\u001b[31m', '@': '\u001b[36m' };

/** A unified diff, its lines in colour where a terminal shows them. */
export function diffText(diff: string, color: boolean): string {
  const text = plain(diff).trimEnd();
  if (!color) return text;
  return text
    .split('\n')
    .map((line) => (colors[line[0] ?? ''] ? `${colors[line[0] ?? ''] ?? ''}${line}\u001b[0m` : line))
    .join('\n');
}
