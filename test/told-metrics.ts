// The metrics that docs/reference/metrics.md tells of.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Told {
  name: string;
  kind: string;
  labels: string[];
}

export function toldMetrics(): Told[] {
  const text = readFileSync(join(import.meta.dirname, '../docs/reference/metrics.md'), 'utf8');
  const rows = text.matchAll(/^\| `(\w+)` +\| (gauge|counter|histogram) +\| *([a-z_, ]*?) *\| .+\|$/gm);
  return [...rows].map(([, name = '', kind = '', labels = '']) => ({
    ...{ name, kind, labels: labels.split(', ').filter(Boolean) },
  }));
}
