// The report of a test run: its last line is what a machine reads.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

test('a seed is told whatever becomes of its file, other diagnostics where a file fails', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'cox-report-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = (name: string, body: string): string => {
    const path = join(dir, name);
    writeFileSync(path, `import { test } from 'node:test';\ntest('it', (t) => { ${body} });\n`);
    return path;
  };
  const files = [
    file('fine.test.mjs', "t.diagnostic('COX_SEED=5 repeats this'); t.diagnostic('a detail');"),
    file('bad.test.mjs', "t.diagnostic('one\\ntwo'); throw new Error('no');"),
  ];
  // node:test runs no files from within a test: another process does.
  const script = join(dir, 'run.mjs');
  writeFileSync(
    script,
    `import { run } from 'node:test';
import { createReport } from ${JSON.stringify(new URL('../../tools/report.ts', import.meta.url).href)};
const report = createReport(process.stdout);
for await (const event of run({ files: ${JSON.stringify(files)}, concurrency: 1 })) report.event(event);
report.end();
`,
  );
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const text = execFileSync(process.execPath, [script], { cwd: dir, env, encoding: 'utf8' });
  assert.match(text, /^ {2}\S*fine\.test\.mjs: COX_SEED=5 repeats this$/m);
  assert.match(text, /^ {2}one\n {2}two\n✖ \S*bad\.test\.mjs · 0 passed, 1 failed/m);
  assert.doesNotMatch(text, /a detail|duration_ms/);
});
