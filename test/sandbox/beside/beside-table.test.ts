// What the table of `npm run beside -- --bench` calls missed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { table, type Row } from '../../../bench/beside-table.ts';

const slower = { time: 2, cpu: 3, none: 1 };

function row(measured: number, more: Partial<Row> = {}): Row {
  return { what: 'it', measured, unit: 's', target: 0.3, scale: 'time', ...more };
}

test('a target is missed beyond what the floor of the machine explains, and only then', () => {
  assert.equal(table([row(0.6)], slower).missed, 0);
  assert.equal(table([row(0.61)], slower).missed, 1);
  assert.equal(table([row(0.61, { scale: 'cpu' })], slower).missed, 0);
  assert.equal(table([row(0.31, { scale: 'none' })], slower).missed, 1);
  assert.match(table([row(0.6), row(0.9)], slower).text, /\| it \| 0.6 s \| 0.6 s \| 1 \| \|\n.* 1.5 \| missed \|$/);
});

test('what never came is missed, and a figure without a target never is', () => {
  assert.equal(table([row(NaN)], slower).missed, 1);
  assert.equal(table([{ what: 'it', measured: 9, unit: 's', scale: 'time' }], slower).missed, 0);
});
