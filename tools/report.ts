// What a person reads of a test run: a line per file, every failure in full at the end, and the count.
import type { TestEvent } from 'node:test/reporters';
import { relative } from 'node:path';
import { inspect } from 'node:util';

/** What makes a run repeatable. */
const isSeed = /\bCOX_SEED=/;

export interface Report {
  passed(name: string, ms: number): void;
  failed(name: string, why: string): void;
  /** An event of node:test. */
  event(event: TestEvent): void;
  /** Writes failures and the last line; true when something passed and nothing failed. */
  end(): boolean;
}

interface FileCount {
  passed: number;
  failed: number;
  ms: number;
}

export function createReport(out: { write(text: string): unknown }): Report {
  const failures: { name: string; why: string }[] = [];
  const files = new Map<string, FileCount>();
  const notes = new Map<string, string[]>();
  let passed = 0;
  let skipped = 0;
  const line = (text: string): void => void out.write(`${text}\n`);

  function count(file: string, key: 'passed' | 'failed', ms: number): void {
    const entry = files.get(file) ?? { passed: 0, failed: 0, ms: 0 };
    entry[key] += 1;
    entry.ms += ms;
    files.set(file, entry);
  }

  function fail(name: string, why: string): void {
    failures.push({ name, why });
    line(`✖ ${name}`);
  }

  return {
    passed(name, ms) {
      passed += 1;
      line(`✔ ${name} · ${seconds(ms)}`);
    },
    failed: fail,
    event(event) {
      if (event.type === 'test:stderr' || event.type === 'test:stdout') return;
      if (event.type === 'test:diagnostic') return note(event.data.file, event.data.message);
      if (event.type === 'test:summary') return event.data.file === undefined ? undefined : tellFile(event.data.file);
      if (event.type !== 'test:pass' && event.type !== 'test:fail') return;
      const { data } = event;
      if (data.details.type === 'suite' || (data.skip !== undefined && data.skip !== false))
        return void (skipped += data.details.type === 'suite' ? 0 : 1);
      const file = shown(data.file);
      if (event.type === 'test:fail') {
        if (isOnlyAboutChildren(event.data.details.error)) return;
        count(file, 'failed', data.details.duration_ms);
        return fail(`${file}: ${data.name}`, reasonOf(event.data.details.error));
      }
      passed += 1;
      count(file, 'passed', data.details.duration_ms);
    },
    end() {
      for (const { name, why } of failures) line(`\n✖ ${name}\n${why.replaceAll(/^/gm, '  ')}`);
      if (skipped > 0) line(`\n${skipped} skipped`);
      line(`\n${passed} passed, ${failures.length} failed`);
      return failures.length === 0 && passed > 0;
    },
  };

  /** A seed is told at once, whatever becomes of the run; the rest where a file fails. */
  function note(path: string | undefined, message: string): void {
    if (path === undefined) return; // node:test's own counts
    const file = shown(path);
    if (isSeed.test(message)) line(`  ${file}: ${message}`);
    else notes.set(file, [...(notes.get(file) ?? []), message]);
  }

  function tellFile(path: string): void {
    const file = shown(path);
    const entry = files.get(file);
    const told = notes.get(file) ?? [];
    notes.delete(file);
    if (entry && entry.failed > 0) for (const message of told) line(message.replaceAll(/^/gm, '  '));
    if (entry)
      line(
        `${entry.failed > 0 ? '✖' : '✔'} ${file} · ${entry.passed} ` +
          `passed${entry.failed > 0 ? `, ${entry.failed} failed` : ''} · ${seconds(entry.ms)}`,
      );
  }
}

function shown(file: string | undefined): string {
  return file === undefined ? 'unknown file' : relative(process.cwd(), file);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** A test whose subtests failed fails too, which says nothing new. */
function isOnlyAboutChildren(error: Error): boolean {
  return 'failureType' in error && error.failureType === 'subtestsFailed';
}

/** node:test wraps what was thrown. */
function reasonOf(error: Error): string {
  const thrown = error.cause ?? error;
  if (!(thrown instanceof Error)) return inspect(thrown);
  return [
    thrown.stack ?? thrown.message,
    ...(thrown.cause === undefined ? [] : [`caused by ${inspect(thrown.cause)}`]),
  ].join('\n');
}
