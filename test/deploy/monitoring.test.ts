// Alert rules and the dashboard name metrics that there are; promtool, where it is on PATH, tests the rules.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { toldMetrics } from '../told-metrics.ts';

const folder = join(import.meta.dirname, '../../deploy/monitoring');
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');

/** Names as every family of ours begins; functions and labels of PromQL do not. */
function metricsIn(expression: string): string[] {
  return expression.match(/\b(?:argocd|coxswain|workqueue|process|nodejs)_[a-z_]+/g) ?? [];
}

/** A family, also by the series of a histogram; those of the process are the client library's. */
function isThere(name: string): boolean {
  const family = name.replace(/_(?:bucket|sum|count)$/, '');
  return /^(?:process|nodejs)_/.test(name) || toldMetrics().some((told) => told.name === name || told.name === family);
}

interface Rules {
  groups: { rules: { alert: string; expr: string; labels: { severity: string }; annotations: object }[] }[];
}

test('each alert is of a metric that there is, says what to do, and has a test', () => {
  const { groups } = parse(read('alerts.yaml')) as Rules;
  const rules = groups.flatMap((group) => group.rules);
  assert.ok(rules.length >= 10);
  for (const { alert, expr, labels, annotations } of rules) {
    const metrics = metricsIn(expr);
    assert.ok(metrics.length > 0, alert);
    assert.deepEqual(
      metrics.filter((name) => !isThere(name)),
      [],
      alert,
    );
    assert.match(labels.severity, /^(?:critical|warning|info)$/);
    assert.deepEqual(Object.keys(annotations), ['summary', 'description']);
  }
  assert.match(read('alerts.test.yaml'), /^rule_files: \[alerts\.yaml\]$/m);
});

test('each panel of the dashboard is of metrics that there are, with labels that they have', () => {
  const { panels } = JSON.parse(read('dashboard.json')) as {
    panels: { id: number; title: string; targets: { expr: string }[] }[];
  };
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  for (const { title, targets } of panels)
    for (const { expr } of targets) {
      assert.deepEqual(
        metricsIn(expr).filter((name) => !isThere(name)),
        [],
        title,
      );
      for (const [, name = '', selector = ''] of expr.matchAll(/([a-z_]+)\{([^}]*)\}/g)) {
        const labels = [...selector.matchAll(/([a-z_]+)(?:=~|!=|=)/g)].map(([, label = '']) => label);
        const known = toldMetrics().find((told) => told.name === name)?.labels ?? [];
        assert.deepEqual(
          labels.filter((label) => !known.includes(label)),
          [],
          `${title}: ${name}`,
        );
      }
    }
});

const without = spawnSync('promtool', ['--version']).error !== undefined && 'promtool is not on PATH';
test('promtool takes the rules, and their tests pass', { skip: without }, () => {
  for (const [words, file] of [
    [['check', 'rules'], 'alerts.yaml'],
    [['test', 'rules'], 'alerts.test.yaml'],
  ] as const) {
    const ran = spawnSync('promtool', [...words, join(folder, file)], { encoding: 'utf8' });
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
  }
});
