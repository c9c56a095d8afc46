// The report of a test run: its last line is what a machine reads.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReport, type Report } from '../../tools/report.ts';

function written(fill: (report: Report) => void): { text: string; fine: boolean } {
  let text = '';
  const report = createReport({ write: (more) => (text += more) });
  fill(report);
  const fine = report.end();
  return { text, fine };
}

test('all well', () => {
  const { text, fine } = written((report) => report.passed('lint', 1_500));
  assert.equal(text, '✔ lint · 1.5 s\n\n1 passed, 0 failed\n');
  assert.equal(fine, true);
});

test('a failure is told in full before the last line', () => {
  const { text, fine } = written((report) => {
    report.passed('lint', 0);
    report.failed('types', 'one\ntwo');
  });
  assert.ok(text.endsWith('\n✖ types\n  one\n  two\n\n1 passed, 1 failed\n'));
  assert.equal(fine, false);
});

test('nothing run is not fine', () => {
  assert.equal(written(() => undefined).fine, false);
});
