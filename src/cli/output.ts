// What the command line prints: tables for people, JSON and YAML for programs.
import { stringify } from 'yaml';

export type Format = 'table' | 'wide' | 'json' | 'yaml';

export const formats: readonly Format[] = ['table', 'wide', 'json', 'yaml'];

export interface Column<T> {
  title: string;
  of: (row: T) => string;
  /** Only with `-o wide`. */
  wide?: boolean;
}

/** Columns padded to their widest cell, two spaces apart. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], wide = false): string {
  const shown = columns.filter((column) => wide || !column.wide);
  const cells = [shown.map((column) => column.title), ...rows.map((row) => shown.map((column) => column.of(row) || '-'))];
  const widths = shown.map((_, index) => Math.max(...cells.map((line) => line[index]?.length ?? 0)));
  return cells.map((line) => line.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ').trimEnd()).join('\n');
}

export function print<T>(format: Format, value: unknown, rows: readonly T[], columns: readonly Column<T>[]): string {
  if (format === 'json') return JSON.stringify(value, null, 2);
  if (format === 'yaml') return stringify(value, { aliasDuplicateObjects: false }).trimEnd();
  return table(rows, columns, format === 'wide');
}

/** Manifests as one YAML stream. */
export function manifestsYaml(objects: readonly unknown[]): string {
  return objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n').trimEnd();
}
